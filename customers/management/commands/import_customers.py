"""Take a file of customers over from the command line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from customers.importing import files, taking
from customers.importing.fields import FIELDS, NEEDED, PROBLEMS, guessed
from customers.models import CustomerImport, ImportRow
from staff.models import Branch

SECONDS = 5.0


class Command(BaseCommand):
    """Shows how the columns are understood, then takes the rows over. After a kill it goes on; after the end it does nothing."""

    help = "Import customers, premises, accounts and meters from a CSV file (UTF-8 or GB18030)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--branch", help="code of the branch for rows that name none; the company by default")
        parser.add_argument("--preview", action="store_true", help="only show how the columns are understood")

    def handle(self, *args: Any, **options: Any) -> None:
        branch = self._branch(options["branch"])
        try:
            with options["file"].open("rb") as stream:
                run = files.receive(stream, name=options["file"].name, branch=branch, by=None)
        except OSError as error:
            raise CommandError(str(error)) from error
        except files.NotAnImport as error:
            raise CommandError(str(error)) from error
        header, _rows = files.preview(run)
        columns = run.columns or guessed(header)
        for name, at in columns.items():
            self.stdout.write(f"{header[at]} → {FIELDS[name][0]}")
        missing = [str(FIELDS[name][0]) for name in NEEDED if name not in columns]
        if missing:
            raise CommandError(f"no column for: {', '.join(missing)}")
        if options["preview"]:
            return
        taking.confirm(run, columns, branch)
        self._carry_on(run)

    def _branch(self, code: str | None) -> Branch:
        found = Branch.objects.filter(code=code) if code else Branch.objects.filter(parent=None)
        branch = found.order_by("path").first()
        if branch is None:
            raise CommandError(f"no branch {code or ''}".strip())
        return branch

    def _carry_on(self, run: CustomerImport) -> None:
        run.refresh_from_db()
        while run.finished_at is None:
            reached = (run.read_rows, run.reached)
            taking.carry_on(run, for_seconds=SECONDS)
            run.refresh_from_db()
            if (run.read_rows, run.reached) == reached and run.finished_at is None:
                time.sleep(1)  # a worker has it in hand
            self.stdout.write(f"{run.read_rows} read, {run.reached} looked at, {run.rejected} rejected")
        self.stdout.write(", ".join(f"{name} {count}" for name, count in run.counts.items()))
        for row in ImportRow.objects.filter(run=run).order_by("number")[:20]:
            self.stderr.write(f"row {row.number}: {PROBLEMS[row.problem]}")
