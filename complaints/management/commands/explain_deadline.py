"""Says when something is due and why, in a sentence for the phone or as JSON for programs."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from complaints.clocks import whatif
from complaints.clocks.calendar_shown import guess_sentence
from complaints.clocks.deadlines import Pause
from complaints.clocks.policies import Facts
from complaints.clocks.shown import due_sentence
from complaints.refusals import BadInput

FACTS = [field.name for field in fields(Facts)]


class Command(BaseCommand):
    help = "When is it due? Give --limit with --calendar, or the facts of a complaint to hear everything promised."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--start", required=True, help="when the clock starts, as 2026-02-13T16:00+08:00")
        parser.add_argument("--limit", default="", help="such as 24h, 8wh, 5wd")
        parser.add_argument(
            "--calendar", default="", help="code of a calendar, such as office, or office@2 for its version 2"
        )
        parser.add_argument("--pause", action="append", default=[], metavar="START/END", help="may be given often")
        parser.add_argument("--policy", default="", help="code of a policy: everything it promises")
        for fact in FACTS:
            parser.add_argument(f"--{fact.replace('_', '-')}", default="", help="a fact of the complaint")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        question = whatif.Question(
            start=_moment(options["start"]),
            limit=options["limit"],
            calendar=options["calendar"],
            pauses=[_pause(text) for text in options["pause"]],
            facts=Facts(**{fact: options[fact] for fact in FACTS}),
            policy=options["policy"],
        )
        try:
            answers = whatif.answer(question)
        except BadInput as refused:
            raise CommandError(refused.message) from refused
        if not answers:
            raise CommandError("Nothing is promised for these facts.")
        if options["json"]:
            zone = timezone.get_current_timezone()
            found = [whatif.as_json(one, zone) for one in answers]
            self.stdout.write(json.dumps(found[0] if options["limit"] else found, ensure_ascii=False, indent=2))
            return
        for one in answers:
            self.stdout.write(due_sentence(one))
            if one.guessed_after:
                self.stdout.write(guess_sentence(one.guessed_after))


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"“{text}” is no moment. Write it as 2026-02-13T16:00+08:00.") from error
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _pause(text: str) -> Pause:
    start, slash, end = text.partition("/")
    if not slash:
        raise CommandError(f"“{text}” is no pause. Write START/END; leave END empty while it lasts.")
    return _moment(start), _moment(end) if end else None
