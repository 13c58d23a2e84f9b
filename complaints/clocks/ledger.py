"""The ledger of one clock: what happened to it, and what replaying that gives. The stored clock is only a copy of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.deadlines import Pause, due_at, extended, used
from complaints.clocks.limits import Limit


class BrokenLedger(ValueError):
    """A ledger that does not begin with a start."""


class Action(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    RETARGET = "retarget"
    EXTEND = "extend"
    STOP = "stop"
    CANCEL = "cancel"
    CONTINUE = "continue"
    EXCUSE = "excuse"
    PRESS = "press"
    """Takes an excuse back."""


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    LATE = "late"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened.

    START and RETARGET carry the limit with its calendar, or a fixed due moment; EXTEND the time granted. PAUSE and RESUME
    carry the reason; a PAUSE may say `until` when it lasts at most.
    """

    number: int
    action: Action
    at: datetime
    limit: Limit | None = None
    calendar: WorkingCalendar | None = None
    due_at: datetime | None = None
    until: datetime | None = None
    reason: str = ""


class Terms(NamedTuple):
    """What was promised: a limit of a calendar, or a fixed moment; and what was granted on top."""

    limit: Limit | None = None
    calendar: WorkingCalendar | None = None
    fixed: datetime | None = None
    extension: Limit | None = None
    extension_calendar: WorkingCalendar | None = None

    def due(self, started_at: datetime, pauses: tuple[Pause, ...]) -> datetime | None:
        if self.fixed is not None:
            return self.fixed.astimezone(UTC)
        if self.limit is None:
            return None
        due = due_at(self.limit, self.calendar, started_at, pauses)
        if due is None or self.extension is None:
            return due
        return extended(due, self.extension, self.extension_calendar, pauses)


@dataclass(frozen=True, slots=True)
class Replayed:
    """`waits` are the reasons for which it is paused now, each with the moment until which it lasts at most."""

    state: State
    started_at: datetime
    due_at: datetime | None
    paused_at: datetime | None
    pause_ends_at: datetime | None
    waits: Mapping[str, datetime | None]
    stopped_at: datetime | None
    extended_at: datetime | None
    paused_for: timedelta
    used: timedelta | None
    excused: bool
    pauses: tuple[Pause, ...]
    terms: Terms


def replay(entries: Iterable[Entry]) -> Replayed:
    """What the entries add up to, whatever order they are given in. Raises BrokenLedger.

    A clock may be paused for several reasons at once and runs again when none is left; a RESUME names the reason that is
    over, or none for all. A retarget replaces the promise and keeps the start, every pause and what was granted on top,
    so time already used is never lost or doubled. What ended is judged by what was promised when it ended. CONTINUE
    undoes a stop or a cancellation as if it had never been. A running clock past its deadline is still running; whether it is
    overdue is a question about now.
    """
    ordered = sorted(entries, key=lambda entry: (entry.at, entry.number))
    start = next((entry for entry in ordered if entry.action == Action.START), None)
    if start is None:
        raise BrokenLedger("A ledger begins with a start.")
    terms = Terms(start.limit, start.calendar, start.due_at)
    judged_by: Terms | None = None
    pauses: list[tuple[datetime, datetime]] = []
    waits: dict[str, datetime | None] = {}
    paused_at: datetime | None = None
    ended: Entry | None = None
    extended_at: datetime | None = None
    excused = False
    for entry in ordered:
        match entry.action:
            case Action.PAUSE if ended is None:
                waits[entry.reason] = entry.until
                if paused_at is None:
                    # what goes on in the moment in which the last one ended is one pause
                    paused_at = pauses.pop()[0] if pauses and pauses[-1][1] == entry.at else entry.at
            case Action.RESUME if ended is None and paused_at is not None:
                waits = {reason: until for reason, until in waits.items() if entry.reason not in ("", reason)}
                if not waits:
                    pauses.append((paused_at, entry.at))
                    paused_at = None
            case Action.RETARGET:
                terms = terms._replace(limit=entry.limit, calendar=entry.calendar, fixed=entry.due_at)
            case Action.EXTEND:
                terms = terms._replace(extension=entry.limit, extension_calendar=entry.calendar)
                extended_at = entry.at
            case Action.STOP | Action.CANCEL if ended is None:
                ended, judged_by = entry, terms
            case Action.CONTINUE:
                ended, judged_by = None, None
            case Action.EXCUSE | Action.PRESS:
                excused = entry.action == Action.EXCUSE
    terms = judged_by or terms
    stopped_at = ended.at if ended else None
    # a pause ends with the clock
    all_pauses: tuple[Pause, ...] = (*pauses, (paused_at, stopped_at)) if paused_at else tuple(pauses)
    due = terms.due(start.at, all_pauses)
    until = stopped_at or ordered[-1].at
    is_paused = ended is None and paused_at is not None
    return Replayed(
        state=_state(ended, paused_at, due),
        started_at=start.at,
        due_at=due,
        paused_at=paused_at if is_paused else None,
        pause_ends_at=min((end for end in waits.values() if end is not None), default=None) if is_paused else None,
        waits=waits if is_paused else {},
        stopped_at=stopped_at,
        extended_at=extended_at,
        paused_for=_length(all_pauses),
        used=used(terms.limit, terms.calendar, start.at, until, all_pauses) if terms.limit else None,
        excused=excused,
        pauses=all_pauses,
        terms=terms,
    )


def _state(ended: Entry | None, paused_at: datetime | None, due: datetime | None) -> State:
    if ended is None:
        return State.RUNNING if paused_at is None else State.PAUSED
    if ended.action == Action.CANCEL:
        return State.CANCELLED
    return State.LATE if due is not None and ended.at > due else State.MET


def _length(pauses: Iterable[Pause]) -> timedelta:
    """The time spent in finished pauses."""
    return sum((end - start for start, end in pauses if end is not None), timedelta())
