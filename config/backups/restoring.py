"""Restores a backup into an empty database and an empty folder, and proves that it is what was saved."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from analytics.grains.check import check
from config.backups import stock
from config.backups.making import DATABASE, FILES, FORMAT, MANIFEST, SUMS, copy_files, digest
from config.backups.programs import program, run, server_major


def read_manifest(source: Path) -> dict[str, Any]:
    """The manifest, after every byte of the backup has been compared with its sums. Raises CommandError."""
    try:
        manifest: dict[str, Any] = json.loads((source / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{source} holds no readable {MANIFEST}: {error}.") from None
    if manifest.get("format") != FORMAT:
        raise CommandError(f"This backup is of format {manifest.get('format')}; this version reads {FORMAT}.")
    wrong = sorted(_damaged(source, manifest))
    if wrong:
        raise CommandError(
            f"This backup is damaged: {', '.join(wrong[:10])} is not what was saved ({len(wrong)} in all)."
        )
    return manifest


def _damaged(source: Path, manifest: dict[str, Any]) -> Iterator[str]:
    if not (source / SUMS).exists() or digest(source / SUMS) != manifest["sums"]:
        yield SUMS
        return
    for line in (source / SUMS).read_text(encoding="utf-8").splitlines():
        wanted, name = line.split("  ", 1)
        if not (source / name).is_file() or digest(source / name) != wanted:
            yield name


def use_database(name: str) -> None:
    """Go on with this database of the same server; it is made if it is not there."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone()[0] == 0:
            quoted = connection.ops.quote_name(name)
            cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE template0")
    connection.close()
    connection.settings_dict["NAME"] = name


def put_back(
    source: Path, manifest: dict[str, Any], media: Path, *, jobs: int, programs: Path | None, replace: bool
) -> None:
    """Database and files as they were. Refuses where anything is in the way, unless `replace` was said."""
    if server_major() < manifest["server"]:
        raise CommandError(
            f"The backup is of PostgreSQL {manifest['server']}, this server is older ({server_major()})."
        )
    pg_restore = program("pg_restore", least=manifest["server"], folder=programs)
    there = stock.tables()
    has_files = media.exists() and any(media.iterdir())
    if (there or has_files) and not replace:
        what = (
            f"The database {connection.settings_dict['NAME']} holds {len(there)} tables"
            if there
            else f"{media} is not empty"
        )
        raise CommandError(f"{what}. Nothing was changed; say --replace to have it removed first.")
    if there:
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
    if has_files:
        for path in media.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
    run(
        pg_restore, f"--jobs={jobs}", "--no-owner", "--no-privileges", "--no-comments", "--exit-on-error",
        f"--dbname={connection.settings_dict['NAME']}", str(source / DATABASE),
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    copy_files(source / FILES, media)


def problems(manifest: dict[str, Any], media: Path) -> Iterator[str]:
    """What is not as it was saved, or does not fit together; nothing when all is well."""
    counted, saved = stock.counts(), manifest["counts"]
    for name in sorted(saved.keys() | counted.keys()):
        if saved.get(name) != counted.get(name):
            yield f"{name} holds {counted.get(name)} rows; {saved.get(name)} were saved"
    for name, number in stock.guards().items():
        if number != manifest["guards"][name]:
            yield f"{number} {name} are in force; {manifest['guards'][name]} were saved"
    if stock.migrations() != manifest["migrations"]:
        yield "the migrations noted as applied are others than were saved"
    if wordless := stock.without_words():
        yield f"{wordless} complaints have no words to be found by; see Search in docs/operations.md"
    for name in stock.files_named():
        if not (media / name).is_file() and name not in manifest["missing"]:
            yield f"the file {name} is missing"
    if not _pending():
        yield from _figures_and_history()


def _pending() -> int:
    executor = MigrationExecutor(connection)
    return len(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def _figures_and_history() -> Iterator[str]:
    """Only where the schema is that of this code: an older backup is first brought up to date by `prepare`."""
    compared = check()
    if compared is not None and compared.differences:
        yield f"{compared.differences} figures differ from the complaints; see /figures/"
    if "verify_history" in get_commands():
        try:
            call_command("verify_history", verbosity=0)
        except (CommandError, DatabaseError) as error:
            yield f"verify_history: {error}"
