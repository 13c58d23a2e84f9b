"""./dev manage export_raw DIR: the raw rows behind every figure as documented CSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from analytics import raw


class Command(BaseCommand):
    help = "Write complaints, events, promises with their ledger, feedback, customers and accounts as CSV files."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, *args: Any, **given: Any) -> None:
        for name, rows in raw.export(given["folder"]).items():
            self.stdout.write(f"{name}.csv: {rows:,} rows")
