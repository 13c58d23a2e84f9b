"""Whatever happens to a complaint in whatever order: its clocks are what their ledgers give, and no time is lost or doubled."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints import policy_editing, workflow
from complaints.clocks.alarms import alarms_of
from complaints.clocks.ledger import State, replay
from complaints.clocks.running import as_entry
from complaints.models import Clock, Complaint, PauseReason, Subcategory, Tier
from complaints.refusals import Refusal
from complaints.states import Status
from staff.actors import CUSTOMER, THE_CUSTOMER, Role
from tests.complaints.test_moves import details_for, everything_about
from tests.complaints.test_retargeting import draft_of
from tests.factories import MONDAY, a_complaint, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile")

GAPS = [0, 0, 1, 20, 90, 600, 1440, 3 * 1440, 8 * 1440, 16 * 1440]
"""Minutes between one step and the next: often none, sometimes longer than any pause may last."""

STEPS = {
    "dispatch": {},
    "accept": {},
    "return": {},
    "contact": {},
    "contact in vain": {"reached": False},
    "ask": {},
    "resume": {},
    "customer answers": {},
    "hold": {},
    "hold for the customer": {"pause_reason": "customer-asked"},
    "release": {},
    "extend": {},
    "urge": {},
    "arrive": {},
    "restore": {},
    "to voltage": {"subcategory": "VOL-01"},
    "to service": {"subcategory": "SVC-01"},
    "to billing": {"subcategory": "BIL-01"},
    "to safety": {"subcategory": "SAF-01"},
    "raise": {"priority": 2},
    "lower": {"priority": 4},
    "shorter policy": {"limit": "2wd"},
    "longer policy": {"limit": "9wd"},
    "resolve": {},
    "close": {},
    "reopen": {},
    "merge": {},
    "unmerge": {},
    "sweep": {},
}
MOVES = {
    "contact in vain": "contact",
    "customer answers": "supplement",
    "hold for the customer": "hold",
    **dict.fromkeys(["to voltage", "to service", "to billing", "to safety"], "recategorise"),
    **dict.fromkeys(["raise", "lower"], "prioritise"),
    **dict.fromkeys(["shorter policy", "longer policy"], "retarget"),
}
WAY = [("dispatch", 1), ("accept", 1), ("contact", 20)]


class Watch:
    """Looks at the clocks after everything that happens and keeps its own account of when each stood still."""

    def __init__(self) -> None:
        self.started: dict[int, datetime] = {}
        self.seen: dict[int, str] = {}
        self.since: dict[int, datetime] = {}
        self.pauses: dict[int, list[tuple[datetime, datetime]]] = defaultdict(list)

    def look(self, complaint: Complaint, at: datetime) -> None:
        for clock in complaint.clocks.all():
            assert self.started.setdefault(clock.pk, clock.started_at) == clock.started_at
            if clock.state in (State.RUNNING, State.PAUSED):
                self._tick(clock, at)

    def _tick(self, clock: Clock, at: datetime) -> None:
        # while a clock has ended nothing is noted: if it goes on later, it goes on as it was
        if clock.state == State.PAUSED and self.seen.get(clock.pk) != State.PAUSED:
            self.since[clock.pk] = at
        elif clock.state == State.RUNNING and self.seen.get(clock.pk) == State.PAUSED:
            self.pauses[clock.pk].append((self.since[clock.pk], at))
        self.seen[clock.pk] = clock.state

    def paused_until(self, clock: Clock) -> list[tuple[datetime, datetime | None]]:
        """When the clock stood still, neighbours joined, those of no length left out."""
        joined: list[tuple[datetime, datetime | None]] = []
        still = [(self.since[clock.pk], None)] if self.seen.get(clock.pk) == State.PAUSED else []
        for start, end in [*self.pauses[clock.pk], *still]:
            if joined and joined[-1][1] == start:
                joined[-1] = (joined[-1][0], end)
            elif start != end:
                joined.append((start, end))
        return joined


def check(complaint: Complaint, watch: Watch, at: datetime) -> None:
    complaint.refresh_from_db()
    clocks = list(complaint.clocks.select_related("calendar").prefetch_related("ledger__calendar", "alarms"))
    for clock in clocks:
        clock.complaint = complaint
        now = replay([as_entry(entry) for entry in clock.ledger.all()])
        stored = (
            clock.state, clock.due_at, clock.paused_at, clock.pause_ends_at, clock.pause_reason, clock.stopped_at,
            clock.extended_at, clock.paused_for, clock.is_excused, clock.started_at,
        )  # fmt: skip
        assert stored == (
            now.state, now.due_at, now.paused_at, now.pause_ends_at, ",".join(sorted(now.waits)), now.stopped_at,
            now.extended_at, now.paused_for, now.excused, now.started_at,
        ), str(clock)  # fmt: skip
        if clock.state in (State.RUNNING, State.PAUSED):
            check_ticking(clock, now, watch)
        if clock.state == State.PAUSED:
            assert clock.is_pausable, f"{clock} is paused and must not be"
            assert clock.tier not in (Tier.STATUTORY, Tier.EXTERNAL)
            assert "customer" not in clock.pause_reason.split(",") or complaint.status == Status.WAITING, str(clock)
        check_alarms(clock, at)
    ticking = [(c.kind, c.tier) for c in clocks if c.state in (State.RUNNING, State.PAUSED)]
    assert len(ticking) == len(set(ticking)), "two clocks of one promise tick"
    pressing = [c.due_at for c in clocks if c.state == State.RUNNING and c.statistic == "each" and c.due_at]
    assert complaint.next_due_at == min(pressing, default=None)
    assert complaint.status != Status.CLOSED or all(kind == "remediate" for kind, _ in ticking)


def check_ticking(clock: Clock, now, watch: Watch) -> None:
    """What the clock owes follows from its start, its promise, and the pauses that somebody watching saw."""
    seen = watch.paused_until(clock)
    assert [(a, b) for a, b in now.pauses if a != b] == seen, str(clock)
    assert clock.due_at == now.terms.due(watch.started[clock.pk], tuple(seen)), str(clock)
    assert clock.paused_for == sum((b - a for a, b in seen if b is not None), timedelta())


def check_alarms(clock: Clock, at: datetime) -> None:
    """What must still ring waits to ring, and nothing else does."""
    alarms = clock.alarms.all()
    pending = {alarm.level: alarm.fire_at for alarm in alarms if alarm.settled_at is None}
    rung = {alarm.level for alarm in alarms if alarm.event_id is not None}
    wanted = {alarm.level: alarm.fire_at for alarm in alarms_of(clock)}
    assert set(pending) <= set(wanted), str(clock)
    for level, fire_at in wanted.items():
        if fire_at > at:
            assert pending.get(level) == fire_at, f"{clock}: {level} should ring"
        elif not level.startswith("warn"):
            assert level in rung or level in pending, f"{clock}: {level} never rang"


class Course:
    """One complaint, what is done to it step by step, and the watch beside it."""

    def __init__(self, code: str, channel: str) -> None:
        self.at = MONDAY.astimezone(UTC)
        self.actor, self.editor = an_actor(Role.SUPERVISOR), a_user(Role.SUPERVISOR)
        self.complaint = a_complaint(code, at=self.at, channel=channel, area_class="rural")
        self.other = a_complaint("SVC-01", at=self.at)
        self.watch = Watch()
        self.look()

    def steps(self) -> list[str]:
        """What the complaint as it stands allows; a step that what was said then forbids is still among them."""
        role = {"customer answers": CUSTOMER}
        return ["sweep", *(
            step for step in STEPS if step != "sweep"
            and self.complaint.permits(MOVES.get(step, step), role.get(step, Role.SUPERVISOR))
        )]  # fmt: skip

    def look(self) -> None:
        self.watch.look(self.complaint, self.at)
        check(self.complaint, self.watch, self.at)

    def go(self, step: str, minutes: int) -> None:
        target = self.at + timedelta(minutes=minutes)
        while (alarm := self.complaint.alarms.due(target).first()) is not None:
            self.at = max(self.at, alarm.fire_at)
            workflow.ring(alarm, now=self.at)
            alarm.refresh_from_db()
            assert alarm.settled_at is not None
            self.look()
        self.at = target
        before = everything_about(self.complaint)
        try:
            with transaction.atomic():
                self.do(step)
        except Refusal:
            assert everything_about(self.complaint) == before
        self.look()

    def do(self, step: str) -> None:
        said = STEPS[step]
        name = MOVES.get(step, step)
        if name == "sweep":
            return
        details = details_for(name, self.complaint) if name not in ("merge",) else {"into": self.other}
        if name == "retarget":
            limits = {f"resolve_{tier}": said["limit"] for tier in ("internal", "commitment")}
            policy_editing.save(draft_of("any", **limits), by=self.editor, reason="试验")
            details |= {"policies": ["any"]}
        elif name == "recategorise":
            subcategory = Subcategory.objects.get(code=said["subcategory"])
            details |= {"subcategory": subcategory, "category": subcategory.category}
        elif "pause_reason" in said:
            details |= {"pause_reason": PauseReason.objects.get(code=said["pause_reason"])}
        else:
            details |= said
        by = THE_CUSTOMER if step == "customer answers" else self.actor
        workflow.perform(name, self.complaint, by=by, at=self.at, **details)


@given(
    st.sampled_from(["SVC-01", "VOL-01", "BIL-01", "OUT-01", "SAF-01"]),
    st.sampled_from(["phone", "letter", "regulator"]),
    st.lists(st.sampled_from(GAPS), max_size=16),
    st.data(),
)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_clocks_are_what_their_ledgers_give_after_any_course_of_events(db, code, channel, gaps, data):
    with transaction.atomic():
        course = Course(code, channel)
        for step, minutes in WAY:
            course.go(step, minutes)
        for minutes in gaps:
            course.go(data.draw(st.sampled_from(course.steps())), minutes)
        transaction.set_rollback(True)
