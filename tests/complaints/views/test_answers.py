"""An answer may be changed for some hours, every version is kept, and whoever is not content comes before a supervisor at once."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.db.utils import DatabaseError
from django.urls import reverse

from complaints import feedback, workflow
from complaints.models import (
    CallBack,
    Complaint,
    DeskSettings,
    Feedback,
    FeedbackVersion,
    FollowUp,
    FollowUpReason,
    Notice,
    QuestionSet,
)
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import THE_CLOCK, THE_CUSTOMER, Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_complaint, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")
HOUR = timedelta(hours=1)


@pytest.fixture
def asked():
    a_user(Role.SUPERVISOR)
    return bring(a_complaint(), Status.RESOLVED).feedback.get()


def link(asked) -> str:
    return reverse("complaints:feedback", args=[asked.token])


def complaint_of(asked) -> Complaint:
    return Complaint.objects.get(pk=asked.complaint_id)


def say(reader, asked, **more):
    """What the page sends after the tap: the number of versions it showed, and the form as it stands."""
    return reader.post(link(asked), {"seen": asked.versions.count(), **more})


def versions(asked):
    return list(asked.versions.order_by("number").values_list("number", "verdict", "rating", "comment"))


def open_follow_ups(asked):
    return [row.reason for row in FollowUp.objects.open().filter(feedback=asked)]


def test_why_after_the_tap_is_a_second_version_of_the_same_answer(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    first = Feedback.objects.get(pk=asked.pk)
    assert say(reader, asked, solved="yes", score="4", comment="很快").status_code == 302
    asked.refresh_from_db()
    assert (asked.solved, asked.score, asked.rating, asked.comment) == (True, 4, 4, "很快")
    assert asked.answered_at == first.answered_at <= asked.changed_at
    assert versions(asked) == [(1, "yes", None, ""), (2, "yes", 4, "很快")]
    assert complaint_of(asked).status == Status.CLOSED


def test_the_same_form_twice_is_one_answer(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    page = {"solved": "yes", "score": "5", "seen": 1}
    assert [reader.post(link(asked), page).status_code for _press in range(2)] == [302, 409]
    assert len(versions(asked)) == 2
    assert reader.post(link(asked), page | {"seen": 2}).status_code == 302
    assert len(versions(asked)) == 2


def test_from_solved_to_not_solved_takes_it_up_again(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    assert complaint_of(asked).status == Status.CLOSED
    say(reader, asked, solved="no", comment="晚上又停电")
    complaint = complaint_of(asked)
    assert (complaint.status, complaint.reopened_count) == (Status.INVESTIGATING, 1)
    assert [event.move for event in complaint.events.order_by("number")][-2:] == ["change_feedback", "reopen"]
    assert open_follow_ups(asked) == [FollowUpReason.NOT_SOLVED]
    told = complaint.notices.filter(event__move="reopen", is_to_customer=False)
    assert {notice.code for notice in told} == {"reopened_staff"}


def test_from_not_solved_to_solved_is_noted_and_does_not_undo_the_reopening(reader, asked):
    reader.post(link(asked), {"solved": "no"})
    say(reader, asked, solved="yes", comment="刚才来电了")
    complaint = complaint_of(asked)
    assert (complaint.status, complaint.reopened_count) == (Status.INVESTIGATING, 1)
    assert open_follow_ups(asked) == [FollowUpReason.CHANGED]
    assert Notice.objects.filter(complaint=complaint, code="feedback_look", is_to_customer=False).exists()
    assert "a supervisor sees your answer" in text_of(reader.get(link(asked)))
    say(reader, asked, solved="no")
    complaint = complaint_of(asked)
    assert (complaint.reopened_count, open_follow_ups(asked)) == (1, [FollowUpReason.NOT_SOLVED])
    assert [row[1] for row in versions(asked)] == ["no", "yes", "no"]


def test_the_lowest_score_takes_it_up_again_whatever_else_was_said(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    say(reader, asked, solved="yes", score="1")
    complaint = complaint_of(asked)
    assert complaint.status == Status.INVESTIGATING
    assert complaint.events.get(move="reopen").details["reason"] == "The customer gave the lowest score."
    assert open_follow_ups(asked) == [FollowUpReason.LOWEST]


def test_partly_solved_waits_for_a_supervisor_who_is_told(reader, asked):
    reader.post(link(asked), {"solved": "partly", "comment": "电压还是低"})
    asked.refresh_from_db()
    assert (asked.solved, asked.verdict) == (False, "partly")
    complaint = complaint_of(asked)
    assert complaint.status == Status.RESOLVED
    assert open_follow_ups(asked) == [FollowUpReason.PARTLY]
    notices = Notice.objects.filter(complaint=complaint, code="feedback_look")
    assert notices
    assert all("电压还是低" in notice.body for notice in notices)
    late = MONDAY + timedelta(days=60)
    assert not feedback.unanswered(Complaint.objects.all(), at=late).exists()
    workflow.perform("close", complaint, by=an_actor(Role.SUPERVISOR), note="已约定下周更换变压器")
    assert open_follow_ups(asked) == []


def test_partly_can_become_solved_and_then_it_is_closed(reader, asked):
    reader.post(link(asked), {"solved": "partly"})
    say(reader, asked, solved="yes")
    assert (complaint_of(asked).status, open_follow_ups(asked)) == (Status.CLOSED, [])


def test_after_its_hours_an_answer_stands(reader, asked, monday_morning):
    reader.post(link(asked), {"solved": "yes"})
    edge = Feedback.objects.get(pk=asked.pk).answered_at + DeskSettings.current().change_hours * HOUR
    monday_morning.move_to(edge - timedelta(minutes=1))
    assert say(reader, asked, solved="yes", score="5").status_code == 302
    monday_morning.move_to(edge + timedelta(seconds=1))
    before = everything_about(complaint_of(asked)), versions(asked)
    page = say(reader, asked, solved="no")
    assert page.status_code == 200
    assert "You may change" not in text_of(page)
    assert (everything_about(complaint_of(asked)), versions(asked)) == before
    with pytest.raises(MoveRefused, match="time for it is over"):
        workflow.perform("change_feedback", complaint_of(asked), by=THE_CUSTOMER, round=1, solved=False)
    assert (everything_about(complaint_of(asked)), versions(asked)) == before


def test_the_hours_are_a_setting(reader, asked, monday_morning):
    DeskSettings.objects.update(change_hours=1)
    reader.post(link(asked), {"solved": "yes"})
    monday_morning.shift(2 * HOUR)
    say(reader, asked, solved="no")
    assert complaint_of(asked).status == Status.CLOSED


def test_an_answer_to_an_older_resolution_is_not_changed_once_we_answered_anew(reader, asked):
    reader.post(link(asked), {"solved": "no"})
    complaint = complaint_of(asked)
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **details_for("resolve", complaint))
    before = everything_about(complaint)
    say(reader, asked, solved="yes")
    assert everything_about(complaint_of(asked)) == before
    assert open_follow_ups(asked) == []  # answered anew: nobody has to look at the old answer any more


def test_staff_do_not_change_what_a_customer_said_by_the_link(reader, asked):
    reader.post(link(asked), {"solved": "yes", "score": "2"})
    before = everything_about(complaint_of(asked)), versions(asked)
    with pytest.raises(MoveRefused, match="only they change it"):
        workflow.perform(
            "change_feedback", complaint_of(asked), by=an_actor(Role.SUPERVISOR), round=1, solved=True, score=5
        )
    assert (everything_about(complaint_of(asked)), versions(asked)) == before


def test_another_device_that_looked_earlier_does_not_overwrite(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    say(reader, asked, solved="yes", score="5")
    page = reader.post(link(asked), {"seen": 1, "solved": "no"})
    assert page.status_code == 409
    assert "changed meanwhile" in text_of(page)
    assert complaint_of(asked).status == Status.CLOSED


def test_opening_heading_and_prefetching_record_nothing(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    before = everything_about(complaint_of(asked)), versions(asked)
    for headers in ({}, {"Sec-Purpose": "prefetch"}, {"Purpose": "prefetch"}, {"User-Agent": "MailScanner"}):
        assert reader.get(link(asked), {"solved": "no", "seen": "1"}, headers=headers).status_code == 200
        assert reader.head(link(asked), headers=headers).status_code == 200
    assert (everything_about(complaint_of(asked)), versions(asked)) == before


def test_a_link_whose_time_is_over_says_what_happens_now(reader, asked, monday_morning):
    monday_morning.move_to(MONDAY + timedelta(days=30))
    assert feedback.close_unanswered(complaint_of(asked), at=MONDAY + timedelta(days=30))
    said = text_of(reader.get(link(asked)))
    assert "The time for this answer is over" in said
    assert "ask=reopen" in reader.get(link(asked)).content.decode()


def test_the_page_asks_in_the_words_in_force_and_the_answer_remembers_which(reader, asked):
    reader.post(link(asked), {"solved": "yes"})
    asked.refresh_from_db()
    assert asked.questions == QuestionSet.objects.order_by("-number").first()
    assert asked.language.startswith("en")
    assert "How content are you with the result?" in text_of(reader.get(link(asked)))


def test_versions_are_never_rewritten(asked, reader):
    reader.post(link(asked), {"solved": "yes"})
    for sql in ("UPDATE complaints_feedbackversion SET rating = 5", "DELETE FROM complaints_feedbackversion"):
        refused = pytest.raises(DatabaseError, match="never changed or deleted")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


BROKEN = {
    "feedback_verdict_fits": {"verdict": "partly", "solved": True},
    "feedback_scores_are_of_five": {"scale": "three", "score": 2},
    "feedback_rating_is_on_its_scale": {"scale": "three", "score": None, "rating": 4},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_answer(reader, asked, name):
    reader.post(link(asked), {"solved": "yes"})
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        Feedback.objects.filter(pk=asked.pk).update(**BROKEN[name])


def test_a_follow_up_is_raised_once(reader, asked):
    reader.post(link(asked), {"solved": "no"})
    row = FollowUp.objects.get()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError, match='"follow_up_is_raised_once"'), transaction.atomic():
        row.save(force_insert=True)


@pytest.mark.django_db(transaction=True)
def test_two_devices_at_once_give_one_answer_and_one_reopening(profile):
    with time_machine.travel(MONDAY, tick=True):
        asked = bring(a_complaint(), Status.RESOLVED).feedback.get()

        def tap(number):
            try:
                workflow.perform("feedback", complaint_of(asked), by=THE_CUSTOMER, solved=False, comment=str(number))
            except MoveRefused:
                return False
            return True

        assert sum(at_once(tap, 4)) == 1
    complaint = complaint_of(asked)
    assert (complaint.reopened_count, FeedbackVersion.objects.count(), FollowUp.objects.count()) == (1, 1, 1)
    assert complaint.notices.filter(code="reopened").count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_races_with_closing_is_taken_or_the_closing_stands_never_both(profile):
    at = MONDAY + timedelta(days=30)
    asked = bring(a_complaint(), Status.RESOLVED).feedback.get()

    def act(number):
        complaint = complaint_of(asked)
        try:
            if number % 2:
                workflow.perform("close", complaint, by=THE_CLOCK, at=at)
                return "closed"
            workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=at, solved=True, score=5)
        except MoveRefused:
            return "refused"
        return "answered"

    done = at_once(act, 4)
    assert sorted(done).count("refused") == 3
    asked.refresh_from_db()
    complaint = complaint_of(asked)
    assert complaint.status == Status.CLOSED
    assert (asked.answered_at is not None) == ("answered" in done)
    assert complaint.notices.filter(code="closed_no_answer").exists() == ("closed" in done)


def test_a_call_back_keeps_the_question_open_for_its_days_and_no_longer(asked):
    complaint = complaint_of(asked)
    CallBack.objects.create(
        feedback=asked,
        branch=complaint.branch,
        reason="all",
        phone="1",
        language="en",
        next_try_at=MONDAY,
        created_at=MONDAY,
    )
    rows = Complaint.objects.all()
    days = DeskSettings.current().call_back_days
    assert not feedback.unanswered(rows, at=MONDAY + timedelta(days=days)).exists()
    assert feedback.unanswered(rows, at=MONDAY + timedelta(days=days, seconds=1)).exists()


def test_nobody_is_closed_a_moment_before_their_time(asked):
    complaint = complaint_of(asked)
    edge = complaint.resolved_at + timedelta(days=DeskSettings.current().answer_days)
    assert not feedback.unanswered(Complaint.objects.all(), at=edge).exists()
    assert feedback.unanswered(Complaint.objects.all(), at=edge + timedelta(microseconds=1)).exists()
