"""Fills the database with a made-up utility, deterministic for a seed and an ending date; or shows who can sign in."""

from __future__ import annotations

import argparse
import time
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from analytics.demo import bills, leaving, loading, staffing, together
from analytics.grains import customer_counts, refresh
from analytics.signals import looking
from complaints.models import Complaint
from complaints.states import Status
from staff.models import Branch

COUNTED_AT_ONCE = 50_000
"""Complaints whose figures are built before the command ends; more are left to the workers."""


class Command(BaseCommand):
    help = (
        "A made-up utility: staff, network, customers, and the lives of any number of complaints."
        f" From {loading.VERY_MANY:,} on up to {loading.SIBLINGS} share the course of a life; -v 2 says how long each part took."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--complaints", type=_positive, default=1200, metavar="N")
        parser.add_argument("--days", type=_positive, default=420, metavar="D", help="of history, up to the ending")
        parser.add_argument(
            "--seed", type=int, default=7, metavar="S", help="the same seed and ending give the same rows"
        )
        parser.add_argument("--ending", type=_moment, metavar="DATE", help="nothing happens later; now by default")
        parser.add_argument("--customers", type=_positive, metavar="N", help="four for each complaint by default")
        parser.add_argument("--more", action="store_true", help="add to the made-up complaints that are there")
        parser.add_argument("--staff-only", action="store_true", help="branches, teams and people, no complaints")
        parser.add_argument("--sign-ins", action="store_true", help="only say who can sign in")

    def handle(self, *args: Any, **given: Any) -> None:
        if given["sign_ins"]:
            self._say_sign_ins()
            return
        try:
            loading.check_is_ours()
        except loading.NotADemo as real:
            raise CommandError(
                f"This database holds real data ({real}). A made-up utility is only for a database of its own;"
                " nothing was changed."
            ) from None
        if given["staff_only"]:
            self._hire()
            return
        there = Complaint.objects.count()
        if there and not given["more"]:
            self.stdout.write(
                f"There are {there:,} made-up complaints already; nothing was changed. Add to them with --more --seed S."
            )
            return
        self._load(given)

    def _hire(self) -> None:
        root = Branch.objects.filter(parent__isnull=True).order_by("pk").first()
        if root is None:
            raise CommandError("There is no branch; load a profile first.")
        with _names_free():
            staffing.hire(root)
        self._say_sign_ins()

    def _load(self, given: dict[str, Any]) -> None:
        now = timezone.now()
        ending = given["ending"] or now
        if ending > now:
            raise CommandError("--ending lies in the future; nothing that is made up may happen later than now.")
        complaints = given["complaints"]
        customers = given["customers"] or min(max(2000, 4 * complaints), loading.network.LARGEST)
        progress = _Progress(self.stderr, complaints)
        with _names_free():
            loaded = loading.load(
                complaints=complaints,
                days=given["days"],
                seed=given["seed"],
                ending=ending,
                customers=max(customers, 600),
                say=progress,
            )
        progress.end()
        if given["ending"] is None:
            # what people have in hand today is no part of a history that must be the same for the same seed
            bills.dispute(now)
            together.work(timezone.now())
            leaving.work(timezone.now())
        by_status = ", ".join(f"{Status(status).value} {loaded.by_status[status]:,}" for status in Status.values)
        self.stdout.write(
            f"{loaded.complaints:,} complaints of {given['days']} days, {loaded.customers:,} customers, {loaded.issues:,} service"
            f" issues in {loaded.seconds:.1f} s ({loaded.complaints / loaded.seconds:,.0f} complaints/s).\n"
            f"  {by_status}; overdue {loaded.overdue:,}."
        )
        if given["verbosity"] > 1:
            self.stdout.write("  " + ", ".join(f"{part} {seconds:.1f} s" for part, seconds in loaded.parts.items()))
        for day in (timezone.localdate(ending - timedelta(days=given["days"])), timezone.localdate(ending)):
            customer_counts.count(day)
            customer_counts.count_assets(day)
        refresh.rebuild()
        if complaints <= COUNTED_AT_ONCE:
            refresh.refresh()
            looking.look(now)
        else:
            self.stdout.write("The workers build the figures; /figures/ shows how far they are.")

    def _say_sign_ins(self) -> None:
        people = staffing.sign_ins()
        if not people:
            self.stdout.write("There are no made-up people in this database.")
            return
        self.stdout.write(f"Sign in with the password {staffing.PASSWORD} as")
        for person in people:
            self.stdout.write(f"  {person.username:<14} {person.role} · {person.name} · {person.branch}")


class _Progress:
    """One line that is written over; on a terminal only, or a log would fill up."""

    def __init__(self, stream: Any, total: int) -> None:
        self._stream, self._total, self._began, self._said, self._first = stream, total, 0.0, 0.0, 0
        self._is_terminal = stream.isatty()

    def __call__(self, done: int) -> None:
        now = time.monotonic()
        pause = 0.5 if self._is_terminal else 15
        if now - self._said < pause:
            return
        if not self._said:
            self._said = self._began = now
            self._first = done
            return
        self._said = now
        rate = (done - self._first) / (now - self._began)
        left = (self._total - done) / rate
        text = f"  {done:,} of {self._total:,} complaints, {rate:,.0f}/s, {left:,.0f} s left"
        self._stream.write(f"\r{text:<70}" if self._is_terminal else text, ending="" if self._is_terminal else "\n")
        self._stream.flush()

    def end(self) -> None:
        if self._is_terminal and self._said:
            self._stream.write("")


class _names_free:
    """Turns a taken user name into a sentence."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, staffing.NameTaken):
            raise CommandError(
                f"The user name “{error}” belongs to somebody real. A made-up utility is only for a database of its own;"
                " nothing was changed."
            ) from None


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("give a number above 0")
    return number


def _moment(text: str) -> datetime:
    """A date means the end of that day in the utility's time zone, or now if the day is not over."""
    zone = timezone.get_default_timezone()
    moment = parse_datetime(text) if len(text) > 10 else None
    if moment is not None:
        return moment if timezone.is_aware(moment) else moment.replace(tzinfo=zone)
    day = parse_date(text)
    if day is None:
        raise argparse.ArgumentTypeError("write it as 2026-11-23 or 2026-11-23T18:00")
    if day == timezone.localdate():
        return timezone.now()
    return datetime.combine(day + timedelta(days=1), time_of_day(), zone)
