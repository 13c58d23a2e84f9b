"""The alarms of one clock: the moments at which somebody must look at it, as rows that are rung once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.deadlines import due_at, moment_at_share, moment_before
from complaints.clocks.ledger import State
from complaints.clocks.limits import Limit
from complaints.models import Alarm, Calendar, Clock


def arithmetic(calendar: Calendar | None) -> WorkingCalendar | None:
    """The calendar's arithmetic; none for limits that run around the clock."""
    return calendar.working_calendar() if calendar else None


CAP = "cap"
"""The level of the alarm that ends a pause which has lasted as long as it may."""


def holds(alarm: Alarm, clock: Clock) -> bool:
    """Whether an alarm still speaks of the clock as it is: of its present run, or of its present pause."""
    wanted = State.PAUSED if alarm.level == CAP else State.RUNNING
    return clock.revision == alarm.revision and clock.state == wanted


def alarms_of(clock: Clock) -> list[Alarm]:
    """A clock's alarms, unsaved: warnings before it is due, the breach, escalations after; while paused, the end of the pause.

    What a storm excuses and what is promised on average rings nothing.
    """
    if clock.state == State.PAUSED and clock.pause_ends_at is not None:
        return [_alarm(clock, CAP, clock.pause_ends_at)]
    if clock.state != State.RUNNING or clock.due_at is None or clock.statistic != "each" or clock.is_excused:
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
    return [_alarm(clock, level, moment) for level, moment in moments.items() if moment > clock.started_at]


def _alarm(clock: Clock, level: str, moment: datetime) -> Alarm:
    # by their keys: of all that an alarm is made of, pointing at the objects took the longest
    return Alarm(
        clock_id=clock.pk, complaint_id=clock.complaint_id, revision=clock.revision, level=level, fire_at=moment
    )


def set_alarms(clocks: Iterable[Clock], *, at: datetime) -> None:
    """Void what no longer holds and set what now does.

    A level that already rang does not ring again for the past; a warning whose moment is over is not given at all, and
    a breach, an escalation or the end of a pause that fell into a time when the clock stood still rings at once.
    """
    silent = []
    for clock in clocks:
        if wanted := alarms_of(clock):
            _set(clock, wanted, at)
        else:
            silent.append(clock.pk)
    if silent:
        Alarm.objects.pending().filter(clock__in=silent).update(settled_at=at)


def _set(clock: Clock, wanted: list[Alarm], at: datetime) -> None:
    clock.alarms.pending().exclude(revision=clock.revision).update(settled_at=at)
    existing = set(clock.alarms.filter(revision=clock.revision).values_list("level", flat=True))
    rung = set(clock.alarms.filter(event__isnull=False).exclude(level=CAP).values_list("level", flat=True))
    new = [alarm for alarm in wanted if alarm.level not in existing]
    for alarm in new:
        is_over = alarm.fire_at <= at
        if is_over and not alarm.level.startswith("warn") and alarm.level not in rung:
            alarm.fire_at = at
    Alarm.objects.bulk_create(alarm for alarm in new if alarm.fire_at >= at)
