"""The ledger of one clock: what happened to it, and what replaying that gives. The stored clock is only a copy of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.deadlines import Pause, due_at, used
from complaints.clocks.limits import Limit


class BrokenLedger(ValueError):
    """A ledger that does not begin with a start."""


class Action(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RETARGET = "retarget"
    STOP = "stop"
    CANCEL = "cancel"
    CONTINUE = "continue"
    EXCUSE = "excuse"
    EXTEND = "extend"


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    LATE = "late"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened. START and RETARGET carry the limit with its calendar, or a fixed due moment."""

    number: int
    action: Action
    at: datetime
    limit: Limit | None = None
    calendar: WorkingCalendar | None = None
    due_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Replayed:
    state: State
    started_at: datetime
    due_at: datetime | None
    paused_at: datetime | None
    stopped_at: datetime | None
    paused_for: timedelta
    used: timedelta | None
    excused: bool
    pauses: tuple[Pause, ...]
    limit: Limit | None
    calendar: WorkingCalendar | None
    fixed_due_at: datetime | None


def replay(entries: Iterable[Entry]) -> Replayed:
    """What the entries add up to, whatever order they are given in. Raises BrokenLedger.

    A pause while paused and a resume while running change nothing. A retarget replaces the promise and keeps the start
    and every pause, so time already used is never lost or doubled. CONTINUE undoes a stop or a cancellation as if it
    had never been. A running clock past its deadline is still running; whether it is overdue is a question about now.
    """
    ordered = sorted(entries, key=lambda entry: (entry.at, entry.number))
    start = next((entry for entry in ordered if entry.action == Action.START), None)
    if start is None:
        raise BrokenLedger("A ledger begins with a start.")
    limit, calendar, fixed = start.limit, start.calendar, start.due_at
    pauses: list[tuple[datetime, datetime]] = []
    paused_at: datetime | None = None
    ended: Entry | None = None
    excused = False
    for entry in ordered:
        match entry.action:
            case Action.PAUSE if ended is None and paused_at is None:
                paused_at = entry.at
            case Action.RESUME if ended is None and paused_at is not None:
                pauses.append((paused_at, entry.at))
                paused_at = None
            case Action.RETARGET:
                limit, calendar, fixed = entry.limit, entry.calendar, entry.due_at
            case Action.STOP | Action.CANCEL if ended is None:
                ended = entry
            case Action.CONTINUE:
                ended = None
            case Action.EXCUSE:
                excused = True
    all_pauses: tuple[Pause, ...] = (*pauses, (paused_at, None)) if paused_at else tuple(pauses)
    due = fixed.astimezone(UTC) if fixed else due_at(limit, calendar, start.at, all_pauses) if limit else None
    stopped_at = ended.at if ended else None
    until = stopped_at or (ordered[-1].at if ordered else start.at)
    return Replayed(
        state=_state(ended, paused_at, due),
        started_at=start.at,
        due_at=due,
        paused_at=paused_at if ended is None else None,
        stopped_at=stopped_at,
        paused_for=_length(all_pauses, stopped_at),
        used=used(limit, calendar, start.at, until, all_pauses) if limit else None,
        excused=excused,
        pauses=all_pauses,
        limit=limit,
        calendar=calendar,
        fixed_due_at=fixed,
    )


def _state(ended: Entry | None, paused_at: datetime | None, due: datetime | None) -> State:
    if ended is None:
        return State.RUNNING if paused_at is None else State.PAUSED
    if ended.action == Action.CANCEL:
        return State.CANCELLED
    return State.LATE if due is not None and ended.at > due else State.MET


def _length(pauses: Iterable[Pause], until: datetime | None) -> timedelta:
    """The time spent in finished pauses; one that the stop cut short counts up to the stop."""
    ends = ((start, end or until) for start, end in pauses)
    return sum((end - start for start, end in ends if end is not None), timedelta())
