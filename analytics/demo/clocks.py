"""A complaint's clocks while it is lived in memory: the same ledger, alarms and revisions as `complaints.clocks.running`."""

from __future__ import annotations

from dataclasses import dataclass, field

from analytics.demo.moments import SECOND, Moment, instant_of, moment_of
from analytics.demo.terms import SetFromOutside, Terms
from complaints.clocks.ledger import Action, Entry, State, replay

RUNNING, PAUSED = State.RUNNING.value, State.PAUSED.value


@dataclass(slots=True)
class LedgerLine:
    number: int
    action: str
    at: Moment
    event: int
    terms: Terms | SetFromOutside | None = None
    due: Moment | None = None
    reason: str = ""


@dataclass(slots=True)
class AlarmLine:
    clock: LivedClock
    revision: int
    level: str
    fires: Moment
    order: int
    settled: Moment | None = None
    event: int | None = None


@dataclass(slots=True)
class LivedClock:
    terms: Terms | SetFromOutside
    started: Moment
    due: Moment | None
    event: int
    round: int = 1
    order: int = 0
    revision: int = 0
    state: str = RUNNING
    paused: Moment | None = None
    pause_reason: str = ""
    stopped: Moment | None = None
    breached: Moment | None = None
    paused_for: int = 0
    ledger: list[LedgerLine] = field(default_factory=list)
    alarms: list[AlarmLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        fixed = self.due if isinstance(self.terms, SetFromOutside) else None
        self.ledger.append(LedgerLine(1, "start", self.started, self.event, self.terms, fixed))

    @property
    def is_ticking(self) -> bool:
        """Not stopped: running or paused."""
        return self.state in (RUNNING, PAUSED)

    def enter(self, action: str, at: Moment, event: int, terms: Terms | None = None, reason: str = "") -> None:
        """Write a ledger entry and store what replaying gives."""
        self.ledger.append(LedgerLine(len(self.ledger) + 1, action, at, event, terms, None, reason))
        if action in ("stop", "cancel") and len(self.ledger) == 2:
            self.stopped = at
            late = self.due is not None and at > self.due
            self.state = "cancelled" if action == "cancel" else "late" if late else "met"
            return
        before = self.state
        now = replay([_entry(line) for line in self.ledger])
        due = None if now.due_at is None else moment_of(now.due_at)
        if due is not None and (due != self.due or (now.state == State.RUNNING and before != RUNNING)):
            self.revision += 1
        self.state, self.due = now.state.value, due
        self.paused = None if now.paused_at is None else moment_of(now.paused_at)
        self.stopped = None if now.stopped_at is None else moment_of(now.stopped_at)
        self.paused_for = round(now.paused_for.total_seconds() * SECOND)
        self.pause_reason = ""
        if self.state == PAUSED:
            self.pause_reason = [line.reason for line in self.ledger if line.action == "pause"][-1]

    def first_alarms(self, at: Moment, order: int) -> list[AlarmLine]:
        assert self.due is not None  # a clock starts with a due moment
        wanted = [
            (level, moment)
            for level, moment in self.terms.alarms(self.started, self.due)
            if moment > at or not level.startswith("warn")
        ]
        self.alarms = [
            AlarmLine(self, 0, level, moment, number) for number, (level, moment) in enumerate(wanted, start=order)
        ]
        return self.alarms

    def set_alarms(self, at: Moment, order: int) -> list[AlarmLine]:
        """Void what no longer holds; answer with the alarms that are new."""
        runs = self.state == RUNNING
        for alarm in self.alarms:
            if alarm.settled is None and not (runs and alarm.revision == self.revision):
                alarm.settled = at
        if not runs or self.due is None:
            return []
        existing = {alarm.level for alarm in self.alarms if alarm.revision == self.revision}
        rung = {alarm.level for alarm in self.alarms if alarm.event is not None}
        new: list[AlarmLine] = []
        for level, moment in self.terms.alarms(self.started, self.due):
            if level in existing:
                continue
            if moment <= at and not level.startswith("warn") and level not in rung:
                moment = at
            if moment >= at:
                new.append(AlarmLine(self, self.revision, level, moment, order + len(new)))
        self.alarms.extend(new)
        return new


def _entry(line: LedgerLine) -> Entry:
    terms = line.terms
    return Entry(
        number=line.number,
        action=Action(line.action),
        at=instant_of(line.at),
        limit=terms.limit if terms else None,
        calendar=terms.working if terms else None,
        due_at=None if line.due is None else instant_of(line.due),
        reason=line.reason,
    )
