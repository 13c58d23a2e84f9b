"""Take dates of last inspections over from the command line."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from complaints.inspections import last_dates
from complaints.refusals import BadInput


class Command(BaseCommand):
    help = (
        "Import dates of last inspections from a CSV file (UTF-8 or GB18030); see docs/operations.md for its columns."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--encoding", default="utf-8-sig", help="utf-8-sig by default; gb18030 for older systems")
        parser.add_argument(
            "--rejected", type=Path, help="where to write the rows that were not taken; by default stderr"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with options["file"].open(encoding=options["encoding"], newline="") as lines:
                done = last_dates.take(lines, by=None, today=timezone.localdate())
        except (OSError, UnicodeDecodeError, BadInput, csv.Error) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{done.taken} taken, {len(done.rejected)} rejected")
        if options["rejected"] and done.rejected:
            with options["rejected"].open("w", encoding="utf-8-sig", newline="") as stream:
                csv.writer(stream).writerows([("row", "account", "why"), *done.rejected])
        else:
            csv.writer(sys.stderr).writerows(done.rejected)
