"""What goes wrong before the product runs is told in one sentence, without a traceback."""

import contextlib
import fcntl
import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from devtools import setup
from devtools.processes import Process, keep_running
from devtools.say import Trouble

ROOT = Path(__file__).resolve().parents[2]


def dev(*arguments, **environment):
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, str(ROOT / "dev"), *arguments],
        capture_output=True, text=True, timeout=120, cwd="/", env=kept | environment,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_an_old_python_is_told_which_one_is_needed():
    code = "import sys, runpy; sys.version_info = (3, 9, 1); sys.argv[1:] = ['up']; runpy.run_path('dev', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert done.stderr.startswith("Redress needs Python 3.11 or newer, but this is Python 3.9.")
    assert "Traceback" not in done.stderr


def test_an_unknown_command_shows_the_known_ones():
    code, said = dev("fly")
    assert code == 2
    assert "./dev COMMAND" in said


def test_a_taken_port_is_named(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, said = dev("up", "--port", str(port), "--data", str(tmp_path / "data"))
    assert code == 1
    assert said.strip() == f"./dev up: Port {port} cannot be used (Address already in use); choose another with --port."
    assert not (tmp_path / "data").exists()


def test_a_data_folder_in_use_is_refused(tmp_path, free_port):
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, said = dev("up", "--port", free_port, "--data", str(tmp_path))
    assert code == 1
    assert "is in use by another ./dev" in said
    assert "Traceback" not in said


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path, free_port):
    (tmp_path / "file").write_text("")
    code, said = dev("up", "--port", free_port, "--data", str(tmp_path / "file" / "data"))
    assert code == 1
    assert "cannot be used" in said
    assert "Traceback" not in said


def test_an_address_that_is_none_is_named(tmp_path, free_port):
    code, said = dev("up", "--port", free_port, "--data", str(tmp_path), DATABASE_URL="mysql://me@host/redress")
    assert code == 1
    assert "DATABASE_URL must begin with one of postgres, postgresql, not 'mysql'." in said
    assert "Traceback" not in said


def test_an_unreachable_database_is_named(tmp_path, free_port):
    address = f"postgres://me@127.0.0.1:{free_port}/redress"
    code, said = dev("up", "--port", free_port, "--data", str(tmp_path), DATABASE_URL=address)
    assert code == 1
    assert "The database at DATABASE_URL does not answer" in said
    assert "Traceback" not in said


def test_an_unreachable_broker_is_named(tmp_path, free_port):
    code, said = dev(
        "up", "--port", free_port, "--data", str(tmp_path),
        DATABASE_URL=os.environ["DATABASE_URL"], REDIS_URL=f"redis://127.0.0.1:{free_port}/0",
    )  # fmt: skip
    assert code == 1
    assert "The broker at REDIS_URL does not answer" in said
    assert "Traceback" not in said


def test_a_package_that_cannot_be_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    monkeypatch.setattr(setup, "VAR", tmp_path)
    broken = tmp_path / "broken.txt"
    broken.write_text(f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(Trouble, match=r"failed at no-such-package==1\.0"):
        setup.pip_install([str(broken)])
    assert "no-such-package" in (tmp_path / "pip.log").read_text()


def test_a_full_disk_is_told_in_megabytes(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "LEAST_FREE_MB", shutil.disk_usage(tmp_path).total)
    with pytest.raises(Trouble, match="MB are free"):
        setup.check_space(tmp_path)


def test_a_python_without_its_venv_module_is_told_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(setup, "VENV", tmp_path / "venv")
    monkeypatch.setattr(setup, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    with pytest.raises(Trouble, match="-venv"):
        setup.make_environment()
    assert not (tmp_path / "venv").exists()


def child(tmp_path, command):
    (tmp_path / "run").mkdir()
    return Process("child", ["sh", "-c", command], tmp_path / "run", os.environ, tmp_path)


def test_a_killed_child_is_started_again_and_its_pid_is_on_file(tmp_path):
    process = child(tmp_path, "sleep 60")
    process.start()
    first = int(process.pid_file.read_text())
    os.kill(first, 9)
    turns = iter(range(20))

    class Enough(Exception):
        pass

    def pause(seconds):
        time.sleep(0.05)
        if next(turns, None) is None:
            raise Enough

    with contextlib.suppress(Enough):
        keep_running([process], pause=pause)
    second = int(process.pid_file.read_text())
    assert second != first
    assert process.is_running
    process.stop(patience=5)
    assert not process.pid_file.exists()


def test_a_child_that_will_not_stop_is_killed_with_its_children(tmp_path):
    process = child(tmp_path, "trap '' TERM; sleep 60 & echo $! > grandchild; wait; wait")
    process.start()
    deadline = time.monotonic() + 10
    while not (tmp_path / "grandchild").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.stop(patience=0.5)
    assert not process.is_running
    grandchild = int((tmp_path / "grandchild").read_text())
    deadline = time.monotonic() + 5
    while Path(f"/proc/{grandchild}/cmdline").exists() and Path(f"/proc/{grandchild}/cmdline").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)
