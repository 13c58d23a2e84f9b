"""What each move does to the complaint's clocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from complaints.clocks.contact import Attempt, contact_made_at
from complaints.clocks.ledger import Action, State
from complaints.clocks.opening import new_clock, open_again, open_all, start_of
from complaints.clocks.promised import Calendars, promises
from complaints.clocks.running import end, enter, look_ahead, met, ticking
from complaints.models import ClockKind, Complaint, DeskSettings, Event, Policy, Tier
from complaints.states import Status


def follow(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """Let every clock know of a move, and store the complaint's next due moment on it (the caller saves)."""
    if event.move in FOLLOW:
        FOLLOW[event.move](complaint, event, details)
    if event.to_status == Status.RESOLVED != event.from_status:
        _on_resolved(complaint, event)
    if event.to_status == Status.CLOSED != event.from_status:
        end(ticking(complaint), Action.CANCEL, event.at, event)
    look_ahead(complaint, complaint.clocks.ticking())


def _on_dispatch(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    met(complaint, ClockKind.DISPATCH, event.at, event)


def _on_return(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    open_again(complaint, ClockKind.DISPATCH, event)


def _on_contact(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """First contact is reaching the customer, or attempts at different times and a message; never a status change."""
    if not ticking(complaint, ClockKind.FIRST_CONTACT):
        return
    if details.get("reached"):
        met(complaint, ClockKind.FIRST_CONTACT, min(details.get("contacted_at") or event.at, event.at), event)
        return
    settings = DeskSettings.current()
    attempts, messages = [], []
    for past in complaint.events.filter(move__in=["contact", "message"]):
        if past.move == "message":
            messages.append(past.at)
        else:
            at = past.details.get("contacted_at")
            attempts.append(Attempt(datetime.fromisoformat(at) if at else past.at))
    made_at = contact_made_at(
        attempts, messages, needed=settings.contact_attempts, gap=timedelta(minutes=settings.attempt_gap_minutes)
    )
    if made_at is not None:
        complaint.contacted_at = complaint.contacted_at or made_at
        met(complaint, ClockKind.FIRST_CONTACT, made_at, event)


def _on_ask(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    for clock in ticking(complaint, ClockKind.RESOLVE):
        if clock.is_pausable and clock.state == State.RUNNING:
            enter(clock, Action.PAUSE, event.at, event, reason="waiting for the customer")


def _on_resume(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    for clock in ticking(complaint):
        if clock.state == State.PAUSED:
            enter(clock, Action.RESUME, event.at, event)


def _on_resolved(complaint: Complaint, event: Event) -> None:
    """Every tier of the resolve promise is answered; the call-back promise starts.

    Where the customer cannot be called or written to at once, the written answer is the first contact.
    """
    met(complaint, ClockKind.RESOLVE, event.at, event)
    if not complaint.can_be_reached:
        met(complaint, ClockKind.FIRST_CONTACT, event.at, event)
    open_again(complaint, ClockKind.FEEDBACK, event)


def _on_feedback(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    met(complaint, ClockKind.FEEDBACK, event.at, event)


def _on_reopen(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """The law's and the regulator's clocks run on from the first receipt as if never stopped; ours gets a new, shorter limit."""
    end(ticking(complaint, ClockKind.FEEDBACK), Action.CANCEL, event.at, event)
    for clock in complaint.clocks.filter(
        kind=ClockKind.RESOLVE, tier__in=[Tier.STATUTORY, Tier.EXTERNAL], round=1
    ).select_related("calendar"):
        enter(clock, Action.CONTINUE, event.at, event)
    tiers = [tier for kind, tier in promises(complaint) if kind == ClockKind.RESOLVE]
    ours = next((tier for tier in (Tier.INTERNAL, Tier.COMMITMENT) if tier in tiers), None)
    if ours is not None:
        open_again(complaint, ClockKind.RESOLVE, event, tier=ours, limit=DeskSettings.current().reopened_limit)


def _on_unmerge(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """Everything the merge stopped runs on as if it had never been merged."""
    merged = complaint.events.filter(move="merge").latest("number")
    for clock in complaint.clocks.filter(ledger__event=merged).select_related("calendar"):
        enter(clock, Action.CONTINUE, event.at, event)


def _on_reclassified(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """New facts, new promises: clocks keep their start and what was used, and get the limit that holds now."""
    wanted = promises(complaint)
    calendars = Calendars()
    for clock in ticking(complaint):
        promise = wanted.get((clock.kind, clock.tier))
        if clock.tier == Tier.EXTERNAL or clock.kind == ClockKind.FEEDBACK or clock.round > 1:
            continue
        if promise is None:
            enter(clock, Action.CANCEL, event.at, event, reason="no longer promised")
        elif (promise.limit, promise.calendar, promise.pausable) != (
            clock.limit,
            clock.calendar.code if clock.calendar else "",
            clock.is_pausable,
        ):
            clock.policy = promise.key if isinstance(promise.key, Policy) else None
            clock.is_pausable, clock.warn, clock.escalate = promise.pausable, list(promise.warn), list(promise.escalate)
            clock.calendar, clock.limit = calendars.row(promise.calendar), promise.limit
            enter(clock, Action.RETARGET, event.at, event, limit=clock.limit, calendar=clock.calendar)
    had = set(complaint.clocks.values_list("kind", "tier"))
    opened = [
        new_clock(complaint, promise, started_at=start_of(promise, complaint), calendars=calendars)
        for key, promise in wanted.items()
        if key not in had and promise.kind == ClockKind.RESOLVE and complaint.is_open
    ]
    open_all(complaint, opened, event)


FOLLOW: dict[str, Callable[[Complaint, Event, Mapping[str, Any]], None]] = {
    "ask": _on_ask,
    "contact": _on_contact,
    "dispatch": _on_dispatch,
    "feedback": _on_feedback,
    "message": _on_contact,
    "prioritise": _on_reclassified,
    "recategorise": _on_reclassified,
    "reopen": _on_reopen,
    "resume": _on_resume,
    "return": _on_return,
    "unmerge": _on_unmerge,
    "urge": _on_reclassified,
}
