"""django-helpdesk beside the product: installed once from the package index, on a database of its own on the same server."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from bench.inside import Inside
from bench.machine import psql
from devtools.places import ROOT, VAR
from devtools.processes import Process
from devtools.say import Trouble, line, step
from devtools.setup import digest

HOME = VAR / "helpdesk"
PROGRAM = HOME / "bin" / "python"
REQUIREMENTS = ROOT / "bench" / "helpdesk" / "requirements.txt"


def install() -> str:
    """Its environment, made anew when what it needs has changed; says which version is in it."""
    marker, content = HOME / "made-from", digest([REQUIREMENTS])
    if not marker.exists() or marker.read_text() != content:
        with step("Installing django-helpdesk into an environment of its own"):
            _run([sys.executable, "-m", "venv", "--clear", str(HOME)])
            _run([str(PROGRAM), "-m", "pip", "install", "--require-hashes", "--no-input", "-r", str(REQUIREMENTS)])
        marker.write_text(content)
    wanted = [
        row.split(" ")[0]
        for row in REQUIREMENTS.read_text().splitlines()
        if row.startswith(("django-helpdesk", "django=="))
    ]
    return ", ".join(wanted)


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise Trouble(f"django-helpdesk could not be installed: {done.stderr.strip().splitlines()[-1:]}")


class Helpdesk:
    """Its site on the servers of one data folder."""

    def __init__(self, data: Path, environment: Mapping[str, str], port: int) -> None:
        self.data, self.port = data, port
        host = parse_qs(urlsplit(environment["DATABASE_URL"]).query)["host"][0]
        self.environment = {
            "PATH": environment.get("PATH", ""), "PYTHONPATH": str(ROOT), "DJANGO_SETTINGS_MODULE": "bench.helpdesk.settings",
            "BENCH_POSTGRES": host, "BENCH_DATA": str(data),
        }  # fmt: skip
        self.inside = Inside(self.environment, PROGRAM)
        if psql(environment, "SELECT count(*) FROM pg_database WHERE datname = 'helpdesk'") == "0":
            psql(environment, "CREATE DATABASE helpdesk")

    def fill(self, complaints: int, open_ones: int) -> None:
        with step(f"Making ready {complaints:,} tickets of django-helpdesk"):
            line(f"    {self.inside.ask('bench.helpdesk.tickets:fill', complaints, open_ones)}")

    def web(self) -> Process:
        command = [
            str(PROGRAM), "-m", "gunicorn", "bench.helpdesk.wsgi", "--bind", f"127.0.0.1:{self.port}", "--workers", "2",
            "--threads", "4", "--worker-class", "gthread", "--timeout", "900",
        ]  # fmt: skip
        return Process("helpdesk", command, self.data / "run", self.environment, ROOT)
