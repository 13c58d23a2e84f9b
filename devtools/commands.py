"""The commands of ./dev, each read from top to bottom."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from devtools import say
from devtools.browser import chromium
from devtools.places import PYTHON, ROOT
from devtools.processes import ignore_signals, interrupt_on_signals
from devtools.say import Trouble, line
from devtools.servers import Servers
from devtools.setup import RUNNING, TESTING, one_at_a_time, prepare
from devtools.up import DEFAULT_DATA, environment_of_running, locked, served, up

CHECKS = {
    "Formatting": ["ruff", "format", "--check", "--quiet", "."],
    "Lint": ["ruff", "check", "--quiet", "."],
    "Types": ["mypy"],
    "Import contracts": ["lint_imports"],
    "Missing migrations": ["manage", "makemigrations", "--check", "--dry-run"],
    "System checks": ["manage", "check", "--database", "default", "--fail-level", "WARNING"],
    "Translations": ["devtools.messages", "check"],
}


def main(arguments: list[str]) -> int:
    say.use_utf8()
    interrupt_on_signals()
    command, rest = (arguments[0], arguments[1:]) if arguments else ("help", [])
    commands = {
        "up": _up, "test": _test, "check": _check, "manage": _manage, "demo": _demo, "messages": _messages, "bench": _bench,
    }  # fmt: skip
    try:
        if command not in commands:
            line(_help())
            return 0 if command in ("help", "-h", "--help") else 2
        return commands[command](rest)
    except Trouble as trouble:
        line(f"./dev {command}: {trouble}")
        return 1
    except KeyboardInterrupt:
        return 0 if command == "up" else 130


def _help() -> str:
    return (
        "Usage: ./dev COMMAND\n"
        "  up [--port 8000] [--data var/data] [--no-demo]   run the product here; Ctrl-C stops it\n"
        "  test [PYTEST ARGUMENTS]                          every test, or those named\n"
        "  check                                            formatting, lint, types, contracts, migrations, translations\n"
        "  manage ARGUMENTS                                 Django's command line on the data of `up`\n"
        "  demo [--complaints N] [--days D] [--seed S]      fill the database with a made-up utility\n"
        "  messages [--check | --update]                    compile, check or update the translations\n"
        "  bench [--complaints N ...] [--keep DATA]         measure it beside the limit and beside django-helpdesk"
    )


def _up(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./dev up")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--data", type=Path, default=DEFAULT_DATA, help="folder for everything that must be kept")
    parser.add_argument("--no-demo", action="store_true", help="no made-up utility, only a first administrator")
    given = parser.parse_args(arguments)
    return up(port=given.port, data=given.data.resolve(), with_demo=not given.no_demo)


def _manage(arguments: list[str]) -> int:
    prepare(RUNNING)
    data = Path(os.environ.get("REDRESS_DATA", DEFAULT_DATA)).resolve()
    running = environment_of_running(data)
    if running is not None:
        return _django(arguments, running)
    with locked(data), served(data) as (environment, _servers):
        return _django(arguments, environment)


def _demo(arguments: list[str]) -> int:
    return _manage(["demo", *arguments])


def _django(arguments: list[str], environment: dict[str, str]) -> int:
    return subprocess.run([str(PYTHON), str(ROOT / "manage.py"), *arguments], env=environment).returncode


def _messages(arguments: list[str]) -> int:
    prepare(RUNNING)
    parser = argparse.ArgumentParser(prog="./dev messages")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", dest="action", action="store_const", const="check", default="compile")
    choice.add_argument("--update", dest="action", action="store_const", const="update")
    action = parser.parse_args(arguments).action
    return subprocess.run([str(PYTHON), "-m", "devtools.messages", action], cwd=ROOT).returncode


def _bench(arguments: list[str]) -> int:
    prepare(RUNNING)
    return subprocess.run([str(PYTHON), "-m", "bench", *arguments], cwd=ROOT).returncode


def _test(arguments: list[str]) -> int:
    prepare(TESTING)
    with one_at_a_time():
        browser = chromium()
    with _throw_away() as environment:
        command = [str(PYTHON), "-m", "pytest", *_parallel(arguments), *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment | browser).returncode


def _parallel(arguments: list[str]) -> list[str]:
    """Two processes for the whole suite; one for a part of it, or where the caller says how."""
    selected = any(not one.startswith("-") or one.startswith(("-n", "--pdb", "--numprocesses")) for one in arguments)
    return [] if selected else ["-n", "2", "--dist", "loadgroup"]


def _check(arguments: list[str]) -> int:
    prepare(TESTING)
    failed = []
    with _throw_away() as environment:
        for name, (module, *rest) in CHECKS.items():
            program = {
                "manage": [str(PYTHON), "manage.py"],
                "lint_imports": [str(PYTHON.parent / "lint-imports")],
            }.get(module, [str(PYTHON), "-m", module])
            with say.step(name):
                done = subprocess.run([*program, *rest], cwd=ROOT, env=environment, capture_output=True, text=True)
            if done.returncode:
                failed.append(name)
                line((done.stdout + done.stderr).strip())
    line(f"Not in order: {', '.join(failed)}." if failed else "Everything is in order.")
    return 1 if failed else 0


@contextlib.contextmanager
def _throw_away() -> Iterator[dict[str, str]]:
    """Servers of our own in a temporary folder, with nothing kept; external ones are never used for tests."""
    data = Path(tempfile.mkdtemp(prefix="redress-test-"))
    servers = Servers(data, {}, throw_away=True)
    try:
        servers.start()
        yield {
            **os.environ,
            **servers.environment,
            "REDRESS_SECRET_KEY": "only-for-tests",
            "REDRESS_DATA": str(data),
            "REDRESS_HTTPS": "false",
            "PYTHONPATH": str(ROOT),
        }
    finally:
        ignore_signals()
        servers.stop()
        servers.forget()
        shutil.rmtree(data, ignore_errors=True)
        interrupt_on_signals()
