"""The ladder: who hears an alarm, and what the alarm itself does, once and at its own time."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from complaints import ladder, workflow
from complaints.models import DeskSettings, LadderStep, Notice
from complaints.states import Status
from complaints.tasks import ring_alarms
from staff.actors import Role
from staff.models import Duty, TeamKind, User
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile")

LATER = MONDAY + timedelta(days=60)


@pytest.fixture(autouse=True)
def no_ladder(profile):
    LadderStep.objects.all().delete()


@pytest.fixture
def station():
    return a_branch("station", parent=a_branch("county", parent=a_branch()))


def a_step(level="breach", tell=("supervisor",), **fields):
    return LadderStep.objects.create(level=level, tell=list(tell), **fields)


def on_shift(user, **fields):
    now = timezone.now()
    values = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1), "role": user.role, **fields}
    return Duty.objects.create(user=user, branch=user.branch, **values)


def rung(complaint, kind="dispatch", level="breach", tier=""):
    """Ring this alarm only, and hand out its event."""
    alarm = complaint.alarms.get(clock__kind=kind, clock__tier=tier, level=level)
    assert workflow.ring(alarm, now=LATER)
    alarm.refresh_from_db()
    return alarm.event


def told(event):
    return set(event.notices.values_list("address", flat=True))


# which step


def test_the_step_that_names_most_wins_clock_before_tier_before_number():
    anything = a_step()
    first = a_step(number=1)
    by_law = a_step(tier="statutory")
    resolve = a_step(kind="resolve")
    exactly = a_step(kind="resolve", tier="statutory", number=2)
    steps = list(LadderStep.objects.all())
    assert ladder.most_specific(steps, "feedback", "", 2) == anything
    assert ladder.most_specific(steps, "feedback", "", 1) == first
    assert ladder.most_specific(steps, "acknowledge", "statutory", 1) == by_law
    assert ladder.most_specific(steps, "resolve", "statutory", 1) == resolve
    assert ladder.most_specific(steps, "resolve", "statutory", 2) == exactly
    assert ladder.most_specific([by_law, resolve], "feedback", "", 1) is None


@pytest.mark.parametrize(
    ("alarm", "parts"), [("breach", ("breach", 1)), ("warn1", ("warn", 1)), ("escalate12", ("escalate", 12))]
)
def test_an_alarm_says_which_of_several_it_is(alarm, parts):
    assert ladder.parted(alarm) == parts


def test_a_step_tells_somebody_and_a_warning_changes_nothing():
    for wrong in ({"tell": []}, {"level": "warn", "reassigns": True}, {"level": "warn", "raises_priority": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            a_step(**wrong)
    assert not LadderStep.objects.exists()


# who hears it


def test_without_a_step_the_supervisors_hear_a_missed_deadline_and_the_handler_a_warning():
    supervisor, handler = a_user(Role.SUPERVISOR), a_user(Role.INVESTIGATOR)
    complaint = a_complaint(assignee=handler)
    assert told(rung(complaint, level="warn1")) == {handler.email}
    assert told(rung(complaint)) == {supervisor.email}
    assert told(rung(complaint, level="escalate1")) == {supervisor.email}


def test_everybody_a_step_names_is_told_once_whatever_number_of_ears_they_are(station):
    liaison = a_user(Role.LIAISON)
    own, boss = a_user(Role.SUPERVISOR, branch=station), a_user(Role.SUPERVISOR, branch=station.parent)
    a_step(tell=["assignee", "supervisor", "supervisor_above", "liaison"])
    complaint = a_complaint(branch=station, assignee=own)
    event = rung(complaint)
    assert event.notices.count() == 3
    assert told(event) == {own.email, boss.email, liaison.email}


def test_above_is_above_the_one_who_answers_not_above_the_complaint(station):
    county, root = a_user(Role.SUPERVISOR, branch=station.parent), a_user(Role.SUPERVISOR)
    a_step(tell=["supervisor"])
    a_step(level="escalate", tell=["supervisor_above"])
    complaint = a_complaint(branch=station)
    assert told(rung(complaint)) == {county.email}
    assert told(rung(complaint, level="escalate1")) == {root.email}


def test_who_has_the_shift_when_it_is_told_hears_it_not_who_had_it_when_it_rang():
    night, day = a_user(Role.SUPERVISOR), a_user(Role.SUPERVISOR)
    on_shift(night, starts_at=MONDAY - timedelta(hours=1), ends_at=MONDAY + timedelta(hours=8))
    on_shift(day)
    event = rung(a_complaint())
    assert event.at == MONDAY + timedelta(minutes=20)
    assert told(event) == {day.email}


def test_the_team_is_who_of_it_is_on_duty_and_may_see_the_complaint():
    team = a_team(TeamKind.OUTAGE)
    a_user(Role.INVESTIGATOR, team=team)
    working = a_user(Role.INVESTIGATOR, team=team)
    on_shift(working)
    on_shift(a_user(Role.INVESTIGATOR, team=team, branch=a_branch("elsewhere", parent=a_branch())))
    a_step(tell=["team"])
    assert told(rung(a_complaint(team=team))) == {working.email}


def test_a_report_of_wrongdoing_is_not_told_to_the_team_that_may_not_see_it():
    team, supervisor = a_team(TeamKind.SERVICE), a_user(Role.SUPERVISOR)
    a_user(Role.INVESTIGATOR, team=team)
    a_step(tell=["team"], reassigns=True)
    complaint = a_complaint(request_type="report", team=team, code=None)
    assert told(rung(complaint)) == {supervisor.email}
    complaint.refresh_from_db()
    assert complaint.assignee is None


@pytest.mark.parametrize("tell", [["assignee"], ["team"], ["supervisor"], ["supervisor_above"], ["liaison"]])
def test_no_alarm_is_without_a_recipient(tell):
    a_step(tell=tell)
    complaint = a_complaint()
    User.objects.update(email="")
    DeskSettings.objects.update(last_resort_email="duty@example.org")
    assert told(rung(complaint)) == {"duty@example.org"}
    analyst = a_user(Role.ANALYST)
    DeskSettings.objects.update(last_resort_email="")
    assert told(rung(complaint, level="escalate1")) == {analyst.email}


def test_people_who_share_a_mailbox_are_told_once_and_a_language_without_texts_is_no_obstacle():
    a_user(Role.SUPERVISOR, email="Desk@example.org")
    a_user(Role.SUPERVISOR, email="desk@example.org", language="fr")
    other = a_user(Role.SUPERVISOR, language="fr")
    notices = rung(a_complaint()).notices.all()
    assert {(n.address.lower(), n.language) for n in notices} == {("desk@example.org", "en"), (other.email, "zh-hans")}
    assert len(notices) == 2


def test_a_person_who_escalates_by_hand_tells_the_supervisors():
    supervisor = a_user(Role.SUPERVISOR)
    a_step(level="escalate", tell=["liaison"])
    complaint = a_complaint()
    event = workflow.perform("escalate", complaint, by=an_actor(Role.AGENT), reason="客户着急", at=MONDAY)
    assert told(event) == {supervisor.email}


# what it does


def test_an_alarm_gives_it_to_whoever_of_the_team_is_on_duty_and_has_least_to_do():
    team = a_team(TeamKind.OUTAGE)
    off = a_user(Role.INVESTIGATOR, team=team)
    busy, free = a_user(Role.INVESTIGATOR, team=team), a_user(Role.INVESTIGATOR, team=team)
    on_shift(busy)
    on_shift(free)
    on_shift(a_user(Role.AGENT, team=team))
    a_complaint(assignee=busy)
    a_step(tell=["supervisor"], reassigns=True)
    complaint = a_complaint(team=team, assignee=off)
    event = rung(complaint)
    complaint.refresh_from_db()
    assert complaint.assignee == free
    given = complaint.events.get(move="assign")
    assert (given.at, given.number, given.role) == (event.at, event.number + 1, "clock")
    assert told(given) == {free.email}


@pytest.mark.parametrize("by", ["shift", "mark"])
def test_who_is_on_duty_and_has_it_keeps_it(by):
    team = a_team(TeamKind.OUTAGE)
    handler = a_user(Role.INVESTIGATOR, team=team, is_on_duty=by == "mark")
    other = a_user(Role.INVESTIGATOR, team=team)
    if by == "shift":
        on_shift(handler)
        on_shift(other)
    a_step(reassigns=True)
    complaint = a_complaint(team=team, assignee=handler)
    rung(complaint)
    complaint.refresh_from_db()
    assert complaint.assignee == handler
    assert not complaint.events.filter(move="assign").exists()


def test_with_nobody_on_duty_it_stays_where_it_is():
    team = a_team(TeamKind.OUTAGE)
    a_user(Role.INVESTIGATOR, team=team, is_on_duty=False)
    a_step(reassigns=True)
    complaint = a_complaint(team=team)
    rung(complaint)
    complaint.refresh_from_db()
    assert (complaint.assignee, complaint.events.filter(move="assign").count()) == (None, 0)


def test_an_alarm_raises_the_priority_one_step_never_to_life_safety_and_never_lowers_it():
    a_step(raises_priority=True)
    a_step(level="escalate", raises_priority=True)
    low, high, life = a_complaint(priority=4), a_complaint(priority=2), a_complaint("SAF-01", priority=1)
    event = rung(low)
    low.refresh_from_db()
    raised = low.events.get(move="prioritise")
    assert (low.priority, raised.at, raised.details["reason"]) == (3, event.at, "Dispatch is overdue.")
    rung(low, level="escalate1")
    low.refresh_from_db()
    assert low.priority == 2
    rung(high)
    high.refresh_from_db()
    assert (high.priority, high.events.filter(move="prioritise").count()) == (2, 0)
    rung(life, kind="first_contact", tier="internal")
    life.refresh_from_db()
    assert (life.priority, life.events.filter(move="prioritise").count()) == (1, 0)


def test_a_resolved_complaint_is_neither_moved_nor_raised():
    a_step(raises_priority=True, reassigns=True)
    team = a_team(TeamKind.OUTAGE)
    complaint = bring(a_complaint(team=team, priority=3), Status.RESOLVED)
    a_user(Role.INVESTIGATOR, team=team)
    feedback = complaint.alarms.pending().get(clock__kind="feedback", level="breach")
    assert workflow.ring(feedback, now=LATER)
    assert not complaint.events.filter(move="prioritise").exists()


def test_the_effects_happen_once_however_often_the_alarms_are_rung():
    team, count = a_team(TeamKind.OUTAGE), 3
    for _ in range(2):
        on_shift(a_user(Role.INVESTIGATOR, team=team))
    a_step("breach", reassigns=True, raises_priority=True)
    a_step("escalate", reassigns=True, raises_priority=True)
    complaints = [a_complaint(at=MONDAY - timedelta(days=30), team=team, priority=4) for _ in range(count)]
    assert ring_alarms() > 0
    assert ring_alarms() == 0
    for complaint in complaints:
        complaint.refresh_from_db()
        assert complaint.priority == 2
        assert complaint.events.filter(move="prioritise").count() == 2
        assert complaint.events.filter(move="assign").count() == 1
        assert not complaint.alarms.pending().exists()
        moments = list(complaint.events.values_list("at", flat=True).order_by("number"))
        assert moments == sorted(moments)
    assert Notice.objects.filter(code="given").count() == count


def test_alarms_slept_through_do_their_work_before_the_next_move():
    team = a_team(TeamKind.OUTAGE)
    on_shift(working := a_user(Role.INVESTIGATOR, team=team))
    a_step(reassigns=True, raises_priority=True)
    complaint = a_complaint(team=team, priority=4)
    workflow.perform("note", complaint, by=an_actor(Role.AGENT), note="看一下", at=MONDAY + timedelta(hours=3))
    assert complaint.assignee == working
    history = list(complaint.events.values_list("move", "at"))
    assert history[-1][0] == "note"
    assert [at for _move, at in history] == sorted(at for _move, at in history)


def test_ringing_an_alarm_asks_the_same_however_many_people_hear_it():
    a_step(tell=["assignee", "team", "supervisor", "supervisor_above"])

    def queries():
        alarm = a_complaint().alarms.get(clock__kind="dispatch", level="breach")
        with CaptureQueriesContext(connection) as asked:
            assert workflow.ring(alarm, now=LATER)
        return len(asked)

    a_user(Role.SUPERVISOR)
    one = queries()
    for _ in range(30):
        a_user(Role.SUPERVISOR)
    assert queries() == one < 30
