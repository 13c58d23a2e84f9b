"""The record of one complaint, lived in memory: what each move does here is what `complaints.workflow` does in the database.

A test plays the same moves through the workflow and compares every row, so the two cannot drift apart unnoticed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from analytics.demo.changes import APPLY
from analytics.demo.clocks import RUNNING, TICKING, AlarmLine, LivedClock
from analytics.demo.following import extendable, follow, in_order, open_all, open_at_registration, told
from analytics.demo.ladder import Ladder
from analytics.demo.moments import SECOND, Moment, iso
from analytics.demo.notices import NoticeLine, notices_of
from analytics.demo.world import THE_CLOCK, THE_CUSTOMER, Kind, Named, Person, TeamRow, World
from complaints.clocks.alarms import CAP
from complaints.models import Channel, Severity
from complaints.models.complaint import NEEDS_A_CLOCK
from complaints.states import MOVES, OPEN, SAME, Status
from staff.actors import CLOCK, CUSTOMER

if TYPE_CHECKING:
    from analytics.demo.terms import Terms

SWEEP = 4 * SECOND
"""About how long after its moment an alarm is rung and a notice is sent."""

Details = dict[str, Any]
MOMENTS = ("arrived_at", "contacted_at", "restored_at")
"""Details that are moments."""


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

    def __init__(
        self, world: World, ladder: Ladder, *, id: int, reference: str, token: str, first_event: int, **fields: Any
    ) -> None:
        self.world, self.ladder = world, ladder
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
        self.address: str = fields["address"]
        self.contact_method: str = fields["contact_method"]
        self.contact_name: str = fields["contact_name"]
        self.do_not_contact: bool = fields["do_not_contact"]
        self.manager: Person | None = fields["manager"]
        self.external_due: Moment | None = fields["external_due"]
        self.received: Moment = fields["received"]
        self.entered: Moment = fields["entered"]
        self.status = Status.REGISTERED.value
        self.version = 0
        self.team: TeamRow | None = fields["team"]
        self.assignee: Person | None = None
        self.dispatched: Moment | None = None
        self.contacted: Moment | None = None
        self.arrived: Moment | None = None
        self.restored: Moment | None = None
        self.cause_removed: Moment | None = None
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
        if self.channel == Channel.VISIT:
            self.contacted = self.received
        open_all(self, open_at_registration(self, event), at)
        notices = notices_of(self, event)
        self.notices.extend(notices)
        if any(notice.medium != "letter" for notice in notices):  # a letter is on its way only when somebody posts it
            told(self, event)
        self.look_ahead()
        if self.priority == 1 and self.team is not None:
            self._perform("dispatch", at, THE_CLOCK, {"team": self.team})

    def permits(self, name: str) -> bool:
        """Whether the table and the clocks allow the move now; who makes it is the course's affair."""
        if self.status not in MOVES[name].sources:
            return False
        if name == "restore" and self.arrived is not None and self.restored is None:
            return True
        needs = NEEDS_A_CLOCK.get(name)
        return needs is None or needs(cast("Any", [clock for clock in self.clocks if clock.is_ticking]))

    def attempt(self, name: str, at: Moment, by: Person, details: Details) -> None:
        """Make one move if it still makes sense; alarms that were due before it have rung by then."""
        self.ring_until(at)
        if self.permits(name) and (name != "extend" or extendable(self, at)):
            self._perform(name, at, by, details)

    def ring_until(self, now: Moment) -> None:
        """Ring what is due, in order of time; one may set another."""
        while due := [alarm for alarm in self.alarms if alarm.settled is None and alarm.fires <= now]:
            due.sort(key=lambda alarm: (alarm.fires, alarm.order))
            known = len(self.alarms)
            for alarm in due:
                if alarm.settled is None:
                    self._ring(alarm, now)
                if len(self.alarms) > known:
                    break

    def _ring(self, alarm: AlarmLine, now: Moment) -> None:
        clock = alarm.clock
        alarm.settled = min(now, max(alarm.fires, self.entered) + SWEEP + alarm.order % 7 * SECOND)
        if not alarm.holds:
            return
        name = alarm.level.rstrip("0123456789")
        details: Details = {"clock": clock.terms.label, "due_at": iso(clock.due or 0)}
        if name == "breach":
            clock.breached = clock.due
            self.breached = self.breached or clock.due
        elif name == "escalate":
            details = {"reason": self.world.still_overdue[clock.terms.label]}
        elif name == CAP:
            name, details = "release", {"note": self.world.paused_long_enough}
        step = self.ladder.step(clock.kind, clock.tier, alarm.level)
        if step is not None:
            details["tell"] = step.tell
        event = self._perform(name, alarm.fires, THE_CLOCK, details)
        event.recorded = alarm.settled
        alarm.event = event.id
        for follow_up, more in self.ladder.consequences(step, self, self.world.overdue[clock.terms.label]):
            self._perform(follow_up, alarm.fires, THE_CLOCK, more).recorded = alarm.settled

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
        if name == "feedback" and said.get("score"):
            said["of"] = 5
        event = self._event(name, before, at, by, said)
        follow(self, event, details)
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

    def promises(self) -> dict[tuple[str, str], Terms]:
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
            received=self.received,
        )

    def ticking(self, *kinds: str) -> list[LivedClock]:
        """Its clocks that have not stopped, of these kinds or all, in the order in which the workflow takes them."""
        found = [clock for clock in self.clocks if clock.state in TICKING and (not kinds or clock.terms.kind in kinds)]
        return in_order(found) if len(found) > 1 else found

    def look_ahead(self) -> None:
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
    return iso(value) if name in MOMENTS else value


__all__ = ["CUSTOMER", "THE_CUSTOMER", "EventLine", "Record"]
