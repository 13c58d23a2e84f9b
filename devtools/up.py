"""./dev up: the whole product on this machine, started in order, watched, and stopped in order."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from devtools.places import PYTHON, ROOT, VAR
from devtools.processes import Process, ignore_signals, keep_running, stop_left_behind
from devtools.say import Trouble, line, step
from devtools.servers import Servers
from devtools.setup import RUNNING, check_space, digest, prepare, run_quietly

DEFAULT_DATA = VAR / "data"
READY_PATIENCE = 120
OURS = ("REDRESS_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "PYTHONPATH")
"""What begins like this in the environment of `up` is also the environment of a `manage` beside it."""


def up(*, port: int, data: Path, with_demo: bool) -> int:
    _check_port(port)
    prepare(RUNNING)
    with locked(data), served(data, port) as (environment, servers):
        collect_static(data, environment)
        sign_ins = _prepare_database(environment, with_demo)
        processes = product_processes(data, port, environment)
        try:
            for process in processes:
                stop_left_behind(process.pid_file, str(PYTHON))
                process.start()
            with step("Waiting for web, worker and beat"):
                _wait_until_ready(port, processes)
            print(f"\nRedress is ready: http://127.0.0.1:{port}/\n{sign_ins}", flush=True)
            line(f"Logs are in {data / 'log'}. Ctrl-C stops it.")
            keep_running([*servers, *processes])
        finally:
            ignore_signals()
            line("\nStopping …")
            for process in processes:
                process.stop(patience=15)


@contextlib.contextmanager
def locked(data: Path) -> Iterator[None]:
    """Keeps every other ./dev out of `data`: two Valkeys on one folder would both write it, and nothing would warn."""
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "lock").open("w")
    except OSError as error:
        raise Trouble(f"The data folder {data} cannot be used: {error.strerror}.") from None
    check_space(data)
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Trouble(f"The data folder {data} is in use by another ./dev; stop it or choose --data.") from None
        yield


@contextlib.contextmanager
def served(data: Path, port: int = 8000) -> Iterator[tuple[dict[str, str], list[Process]]]:
    """The environment of the product on `data`, and the servers running for it; they stop at the end."""
    servers = Servers(data, os.environ)
    saved = servers.run_dir / "environment.json"
    try:
        environment = _environment(data, port)
        if servers.environment:
            _check_reachable(environment)
        if servers.are_ours:
            with step("Starting the database and the broker"):
                servers.start()
        environment |= servers.environment
        saved.touch(mode=0o600)
        saved.write_text(json.dumps({name: value for name, value in environment.items() if name.startswith(OURS)}))
        yield environment, servers.processes
    finally:
        ignore_signals()
        saved.unlink(missing_ok=True)
        servers.stop()


def environment_of_running(data: Path) -> dict[str, str] | None:
    """The environment of the ./dev up that is running on `data`, if there is one."""
    saved, lock = data / "run" / "environment.json", data / "lock"
    if not saved.exists() or not lock.exists():
        return None
    with lock.open("r") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return {**os.environ, **json.loads(saved.read_text())}
    return None


def _environment(data: Path, port: int) -> dict[str, str]:
    """Like production, but on plain http; what the caller's own environment says wins."""
    hosts = ("127.0.0.1", "localhost")
    return {
        "REDRESS_SECRET_KEY": _secret_key(data),
        "REDRESS_HTTPS": "false",
        "REDRESS_DEMO": "true",
        "REDRESS_BASE_URL": f"http://127.0.0.1:{port}",
        "REDRESS_ALLOWED_HOSTS": ",".join(hosts),
        "REDRESS_CSRF_TRUSTED_ORIGINS": ",".join(f"http://{host}:{port}" for host in hosts),
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",
        **os.environ,
        "REDRESS_DATA": str(data),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }


def _secret_key(data: Path) -> str:
    path = data / "secret-key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text()


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Trouble(f"Port {port} cannot be used ({error.strerror}); choose another with --port.") from None
        except OverflowError:
            raise Trouble(f"{port} is not a port; choose one from 1024 to 65535.") from None


def _check_reachable(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [str(PYTHON), "-m", "devtools.reachable"], cwd=ROOT, env=environment, capture_output=True, text=True
    )  # fmt: skip
    if done.returncode:
        raise Trouble((done.stdout + done.stderr).strip().splitlines()[-1])


def collect_static(data: Path, environment: dict[str, str]) -> None:
    files = [path for path in (ROOT / "static").rglob("*") if path.is_file()]
    content = digest([*files, ROOT / "requirements.txt", ROOT / "config" / "settings.py"])
    marker = data / "static-made-from"
    if marker.exists() and marker.read_text() == content:
        return
    with step("Collecting static files"):
        command = [str(PYTHON), "manage.py", "collectstatic", "--noinput", "--clear", "-v", "0"]
        run_quietly(command, "Collecting static files", environment)
    marker.write_text(content)


def _prepare_database(environment: dict[str, str], with_demo: bool) -> str:
    """Schema, profile and demo utility, or a first administrator; returns who can sign in."""
    command = [str(PYTHON), "manage.py", "prepare", "--demo" if with_demo else "--first-administrator"]
    with step("Preparing the database: schema, profile" + (", demo utility" if with_demo else "")):
        return run_quietly(command, "Preparing the database", environment)


def product_processes(data: Path, port: int, environment: dict[str, str]) -> list[Process]:
    python, run_dir = str(PYTHON), data / "run"
    celery = [python, "-m", "celery", "-A", "config"]
    commands = {
        "web": [
            python, "-m", "gunicorn", "config.wsgi", "--bind", f"127.0.0.1:{port}", "--workers", "2", "--threads", "4",
            "--config", "python:config.serving", "--graceful-timeout", "10",
        ],
        "worker": [
            *celery, "worker", "--concurrency", "2", "--queues", "default,alarms,notices",
            "--without-gossip", "--without-mingle", "--loglevel", "INFO",
        ],
        "beat": [*celery, "beat", "--schedule", str(run_dir / "beat-schedule"), "--pidfile", "", "--loglevel", "WARNING"],
    }  # fmt: skip
    return [Process(name, command, run_dir, environment, ROOT) for name, command in commands.items()]


def _wait_until_ready(port: int, processes: list[Process]) -> None:
    deadline = time.monotonic() + READY_PATIENCE
    said: dict[str, object] = {}
    while not (said.get("ready") and said.get("worker") == "ok"):
        for process in processes:
            if not process.is_running:
                raise Trouble(f"{process.name} did not start: {process.last_words()} (all of it: {process.log_file})")
        if time.monotonic() > deadline:
            raise Trouble(f"After {READY_PATIENCE} s it still is not ready: {said or 'the web does not answer'}.")
        time.sleep(0.3)
        said = _readyz(port)


def _readyz(port: int) -> dict[str, object]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with contextlib.suppress(ValueError):
            return json.load(error)
    except (OSError, ValueError):
        pass
    return {}
