"""The customer's own page, reached by a secret link: what it tells, what it never tells, and what can be done there."""

from datetime import timedelta

import pytest
from django.urls import reverse

from complaints import workflow
from complaints.models import Complaint
from complaints.states import Status
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.complaints.views.pages import a_photo, text_of
from tests.factories import MONDAY, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


def track(complaint: Complaint) -> str:
    return reverse("complaints:track", args=[complaint.token])


def act(reader, name: str, complaint: Complaint, **typed):
    return reader.post(reverse("complaints:track-move", args=[complaint.token, name]), typed)


def refreshed(complaint: Complaint) -> Complaint:
    return Complaint.objects.get(pk=complaint.pk)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("status", Status)
def test_the_page_tells_the_story_in_every_status(reader, status, language):
    complaint = bring(a_complaint(), status)
    reader.cookies["language"] = language
    page = reader.get(track(complaint))
    assert page.status_code == 200
    assert complaint.reference in text_of(page)
    assert complaint.story in text_of(page)


def test_the_link_is_kept_from_caches_searches_and_other_sites(reader):
    headers = reader.get(track(a_complaint())).headers
    assert "noindex" in headers["X-Robots-Tag"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]


@pytest.mark.parametrize("name", ["complaints:track", "complaints:feedback"])
def test_an_unknown_link_is_kindly_not_found(reader, name):
    response = reader.get(reverse(name, args=["AAAAAAAAAAAAAAAAAAAAAA"]))
    assert response.status_code == 404
    assert "<h1" in text_of(response)


def test_the_customer_never_reads_names_notes_or_other_customers(reader):
    account = an_account(name="王五")
    complaint = bring(a_complaint(account=account, customer=account.customer), Status.INVESTIGATING)
    other = a_complaint(contact_name="赵六", story="别人的事情")
    clerk = a_user(Role.SUPERVISOR)
    for name, more in [
        ("note", {"note": "内部：客户难缠"}),
        ("escalate", {"reason": "内部原因"}),
        ("prioritise", {"priority": 2, "reason": "领导关注"}),
        ("message", {"message": "明天上门检查"}),
        ("merge", {"into": other}),
    ]:
        workflow.perform(name, complaint, by=Actor.staff(clerk), **more)
    page = text_of(reader.get(track(complaint)))
    assert "明天上门检查" in page
    for secret in ("内部", "领导关注", clerk.full_name, clerk.username, other.reference, "赵六", "别人的事情"):
        assert secret not in page
    for user in complaint.events.exclude(user=None).values_list("user__full_name", flat=True):
        assert user not in page


def test_a_late_promise_is_owned_up_to(reader, monday_morning):
    complaint = a_complaint()
    assert "We are late" not in text_of(reader.get(track(complaint)))
    monday_morning.move_to(MONDAY + timedelta(days=30))
    assert "We are late" in text_of(reader.get(track(complaint)))


def test_a_limit_of_our_own_that_was_missed_is_our_own_business(reader, monday_morning):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    monday_morning.move_to(MONDAY + timedelta(days=30))
    workflow.perform("urge", complaint, by=THE_CUSTOMER)
    assert complaint.events.filter(move="breach").count() > 1
    assert text_of(reader.get(track(complaint))).count("We did not keep the promised time") == 1


def test_writing_to_us_lands_on_the_complaint_with_its_photos(reader):
    complaint = bring(a_complaint(), Status.WAITING)
    response = act(reader, "supplement", complaint, message="照片在附件里", files=a_photo())
    assert (response.status_code, response.url) == (302, track(complaint))
    complaint = refreshed(complaint)
    assert complaint.status == Status.INVESTIGATING
    assert complaint.attachments.get().is_from_customer
    assert complaint.events.get(move="supplement").is_by_customer
    assert "照片在附件里" in text_of(reader.get(track(complaint)))


def test_an_empty_message_is_asked_for_again_and_nothing_is_kept(reader):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    before = everything_about(complaint)
    response = act(reader, "supplement", complaint, message=" ")
    assert response.status_code == 422
    assert "error-summary" in text_of(response)
    assert everything_about(refreshed(complaint)) == before


def test_what_is_not_a_photo_is_sent_back_with_the_words_kept(reader):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    before = everything_about(complaint)
    fake = a_photo("meter.png")
    fake.file.seek(0)
    fake.file.truncate()
    fake.file.write(b"#!/bin/sh\necho no\n")
    fake.file.seek(0)
    fake.size = 18
    response = act(reader, "supplement", complaint, message="请看照片", files=fake)
    assert response.status_code == 422
    assert "请看照片" in text_of(response)
    assert everything_about(refreshed(complaint)) == before


