"""Compares the history with its hashes: nothing was changed, nothing is missing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from complaints import database_clock
from complaints.history_chain import Looked, everything, keep, look_at_chains, newest
from complaints.models import Complaint


class Command(BaseCommand):
    help = (
        "Go through the history of all complaints. Names the first fault of each and then fails. "
        "What going through all found is kept like a nightly check, and administrators are told."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--complaint", default="", help="only the complaint with this reference")
        parser.add_argument(
            "--since", default="", help="only complaints with events written since, as 2026-02-13T16:00+08:00"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        found = self._one(options["complaint"]) if options["complaint"] else self._all(options["since"])
        self.stdout.write(f"{found.chains} complaints, {found.events} events, {found.seals} seals")
        if found.faults:
            raise CommandError(f"{len(found.faults)} faults. The history is not what was written.")
        self.stdout.write("The history is what was written.")

    def _one(self, reference: str) -> Looked:
        found = Looked()
        pk = Complaint.objects.filter(reference=reference).values_list("pk", flat=True).first()
        if pk is None:
            raise CommandError(f"There is no complaint {reference}.")
        look_at_chains([pk], found)
        self._say(found, 0)
        return found

    def _all(self, since: str) -> Looked:
        moment = parse_datetime(since) if since else None
        if since and (moment is None or moment.tzinfo is None):
            raise CommandError(f"{since!r} is no moment with an offset, such as 2026-02-13T16:00+08:00.")
        told, found = 0, Looked()
        at, upto = database_clock.now(), newest()
        for found in everything(moment):
            told = self._say(found, told)
        if moment is None:
            keep(found, at=at, upto=upto)
        return found

    def _say(self, found: Looked, told: int) -> int:
        for fault in found.faults[told:]:
            self.stdout.write(str(fault))
        return len(found.faults)
