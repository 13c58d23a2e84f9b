"""The question at the end, behind its own link: opening it says nothing, one answer counts, a second is met kindly."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints import feedback, workflow
from complaints.models import Complaint
from complaints.states import Status
from staff.actors import THE_CUSTOMER
from tests.complaints.test_moves import bring, everything_about
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_complaint

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


@pytest.fixture
def asked():
    return bring(a_complaint(), Status.RESOLVED).feedback.get()


def link(asked) -> str:
    return reverse("complaints:feedback", args=[asked.token])


def complaint_of(asked) -> Complaint:
    return Complaint.objects.get(pk=asked.complaint_id)


def test_opening_the_link_records_nothing(reader, asked):
    before = everything_about(complaint_of(asked))
    for _ in range(2):
        assert reader.get(link(asked)).status_code == 200
        assert reader.head(link(asked)).status_code == 200
    assert reader.get(link(asked), {"solved": "yes", "score": "5"}).status_code == 200
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert everything_about(complaint_of(asked)) == before


def test_one_tap_is_an_answer(reader, asked):
    response = reader.post(link(asked), {"solved": "yes"})
    assert (response.status_code, response.url) == (302, link(asked))
    asked.refresh_from_db()
    assert (asked.solved, asked.score, asked.answered_by) == (True, None, "link")
    assert complaint_of(asked).status == Status.CLOSED
    assert "Thank you" in text_of(reader.get(link(asked)))


def test_the_whole_answer_is_kept(reader, asked):
    reader.post(link(asked), {"solved": "yes", "score": "4", "attitude": "5", "comment": "很快"})
    asked.refresh_from_db()
    assert (asked.solved, asked.score, asked.attitude, asked.comment) == (True, 4, 5, "很快")
    assert asked.recorded_by is None


def test_not_solved_takes_it_up_again(reader, asked):
    reader.post(link(asked), {"solved": "no", "comment": "晚上还是停电"})
    complaint = complaint_of(asked)
    assert (complaint.status, complaint.reopened_count) == (Status.INVESTIGATING, 1)
    assert "taken it up again" in text_of(reader.get(link(asked)))


def test_a_second_answer_changes_nothing_and_is_met_kindly(reader, asked):
    reader.post(link(asked), {"solved": "yes", "score": "5"})
    before = everything_about(complaint_of(asked))
    second = reader.post(link(asked), {"solved": "no", "score": "1"})
    assert second.status_code == 200
    assert "Thank you" in text_of(second)
    asked.refresh_from_db()
    assert (asked.solved, asked.score) == (True, 5)
    assert everything_about(complaint_of(asked)) == before


def test_nothing_chosen_is_not_an_answer(reader, asked):
    response = reader.post(link(asked), {"score": "5", "comment": "很好"})
    assert response.status_code == 422
    assert "很好" in text_of(response)
    asked.refresh_from_db()
    assert asked.answered_at is None


@pytest.mark.parametrize("score", ["0", "6", "five"])
def test_a_score_that_was_not_offered_is_not_taken(reader, asked, score):
    assert reader.post(link(asked), {"solved": "yes", "score": score}).status_code == 422
    asked.refresh_from_db()
    assert asked.answered_at is None


def test_after_the_time_for_it_the_link_says_so(reader, asked, monday_morning):
    monday_morning.move_to(MONDAY + timedelta(days=30))
    assert feedback.close_unanswered(complaint_of(asked), at=timezone.now())
    page = reader.post(link(asked), {"solved": "yes"})
    assert page.status_code == 200
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert complaint_of(asked).status == Status.CLOSED


def test_the_link_of_an_earlier_answer_does_not_speak_for_the_later_one(reader, asked):
    complaint = complaint_of(asked)
    workflow.perform("reopen", complaint, by=THE_CUSTOMER, reason="没有解决")
    assert reader.post(link(asked), {"solved": "yes"}).status_code == 200
    asked.refresh_from_db()
    assert asked.answered_at is None
    assert complaint_of(asked).status == Status.INVESTIGATING


def test_the_link_is_kept_from_caches_searches_and_other_sites(reader, asked):
    headers = reader.get(link(asked)).headers
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
