"""Somebody is away: their work is handed over once, alarms ring at the deputy's, and what comes back finds its person again."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from complaints import assignment, bulk, claiming, hand_over, tasks, timeline, workflow
from complaints.hand_over import moves_along
from complaints.models import BulkRun, Complaint, HandOver, Notice
from complaints.refusals import MoveRefused
from staff.actors import THE_CLOCK, Actor, Role
from staff.models import Absence, Team, TeamKind
from tests.at_once import at_once
from tests.factories import MONDAY, a_complaint, a_team, a_user, an_account, an_answer

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def team(profile):
    return a_team(TeamKind.OUTAGE)


@pytest.fixture
def person(team):
    return a_user(Role.INVESTIGATOR, team=team)


@pytest.fixture
def deputy(team):
    return a_user(Role.INVESTIGATOR, team=team)


def given_to(user, code="OUT-03", **fields):
    complaint = a_complaint(code, at=timezone.now() - HOUR, **fields)
    team = user.team or a_team(TeamKind.OUTAGE)
    workflow.perform("dispatch", complaint, by=THE_CLOCK, team=team, assignee=user)
    return complaint


def an_absence(user, deputy=None, *, start=None, days=5, goes="deputy", **decided):
    start = start or timezone.now() - HOUR
    absence = Absence(
        user=user,
        deputy=deputy,
        starts_at=start,
        ends_at=start + days * DAY if days else None,
        entered_by=user,
        entered_at=start,
    )
    return hand_over.enter(absence, HandOver(goes=goes, **decided))


def carried_out():
    """The worker's two turns."""
    tasks.hand_over_work()
    tasks.move_many()


def assignee_of(complaint):
    complaint.refresh_from_db()
    return complaint.assignee


# which complaints go


MOMENTS = st.none() | st.integers(-1000, 1000).map(lambda hours: MONDAY + hours * HOUR)


@given(st.sampled_from([1, 2, 3, 4]), MOMENTS, MOMENTS, st.booleans())
def test_what_is_due_before_the_return_always_goes_and_a_life_in_danger_too(priority, due_at, back_at, keeps_later):
    goes = moves_along(priority, due_at, back_at, keeps_later=keeps_later)
    must = priority == 1 or due_at is None or back_at is None or due_at < back_at
    assert goes == (must or not keeps_later)


# handing over


def test_when_it_begins_the_deputy_gets_everything_and_the_history_says_why(person, deputy):
    mine, others = [given_to(person) for _ in range(3)], given_to(deputy)
    absence = an_absence(person, deputy)
    carried_out()
    assert {assignee_of(one) for one in mine} == {deputy}
    event = mine[0].events.latest("number")
    assert (event.move, event.role) == ("assign", "clock")
    words = f"Handed over to {deputy.display_name}, because {person.display_name} is away"
    assert timeline.sentence(event) == words
    assert others.events.filter(details__has_key="absence").count() == 0
    assert BulkRun.objects.get(absence=absence).finished_at is not None
    carried_out()
    assert BulkRun.objects.count() == 1


def test_nothing_moves_before_it_begins_and_late_workers_catch_up(person, deputy):
    complaint = given_to(person)
    absence = an_absence(person, deputy, start=timezone.now() + HOUR)
    carried_out()
    assert assignee_of(complaint) == person
    Absence.objects.filter(pk=absence.pk).update(starts_at=timezone.now() - DAY)
    carried_out()
    assert assignee_of(complaint) == deputy


def test_an_absence_that_was_over_before_anybody_looked_takes_nothing(person, deputy):
    complaint = given_to(person)
    an_absence(person, deputy, start=timezone.now() - 2 * DAY, days=1)
    carried_out()
    assert assignee_of(complaint) == person
    assert HandOver.objects.get().begun_at is not None


def test_those_due_after_the_return_may_stay(person, deputy):
    soon, late = given_to(person), given_to(person)
    Complaint.objects.filter(pk=soon.pk).update(next_due_at=timezone.now() + HOUR)
    Complaint.objects.filter(pk=late.pk).update(next_due_at=timezone.now() + 30 * DAY)
    absence = an_absence(person, deputy, keeps_later=True)
    foreseen = hand_over.preview(absence, absence.hand_over)
    assert (foreseen.urgent, foreseen.going, foreseen.staying, foreseen.to) == (1, 1, 1, deputy)
    carried_out()
    assert (assignee_of(soon), assignee_of(late)) == (deputy, person)


