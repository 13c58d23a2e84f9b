"""One clock in the database: its ledger is written, replayed, and what the replay gives is stored."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from complaints.clocks.alarms import arithmetic, set_alarms
from complaints.clocks.ledger import Action, Entry, State, replay
from complaints.clocks.limits import Limit
from complaints.models import Calendar, Clock, Complaint, Event, LedgerEntry

RUNS_AGAIN = {(State.RUNNING, before) for before in State if before != State.RUNNING}
"""Its alarms were settled when it stopped, so a clock that runs again needs new ones, even for the same due moment."""


def ticking(complaint: Complaint, kind: str = "") -> list[Clock]:
    clocks = complaint.clocks.ticking().select_related("calendar")
    return list(clocks.filter(kind=kind) if kind else clocks)


def met(complaint: Complaint, kind: str, at: datetime, event: Event) -> None:
    """Stop every running clock of this kind: the promise was kept, or kept late."""
    end(ticking(complaint, kind), Action.STOP, at, event)
    if event.number == 1:
        look_ahead(complaint, complaint.clocks.ticking())


def end(clocks: Iterable[Clock], action: Action, at: datetime, event: Event) -> None:
    for clock in clocks:
        enter(clock, action, max(at, clock.started_at), event)


def enter(
    clock: Clock,
    action: Action,
    at: datetime,
    event: Event,
    *,
    limit: str = "",
    calendar: Calendar | None = None,
    fixed_due_at: datetime | None = None,
    reason: str = "",
) -> None:
    """Write one ledger entry, replay the ledger, store what it gives, and set the alarms anew."""
    past = list(clock.ledger.select_related("calendar"))
    entry = LedgerEntry.objects.create(
        clock=clock,
        number=len(past) + 1,
        action=action,
        at=at,
        event=event,
        limit=limit,
        calendar=calendar,
        due_at=fixed_due_at,
        reason=reason,
    )
    store(clock, [*past, entry])
    set_alarms(clock, at=event.at)


def store(clock: Clock, entries: Iterable[LedgerEntry]) -> None:
    """Replay the ledger and keep what it gives on the row; a new due moment or a new run is a new revision."""
    entries = list(entries)
    now = replay([as_entry(entry) for entry in entries])
    if now.due_at is not None and (now.due_at != clock.due_at or (now.state, clock.state) in RUNS_AGAIN):
        clock.revision += 1
    clock.state = now.state
    clock.due_at = now.due_at
    clock.paused_at = now.paused_at
    clock.stopped_at = now.stopped_at
    clock.paused_for = now.paused_for
    clock.is_excused = now.excused
    pauses = [entry for entry in entries if entry.action == Action.PAUSE]
    clock.pause_reason = pauses[-1].reason if now.state == State.PAUSED else ""
    clock.save()


def as_entry(row: LedgerEntry) -> Entry:
    return Entry(
        number=row.number,
        action=Action(row.action),
        at=row.at,
        limit=Limit.parse(row.limit) if row.limit else None,
        calendar=arithmetic(row.calendar),
        due_at=row.due_at,
        reason=row.reason,
    )


def mark_breached(clock: Clock, complaint: Complaint) -> None:
    """Remember the first moment at which a promise to this customer was broken."""
    clock.breached_at = clock.due_at
    clock.save(update_fields=["breached_at"])
    complaint.breached_at = complaint.breached_at or clock.due_at


def look_ahead(complaint: Complaint, clocks: Iterable[Clock]) -> None:
    """Keep on the complaint which of its clocks is due next; averages and excused clocks do not press."""
    pressing = [
        clock
        for clock in clocks
        if clock.state == State.RUNNING and clock.due_at and clock.statistic == "each" and not clock.is_excused
    ]
    first = min(pressing, key=lambda clock: (clock.due_at, clock.kind, clock.tier), default=None)
    complaint.next_due_at = first.due_at if first else None
    complaint.next_due_clock = f"{first.kind}/{first.tier}" if first else ""
