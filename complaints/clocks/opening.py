"""Which clocks a complaint gets, when each begins, and which are kept as soon as they are opened."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from complaints import rows
from complaints.clocks.alarms import alarms_of, arithmetic
from complaints.clocks.deadlines import due_at
from complaints.clocks.excusing import is_covered, is_needed
from complaints.clocks.ledger import Action, State
from complaints.clocks.limits import Limit
from complaints.clocks.policies import Promise
from complaints.clocks.promised import Calendars, promises
from complaints.clocks.running import look_ahead
from complaints.models import Channel, Clock, ClockKind, Complaint, Event, LedgerEntry, Policy, Tier
from complaints.states import Outcome

ANSWERED_AT_ONCE = (Channel.PHONE, Channel.VISIT, Channel.WEB)
"""Here the customer hears or sees the reference as soon as it exists; that is the acknowledgement."""
HAS_A_CAUSE = (Outcome.UPHELD, Outcome.PARTLY_UPHELD)
STARTS = {
    "received": "received_at",
    "registered": "entered_at",
    "arrived": "arrived_at",
    "restored": "restored_at",
    "resolved": "resolved_at",
    "urged": "",
    "asked": "",
}
"""Which moment of the complaint a promise runs from; each urging and each request is a moment of its own."""
KEPT = {
    ClockKind.DISPATCH: "dispatched_at",
    ClockKind.FIRST_CONTACT: "contacted_at",
    ClockKind.ARRIVE: "arrived_at",
    ClockKind.RESTORE: "restored_at",
}
"""Which moment of the complaint says that a promise was kept already."""


def start_of(promise: Promise, complaint: Complaint) -> datetime | None:
    """When this promise begins to run; None while what it waits for has not happened, or where each time is a new promise."""
    moment = STARTS[promise.starts]
    at: datetime | None = getattr(complaint, moment) if moment else None
    return at


def applies(promise: Promise, complaint: Complaint) -> bool:
    """Whether the promise makes sense here: there must be somebody to speak with, or a cause to remove."""
    if promise.kind == ClockKind.FIRST_CONTACT:
        return complaint.can_be_reached
    if promise.kind == ClockKind.ACKNOWLEDGE:
        return complaint.can_be_reached or not complaint.is_anonymous
    if promise.kind == ClockKind.REMEDIATE:
        return complaint.outcome in HAS_A_CAUSE and complaint.cause_removed_at is None
    return True


def kept_since(clock: Clock, complaint: Complaint) -> datetime | None:
    """When a promise was kept before its clock was opened: what is done at registration or known from before."""
    if clock.kind == ClockKind.ACKNOWLEDGE and not clock.tier and complaint.channel in ANSWERED_AT_ONCE:
        return complaint.entered_at
    moment = KEPT.get(ClockKind(clock.kind))
    at: datetime | None = getattr(complaint, moment) if moment else None
    return at


def plan(complaint: Complaint) -> list[Clock]:
    """The clocks a new complaint starts with, unsaved; also sets the complaint's next due moment."""
    clocks = _begun(complaint, promises(complaint).values())
    if complaint.external_due_at is not None:
        clocks.append(external_clock(complaint))
    look_ahead(complaint, clocks)
    return clocks


def open_begun(complaint: Complaint, event: Event, *, starts: Iterable[str]) -> list[Clock]:
    """Open the promises that begin with what has just happened, unless such a clock is already ticking; those opened."""
    wanted = {key: promise for key, promise in promises(complaint).items() if promise.starts in starts}
    if not wanted:
        return []
    past = list(complaint.clocks.all())
    running = {(clock.kind, clock.tier) for clock in past if clock.state in (State.RUNNING, State.PAUSED)}
    clocks = _begun(complaint, (promise for key, promise in wanted.items() if key not in running))
    for clock in clocks:
        clock.round = 1 + sum((clock.kind, clock.tier) == (one.kind, one.tier) for one in past)
    open_all(complaint, clocks, event)
    return clocks


def open_missing(complaint: Complaint, event: Event, *, policies: Collection[str] = ()) -> None:
    """Open what is promised and begun and was never opened: a new category, or one of these policies, may promise more."""
    had = set(complaint.clocks.values_list("kind", "tier"))
    missing = [
        promise
        for key, promise in promises(complaint).items()
        if key not in had and (not policies or promise.policy in policies)
    ]
    open_all(complaint, _begun(complaint, missing), event)


def open_again(complaint: Complaint, kind: str, event: Event, *, tier: str | None = None, limit: str = "") -> None:
    """Start this kind of promise anew from the event, as a further round; with another limit where one is given."""
    calendars = Calendars()
    opened = []
    for promise in promises(complaint).values():
        if promise.kind == kind and tier in (None, promise.tier):
            clock = new_clock(complaint, promise, started_at=event.at, calendars=calendars, limit=limit)
            clock.round = 1 + complaint.clocks.filter(kind=kind, tier=promise.tier).count()
            opened.append(clock)
    open_all(complaint, opened, event)


def _begun(complaint: Complaint, wanted: Iterable[Promise]) -> list[Clock]:
    calendars = Calendars()
    clocks = []
    for promise in wanted:
        started_at = start_of(promise, complaint)
        if started_at is None or not applies(promise, complaint):
            continue
        clock = new_clock(complaint, promise, started_at=started_at, calendars=calendars)
        kept_at = kept_since(clock, complaint)
        if kept_at is not None:
            clock.stopped_at = max(kept_at, started_at)
            is_late = clock.due_at is not None and clock.stopped_at > clock.due_at
            clock.state = State.LATE if is_late else State.MET
        clock.is_excused = is_needed(clock) and is_covered(clock, complaint)
        clocks.append(clock)
    return clocks


def new_clock(
    complaint: Complaint, promise: Promise, *, started_at: datetime, calendars: Calendars, limit: str = ""
) -> Clock:
    calendar = calendars.row(promise.calendar)
    limit = limit or promise.limit
    return Clock(
        complaint=complaint,
        kind=promise.kind,
        tier=promise.tier,
        policy=promise.key if isinstance(promise.key, Policy) else None,
        calendar=calendar,
        limit=limit,
        statistic=promise.statistic,
        is_pausable=promise.pausable,
        extension=promise.extension,
        warn=list(promise.warn),
        escalate=list(promise.escalate),
        started_at=started_at,
        due_at=due_at(Limit.parse(limit), arithmetic(calendar), started_at),
    )


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
    rows.insert(clocks)
    alarms = [alarm for clock in clocks for alarm in alarms_of(clock)]
    rows.insert_in_turn(
        (entry for clock in clocks for entry in _first_entries(clock, event)),
        (a for a in alarms if a.fire_at > event.at or not a.level.startswith("warn")),
    )


def _first_entries(clock: Clock, event: Event) -> Iterable[LedgerEntry]:
    yield LedgerEntry(
        clock=clock,
        number=1,
        action=Action.START,
        at=clock.started_at,
        event=event,
        limit=clock.limit,
        calendar=clock.calendar,
        due_at=None if clock.limit else clock.due_at,
    )
    if clock.stopped_at is not None:
        yield LedgerEntry(clock=clock, number=2, action=Action.STOP, at=clock.stopped_at, event=event)
    if clock.is_excused:
        number = 2 if clock.stopped_at is None else 3
        yield LedgerEntry(clock=clock, number=number, action=Action.EXCUSE, at=event.at, event=event)