def test_it_goes_back_to_the_team_or_stays_if_that_was_decided(person, deputy):
    first = given_to(person)
    an_absence(person, goes="team")
    carried_out()
    assert assignee_of(first) is None
    event = first.events.latest("number")
    assert timeline.sentence(event) == f"Given back to the team, because {person.display_name} is away"
    second = given_to(deputy)
    an_absence(deputy, goes="keep")
    carried_out()
    assert assignee_of(second) == deputy


def test_a_deputy_who_is_away_passes_it_on_and_a_circle_gives_it_to_the_team(person, deputy, team):
    third = a_user(Role.INVESTIGATOR, team=team)
    complaint = given_to(person)
    an_absence(deputy, third, goes="keep")
    an_absence(person, deputy)
    carried_out()
    assert assignee_of(complaint) == third
    Absence.objects.filter(user=deputy).update(deputy=person)
    other = a_user(Role.INVESTIGATOR, team=team)
    lost = given_to(other)
    an_absence(other, deputy)
    carried_out()
    assert assignee_of(lost) is None


def test_what_the_deputy_may_not_see_stays_and_is_named(person, deputy):
    report = given_to(a_user(Role.SUPERVISOR))
    Complaint.objects.filter(pk=report.pk).update(request_type="report", assignee=person)
    absence = an_absence(person, deputy)
    carried_out()
    assert assignee_of(report) == person
    assert f"{deputy.display_name} may not see it" in absence.bulk_runs.get().lines.get().reason


def test_who_entered_it_may_be_gone_by_then(person, deputy):
    complaint = given_to(person)
    absence = an_absence(person, deputy)
    boss = a_user(Role.ADMINISTRATOR, is_active=False)
    Absence.objects.filter(pk=absence.pk).update(entered_by=boss)
    carried_out()
    assert assignee_of(complaint) == deputy


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_start_the_same_absence_move_each_complaint_once(person, deputy):
    complaints = [given_to(person) for _ in range(4)]
    an_absence(person, deputy)
    at_once(lambda number: carried_out(), times=4)
    carried_out()
    assert BulkRun.objects.count() == 1
    for complaint in complaints:
        assert assignee_of(complaint) == deputy
        assert complaint.events.filter(move="assign").count() == 1


def test_a_worker_that_dies_in_between_loses_nothing(person, deputy):
    complaints = [given_to(person) for _ in range(3)]
    tasks_done = an_absence(person, deputy)
    tasks.hand_over_work()
    bulk.carry_on(tasks_done.bulk_runs.get(), for_seconds=-1)
    assert {assignee_of(one) for one in complaints} == {person}
    carried_out()
    assert {assignee_of(one) for one in complaints} == {deputy}


# coming back


def test_a_mistake_is_taken_back_with_everything_nobody_touched_since(person, deputy):
    untouched, touched = given_to(person), given_to(person)
    absence = an_absence(person, deputy)
    carried_out()
    touched.refresh_from_db()
    workflow.perform("accept", touched, by=Actor.staff(deputy))
    hand_over.cancel(absence, at=timezone.now())
    carried_out()
    assert assignee_of(untouched) == person
    assert assignee_of(touched) == deputy
    assert "taken back" in untouched.events.latest("number").details["note"]


def test_on_return_the_list_says_what_happened_and_gives_back_what_is_chosen(person, deputy):
    first, second = given_to(person), given_to(person)
    absence = an_absence(person, deputy)
    carried_out()
    first.refresh_from_db()
    workflow.perform("accept", first, by=Actor.staff(deputy))
    workflow.perform("contact", first, by=Actor.staff(deputy), reached=True, method="phone")
    hand_over.end_early(absence, at=timezone.now())
    handed = {one.complaint: one for one in hand_over.handed_over(absence)}
    assert (handed[first].events, handed[first].latest.move) == (2, "contact")
    assert (handed[second].events, handed[second].latest) == (0, None)
    first.refresh_from_db()
    run = hand_over.take_back(uuid.uuid4(), absence, {first.reference: first.version}, by=person)
    bulk.carry_on(run)
    assert (assignee_of(first), assignee_of(second)) == (person, deputy)


