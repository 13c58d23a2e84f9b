"""Writes a backup of database and files to a new folder, while the product runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from config.backups.making import make


class Command(BaseCommand):
    help = "Writes database, files and a manifest to a new folder; the product may run meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--jobs", type=int, default=2, help="connections that read at the same time")
        parser.add_argument("--programs", type=Path, help="folder of pg_dump, if not the one of the PATH")

    def handle(self, *args: Any, folder: Path, jobs: int, programs: Path | None, **options: Any) -> None:
        manifest = make(folder.resolve(), Path(settings.MEDIA_ROOT), jobs=jobs, programs=programs)
        rows, tables = sum(manifest["counts"].values()), len(manifest["counts"])
        self.stdout.write(
            f"{folder}: {rows} rows of {tables} tables as of {manifest['snapshot_at']}, "
            f"{manifest['files']} files ({manifest['bytes']} bytes), sums {manifest['sums'][:16]}"
        )
        for name in manifest["missing"]:
            self.stderr.write(f"Not copied, though a row names it: {name}")
