"""The record of one complaint, lived in memory: what each move does here is what `complaints.workflow` does in the database.

A test plays the same moves through the workflow and compares every row, so the two cannot drift apart unnoticed.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from analytics.demo.changes import APPLY
from analytics.demo.clocks import PAUSED, RUNNING, AlarmLine, LivedClock
from analytics.demo.moments import SECOND, Moment, instant_of, iso, moment_of
from analytics.demo.notices import NoticeLine, notices_of
from analytics.demo.world import THE_CLOCK, THE_CUSTOMER, Kind, Named, Person, TeamRow, World
from complaints.clocks.contact import Attempt, contact_made_at
from complaints.clocks.opening import OPENS_AT_REGISTRATION
from complaints.models import Channel, Severity
from complaints.states import MOVES, OPEN, SAME, Status
from staff.actors import CLOCK, CUSTOMER

OPENING = {kind.value for kind in OPENS_AT_REGISTRATION}
SWEEP = 4 * SECOND
"""About how long after its moment an alarm is rung and a notice is sent."""

Details = dict[str, Any]


class EventLine:
    __slots__ = ("at", "by", "details", "from_status", "id", "move", "number", "recorded", "to_status")

    def __init__(
        self,
        id: int,
        number: int,
        move: str,
        from_status: str,
        to_status: str,
        at: Moment,
        by: Person,
        details: Details,
    ) -> None:
        self.id, self.number, self.move = id, number, move
        self.from_status, self.to_status = from_status, to_status
        self.at, self.by, self.details = at, by, details
        self.recorded = at


class Question:
    """One asking for feedback."""

    __slots__ = (
        "answered_at",
        "answered_by",
        "asked_at",
        "attitude",
        "comment",
        "recorded_by",
        "round",
        "score",
        "solved",
        "token",
    )

    def __init__(self, round: int, token: str, asked_at: Moment) -> None:
        self.round, self.token, self.asked_at = round, token, asked_at
        self.answered_at: Moment | None = None
        self.answered_by, self.comment = "", ""
        self.solved: bool | None = None
        self.score: int | None = None
        self.attitude: int | None = None
        self.recorded_by: int | None = None


class Record:
    """A complaint from its registration on. Ids of its rows are counted up from `first_ids`."""

    def __init__(self, world: World, *, id: int, reference: str, token: str, first_event: int, **fields: Any) -> None:
        self.world = world
        self.id, self.reference, self.token = id, reference, token
        self.next_event = first_event
        self.kind: Kind = fields["kind"]
        self.request_type: str = fields["request_type"]
        self.severity: str = fields["severity"]
        self.priority: int = fields["priority"]
        self.channel: str = fields["channel"]
        self.source: str = fields["source"]
        self.segment: str = fields["segment"]
        self.area: str = fields["area"]
        self.branch: int = fields["branch"]
        self.language: str = fields["language"]
        self.phone: str = fields["phone"]
        self.email: str = fields["email"]
        self.contact_method: str = fields["contact_method"]
        self.contact_name: str = fields["contact_name"]
        self.do_not_contact: bool = fields["do_not_contact"]
        self.external_due: Moment | None = fields["external_due"]
        self.received: Moment = fields["received"]
        self.entered: Moment = fields["entered"]
        self.status = Status.REGISTERED.value
        self.version = 0
        self.team: TeamRow | None = fields["team"]
        self.assignee: Person | None = None
        self.dispatched: Moment | None = None
        self.contacted: Moment | None = None
        self.resolved: Moment | None = None
        self.closed: Moment | None = None
        self.outcome = self.responsibility = self.resolution = self.referred_to = ""
        self.root_cause: Named | None = None
        self.merged_into: Record | None = None
        self.service_issue: Named | None = None
        self.urged = self.reopened = self.transferred = self.returned = self.escalated = 0
        self.next_due: Moment | None = None
        self.next_due_clock = ""
        self.breached: Moment | None = None
        self.events: list[EventLine] = []
        self.clocks: list[LivedClock] = []
        self.alarms: list[AlarmLine] = []
        self.notices: list[NoticeLine] = []
        self.feedback: list[Question] = []

    @property
    def is_open(self) -> bool:
        return self.status in OPEN

    @property
    def can_be_reached(self) -> bool:
        return bool(self.phone or self.email)

    @property
    def needs_review(self) -> bool:
        severe = self.severity in (Severity.SPECIAL, Severity.MAJOR)
        return severe or self.priority == 1 or self.channel == Channel.REGULATOR

    # what happens

    def register(self, by: Person) -> None:
        at = self.entered
        self.version = 1
        event = self._event("register", "", at, by, {})
        opened = []
        for terms in self._promises().values():
            if terms.kind in OPENING and (terms.kind != "first_contact" or self.can_be_reached):
                start = self.entered if terms.from_entry else self.received
                opened.append(LivedClock(terms, start, terms.due(start), event.id))
        if self.external_due is not None:
            opened.append(LivedClock(self.world.set_from_outside, self.received, self.external_due, event.id))
        self._open_all(opened, at)
        self._look_ahead()
        if self.channel == Channel.VISIT:
            self._met("first_contact", self.received, event)
            self._look_ahead()
            self.contacted = self.received
        self.notices.extend(notices_of(self, event))
        if self.priority == 1 and self.team is not None:
            self._perform("dispatch", at, THE_CLOCK, {"team": self.team})

    def perform(self, name: str, at: Moment, by: Person, details: Details | None = None) -> EventLine:
        """Make one move; alarms that were due before it have rung by then."""
        self.ring_until(at)
        return self._perform(name, at, by, details or {})

    def ring_until(self, now: Moment) -> None:
        due = [alarm for alarm in self.alarms if alarm.settled is None and alarm.fires <= now]
        if not due:
            return
        due.sort(key=lambda alarm: (alarm.fires, alarm.order))
        for alarm in due:
            self._ring(alarm, now)

    def _ring(self, alarm: AlarmLine, now: Moment) -> None:
        clock = alarm.clock
        alarm.settled = min(now, max(alarm.fires, self.entered) + SWEEP + alarm.order % 7 * SECOND)
        if clock.revision != alarm.revision or clock.state != RUNNING or clock.due is None:
            return
        name = alarm.level.rstrip("0123456789")
        if name == "escalate":
            details = {"reason": self.world.still_overdue[clock.terms.label]}
        else:
            details = {"clock": clock.terms.label, "due_at": iso(clock.due)}
        if name == "breach":
            clock.breached = clock.due
            self.breached = self.breached or clock.due
        event = self._perform(name, alarm.fires, THE_CLOCK, details)
        event.recorded = alarm.settled
        alarm.event = event.id

    def _perform(self, name: str, at: Moment, by: Person, details: Details) -> EventLine:
        before = self.status
        target = MOVES[name].target
        if target != SAME:
            self.status = str(target)
        self.version += 1
        if name in APPLY:
            APPLY[name](self, details, by, at)
        if self.status == Status.CLOSED and self.closed is None:
            self.closed = at
        said = {key: _said(key, value) for key, value in details.items() if value not in (None, "")}
        if name == "urge":
            said["count"] = self.urged
        event = self._event(name, before, at, by, said)
        self._follow(name, event, before, details)
        if self.status == Status.RESOLVED != before:
            number = self.reopened + 1
            self.feedback.append(Question(number, f"{self.token}{number}", at))
        if name == "feedback":
            self._answered(event, details)
        self.notices.extend(notices_of(self, event))
        for follow_up, more in self._follow_ups(name, details, by):
            actor = by if by.role in MOVES[follow_up].allowed else THE_CLOCK
            self._perform(follow_up, at, actor, more)
        return event

    def _event(self, name: str, before: str, at: Moment, by: Person, said: Details) -> EventLine:
        event = EventLine(self.next_event, self.version, name, before, self.status, at, by, said)
        self.next_event += 1
        self.events.append(event)
        return event

    def _answered(self, event: EventLine, details: Details) -> None:
        question = self.feedback[-1]
        question.answered_at = event.at
        question.answered_by = details.get("answered_by") or "link"
        question.solved, question.score = details["solved"], details.get("score")
        question.attitude, question.comment = details.get("attitude"), details.get("comment") or ""
        question.recorded_by = event.by.id

    def _follow_ups(self, name: str, details: Details, by: Person) -> list[tuple[str, Details]]:
        if name == "feedback":
            if details["solved"]:
                return [("close", {})]
            return [("reopen", {"reason": details.get("comment") or self.world.not_solved})]
        if name == "supplement" and self.status == Status.WAITING:
            return [("resume", {})]
        if name == "return" and self.returned >= 2:
            return [("escalate", {"reason": self.world.returned_often % {"count": self.returned}})]
        becomes_urgent = name in ("recategorise", "prioritise") and self.priority == 1
        if becomes_urgent and self.status == Status.REGISTERED and self.team is not None and by.role != CLOCK:
            return [("dispatch", {"team": self.team})]
        return []

    # clocks

    def _promises(self) -> dict[Any, Any]:
        return self.world.terms(
            self.request_type,
            self.kind.category_code,
            self.kind.code,
            self.channel,
            self.source,
            self.severity,
            str(self.priority),
            self.segment,
            self.area,
        )

    def _follow(self, name: str, event: EventLine, before: str, details: Details) -> None:
        if name in FOLLOW:
            FOLLOW[name](self, event, details)
        if self.status == Status.RESOLVED != before:
            self._met("resolve", event.at, event)
            if not self.can_be_reached:
                self._met("first_contact", event.at, event)
            self._open_again("feedback", event)
        if self.status == Status.CLOSED != before:
            for clock in self.clocks:
                if clock.is_ticking:
                    self._enter(clock, "cancel", max(event.at, clock.started), event)
        self._look_ahead()

    def _met(self, kind: str, at: Moment, event: EventLine) -> None:
        for clock in self.clocks:
            if clock.terms.kind == kind and clock.is_ticking:
                self._enter(clock, "stop", max(at, clock.started), event)

    def _enter(
        self, clock: LivedClock, action: str, at: Moment, event: EventLine, terms: Any = None, reason: str = ""
    ) -> None:
        clock.enter(action, at, event.id, terms, reason)
        self.alarms.extend(clock.set_alarms(event.at, len(self.alarms)))

    def _open_all(self, clocks: list[LivedClock], at: Moment) -> None:
        for clock in clocks:
            clock.order = len(self.clocks)
            self.clocks.append(clock)
            self.alarms.extend(clock.first_alarms(at, len(self.alarms)))

    def _open_again(self, kind: str, event: EventLine, tier: str | None = None, limit: str = "") -> None:
        opened = []
        for terms in self._promises().values():
            if terms.kind == kind and tier in (None, terms.tier):
                past = sum(c.terms.kind == kind and c.terms.tier == terms.tier for c in self.clocks)
                new = terms.again(limit) if limit else terms
                opened.append(LivedClock(new, event.at, new.due(event.at), event.id, round=past + 1))
        self._open_all(opened, event.at)

    def _look_ahead(self) -> None:
        first: tuple[Moment, str, str] | None = None
        for clock in self.clocks:
            terms = clock.terms
            if clock.state == RUNNING and clock.due and terms.statistic == "each":
                candidate = (clock.due, terms.kind, terms.tier)
                if first is None or candidate < first:
                    first = candidate
        self.next_due = first[0] if first else None
        self.next_due_clock = f"{first[1]}/{first[2]}" if first else ""


def _said(name: str, value: Any) -> Any:
    if isinstance(value, Record):
        return {"id": value.id, "text": value.reference}
    if isinstance(value, tuple):
        return {"id": value[0], "text": value.text}  # type: ignore[attr-defined]
    if isinstance(value, Kind):
        return (
            {"id": value.category_id, "text": value.category_text}
            if name == "category"
            else {"id": value.id, "text": value.text}
        )
    return iso(value) if name == "contacted_at" else value


# what each move does to the clocks


def _on_dispatch(record: Record, event: EventLine, details: Details) -> None:
    record._met("dispatch", event.at, event)


def _on_return(record: Record, event: EventLine, details: Details) -> None:
    record._open_again("dispatch", event)


def _on_contact(record: Record, event: EventLine, details: Details) -> None:
    if not any(clock.is_ticking and clock.terms.kind == "first_contact" for clock in record.clocks):
        return
    if details.get("reached"):
        record._met("first_contact", min(details.get("contacted_at") or event.at, event.at), event)
        return
    attempts = [Attempt(instant_of(past.at)) for past in record.events if past.move == "contact"]
    messages = [instant_of(past.at) for past in record.events if past.move == "message"]
    desk = record.world.desk
    made = contact_made_at(
        attempts, messages, needed=desk.contact_attempts, gap=timedelta(minutes=desk.attempt_gap_minutes)
    )
    if made is not None:
        record.contacted = record.contacted or moment_of(made)
        record._met("first_contact", moment_of(made), event)


def _on_ask(record: Record, event: EventLine, details: Details) -> None:
    for clock in record.clocks:
        if clock.terms.kind == "resolve" and clock.terms.is_pausable and clock.state == RUNNING:
            record._enter(clock, "pause", event.at, event, reason="waiting for the customer")


def _on_resume(record: Record, event: EventLine, details: Details) -> None:
    for clock in record.clocks:
        if clock.state == PAUSED:
            record._enter(clock, "resume", event.at, event)


def _on_feedback(record: Record, event: EventLine, details: Details) -> None:
    record._met("feedback", event.at, event)


def _on_reopen(record: Record, event: EventLine, details: Details) -> None:
    for clock in record.clocks:
        if clock.terms.kind == "feedback" and clock.is_ticking:
            record._enter(clock, "cancel", max(event.at, clock.started), event)
    for clock in record.clocks:
        if clock.terms.kind == "resolve" and clock.terms.tier in ("statutory", "external") and clock.round == 1:
            record._enter(clock, "continue", event.at, event)
    record._open_again("resolve", event, tier="internal", limit=record.world.desk.reopened_limit)


def _on_reclassified(record: Record, event: EventLine, details: Details) -> None:
    wanted = record._promises()
    for clock in [clock for clock in record.clocks if clock.is_ticking]:
        old = clock.terms
        if old.tier == "external" or old.kind == "feedback" or clock.round > 1:
            continue
        new = wanted.get((old.kind, old.tier))
        if new is None:
            record._enter(clock, "cancel", event.at, event, reason="no longer promised")
        elif new.signature != old.signature:
            clock.terms = new
            record._enter(clock, "retarget", event.at, event, terms=new)
    had = {(clock.terms.kind, clock.terms.tier) for clock in record.clocks}
    opened = []
    for key, terms in wanted.items():
        if key not in had and terms.kind == "resolve" and record.is_open:
            start = record.entered if terms.from_entry else record.received
            opened.append(LivedClock(terms, start, terms.due(start), event.id))
    record._open_all(opened, event.at)


FOLLOW: dict[str, Callable[[Record, EventLine, Details], None]] = {
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
    "urge": _on_reclassified,
}

__all__ = ["CUSTOMER", "THE_CUSTOMER", "EventLine", "Record"]
