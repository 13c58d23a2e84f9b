"""The alarms of one clock: the moments at which somebody must look at it, as rows that are rung once."""

from __future__ import annotations

from datetime import datetime

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.deadlines import due_at, moment_at_share, moment_before
from complaints.clocks.ledger import State
from complaints.clocks.limits import Limit
from complaints.models import Alarm, Calendar, Clock


def arithmetic(calendar: Calendar | None) -> WorkingCalendar | None:
    """The calendar's arithmetic; none for limits that run around the clock."""
    return calendar.working_calendar() if calendar else None


def is_ticking(clock: Clock) -> bool:
    return clock.state == State.RUNNING


def alarms_of(clock: Clock) -> list[Alarm]:
    """The alarms of a running clock, unsaved: warnings before it is due, the breach, escalations after."""
    if not is_ticking(clock) or clock.due_at is None or clock.statistic != "each":
        return []
    calendar = arithmetic(clock.calendar)
    limit = Limit.parse(clock.limit) if clock.limit else None
    moments = {"breach": clock.due_at}
    for number, warn in enumerate(clock.warn, start=1):
        if warn.endswith("%"):
            share = int(warn[:-1]) / 100
            moments[f"warn{number}"] = moment_at_share(limit, calendar, clock.started_at, clock.due_at, share)
        else:
            moments[f"warn{number}"] = moment_before(Limit.parse(warn), calendar, clock.due_at)
    for number, after in enumerate(clock.escalate, start=1):
        moments[f"escalate{number}"] = due_at(Limit.parse(after), calendar, clock.due_at) or clock.due_at
    return [
        Alarm(clock=clock, complaint=clock.complaint, revision=clock.revision, level=level, fire_at=moment)
        for level, moment in moments.items()
        if moment > clock.started_at
    ]


def set_alarms(clock: Clock, *, at: datetime) -> None:
    """Void what no longer holds and set what now does.

    A level that already rang does not ring again for the past; a warning whose moment is over is not given at all, and
    a breach or an escalation that fell into a time when the clock stood still rings at once.
    """
    pending = clock.alarms.pending()
    if not is_ticking(clock):
        pending.update(settled_at=at)
        return
    pending.exclude(revision=clock.revision).update(settled_at=at)
    existing = set(clock.alarms.filter(revision=clock.revision).values_list("level", flat=True))
    rung = set(clock.alarms.filter(event__isnull=False).values_list("level", flat=True))
    new = [alarm for alarm in alarms_of(clock) if alarm.level not in existing]
    for alarm in new:
        is_over = alarm.fire_at <= at
        if is_over and not alarm.level.startswith("warn") and alarm.level not in rung:
            alarm.fire_at = at
    Alarm.objects.bulk_create(alarm for alarm in new if alarm.fire_at >= at)
