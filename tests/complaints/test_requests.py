"""Requests to another team: a clock of their own, told to who is at work, answered once, and never in the complaint's way."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.db.models import Max

from complaints import tasks, workflow
from complaints.models import Alarm, Clock, Complaint, Concern, Event, InternalRequest, Notice
from complaints.refusals import MoveRefused, Refusal
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.at_once import at_once
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_answer

ASKED_AT = MONDAY + timedelta(minutes=30)


class Asked:
    """A complaint in work, with a question to a team of a branch that does not see it."""

    def __init__(self, code="BIL-01", **details):
        self.complaint = bring(a_complaint(code), "investigating")
        self.team = a_team(TeamKind.BILLING, a_branch("far", parent=a_branch("elsewhere")))
        self.member = a_user(Role.INVESTIGATOR, branch=self.team.branch, team=self.team)
        self.asker = a_user(Role.INVESTIGATOR)
        self.before = self.clocks()
        self.due_before = self.complaint.next_due_at
        workflow.perform(
            "request",
            self.complaint,
            by=Actor.staff(self.asker),
            at=ASKED_AT,
            asked_team=self.team,
            question="请校验电表。",
            **details,
        )

    @property
    def request(self):
        return InternalRequest.objects.select_related("clock").get(complaint=self.complaint, number=1)

    def clocks(self):
        rows = self.complaint.clocks.exclude(kind="request").order_by("pk")
        return list(rows.values("state", "due_at", "revision", "paused_at"))

    def end(self, name, by=None, minutes=40, **details):
        actor = Actor.staff(by or self.member)
        at = MONDAY + timedelta(minutes=minutes)
        return workflow.perform(name, self.complaint, by=actor, at=at, request=self.request, **details)

    def told(self, user):
        return list(Concern.objects.filter(user=user).order_by("pk").values_list("event__move", flat=True))


@pytest.fixture
def asked(profile):
    return Asked()


def test_the_team_has_two_working_days_and_the_complaint_goes_on_as_before(asked):
    clock = asked.request.clock
    assert (clock.kind, clock.round, clock.limit, clock.is_pausable) == ("request", 1, "2wd", False)
    assert clock.due_at == (MONDAY + timedelta(days=3)).replace(hour=0, minute=0)
    assert asked.clocks() == asked.before
    assert asked.complaint.next_due_at == asked.due_before
    assert asked.told(asked.member) == ["request"]
    assert Notice.objects.get(code="request_asked").address == asked.member.email


def test_the_asker_may_name_another_moment(profile):
    when = ASKED_AT + timedelta(hours=1)
    asked = Asked(answer_by=when)
    assert asked.request.clock.due_at == when
    assert asked.complaint.next_due_at == asked.due_before


def test_neither_waiting_nor_a_new_category_touches_it(asked):
    due = asked.request.clock.due_at
    by, at = Actor.staff(asked.asker), ASKED_AT + timedelta(minutes=5)
    workflow.perform("ask", asked.complaint, by=by, at=at, message="请提供照片。")
    workflow.perform("recategorise", asked.complaint, by=by, at=at, category=asked.complaint.category)
    clock = asked.request.clock
    assert (clock.state, clock.due_at) == ("running", due)


def test_a_second_request_has_a_clock_of_its_own(asked):
    other = a_team(TeamKind.SAFETY)
    by = Actor.staff(asked.asker)
    workflow.perform("request", asked.complaint, by=by, at=ASKED_AT, asked_team=other, question="?")
    assert list(asked.complaint.clocks.filter(kind="request").values_list("round", flat=True)) == [1, 2]


def test_an_answer_stops_its_clock_and_comes_back_to_the_asker(asked):
    asked.end("answer_request", answer="电表合格。")
    request = asked.request
    assert (request.state, request.answer, request.ended_by) == ("answered", "电表合格。", asked.member)
    assert request.clock.state == "met"
    assert asked.told(asked.asker) == ["answer_request"]
    assert Notice.objects.get(code="request_answered").address == asked.asker.email
    assert not Concern.objects.unread().filter(user=asked.member).exists(), "nobody need look any more"
    assert asked.clocks() == asked.before


def test_an_ended_request_cannot_end_again_and_nothing_changes(asked):
    asked.end("decline_request", reason="不归我们管。")
    version = asked.complaint.version
    for name, said in (("answer_request", {"answer": "x"}), ("decline_request", {"reason": "x"})):
        with pytest.raises(MoveRefused, match=r"Declined|allow"), transaction.atomic():
            asked.end(name, minutes=41, **said)
    asked.complaint.refresh_from_db()
    assert (asked.complaint.version, asked.request.answer) == (version, "不归我们管。")


def test_only_the_team_answers_and_only_who_works_on_it_withdraws(asked):
    stranger = a_user(Role.INVESTIGATOR, branch=asked.team.branch)
    with pytest.raises(MoveRefused, match="Only"), transaction.atomic():
        asked.end("answer_request", by=asked.asker, answer="x")
    with pytest.raises(MoveRefused, match="Only"), transaction.atomic():
        asked.end("withdraw_request", by=stranger)
    with pytest.raises(MoveRefused, match="Only"), transaction.atomic():
        asked.end("withdraw_request", by=asked.member)
    over = a_user(Role.SUPERVISOR, branch=asked.team.branch)
    asked.end("answer_request", by=over, answer="电表合格。")
    assert asked.request.ended_by == over


def test_withdrawing_tells_those_who_were_asked(asked):
    asked.end("withdraw_request", by=asked.asker, reason="已解决")
    assert asked.request.clock.state == "cancelled"
    assert asked.told(asked.member) == ["request", "withdraw_request"]
    assert Notice.objects.get(code="request_withdrawn").address == asked.member.email


def test_a_complaint_is_not_resolved_over_an_open_request(asked):
    by = Actor.staff(asked.asker)
    with pytest.raises(MoveRefused, match="Not answered yet") as refused, transaction.atomic():
        workflow.perform("resolve", asked.complaint, by=by, at=ASKED_AT, **an_answer())
    assert refused.value.fields == ("not_needed",)
    assert asked.request.is_open
    workflow.perform("resolve", asked.complaint, by=by, at=ASKED_AT, not_needed=True, **an_answer())
    assert asked.request.state == "withdrawn"
    assert asked.request.clock.state == "cancelled"
    assert [e.move for e in asked.complaint.events.order_by("-number")[:2]] == ["withdraw_request", "resolve"]


def test_closing_for_another_reason_withdraws_it_by_itself(asked):
    workflow.perform("reject", asked.complaint, by=Actor.staff(a_user(Role.SUPERVISOR)), at=ASKED_AT, reason="x")
    assert asked.request.state == "withdrawn"


@pytest.mark.parametrize("what", ["own team", "past", "wrongdoing"])
def test_what_makes_no_sense_is_refused_and_nothing_is_asked(profile, what):
    complaint = bring(a_complaint("BIL-01"), "investigating")
    details = {"asked_team": a_team(TeamKind.SAFETY), "question": "?"}
    if what == "own team":
        details["asked_team"] = complaint.team
    elif what == "past":
        details["answer_by"] = MONDAY
    else:
        complaint.request_type = "report"
        complaint.save()
    by = Actor.staff(a_user(Role.SUPERVISOR))
    with pytest.raises(Refusal), transaction.atomic():
        workflow.perform("request", complaint, by=by, at=ASKED_AT, **details)
    assert not InternalRequest.objects.exists()
    assert not Clock.objects.filter(kind="request").exists()


def ring_all(asked):
    last = asked.request.clock.alarms.aggregate(last=Max("fire_at"))["last"]
    for alarm in Alarm.objects.filter(clock=asked.request.clock).order_by("fire_at"):
        workflow.ring(alarm, now=last)
    return list(asked.complaint.events.filter(move="remind_request").values_list("details__level", flat=True))


def test_its_alarms_tell_the_team_and_then_the_asker(asked):
    assert ring_all(asked) == ["warn", "breach", "escalate"]
    assert asked.told(asked.member).count("remind_request") == 3
    assert asked.told(asked.asker).count("remind_request") == 2
    warned = Notice.objects.get(code="request_warning")
    assert warned.address == asked.member.email
    assert f"/desk/requests/{asked.complaint.reference}/1/" in warned.body
    assert {n.address for n in Notice.objects.filter(code="request_overdue")} >= {asked.member.email, asked.asker.email}


def test_a_request_that_is_late_does_not_count_as_a_broken_promise(profile):
    asked = Asked(answer_by=ASKED_AT + timedelta(minutes=10))
    for alarm in asked.request.clock.alarms.order_by("fire_at"):
        workflow.ring(alarm, now=ASKED_AT + timedelta(minutes=11))
    asked.complaint.refresh_from_db()
    assert asked.request.clock.breached_at is not None
    assert asked.complaint.breached_at is None
    assert not asked.complaint.events.filter(move="breach").exists()


def test_an_answered_request_rings_no_more(asked):
    asked.end("answer_request", answer="电表合格。")
    assert ring_all(asked) == []


def test_nobody_on_duty_means_the_supervisor_of_the_branch_is_told(profile):
    branch = a_branch("far", parent=a_branch("elsewhere"))
    over = a_user(Role.SUPERVISOR, branch=branch)
    team = a_team(TeamKind.BILLING, branch)
    a_user(Role.INVESTIGATOR, branch=branch, team=team, is_on_duty=False)
    complaint = bring(a_complaint("BIL-01"), "investigating")
    by = Actor.staff(a_user(Role.AGENT))
    workflow.perform("request", complaint, by=by, at=ASKED_AT, asked_team=team, question="?")
    assert [n.address for n in Notice.objects.filter(code="request_asked")] == [over.email]


@pytest.mark.django_db(transaction=True)
def test_of_two_colleagues_who_answer_at_once_one_is_told_that_it_is_answered(profile):
    asked = Asked()
    people = [asked.member, a_user(Role.INVESTIGATOR, branch=asked.team.branch, team=asked.team)]

    def answer(number):
        try:
            mine = Complaint.objects.get(pk=asked.complaint.pk)
            request = InternalRequest.objects.get(complaint=mine)
            by = Actor.staff(people[number])
            workflow.perform("answer_request", mine, by=by, request=request, answer=f"answer {number}")
        except Refusal:
            return None
        return number

    done = [number for number in at_once(answer, 2) if number is not None]
    assert len(done) == 1
    assert asked.request.answer == f"answer {done[0]}"
    assert Event.objects.filter(complaint=asked.complaint, move="answer_request").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_alarm_and_an_answer_at_once_leave_one_order_of_things(profile):
    asked = Asked(answer_by=ASKED_AT + timedelta(minutes=10))

    def act(number):
        if number:
            return tasks.ring_alarms()
        mine = Complaint.objects.get(pk=asked.complaint.pk)
        return workflow.perform(
            "answer_request", mine, by=Actor.staff(asked.member), request=asked.request, answer="x"
        ).number

    at_once(act, 2)
    tasks.ring_alarms()
    events = Event.objects.filter(complaint=asked.complaint).order_by("number")
    moves = list(events.filter(move__in=["remind_request", "answer_request"]).values_list("move", flat=True))
    # it was overdue before anybody answered, so the alarms come first, whoever rang them, and each rang once
    assert moves == ["remind_request", "remind_request", "remind_request", "answer_request"]
    assert not Alarm.objects.pending().filter(clock=asked.request.clock).exists()
    assert asked.request.clock.state == "late"
