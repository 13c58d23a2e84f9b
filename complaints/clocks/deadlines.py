"""When a promise is due, how much of it is used, and why: one definition of "used" for each unit.

Minutes and hours are elapsed time. Working hours are the calendar's working time. Days count their ends: the day of
receipt is not counted, a period in days ends with 24:00 of its last day or with its close of business, and a last day
that is a day off moves to the next working day (Civil Code of the PRC, arts 201 and 203). Paused time is never used time;
a day is used, and can be the last, when the clock was running at its end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from django.utils.translation import gettext as _

from complaints.clocks.calendars import HORIZON, ONE_DAY, CalendarExhausted, WorkingCalendar
from complaints.clocks.limits import Limit, Unit

Pause = tuple[datetime, datetime | None]
"""From when, and until when; None while it lasts."""


class CalendarMissing(ValueError):
    """A limit in working time or days came without a calendar."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the way to a deadline. `kind` is counting, closed, day_off, makeup, pause or receipt_day."""

    start: datetime
    end: datetime
    kind: str


@dataclass(frozen=True, slots=True)
class Explanation:
    due_at: datetime | None
    segments: tuple[Segment, ...]


def due_at(
    limit: Limit, calendar: WorkingCalendar | None, started_at: datetime, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The earliest moment at which the time used reaches the limit, in UTC; None when an open pause comes first."""
    if not limit.amount:
        return started_at.astimezone(UTC)
    if limit.in_days:
        return _due_by_days(limit, _needed(calendar, limit), started_at, pauses)
    left = limit.duration
    for start, end in _running(started_at, pauses):
        if end is None:
            return start + left if limit.is_elapsed else _needed(calendar, limit).add(start, left)
        passed = end - start if limit.is_elapsed else _needed(calendar, limit).measure(start, end)
        if passed >= left:
            return start + left if limit.is_elapsed else _needed(calendar, limit).add(start, left)
        left -= passed
    return None


def extended(
    due: datetime, by: Limit, calendar: WorkingCalendar | None, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The deadline that follows when `by` is granted on top of `due`; days count on from the last day of the old limit."""
    return due_at(by, calendar, due - timedelta(microseconds=1) if by.in_days else due, pauses)


def used(
    limit: Limit,
    calendar: WorkingCalendar | None,
    started_at: datetime,
    until: datetime,
    pauses: Sequence[Pause] = (),
) -> timedelta:
    """The time used until a moment: elapsed or working time; for limits in days, that many whole days."""
    if limit.in_days:
        calendar = _needed(calendar, limit)
        counted = 0
        for day in _days_after(calendar.local_date(started_at)):
            day_end = _end_of(limit, calendar, day)
            if day_end > until:
                return timedelta(days=counted)
            counted += not _paused_at(day_end, pauses) and _counts(limit, calendar, day)
    total = timedelta()
    for start, end in _running(started_at, pauses):
        stop = min(end or until, until)
        if stop > start:
            total += stop - start if limit.is_elapsed else _needed(calendar, limit).measure(start, stop)
    return total


def share_used(started_at: datetime, due: datetime, now: datetime) -> float:
    """How much of the way from start to deadline is gone: 0 at the start, 1 when due, more when late."""
    whole = (due - started_at).total_seconds()
    return max(0.0, (now - started_at).total_seconds() / whole) if whole > 0 else 1.0


def moment_at_share(
    limit: Limit | None, calendar: WorkingCalendar | None, started_at: datetime, due: datetime, share: float
) -> datetime:
    """When this share of the way is gone: of working time for working hours, of plain time otherwise."""
    if limit is not None and limit.unit == Unit.WORKING_HOUR and calendar is not None:
        return calendar.add(started_at, calendar.measure(started_at, due) * share)
    return started_at.astimezone(UTC) + (due - started_at) * share


def moment_before(before: Limit, calendar: WorkingCalendar | None, due: datetime) -> datetime:
    """The moment so long before a deadline; for days, the same time of day that many (working) days earlier."""
    if before.is_elapsed:
        return due - before.duration
    calendar = _needed(calendar, before)
    if before.unit == Unit.WORKING_HOUR:
        return calendar.subtract(due, before.duration)
    last_counted = calendar.local_date(due - timedelta(microseconds=1))
    if before.unit == Unit.CALENDAR_DAY:
        return due - (calendar.day_end(last_counted) - calendar.day_end(last_counted - before.duration))
    return due - (
        calendar.day_end(last_counted) - calendar.day_end(calendar.working_day_after(last_counted, -before.amount))
    )


def explain(
    limit: Limit, calendar: WorkingCalendar | None, started_at: datetime, pauses: Sequence[Pause] = ()
) -> Explanation:
    """The way to the deadline, stretch by stretch, so that a person can say why it is due when it is."""
    due = due_at(limit, calendar, started_at, pauses)
    end = due or max((start for start, until in pauses if until is None), default=started_at)
    if limit.in_days:
        segments = _days_explained(limit, _needed(calendar, limit), started_at, end, pauses)
    else:
        segments = _hours_explained(limit, calendar, started_at, end, pauses)
    return Explanation(due, tuple(segments))


def explain_extension(
    due: datetime, by: Limit, calendar: WorkingCalendar | None, pauses: Sequence[Pause] = ()
) -> Explanation:
    """The way from a deadline to the one that follows when `by` is granted on top."""
    further = explain(by, calendar, due - timedelta(microseconds=1) if by.in_days else due, pauses)
    return Explanation(further.due_at, tuple(part for part in further.segments if part.kind != "receipt_day"))


def _needed(calendar: WorkingCalendar | None, limit: Limit) -> WorkingCalendar:
    if calendar is None:
        raise CalendarMissing(_("A limit of %(limit)s needs a calendar.") % {"limit": limit})
    return calendar


def _running(started_at: datetime, pauses: Sequence[Pause]) -> Iterator[tuple[datetime, datetime | None]]:
    """The stretches in which the clock runs; the last one has no end unless a pause is still open."""
    at = started_at.astimezone(UTC)
    for start, end in sorted(pauses, key=lambda pause: pause[0]):
        if start > at:
            yield at, start.astimezone(UTC)
        if end is None:
            return
        at = max(at, end.astimezone(UTC))
    yield at, None


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += ONE_DAY
        yield day


def _end_of(limit: Limit, calendar: WorkingCalendar, day: date) -> datetime:
    """The moment that decides about a day: 24:00, or the close of business where the limit says so."""
    return calendar.closing(day) if limit.close_of_business else calendar.day_end(day)


def _paused_at(moment: datetime, pauses: Sequence[Pause]) -> bool:
    return any(start < moment and (until is None or moment < until) for start, until in pauses)


def _counts(limit: Limit, calendar: WorkingCalendar, day: date) -> bool:
    return limit.unit == Unit.CALENDAR_DAY or calendar.is_working_day(day)


def _due_by_days(
    limit: Limit, calendar: WorkingCalendar, started_at: datetime, pauses: Sequence[Pause]
) -> datetime | None:
    received_on = calendar.local_date(started_at)
    open_since = min((start for start, until in pauses if until is None), default=None)
    left = limit.amount
    for day in _days_after(received_on):
        if day - received_on > HORIZON:
            raise CalendarExhausted.around(calendar.code, received_on)
        end = _end_of(limit, calendar, day)
        if open_since is not None and end > open_since:
            return None
        if _paused_at(end, pauses):
            continue
        left -= _counts(limit, calendar, day)
        if left <= 0 and calendar.is_working_day(day):
            return end
    return None


def _days_explained(
    limit: Limit, calendar: WorkingCalendar, started_at: datetime, end: datetime, pauses: Sequence[Pause]
) -> Iterator[Segment]:
    first = calendar.local_date(started_at)
    yield Segment(started_at.astimezone(UTC), min(calendar.day_end(first), max(end, started_at)), "receipt_day")
    for day in _days_after(first):
        opens = calendar.at_minute(day, 0)
        if opens >= end:
            return
        if _paused_at(_end_of(limit, calendar, day), pauses):
            kind = "pause"
        elif not calendar.is_working_day(day):
            kind = "day_off"
        elif day in calendar.dated and not calendar.week[day.weekday()]:
            kind = "makeup"
        else:
            kind = "counting"
        yield Segment(opens, min(calendar.day_end(day), end), kind)


def _hours_explained(
    limit: Limit, calendar: WorkingCalendar | None, started_at: datetime, end: datetime, pauses: Sequence[Pause]
) -> Iterator[Segment]:
    reached = started_at.astimezone(UTC)
    for start, stop in _running(started_at, pauses):
        stop = min(stop or end, end)
        if start > reached:
            yield Segment(reached, start, "pause")
        reached = start
        openings = [(start, stop)] if limit.is_elapsed else _needed(calendar, limit).openings(start, stop)
        for opens, closes in openings:
            if opens > reached:
                yield Segment(reached, opens, "closed")
            if closes > opens:
                yield Segment(opens, closes, "counting")
            reached = closes
