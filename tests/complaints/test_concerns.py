"""Whom a move concerns: followers, who gets a hand-over, and that nobody hears of what they may not see."""

from datetime import timedelta

import pytest

from complaints import attention, tasks, workflow
from complaints.models import Complaint, Concern, Follow, Notice, TellingHabit
from complaints.refusals import Refusal
from staff.actors import THE_CLOCK, Actor, Role
from staff.models import TeamKind
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user

pytestmark = pytest.mark.usefixtures("profile")
NOTE = {"stands": "已到现场。", "promised": "明早回电。", "next_step": "等停电窗口。", "watch_for": "有狗。"}


def at(minutes):
    return MONDAY + timedelta(minutes=minutes)


def follow(complaint, user):
    attention.follow(Complaint.objects.filter(pk=complaint.pk), user, at=at(1))


def told(user):
    return list(Concern.objects.filter(user=user).order_by("pk").values_list("event__move", "why"))


@pytest.fixture
def complaint():
    return a_complaint()


@pytest.fixture
def supervisor():
    return Actor.staff(a_user(Role.SUPERVISOR))


def test_a_follower_is_told_of_moves_and_not_of_small_lines(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    workflow.perform("dispatch", complaint, by=supervisor, at=at(2), team=a_team(TeamKind.OUTAGE))
    workflow.perform("contact", complaint, by=supervisor, at=at(3), reached=True, method="phone")
    assert told(follower) == [("dispatch", "followed")]
    assert not Notice.objects.filter(code="followed").exists()


def test_to_follow_twice_is_to_follow_and_to_stop_is_to_stop(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    follow(complaint, follower)
    assert Follow.objects.count() == 1
    attention.unfollow(Complaint.objects.all(), follower)
    workflow.perform("note", complaint, by=supervisor, at=at(2), note="x")
    assert told(follower) == []


def test_who_wants_each_gets_an_e_mail_each_time(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    attention.choose(follower, how="each", hour=8, at=at(1))
    workflow.perform("note", complaint, by=supervisor, at=at(2), note="李四的电话是13800001234")
    mail = Notice.objects.get(code="followed")
    assert mail.address == follower.email
    assert "13800001234" not in mail.body + mail.subject


def test_who_moved_away_is_told_nothing(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    follower.branch = a_branch("far", parent=a_branch("elsewhere"))
    follower.save()
    workflow.perform("note", complaint, by=supervisor, at=at(2), note="x")
    assert told(follower) == []


def test_what_was_told_before_is_not_shown_to_who_moved_away(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    workflow.perform("note", complaint, by=supervisor, at=at(2), note="x")
    assert attention.unread_of(follower) == 1
    follower.branch = a_branch("far", parent=a_branch("elsewhere"))
    follower.save()
    assert attention.unread_of(follower) == 0


def test_whom_a_complaint_is_given_to_is_told_and_finds_the_note(complaint, supervisor):
    person = a_user(Role.INVESTIGATOR)
    event = workflow.perform("assign", complaint, by=supervisor, at=at(2), assignee=person, **NOTE)
    assert told(person) == [("assign", "handed")]
    assert Notice.objects.get(code="handed_over").address == person.email
    assert Follow.objects.filter(user=supervisor.user).exists()
    assert complaint.hand_over_to_read() == event
    workflow.perform("read_hand_over", complaint, by=Actor.staff(person), at=at(3))
    assert complaint.hand_over_to_read() is None


def test_a_note_without_where_it_stands_is_refused(complaint, supervisor):
    before = complaint.version
    with pytest.raises(Refusal) as refused:
        workflow.perform("assign", complaint, by=supervisor, at=at(2), assignee=a_user(Role.INVESTIGATOR), promised="x")
    assert refused.value.fields == ("stands",)
    complaint.refresh_from_db()
    assert (complaint.version, complaint.assignee) == (before, None)


def test_a_note_is_read_once(complaint, supervisor):
    workflow.perform("hand_over", complaint, by=supervisor, at=at(2), **NOTE)
    workflow.perform("read_hand_over", complaint, by=Actor.staff(a_user(Role.AGENT)), at=at(3))
    with pytest.raises(Refusal):
        workflow.perform("read_hand_over", complaint, by=Actor.staff(a_user(Role.AGENT)), at=at(4))


def test_what_is_left_to_the_team_is_told_to_who_is_at_work(complaint, supervisor):
    team = a_team(TeamKind.OUTAGE)
    awake = a_user(Role.INVESTIGATOR, team=team)
    asleep = a_user(Role.INVESTIGATOR, team=team, is_on_duty=False)
    workflow.perform("dispatch", complaint, by=supervisor, at=at(2), team=team, assignee=a_user(Role.INVESTIGATOR))
    workflow.perform("unassign", complaint, by=supervisor, at=at(3), **NOTE)
    assert told(awake) == [("unassign", "handed")]
    assert told(asleep) == []


def test_a_digest_is_sent_once_at_its_hour_and_tells_nothing_twice(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    attention.choose(follower, how="daily", hour=18, at=at(1))
    workflow.perform("note", complaint, by=supervisor, at=at(2), note="李四")
    habit = TellingHabit.objects.get(user=follower)
    assert habit.next_at == MONDAY.replace(hour=18)
    assert attention.send_digest(habit, at=habit.next_at)
    assert not attention.send_digest(habit, at=habit.next_at)
    mail = Notice.objects.get(code="follow_digest")
    assert complaint.reference in mail.body
    assert "李四" not in mail.body
    habit.refresh_from_db()
    assert habit.next_at == MONDAY.replace(hour=18) + timedelta(days=1)
    assert not attention.send_digest(habit, at=habit.next_at), "nothing new, nothing sent"
    assert Notice.objects.filter(code="follow_digest").count() == 1


def test_a_digest_of_days_that_were_slept_through_is_one(complaint, supervisor):
    follower = a_user(Role.AGENT)
    follow(complaint, follower)
    attention.choose(follower, how="daily", hour=18, at=at(1))
    workflow.perform("note", complaint, by=supervisor, at=at(2), note="x")
    assert tasks.send_follow_digests() == 1
    assert tasks.send_follow_digests() == 0


def test_the_clock_gives_without_a_second_e_mail(complaint):
    person = a_user(Role.INVESTIGATOR)
    workflow.perform("assign", complaint, by=THE_CLOCK, at=at(2), assignee=person)
    assert told(person) == [("assign", "handed")]
    assert set(Notice.objects.filter(address=person.email).values_list("code", flat=True)) == {"given"}
