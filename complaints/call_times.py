"""When to try a call-back again: in working time, outside the quiet hours, on a half-day that was not tried yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta, tzinfo

from complaints import quiet
from complaints.clocks.calendars import WorkingCalendar

NOON = time(12)
HORIZON = timedelta(days=60)
HalfDay = tuple[str, bool]


def half_day(moment: datetime, zone: tzinfo) -> HalfDay:
    """The day, and whether it was after noon, by the clocks on the wall."""
    local = moment.astimezone(zone)
    return local.date().isoformat(), local.time() >= NOON


def tried(moments: Iterable[datetime], zone: tzinfo) -> int:
    """On how many half-days somebody tried; ten calls within an hour are one."""
    return len({half_day(moment, zone) for moment in moments})


def next_try(
    after: datetime,
    before: Iterable[datetime],
    *,
    calendar: WorkingCalendar | None,
    quiet_from: time | None,
    quiet_until: time | None,
    zone: tzinfo,
) -> datetime:
    """The first moment from `after` on at which one may call, on a half-day that none of the tries `before` was made on.

    A calendar that never opens within two months stops nobody from calling.
    """
    used = {half_day(moment, zone) for moment in before}
    moment, end = after, after + HORIZON
    while moment < end:
        opened = _working(moment, end, calendar)
        allowed = quiet.next_allowed(opened, quiet_from, quiet_until, zone)
        if allowed != moment:
            moment = allowed
        elif half_day(moment, zone) in used:
            moment = _next_half_day(moment, zone)
        else:
            return moment
    return quiet.next_allowed(after, quiet_from, quiet_until, zone)


def _working(moment: datetime, end: datetime, calendar: WorkingCalendar | None) -> datetime:
    if calendar is None:
        return moment
    opens = next((opens for opens, _closes in calendar.openings(moment, end)), end)
    return max(opens, moment)


def _next_half_day(moment: datetime, zone: tzinfo) -> datetime:
    local = moment.astimezone(zone)
    if local.time() < NOON:
        return datetime.combine(local.date(), NOON, zone)
    return datetime.combine(local.date() + timedelta(days=1), time(), zone)
