"""No answer in the allowed time closes a complaint as unanswered, never as satisfied."""

from datetime import timedelta

import pytest
from django.utils import timezone

from complaints import workflow
from complaints.states import Status
from complaints.tasks import close_unanswered
from staff.actors import Role
from tests.complaints.test_moves import bring, details_for
from tests.factories import a_complaint, an_actor

pytestmark = pytest.mark.usefixtures("profile")


def resolved(days_ago: int):
    when = timezone.now() - timedelta(days=days_ago)
    complaint = a_complaint(at=when)
    for name in ("dispatch", "accept", "contact", "resolve"):
        workflow.perform(name, complaint, by=an_actor(Role.SUPERVISOR), at=when, **details_for(name, complaint))
    return complaint


def test_the_old_ones_are_closed_and_the_young_ones_wait():
    old, young = resolved(8), resolved(6)
    assert close_unanswered() == 1
    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.status, young.status) == (Status.CLOSED, Status.RESOLVED)
    assert old.feedback.get().answered_at is None
    assert old.events.latest("number").is_by_clock
    assert old.notices.filter(code="closed_no_answer").exists()
    assert close_unanswered() == 0


def test_one_that_was_answered_in_time_is_left_alone():
    complaint = bring(a_complaint(), Status.CLOSED)
    version = complaint.version
    close_unanswered()
    complaint.refresh_from_db()
    assert complaint.version == version
