"""The clock of a request to another team: one a request, beside the promises to the customer and without a say in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from complaints.clocks.ledger import Action
from complaints.clocks.opening import new_clock, open_all
from complaints.clocks.policies import Promise
from complaints.clocks.promised import Calendars, promises
from complaints.clocks.running import end
from complaints.models import Clock, ClockKind, Complaint, Event, Policy, Tier

WARN = ("75%",)
"""When the asker sets the day and no policy says when to warn."""


def promise_of(complaint: Complaint) -> Promise | None:
    """How long another team has for an answer, by the policies in force; None where none speaks of it."""
    return promises(complaint).get((ClockKind.REQUEST, Tier.NONE))


def on_request(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """Open its clock: until the moment that the asker named, else by policy. It runs whatever pauses the others."""
    promise, calendars = promise_of(complaint), Calendars()
    if (due_at := details.get("answer_by")) is not None:
        clock = Clock(
            kind=ClockKind.REQUEST,
            policy=promise.key if promise is not None and isinstance(promise.key, Policy) else None,
            calendar=calendars.row(promise.calendar) if promise is not None else None,
            warn=list(promise.warn if promise is not None else WARN),
            escalate=list(promise.escalate if promise is not None else ()),
            started_at=event.at,
            due_at=due_at,
        )
    else:
        assert promise is not None  # checked with the move
        clock = new_clock(complaint, promise, started_at=event.at, calendars=calendars)
    clock.round, clock.is_pausable = event.details["request"], False
    open_all(complaint, [clock], event)


def on_answered(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    end([details["request"].clock], Action.STOP, event.at, event)


def on_withdrawn(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    end([details["request"].clock], Action.CANCEL, event.at, event)