def test_urging_is_counted_and_moves_no_deadline(reader):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    due = list(complaint.clocks.order_by("pk").values_list("kind", "tier", "due_at"))
    assert act(reader, "urge", complaint).status_code == 302
    complaint = refreshed(complaint)
    assert complaint.urged_count == 1
    clocks = complaint.clocks.exclude(kind="call_back").order_by("pk")
    assert list(clocks.values_list("kind", "tier", "due_at")) == due
    assert complaint.clocks.get(kind="call_back").due_at == complaint.events.get(move="urge").at + timedelta(hours=2)


def test_withdrawing_is_asked_about_first(reader):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    first = text_of(reader.get(track(complaint)))
    withdrawal = reverse("complaints:track-move", args=[complaint.token, "withdraw"])
    assert f'action="{withdrawal}"' not in first
    asked = text_of(reader.get(track(complaint), {"ask": "withdraw"}))
    assert f'action="{withdrawal}"' in asked
    assert refreshed(complaint).status == Status.INVESTIGATING
    assert act(reader, "withdraw", complaint, reason="已经来电").status_code == 302
    complaint = refreshed(complaint)
    assert (complaint.status, complaint.outcome) == (Status.CLOSED, "withdrawn")


@pytest.mark.parametrize(
    ("name", "other", "status"),
    [("withdraw", "reopen", Status.INVESTIGATING), ("reopen", "withdraw", Status.CLOSED)],
)
def test_a_missing_reason_is_asked_for_where_it_is_missing(reader, name, other, status):
    complaint = bring(a_complaint(), status)
    before = everything_about(complaint)
    response = act(reader, name, complaint, reason="")
    assert response.status_code == 422
    page = text_of(response)
    assert f'action="{reverse("complaints:track-move", args=[complaint.token, name])}"' in page
    assert f'action="{reverse("complaints:track-move", args=[complaint.token, other])}"' not in page
    assert everything_about(refreshed(complaint)) == before


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_saying_that_it_is_not_solved_takes_it_up_again(reader, status):
    complaint = bring(a_complaint(), status)
    assert act(reader, "reopen", complaint, reason="晚上还是停电").status_code == 302
    complaint = refreshed(complaint)
    assert (complaint.status, complaint.reopened_count) == (Status.INVESTIGATING, 1)
    kinds = {step["title"]: step["kind"] for step in reader.get(track(complaint)).context["steps"]}
    assert kinds["We took it up again."] == "system"


def test_long_after_the_end_a_supervisor_decides(reader, monday_morning):
    complaint = bring(a_complaint(), Status.CLOSED)
    monday_morning.move_to(MONDAY + timedelta(days=60))
    assert act(reader, "reopen", complaint, reason="又停电了").status_code == 302
    complaint = refreshed(complaint)
    assert complaint.status == Status.CLOSED
    assert complaint.events.filter(move="request_reopening").exists()


@pytest.mark.parametrize("name", ["urge", "withdraw", "supplement"])
def test_a_closed_complaint_says_that_it_is_closed(reader, name):
    complaint = bring(a_complaint(), Status.CLOSED)
    before = everything_about(complaint)
    response = act(reader, name, complaint, reason="x", message="x")
    assert response.status_code == 409
    assert f"{complaint.reference} is “Closed”" in text_of(response)
    assert everything_about(refreshed(complaint)) == before


@pytest.mark.parametrize("name", ["dispatch", "approve", "close", "note", "nonsense"])
def test_a_customer_makes_none_of_our_moves(reader, name):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    before = everything_about(complaint)
    assert act(reader, name, complaint, note="x").status_code == 404
    assert everything_about(refreshed(complaint)) == before


def test_reading_the_page_changes_nothing(reader):
    complaint = bring(a_complaint(), Status.RESOLVED)
    before = everything_about(complaint)
    reader.get(track(complaint), {"ask": "reopen"})
    reader.head(track(complaint))
    assert reader.get(reverse("complaints:track-move", args=[complaint.token, "urge"])).status_code == 405
    assert everything_about(refreshed(complaint)) == before


def test_the_page_costs_the_same_after_a_long_story(reader, django_assert_max_num_queries):
    complaint = bring(a_complaint(), Status.INVESTIGATING)
    reader.get(track(complaint))
    with django_assert_max_num_queries(9) as few:
        reader.get(track(complaint))
    agent = Actor.staff(a_user(Role.AGENT))
    for number in range(20):
        workflow.perform("message", complaint, by=agent, message=f"{number}")
    workflow.perform("supplement", complaint, by=agent, **details_for("supplement", complaint))
    with django_assert_max_num_queries(9) as many:
        reader.get(track(complaint))
    assert len(few.captured_queries) == len(many.captured_queries)
