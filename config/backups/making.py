"""Makes a backup: first the database in one snapshot, then the files, then the sums and the manifest.

In this order a file is never missing that a row of the snapshot names, unless it was deleted in between, and that is said.
Files written meanwhile are copied as well and do no harm: nothing names them yet.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction

from config.backups import stock
from config.backups.programs import program, run, server_major

FORMAT = 1
DATABASE, FILES, SUMS, MANIFEST = "database", "files", "SHA256SUMS", "manifest.json"


def make(target: Path, media: Path, *, jobs: int, programs: Path | None) -> dict[str, Any]:
    """Write a backup to the new folder `target` and answer with its manifest; a half one never bears that name."""
    if target.exists():
        raise CommandError(f"{target} exists already. Name a folder that does not.")
    unfinished = target.with_name(f"{target.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True, mode=0o700)
    version = server_major()
    pg_dump = program("pg_dump", least=version, folder=programs)
    with one_snapshot() as snapshot:
        at, log = stock.moment()
        manifest: dict[str, Any] = {
            "format": FORMAT,
            "snapshot_at": at,
            "wal": log,
            "server": version,
            "migrations": stock.migrations(),
            "guards": stock.guards(),
            "counts": stock.counts(),
        }
        run(
            pg_dump, f"--snapshot={snapshot}", "--format=directory", f"--jobs={jobs}", "--no-owner", "--no-privileges",
            f"--file={unfinished / DATABASE}", connection.settings_dict["NAME"],
        )  # fmt: skip
        named = set(stock.files_named())
    copied = copy_files(media, unfinished / FILES)
    sums = "".join(f"{digest(path)}  {path.relative_to(unfinished)}\n" for path in sorted(_files(unfinished)))
    (unfinished / SUMS).write_text(sums, encoding="utf-8")
    manifest |= {
        "files": len(copied),
        "bytes": sum(copied.values()),
        "missing": sorted(named - copied.keys()),
        "sums": digest(unfinished / SUMS),
        "finished_at": datetime.now(UTC).isoformat(),
    }
    (unfinished / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    unfinished.rename(target)
    return manifest


@contextmanager
def one_snapshot() -> Iterator[str]:
    """A transaction that sees one moment only; pg_dump sees the same by its name, in all its connections."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        yield cursor.fetchone()[0]


def copy_files(source: Path, target: Path) -> dict[str, int]:
    """Copy what is there; what disappears meanwhile is left out. Answers with the size of each by its name."""
    copied: dict[str, int] = {}
    target.mkdir(parents=True, exist_ok=True)
    for path in _files(source):
        name = path.relative_to(source)
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            shutil.copy2(path, target / name)
        except FileNotFoundError:
            continue
        copied[name.as_posix()] = (target / name).stat().st_size
    return copied


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
