"""Restores a backup into an empty database and an empty folder, and verifies it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups.restoring import problems, put_back, read_manifest, use_database


class Command(BaseCommand):
    help = "Restores what `backup` wrote and verifies it; refuses a database or a folder that is not empty."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument("--database", help="another database of the same server, made if it is not there")
        parser.add_argument("--files", type=Path, default=Path(settings.MEDIA_ROOT), help="folder of the private files")
        parser.add_argument("--replace", action="store_true", help="remove what is there first")
        parser.add_argument("--check-only", action="store_true", help="only compare the backup with its sums")
        parser.add_argument("--jobs", type=int, default=2, help="connections that write at the same time")
        parser.add_argument("--programs", type=Path, help="folder of pg_restore, if not the one of the PATH")

    def handle(self, *args: Any, folder: Path, files: Path, **options: Any) -> None:
        manifest = read_manifest(folder)
        if options["check_only"]:
            self.stdout.write(f"{folder} is whole: as of {manifest['snapshot_at']}.")
            return
        if options["database"]:
            use_database(options["database"])
        how = {name: options[name] for name in ("jobs", "programs", "replace")}
        put_back(folder, manifest, files, **how)
        found = list(problems(manifest, files))
        if found:
            raise CommandError("Restored, but not as it was saved:\n" + "\n".join(f"  {one}" for one in found))
        self.stdout.write(f"Restored and verified: as of {manifest['snapshot_at']}. Now run: manage.py prepare")
