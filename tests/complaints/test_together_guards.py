"""What the database refuses of followers, concerns, requests and habits, whatever the code says."""

from datetime import timedelta

import pytest
from django.db import transaction

from complaints import workflow
from complaints.models import Concern, Follow, InternalRequest, TellingHabit
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.complaints.test_guards import refuses
from tests.factories import MONDAY, a_complaint, a_team, a_user

pytestmark = pytest.mark.usefixtures("profile")

BROKEN_REQUESTS = {
    "request_state_is_known": {"state": "forgotten", "ended_at": MONDAY},
    "request_asks_something": {"question": ""},
    "request_open_or_ended": {"ended_at": MONDAY},
    "request_ended_says_what": {"state": "answered", "ended_at": MONDAY},
}
BROKEN_HABITS = {
    "telling_is_known": {"how": "pigeon"},
    "telling_daily_has_next_moment": {"how": "daily"},
    "telling_hour_is_an_hour": {"hour": 24},
}


def asked(times=1):
    complaint = a_complaint()
    for number in range(times):
        workflow.perform(
            "request",
            complaint,
            by=Actor.staff(a_user(Role.AGENT)),
            at=MONDAY + timedelta(minutes=number),
            asked_team=a_team(TeamKind.BILLING),
            question="?",
        )
    return complaint


@pytest.mark.parametrize("name", BROKEN_REQUESTS)
def test_the_database_refuses_a_broken_request(name):
    request = asked().requests.get()
    with refuses(name), transaction.atomic():
        InternalRequest.objects.filter(pk=request.pk).update(**BROKEN_REQUESTS[name])


def test_a_request_has_its_number_alone():
    request = asked(times=2).requests.get(number=2)
    with refuses("request_is_numbered_once"), transaction.atomic():
        InternalRequest.objects.filter(pk=request.pk).update(number=1)


@pytest.mark.parametrize("name", BROKEN_HABITS)
def test_the_database_refuses_a_broken_habit(name):
    habit = TellingHabit.objects.create(user=a_user())
    with refuses(name), transaction.atomic():
        TellingHabit.objects.filter(pk=habit.pk).update(**BROKEN_HABITS[name])


def test_one_follows_once_and_is_concerned_once_for_a_reason_that_is_known():
    complaint, user = a_complaint(), a_user()
    event = complaint.events.get(number=1)
    Follow.objects.create(user=user, complaint=complaint, since=MONDAY)
    with refuses("person_follows_a_complaint_once"), transaction.atomic():
        Follow.objects.create(user=user, complaint=complaint, since=MONDAY)
    concern = Concern.objects.create(user=user, complaint=complaint, event=event, why="mention", at=MONDAY)
    with refuses("event_concerns_a_person_once"), transaction.atomic():
        Concern.objects.create(user=user, complaint=complaint, event=event, why="followed", at=MONDAY)
    with refuses("concern_reason_is_known"), transaction.atomic():
        Concern.objects.filter(pk=concern.pk).update(why="because")
