"""Where the embedded servers keep their sockets and files."""

import os
import stat
import uuid

from devtools.servers import LONGEST_SOCKET_PATH, Owner, Servers, socket_folder


def test_sockets_are_in_a_folder_which_only_the_servers_user_may_enter(tmp_path):
    folder = socket_folder(tmp_path, Owner.find())
    assert folder == tmp_path / "sockets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_deep_data_folder_has_its_sockets_elsewhere(tmp_path):
    deep = tmp_path / ("d" * LONGEST_SOCKET_PATH) / uuid.uuid4().hex
    folder = socket_folder(deep, Owner.find())
    try:
        assert len(str(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert socket_folder(deep, Owner.find()) == folder
    finally:
        os.rmdir(folder)


def test_servers_that_were_given_are_not_started(tmp_path):
    given = {"DATABASE_URL": "postgres://host/name", "REDIS_URL": "redis://host", "HOME": "/"}
    servers = Servers(tmp_path, given)
    assert not servers.are_ours
    assert servers.environment == {"DATABASE_URL": "postgres://host/name", "REDIS_URL": "redis://host"}
