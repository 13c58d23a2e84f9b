"""What each move does to the clocks of a lived complaint, as `complaints.clocks.following` does to those of a stored one."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from analytics.demo.clocks import CANCELLED, PAUSED, LivedClock
from analytics.demo.moments import Moment, instant_of, moment_of
from analytics.demo.notices import is_told_at_once
from analytics.demo.terms import Span, Terms
from complaints.clocks.contact import Attempt, contact_made_at
from complaints.clocks.following import CONFIRMS, NO_LONGER
from complaints.clocks.opening import ANSWERED_AT_ONCE, HAS_A_CAUSE
from complaints.models import Channel
from complaints.models.promises import WAITING
from complaints.states import Status
from staff.actors import CLOCK

if TYPE_CHECKING:
    from analytics.demo.record import EventLine, Record

Details = dict[str, Any]


def follow(record: Record, event: EventLine, details: Details) -> None:
    if event.move in FOLLOW:
        FOLLOW[event.move](record, event, details)
    _confirm(record, event, details)
    if event.to_status == Status.RESOLVED != event.from_status:
        _on_resolved(record, event)
    if event.to_status == Status.CLOSED != event.from_status:
        _end([clock for clock in record.ticking() if clock.kind != "remediate"], "cancel", event.at, record, event)
    record.look_ahead()


def _confirm(record: Record, event: EventLine, details: Details) -> None:
    tiers = [tier for tier, moves in CONFIRMS.items() if event.move in moves]
    if not tiers or event.by.role == CLOCK or (event.move == "contact" and not details["reached"]):
        return
    clocks = [clock for clock in record.ticking("acknowledge") if clock.tier in tiers]
    if clocks and (event.move not in ("ask", "message") or is_told_at_once(record)):
        _end(clocks, "stop", event.at, record, event)


def told(record: Record, event: EventLine) -> None:
    """The message that confirms a registration is on its way."""
    if record.channel != Channel.REGULATOR:
        _end([clock for clock in record.ticking("acknowledge") if not clock.tier], "stop", event.at, record, event)


# opening


def open_at_registration(record: Record, event: EventLine) -> list[LivedClock]:
    clocks = _begun(record, record.promises().values(), event)
    if record.external_due is not None:
        clocks.append(LivedClock(record.world.set_from_outside, record.received, record.external_due, event.id))
    return clocks


def open_all(record: Record, clocks: Iterable[LivedClock], at: Moment) -> None:
    for clock in clocks:
        clock.order = len(record.clocks)
        record.clocks.append(clock)
        record.alarms.extend(clock.first_alarms(at, len(record.alarms)))


def _begun(record: Record, wanted: Iterable[Terms], event: EventLine) -> list[LivedClock]:
    clocks = []
    for terms in wanted:
        start: Moment | None = getattr(record, terms.starts) if terms.starts else None
        if start is None or not _applies(record, terms):
            continue
        clock = LivedClock(terms, start, terms.due(start), event.id)
        kept = _kept_since(record, terms)
        if kept is not None:
            clock.keep(kept)
        clocks.append(clock)
    return clocks


def _applies(record: Record, terms: Terms) -> bool:
    if terms.kind == "first_contact":
        return record.can_be_reached
    if terms.kind == "remediate":
        return record.outcome in HAS_A_CAUSE and record.cause_removed is None
    return True


def _kept_since(record: Record, terms: Terms) -> Moment | None:
    if terms.kind == "acknowledge" and not terms.tier and record.channel in ANSWERED_AT_ONCE:
        return record.entered
    kept: Moment | None = getattr(record, terms.kept) if terms.kept else None
    return kept


def _open_begun(record: Record, event: EventLine, starts: str) -> None:
    wanted = {key: terms for key, terms in record.promises().items() if terms.starts == starts}
    if not wanted:
        return
    running = {(clock.kind, clock.tier) for clock in record.clocks if clock.is_ticking}
    clocks = _begun(record, [terms for key, terms in wanted.items() if key not in running], event)
    for clock in clocks:
        clock.round = 1 + _times(record, clock.kind, clock.tier)
    open_all(record, clocks, event.at)


def _open_again(record: Record, kind: str, event: EventLine, tier: str | None = None, limit: str = "") -> None:
    opened = []
    for terms in record.promises().values():
        if terms.kind == kind and tier in (None, terms.tier):
            new = terms.again(limit) if limit else terms
            round = 1 + _times(record, kind, terms.tier)
            opened.append(LivedClock(new, event.at, new.due(event.at), event.id, round=round))
    open_all(record, opened, event.at)


def _times(record: Record, kind: str, tier: str) -> int:
    return sum(clock.kind == kind and clock.tier == tier for clock in record.clocks)


# one clock


def _enter(
    clock: LivedClock,
    action: str,
    at: Moment,
    record: Record,
    event: EventLine,
    span: Span | None = None,
    *,
    until: Moment | None = None,
    reason: str = "",
) -> None:
    clock.enter(action, at, event.id, span, until=until, reason=reason)
    record.alarms.extend(clock.set_alarms(event.at, len(record.alarms)))


def _end(clocks: Iterable[LivedClock], action: str, at: Moment, record: Record, event: EventLine) -> None:
    for clock in clocks:
        _enter(clock, action, max(at, clock.started), record, event)


# what each move does


def _on_urge(record: Record, event: EventLine, details: Details) -> None:
    _on_reclassified(record, event, details)
    if record.can_be_reached and not record.ticking("call_back"):
        _open_again(record, "call_back", event)


def _on_dispatch(record: Record, event: EventLine, details: Details) -> None:
    _end(record.ticking("dispatch"), "stop", event.at, record, event)


def _on_return(record: Record, event: EventLine, details: Details) -> None:
    _open_again(record, "dispatch", event)


def _on_contact(record: Record, event: EventLine, details: Details) -> None:
    if details.get("reached"):
        at = min(details.get("contacted_at") or event.at, event.at)
        _end(record.ticking("first_contact", "call_back"), "stop", at, record, event)
        return
    clocks = record.ticking("first_contact")
    if not clocks:
        return
    attempts = [Attempt(instant_of(past.at)) for past in record.events if past.move == "contact"]
    messages = [instant_of(past.at) for past in record.events if past.move == "message"]
    desk = record.world.desk
    made = contact_made_at(
        attempts, messages, needed=desk.contact_attempts, gap=timedelta(minutes=desk.attempt_gap_minutes)
    )
    if made is not None:
        record.contacted = record.contacted or moment_of(made)
        _end(clocks, "stop", moment_of(made), record, event)


def _on_arrive(record: Record, event: EventLine, details: Details) -> None:
    assert record.arrived is not None  # the move has just set it
    _end(record.ticking("arrive"), "stop", record.arrived, record, event)
    _open_begun(record, event, "arrived")


def _on_restore(record: Record, event: EventLine, details: Details) -> None:
    assert record.restored is not None  # the move has just set it
    _end(record.ticking("arrive", "restore"), "stop", record.restored, record, event)
    _open_begun(record, event, "restored")


def _on_strike_off(record: Record, event: EventLine, details: Details) -> None:
    _end(record.ticking("remediate"), "stop", event.at, record, event)


def _on_ask(record: Record, event: EventLine, details: Details) -> None:
    _pause(record, event, WAITING)


def _on_hold(record: Record, event: EventLine, details: Details) -> None:
    _pause(record, event, details["pause_reason"].code)


def _pause(record: Record, event: EventLine, code: str) -> None:
    reason = record.world.waits.get(code)
    until = reason.cap.due(event.at) if reason else None
    for clock in record.ticking("resolve", "remediate"):
        if clock.is_pausable:
            _enter(clock, "pause", event.at, record, event, reason=code, until=until)


def _on_resume(record: Record, event: EventLine, details: Details) -> None:
    for clock in record.ticking():
        if WAITING in clock.waits:
            _enter(clock, "resume", event.at, record, event, reason=WAITING)


def _on_release(record: Record, event: EventLine, details: Details) -> None:
    is_by_clock = event.by.role == CLOCK
    for clock in record.ticking():
        for code, until in dict(clock.waits).items():
            if until is not None and until <= event.at:
                _enter(clock, "resume", until, record, event, reason=code)
            elif code != WAITING and not is_by_clock:
                _enter(clock, "resume", event.at, record, event, reason=code)


def _on_extend(record: Record, event: EventLine, details: Details) -> None:
    for clock in extendable(record, event.at):
        assert isinstance(clock.terms, Terms)  # the regulator's date cannot be extended
        _enter(clock, "extend", event.at, record, event, clock.terms.granted)


def extendable(record: Record, at: Moment) -> list[LivedClock]:
    return [
        clock
        for clock in record.ticking("resolve")
        if clock.extension and clock.extended_at is None and (clock.due is None or clock.due > at)
    ]


def _on_resolved(record: Record, event: EventLine) -> None:
    over = ["resolve", "arrive", "restore", "call_back"]
    if not record.can_be_reached:
        over.append("first_contact")
    _end(record.ticking(*over), "stop", event.at, record, event)
    _open_begun(record, event, "resolved")
    if not record.ticking("feedback"):
        _open_again(record, "feedback", event)


def _on_feedback(record: Record, event: EventLine, details: Details) -> None:
    _end(record.ticking("feedback"), "stop", event.at, record, event)


def _on_reopen(record: Record, event: EventLine, details: Details) -> None:
    _end(record.ticking("feedback"), "cancel", event.at, record, event)
    for clock in in_order(record.clocks):
        if clock.kind == "resolve" and clock.tier in ("statutory", "external") and clock.round == 1:
            _enter(clock, "continue", event.at, record, event)
    tiers = [tier for kind, tier in record.promises() if kind == "resolve"]
    ours = next((tier for tier in ("internal", "commitment") if tier in tiers), None)
    if ours is not None:
        _open_again(record, "resolve", event, tier=ours, limit=record.world.desk.reopened_limit)


def _on_reclassified(record: Record, event: EventLine, details: Details) -> None:
    wanted = record.promises()
    for clock in in_order(record.clocks):
        old = clock.terms
        if clock.round > 1 or not isinstance(old, Terms):
            continue
        new = wanted.get((old.kind, old.tier))
        if new is None:
            if clock.is_ticking:
                _enter(clock, "cancel", event.at, record, event, reason=NO_LONGER)
            continue
        if clock.state == CANCELLED and clock.ledger[-1].reason == NO_LONGER:
            _enter(clock, "continue", event.at, record, event)
            kept = _kept_since(record, old)
            if kept is not None:
                _end([clock], "stop", kept, record, event)
                continue
        elif not clock.is_ticking:
            continue
        if new.signature != old.signature:
            clock.terms = new
            _enter(clock, "retarget", event.at, record, event, new)
        if clock.state == PAUSED and not clock.is_pausable:
            _enter(clock, "resume", event.at, record, event)
    had = {(clock.kind, clock.tier) for clock in record.clocks}
    open_all(record, _begun(record, [terms for key, terms in wanted.items() if key not in had], event), event.at)


def in_order(clocks: Iterable[LivedClock]) -> list[LivedClock]:
    """As `Clock.Meta.ordering`: it decides which of several alarms of the same moment is the first."""
    return sorted(clocks, key=lambda clock: (clock.kind, clock.tier, clock.round))


FOLLOW: dict[str, Callable[[Record, EventLine, Details], None]] = {
    "arrive": _on_arrive,
    "ask": _on_ask,
    "contact": _on_contact,
    "dispatch": _on_dispatch,
    "extend": _on_extend,
    "feedback": _on_feedback,
    "hold": _on_hold,
    "message": _on_contact,
    "prioritise": _on_reclassified,
    "recategorise": _on_reclassified,
    "release": _on_release,
    "reopen": _on_reopen,
    "restore": _on_restore,
    "resume": _on_resume,
    "return": _on_return,
    "strike_off": _on_strike_off,
    "urge": _on_urge,
}
