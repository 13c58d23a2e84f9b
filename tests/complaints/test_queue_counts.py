"""The numbers in the tabs: each is as long as its list, however many complaints are open."""

from datetime import timedelta

import pytest
from django.utils import timezone

from complaints import queues
from complaints.models import Channel, Complaint
from complaints.states import Status
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_team, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


@pytest.fixture
def people():
    """A supervisor of everything and an investigator of one county, with something in nearly every queue of theirs."""
    county = a_branch("county-a", parent=a_branch())
    team = a_team(branch=county)
    boss, handler = a_user(Role.SUPERVISOR), a_user(Role.INVESTIGATOR, branch=county, team=team)
    now = timezone.now()
    unfinished = [status for status in Status.values if status not in ("resolved", "closed")]
    for place, status in enumerate(unfinished * 2):
        for branch in (county, a_branch()):
            one = a_complaint("OUT-01" if place % 2 else "SAF-01", branch=branch)
            Complaint.objects.filter(pk=one.pk).update(
                status=status,
                assignee=handler if place % 3 == 0 else None,
                team=team if place % 2 else None,
                next_due_at=None if place == 1 else now + timedelta(hours=6 * (place - 2)),
                channel=Channel.REGULATOR if place % 4 == 0 else Channel.PHONE,
            )
    return boss, handler


@pytest.mark.parametrize("most", [queues.MOST_AT_ONCE, 3])
def test_every_number_is_as_long_as_its_list(people, monkeypatch, most):
    monkeypatch.setattr(queues, "MOST_AT_ONCE", most)
    monkeypatch.setattr(queues, "_kept", {})
    at = timezone.now()
    for user in people:
        counted = queues.counts(user, at=at)
        visible = Complaint.objects.visible_to(user)
        lists = {q.name: q.narrow(visible, user, at).count() for q in queues.QUEUES if q.is_counted}
        assert counted == lists
        assert sum(1 for number in lists.values() if number) > 6


def test_a_long_queue_is_counted_up_to_a_limit(people, monkeypatch):
    boss, _handler = people
    monkeypatch.setattr(queues, "MOST_COUNTED", 4)
    monkeypatch.setattr(queues, "_kept", {})
    assert queues.counts(boss)["unfinished"] == 4
    assert queues.counts(boss, names=["unfinished"])["unfinished"] == 4


def test_who_sees_nothing_has_nothing_waiting(people):
    nobody = a_user(Role.SUPERVISOR, branch=a_branch("county-b", parent=a_branch()))
    without_branch = a_user(Role.SUPERVISOR, branch=None)
    for user in (nobody, without_branch):
        assert set(queues.counts(user).values()) == {0}
