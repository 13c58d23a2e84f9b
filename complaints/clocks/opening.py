"""Which clocks a complaint gets, and when each begins."""

from __future__ import annotations

from datetime import datetime

from complaints.clocks.alarms import alarms_of, arithmetic
from complaints.clocks.deadlines import due_at
from complaints.clocks.ledger import Action
from complaints.clocks.limits import Limit
from complaints.clocks.policies import Promise
from complaints.clocks.promised import Calendars, promises
from complaints.clocks.running import look_ahead
from complaints.models import Alarm, Clock, ClockKind, Complaint, Event, LedgerEntry, Policy, Tier

OPENS_AT_REGISTRATION = (ClockKind.DISPATCH, ClockKind.FIRST_CONTACT, ClockKind.RESOLVE)


def plan(complaint: Complaint) -> list[Clock]:
    """The clocks a new complaint starts with, unsaved; also sets the complaint's next due moment."""
    calendars = Calendars()
    clocks = [
        new_clock(complaint, promise, started_at=start_of(promise, complaint), calendars=calendars)
        for promise in promises(complaint).values()
        if promise.kind in OPENS_AT_REGISTRATION and _applies(promise, complaint)
    ]
    if complaint.external_due_at is not None:
        clocks.append(external_clock(complaint))
    look_ahead(complaint, clocks)
    return clocks


def _applies(promise: Promise, complaint: Complaint) -> bool:
    return promise.kind != ClockKind.FIRST_CONTACT or complaint.can_be_reached


def start_of(promise: Promise, complaint: Complaint) -> datetime:
    return complaint.entered_at if promise.starts == "registered" else complaint.received_at


def new_clock(
    complaint: Complaint, promise: Promise, *, started_at: datetime, calendars: Calendars, round: int = 1
) -> Clock:
    calendar = calendars.row(promise.calendar)
    policy = promise.key if isinstance(promise.key, Policy) else None
    clock = Clock(
        complaint=complaint,
        kind=promise.kind,
        tier=promise.tier,
        round=round,
        policy=policy,
        calendar=calendar,
        limit=promise.limit,
        statistic=promise.statistic,
        is_pausable=promise.pausable,
        warn=list(promise.warn),
        escalate=list(promise.escalate),
        started_at=started_at,
    )
    clock.due_at = due_at(Limit.parse(promise.limit), arithmetic(calendar), started_at)
    return clock


def external_clock(complaint: Complaint) -> Clock:
    """The date that the regulator or the city hotline set. Nothing pauses it and it outranks our own limits."""
    return Clock(
        complaint=complaint,
        kind=ClockKind.RESOLVE,
        tier=Tier.EXTERNAL,
        started_at=complaint.received_at,
        due_at=complaint.external_due_at,
        is_pausable=False,
        warn=["75%"],
    )


def open_all(complaint: Complaint, clocks: list[Clock], event: Event) -> None:
    """Save planned clocks with their first ledger entries and their alarms.

    What was received long ago and is entered only now gets no warnings of what is already past; a breach is never left out.
    """
    for clock in clocks:
        clock.complaint = complaint
    Clock.objects.bulk_create(clocks)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            clock=clock,
            number=1,
            action=Action.START,
            at=clock.started_at,
            event=event,
            limit=clock.limit,
            calendar=clock.calendar,
            due_at=None if clock.limit else clock.due_at,
        )
        for clock in clocks
    )
    alarms = [alarm for clock in clocks for alarm in alarms_of(clock)]
    Alarm.objects.bulk_create(a for a in alarms if a.fire_at > event.at or not a.level.startswith("warn"))


def open_again(complaint: Complaint, kind: str, event: Event, *, tier: str | None = None, limit: str = "") -> None:
    """Start this kind of promise anew from the event, as a further round."""
    calendars = Calendars()
    opened = []
    for promise in promises(complaint).values():
        if promise.kind == kind and tier in (None, promise.tier):
            past = complaint.clocks.filter(kind=kind, tier=promise.tier).count()
            clock = new_clock(complaint, promise, started_at=event.at, calendars=calendars, round=past + 1)
            if limit:
                clock.limit = limit
                clock.due_at = due_at(Limit.parse(limit), arithmetic(clock.calendar), event.at)
            opened.append(clock)
    open_all(complaint, opened, event)