def test_a_complaint_that_comes_back_to_somebody_away_goes_to_the_deputy(person, deputy):
    complaint = given_to(person)
    workflow.perform("accept", complaint, by=Actor.staff(person))
    workflow.perform("contact", complaint, by=Actor.staff(person), reached=True, method="phone")
    workflow.perform("resolve", complaint, by=Actor.staff(person), **an_answer())
    an_absence(person, deputy)
    carried_out()
    assert assignee_of(complaint) == person
    workflow.perform("reopen", complaint, by=Actor.staff(a_user(Role.SUPERVISOR)), reason="Still out")
    assert assignee_of(complaint) == deputy


def test_a_hand_over_goes_somewhere_known(person):
    an_absence(person)
    with pytest.raises(IntegrityError, match='"hand_over_goes_somewhere_known"'), transaction.atomic():
        HandOver.objects.update(goes="home")


# who is given something new


def test_who_is_away_is_given_nothing_by_rule_and_takes_nothing(person, deputy, team):
    Team.objects.filter(pk=team.pk).update(assigns_itself=True)
    an_absence(person, deputy)
    for _ in range(2):
        complaint = a_complaint()
        proposal = assignment.propose(complaint, timezone.now())
        assert proposal is None or proposal.person == deputy
    with pytest.raises(MoveRefused, match="You are entered as away"):
        claiming.claim_next(person, at=timezone.now())


def test_the_deputy_knows_the_customers_of_whoever_is_away(person, deputy, team):
    third = a_user(Role.INVESTIGATOR, team=team)
    customer = an_account().customer
    given_to(person, customer=customer)
    an_absence(person, third, goes="keep")
    complaint = a_complaint(customer=customer)
    Complaint.objects.filter(pk=complaint.pk).update(team=team)
    complaint.refresh_from_db()
    assert assignment.propose(complaint, timezone.now()).person == third


# who hears it


def told(complaint, code):
    return set(Notice.objects.filter(complaint=complaint, code=code).values_list("address", flat=True))


@pytest.mark.parametrize("is_away", [False, True])
def test_an_alarm_and_an_urging_ring_at_the_deputys(person, deputy, is_away):
    complaint = given_to(person)
    if is_away:
        an_absence(person, deputy, goes="keep")
    workflow.perform("urge", complaint, by=Actor.staff(a_user(Role.AGENT)))
    alarm = complaint.alarms.pending().filter(level="breach").order_by("fire_at").first()
    workflow.ring(alarm, now=alarm.fire_at)
    heard = deputy if is_away else person
    assert told(complaint, "urged") == {heard.email}
    assert heard.email in told(complaint, "breach")
    assert (person.email in told(complaint, "breach")) is not is_away


def test_without_a_deputy_the_supervisor_hears_it_and_never_only_the_absent(person):
    boss = a_user(Role.SUPERVISOR)
    complaint = given_to(person)
    an_absence(person, goes="keep")
    workflow.perform("urge", complaint, by=Actor.staff(a_user(Role.AGENT)))
    assert told(complaint, "urged") == {boss.email}


def test_a_key_customers_complaint_is_told_to_the_account_managers_deputy(person, deputy):
    account = an_account()
    account.customer.account_manager = person
    account.customer.save()
    an_absence(person, deputy, goes="keep")
    complaint = a_complaint(customer=account.customer)
    assert told(complaint, "manager_told") == {deputy.email}


def test_what_is_handed_over_comes_without_a_mail_each_unless_it_cannot_wait(person, deputy):
    urgent, usual = given_to(person), given_to(person)
    Complaint.objects.filter(pk=urgent.pk).update(priority=2)
    Complaint.objects.filter(pk=usual.pk).update(priority=3)
    an_absence(person, deputy)
    carried_out()
    assert told(urgent, "given") == {deputy.email}
    assert told(usual, "given") == set()
