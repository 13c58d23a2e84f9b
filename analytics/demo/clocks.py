"""A complaint's clocks while it is lived in memory: the same ledger, alarms and revisions as `complaints.clocks.running`."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from analytics.demo.moments import SECOND, Moment, instant_of, moment_of
from analytics.demo.terms import SetFromOutside, Span, Terms
from complaints.clocks.alarms import CAP
from complaints.clocks.ledger import Action, Entry, State, replay
from complaints.models.promises import WAITING

RUNNING, PAUSED = State.RUNNING.value, State.PAUSED.value
TICKING = (RUNNING, PAUSED)
MET, LATE, CANCELLED = State.MET.value, State.LATE.value, State.CANCELLED.value


@dataclass(slots=True)
class LedgerLine:
    number: int
    action: str
    at: Moment
    event: int
    span: Span | SetFromOutside | None = None
    due: Moment | None = None
    until: Moment | None = None
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

    @property
    def holds(self) -> bool:
        """Whether it still speaks of the clock as it is, as `complaints.clocks.alarms.holds`."""
        return self.clock.revision == self.revision and self.clock.state == (PAUSED if self.level == CAP else RUNNING)


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
    pause_ends: Moment | None = None
    waits: dict[str, Moment | None] = field(default_factory=dict)
    stopped: Moment | None = None
    breached: Moment | None = None
    extended_at: Moment | None = None
    paused_for: int = 0
    ledger: list[LedgerLine] = field(default_factory=list)
    alarms: list[AlarmLine] = field(default_factory=list)

    def __post_init__(self) -> None:
        fixed = self.due if isinstance(self.terms, SetFromOutside) else None
        self.ledger.append(LedgerLine(1, "start", self.started, self.event, self.terms, fixed))

    # what `complaints.models.complaint.NEEDS_A_CLOCK` asks of a clock

    @property
    def kind(self) -> str:
        return self.terms.kind

    @property
    def tier(self) -> str:
        return self.terms.tier

    @property
    def is_pausable(self) -> bool:
        return self.terms.is_pausable

    @property
    def extension(self) -> str:
        return self.terms.extension

    @property
    def is_held(self) -> bool:
        return self.pause_reason not in ("", WAITING)

    @property
    def is_ticking(self) -> bool:
        """Not stopped: running or paused."""
        return self.state in TICKING

    def enter(
        self,
        action: str,
        at: Moment,
        event: int,
        span: Span | None = None,
        *,
        until: Moment | None = None,
        reason: str = "",
    ) -> None:
        """Write a ledger entry and store what replaying gives."""
        last = self.ledger[-1]
        self.ledger.append(LedgerLine(len(self.ledger) + 1, action, at, event, span, None, until, reason))
        if action in ("stop", "cancel") and self.state == RUNNING and at >= last.at:
            self.stopped = at
            self.state = CANCELLED if action == "cancel" else self._kept(at)
            return
        before = (self.state, self.due, self.pause_ends)
        now = replay([_entry(line) for line in self.ledger])
        self.state, self.due = now.state.value, _moment(now.due_at)
        self.pause_ends = _moment(now.pause_ends_at)
        if self.is_ticking and (self.state, self.due, self.pause_ends) != before:
            self.revision += 1
        self.paused, self.stopped = _moment(now.paused_at), _moment(now.stopped_at)
        self.extended_at = _moment(now.extended_at)
        self.paused_for = round(now.paused_for.total_seconds() * SECOND)
        self.waits = {reason: _moment(end) for reason, end in now.waits.items()}
        self.pause_reason = ",".join(sorted(self.waits))

    def keep(self, at: Moment) -> None:
        """Opened after it was kept: nothing rings."""
        self.stopped = max(at, self.started)
        self.state = self._kept(self.stopped)
        self.ledger.append(LedgerLine(2, "stop", self.stopped, self.event))

    def _kept(self, at: Moment) -> str:
        return LATE if self.due is not None and at > self.due else MET

    def _wanted(self) -> list[tuple[str, Moment]]:
        """As `complaints.clocks.alarms.alarms_of`."""
        if self.state == PAUSED and self.pause_ends is not None:
            return [(CAP, self.pause_ends)]
        if self.state != RUNNING or self.due is None:
            return []
        return self.terms.alarms(self.started, self.due)

    def first_alarms(self, at: Moment, order: int) -> list[AlarmLine]:
        wanted = [(level, moment) for level, moment in self._wanted() if moment > at or not level.startswith("warn")]
        self.alarms = [
            AlarmLine(self, 0, level, moment, number) for number, (level, moment) in enumerate(wanted, start=order)
        ]
        return self.alarms

    def set_alarms(self, at: Moment, order: int) -> list[AlarmLine]:
        """Void what no longer holds; answer with the alarms that are new."""
        wanted = self._wanted()
        for alarm in self.alarms:
            if alarm.settled is None and not (wanted and alarm.revision == self.revision):
                alarm.settled = at
        if not wanted:
            return []
        existing = {alarm.level for alarm in self.alarms if alarm.revision == self.revision}
        rung = {alarm.level for alarm in self.alarms if alarm.event is not None and alarm.level != CAP}
        new: list[AlarmLine] = []
        for level, moment in wanted:
            if level in existing:
                continue
            if moment <= at and not level.startswith("warn") and level not in rung:
                moment = at
            if moment >= at:
                new.append(AlarmLine(self, self.revision, level, moment, order + len(new)))
        self.alarms.extend(new)
        return new


def _moment(instant: datetime | None) -> Moment | None:
    return None if instant is None else moment_of(instant)


def _entry(line: LedgerLine) -> Entry:
    span = line.span
    return Entry(
        number=line.number,
        action=Action(line.action),
        at=instant_of(line.at),
        limit=span.limit if span else None,
        calendar=span.working if span else None,
        due_at=None if line.due is None else instant_of(line.due),
        until=None if line.until is None else instant_of(line.until),
        reason=line.reason,
    )
