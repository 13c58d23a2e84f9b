"""Versions of calendars: the newest, which run out of known holidays, what a new one would move, and saving it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from complaints.clocks.calendars import ONE_DAY, CalendarExhausted, ImpossibleCalendar, WorkingCalendar
from complaints.clocks.ledger import replay
from complaints.clocks.running import as_entry
from complaints.models import Calendar, Clock, PolicyLimit
from complaints.refusals import BadInput, ChangedMeanwhile
from staff.models import User

ANNOUNCED = 11
"""The month in which next year's arrangement is announced."""
MOST_LOOKED_AT = 500
"""So many running clocks are computed anew for a preview, those due next first."""


@dataclass(frozen=True, slots=True)
class RunningOut:
    """A calendar in use whose known holidays end soon; `clocks` running deadlines lie beyond that day already."""

    calendar: Calendar
    covers_until: date
    clocks: int


@dataclass(frozen=True, slots=True)
class WouldMove:
    """What a version would do to the running clocks of its calendar, were they moved to it; they are not."""

    earlier: int
    later: int
    same: int
    ticking: int

    @property
    def looked_at(self) -> int:
        return self.earlier + self.later + self.same


@dataclass(frozen=True, slots=True)
class Draft:
    """A version as it would be saved; `seen` is the newest version that its maker saw, 0 for a new calendar."""

    code: str
    name_zh: str
    name_en: str
    rules: Mapping[str, Any]
    seen: int

    def working_calendar(self) -> WorkingCalendar:
        """Raises ImpossibleCalendar."""
        return WorkingCalendar.from_rules(self.code, self.seen + 1, self.rules)


def newest() -> QuerySet[Calendar]:
    return Calendar.objects.order_by("code", "-version").distinct("code")


def uses(codes: Iterable[str] | None = None) -> dict[str, int]:
    """How many policies in force count by each calendar."""
    limits = PolicyLimit.objects.filter(policy__is_current=True).exclude(calendar="")
    counted = limits.values("calendar").annotate(count=Count("policy", distinct=True)).order_by()
    return {row["calendar"]: row["count"] for row in counted if codes is None or row["calendar"] in codes}


def ticking() -> dict[str, int]:
    """How many clocks run by each calendar, whatever its version."""
    counted = Clock.objects.ticking().filter(calendar__isnull=False).values("calendar__code")
    return {row["calendar__code"]: row["count"] for row in counted.annotate(count=Count("pk")).order_by()}


def calendars_running_out(today: date) -> list[RunningOut]:
    """Calendars in use to tell supervisors of: from November on the next year is not loaded, or a clock runs beyond.

    A calendar without an end of certainty follows no holidays and never runs out.
    """
    used = uses()
    ending = [(calendar, _until(calendar)) for calendar in newest()]
    known = {calendar.code: (calendar, until) for calendar, until in ending if until is not None}
    beyond = _beyond({code: (calendar, until) for code, (calendar, until) in known.items()})
    return [
        RunningOut(calendar, until, beyond.get(code, 0))
        for code, (calendar, until) in known.items()
        if beyond.get(code) or (code in used and today >= date(until.year, ANNOUNCED, 1))
    ]


def _until(calendar: Calendar) -> date | None:
    stored = calendar.rules.get("covers_until")
    return date.fromisoformat(stored) if stored else None


def _beyond(known: Mapping[str, tuple[Calendar, date]]) -> dict[str, int]:
    """Clocks due after the end of what their calendar's newest version knows."""
    late = Q(pk__in=[])
    for code, (calendar, until) in known.items():
        end = calendar.working_calendar().day_end(until)
        late |= Q(calendar__code=code, due_at__gt=end)
    found = Clock.objects.ticking().filter(late).values("calendar__code").annotate(count=Count("pk")).order_by()
    return {row["calendar__code"]: row["count"] for row in found}


def would_move(calendar: WorkingCalendar) -> WouldMove:
    """Counts; clocks with a date of their own (the regulator's, an extension) are left out."""
    clocks = Clock.objects.ticking().filter(calendar__code=calendar.code, extended_at__isnull=True)
    count = clocks.count()
    looked_at = clocks.order_by("due_at").prefetch_related("ledger__calendar")[:MOST_LOOKED_AT]
    turned = Counter(_turned(clock, calendar) for clock in looked_at)
    return WouldMove(turned["earlier"], turned["later"], turned["same"], count)


def _turned(clock: Clock, calendar: WorkingCalendar) -> str:
    given = replay([as_entry(entry) for entry in clock.ledger.all()])
    if given.terms.limit is None or given.terms.fixed is not None:
        return "same"
    try:
        due = given.terms._replace(calendar=calendar).due(given.started_at, given.pauses)
    except CalendarExhausted:
        return "later"
    return _compared(clock.due_at, due)


def _compared(before: datetime | None, after: datetime | None) -> str:
    if before is None or after is None or before == after:
        return "same"
    return "earlier" if after < before else "later"


@transaction.atomic
def save_version(draft: Draft, *, by: User, reason: str) -> Calendar:
    """A new version; older ones stay, and clocks keep theirs. Raises BadInput, or ChangedMeanwhile when `seen` is old."""
    if not reason.strip():
        raise BadInput(_("Say why the calendar is changed."), fields=["reason"])
    try:
        draft.working_calendar()
    except ImpossibleCalendar as error:
        raise BadInput(str(error)) from error
    current = Calendar.objects.select_for_update().filter(code=draft.code).order_by("-version").first()
    if (current.version if current else 0) != draft.seen:
        raise ChangedMeanwhile(_("Somebody else saved this calendar after you opened it. Look at their version first."))
    values = {"name_zh": draft.name_zh, "name_en": draft.name_en, "rules": dict(draft.rules)}
    if current and all(getattr(current, name) == value for name, value in values.items()):
        raise BadInput(_("Nothing is different from version %(version)d.") % {"version": current.version})
    try:
        with transaction.atomic():
            return Calendar.objects.create(
                code=draft.code, version=draft.seen + 1, made_by=by, reason=reason.strip(), **values
            )
    except IntegrityError as error:
        raise ChangedMeanwhile(_("Somebody else saved this calendar after you opened it.")) from error


def years_of(calendar: WorkingCalendar, today: date) -> tuple[int, int]:
    """The first and the last year worth showing: those with dated exceptions, this one, and what is covered."""
    years = {day.year for day in calendar.dated} | {today.year, (calendar.covers_until or today).year}
    return min(years), max(max(years), (today + 31 * ONE_DAY).year)
