"""One clock in the database: its ledger is written, replayed, and what the replay gives is stored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from complaints.clocks.alarms import arithmetic, set_alarms
from complaints.clocks.ledger import Action, Entry, State, replay
from complaints.clocks.limits import Limit
from complaints.models import Clock, ClockKind, Complaint, Event, LedgerEntry


def ticking(complaint: Complaint, *kinds: str) -> list[Clock]:
    """Its clocks that have not stopped, running or paused; of these kinds, or all."""
    clocks = complaint.clocks.ticking().select_related("calendar")
    return list(clocks.filter(kind__in=kinds) if kinds else clocks)


def met(complaint: Complaint, kind: str, at: datetime, event: Event) -> None:
    """Stop every running clock of this kind: the promise was kept, or kept late."""
    end(ticking(complaint, kind), Action.STOP, at, event)


def end(clocks: Iterable[Clock], action: Action, at: datetime, event: Event) -> None:
    """Stop or cancel these; nothing ends before it began."""
    end_each(dict.fromkeys(clocks, action), at, event)


def end_each(actions: Mapping[Clock, Action], at: datetime, event: Event) -> None:
    """End each of these clocks as `enter` would: their ledgers are read, written and their alarms voided together."""
    ledgers: dict[int, list[LedgerEntry]] = {clock.pk: [] for clock in actions}
    if not ledgers:
        return
    for entry in LedgerEntry.objects.filter(clock__in=ledgers).select_related("calendar").order_by("number"):
        ledgers[entry.clock_id].append(entry)
    ends = [
        LedgerEntry(
            clock=clock, number=len(ledgers[clock.pk]) + 1, action=action, at=max(at, clock.started_at), event=event
        )
        for clock, action in actions.items()
    ]
    for entry in LedgerEntry.objects.bulk_create(ends):
        store(entry.clock, [*ledgers[entry.clock_id], entry])
    set_alarms(actions, at=event.at)


def enter(clock: Clock, action: Action, at: datetime, event: Event, **said: Any) -> None:
    """Write one ledger entry, replay the ledger, store what it gives, and set the alarms anew.

    `said` are the entry's further fields: `limit` (text) and `calendar`, `due_at`, `until`, `reason`.
    """
    past = list(clock.ledger.select_related("calendar").order_by("number"))
    entry = LedgerEntry.objects.create(clock=clock, number=len(past) + 1, action=action, at=at, event=event, **said)
    store(clock, [*past, entry])
    set_alarms([clock], at=event.at)


def store(clock: Clock, entries: Sequence[LedgerEntry]) -> None:
    """Replay the ledger and keep what it gives on the row.

    A ticking clock whose alarms must be set anew is a new revision: another due moment, a pause, a run after a stop,
    an excuse given or taken back, another promise, which may warn at other times though it is due as before.
    """
    now = replay([as_entry(entry) for entry in entries])
    before = (clock.state, clock.due_at, clock.pause_ends_at, clock.is_excused)
    after = (now.state, now.due_at, now.pause_ends_at, now.excused)
    is_new = after != before or entries[-1].action == Action.RETARGET
    if now.state in (State.RUNNING, State.PAUSED) and is_new:
        clock.revision += 1
    clock.state = now.state
    clock.due_at = now.due_at
    clock.paused_at = now.paused_at
    clock.pause_reason = ",".join(sorted(now.waits))
    clock.pause_ends_at = now.pause_ends_at
    clock.stopped_at = now.stopped_at
    clock.extended_at = now.extended_at
    clock.paused_for = now.paused_for
    clock.is_excused = now.excused
    clock.save()


def as_entry(row: LedgerEntry) -> Entry:
    return Entry(
        number=row.number,
        action=Action(row.action),
        at=row.at,
        limit=Limit.parse(row.limit) if row.limit else None,
        calendar=arithmetic(row.calendar),
        due_at=row.due_at,
        until=row.until,
        reason=row.reason,
    )


def waits_of(clock: Clock) -> Mapping[str, datetime | None]:
    """Why the clock is paused now: codes of reasons, each with the moment until which it lasts at most."""
    return replay([as_entry(entry) for entry in clock.ledger.select_related("calendar")]).waits


def mark_breached(clock: Clock, complaint: Complaint) -> None:
    """Remember the first moment at which a promise to this customer was broken; what teams owe each other is none.

    The caller saves both.
    """
    clock.breached_at = clock.due_at
    if clock.kind == ClockKind.REQUEST:
        return
    complaint.breached_at = complaint.breached_at or clock.due_at


def look_ahead(complaint: Complaint, clocks: Iterable[Clock]) -> None:
    """Keep on the complaint which of its clocks is due next; averages, excused clocks and other teams' do not press."""
    pressing = [
        clock
        for clock in clocks
        if clock.state == State.RUNNING and clock.due_at and clock.statistic == "each" and not clock.is_excused
        if clock.kind != ClockKind.REQUEST
    ]
    first = min(pressing, key=lambda clock: (clock.due_at, clock.kind, clock.tier), default=None)
    complaint.next_due_at = first.due_at if first else None
    complaint.next_due_clock = f"{first.kind}/{first.tier}" if first else ""
