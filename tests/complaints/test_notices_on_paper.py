"""Who prefers letters, or can be reached in no other way, gets what matters on paper: printed, posted, and taken back."""

from datetime import timedelta

import pypdfium2
import pytest
from django.utils import timezone

from complaints import letters, outbox, workflow
from complaints.models import Complaint, Medium, Notice, NoticeState, Posting
from complaints.states import Status
from complaints.tasks import send_notices
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account, an_actor, an_answer

pytestmark = pytest.mark.usefixtures("profile")
ADDRESS = "滨河市和平路 3 号"


def on_paper(**fields) -> Complaint:
    fields = {"channel": "letter", "source": "post", "contact_phone": "", "contact_address": ADDRESS, **fields}
    return a_complaint(**fields)


@pytest.fixture
def liaison(client):
    client.cookies["language"] = "en"
    user = a_user(Role.LIAISON)
    client.force_login(user)
    return user


def text_of(pdf: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in pypdfium2.PdfDocument(pdf)).replace(" ", "")


@pytest.mark.parametrize(
    ("fields", "medium"),
    [
        ({}, Medium.LETTER),
        ({"contact_phone": "0315-2021234"}, Medium.LETTER),
        ({"contact_phone": "13800001234"}, Medium.SMS),
        ({"contact_phone": "13800001234", "contact_method": "letter"}, Medium.LETTER),
        ({"contact_email": "li@example.org", "contact_method": "letter"}, Medium.LETTER),
        ({"contact_phone": "13800001234", "contact_method": "letter", "contact_address": ""}, Medium.SMS),
    ],
)
def test_paper_is_for_those_who_prefer_it_or_have_nothing_else(fields, medium):
    assert on_paper(**fields).notices.get().medium == medium


def test_the_address_of_the_customer_will_do_and_do_not_contact_is_respected():
    for do_not_contact in (False, True):
        account = an_account(address=ADDRESS, do_not_contact=do_not_contact)
        complaint = on_paper(customer=account.customer, account=account, contact_address="")
        assert list(complaint.notices.values_list("medium", "address")) == [("letter", ADDRESS)] * (not do_not_contact)


def test_each_occasion_that_matters_becomes_a_letter_and_no_machine_sends_it():
    complaint = bring(on_paper(), Status.INVESTIGATING)
    supervisor = an_actor(Role.SUPERVISOR)
    at = MONDAY + timedelta(hours=1)
    workflow.perform("contact", complaint, by=supervisor, at=at, reached=True, method="visit")
    workflow.perform("ask", complaint, by=supervisor, at=at, message="请寄来照片。")
    workflow.perform("resume", complaint, by=supervisor, at=at)
    workflow.perform("resolve", complaint, by=supervisor, at=at, **an_answer())
    workflow.perform("reopen", complaint, by=supervisor, at=at, reason="又停电了")
    workflow.perform("reject", complaint, by=supervisor, at=at, reason="重复")
    sheets = complaint.notices.filter(is_to_customer=True)
    assert set(sheets.values_list("medium", flat=True)) == {Medium.LETTER}
    codes = ["acknowledged", "asked", "resolved_feedback", "reopened", "rejected"]
    assert list(sheets.order_by("pk").values_list("code", flat=True)) == codes
    send_notices()
    assert not any(outbox.send(sheet, now=timezone.now()) for sheet in sheets)
    assert set(sheets.values_list("state", flat=True)) == {NoticeState.QUEUED}


def test_a_letter_in_the_list_is_not_yet_an_acknowledgement_and_posting_it_is(client, liaison):
    complaint = on_paper(at=timezone.now())
    notice = complaint.notices.get()
    assert complaint.clocks.filter(kind="acknowledge", state="running").exists()
    client.post("/desk/letters/chosen/", {"notice": notice.pk, "post": "1"})
    assert complaint.events.get(move="acknowledge").user == liaison
    assert not complaint.clocks.filter(kind="acknowledge", state="running").exists()


def test_it_is_printed_with_the_address_and_posted_once_and_taken_back(client, liaison):
    complaint, other = on_paper(), on_paper()
    notice = complaint.notices.get()
    page = client.get("/desk/letters/").content.decode()
    assert complaint.reference in page
    assert ADDRESS in page
    printed = client.post("/desk/letters/chosen/", {"notice": [notice.pk, other.notices.get().pk], "print": "1"})
    assert len(pypdfium2.PdfDocument(printed.content)) == 2
    for words in (ADDRESS, complaint.reference):
        assert words.replace(" ", "") in text_of(printed.content)
    assert not Posting.objects.exists()
    for _twice in range(2):
        client.post("/desk/letters/chosen/", {"notice": notice.pk, "post": "1"})
    posting = Posting.objects.get()
    notice.refresh_from_db()
    assert (posting.notice, posting.posted_by, notice.state) == (notice, liaison, NoticeState.SENT)
    client.post(f"/desk/letters/posted/{posting.pk}/undo/")
    notice.refresh_from_db()
    assert (notice.state, notice.sent_at) == (NoticeState.QUEUED, None)
    assert "taken back by" in client.get("/desk/letters/").content.decode()
    client.post("/desk/letters/chosen/", {"notice": notice.pk, "post": "1"})
    assert Posting.objects.count() == 2


def test_letters_of_another_branch_are_neither_seen_nor_printed_nor_posted(client, liaison):
    notice = on_paper().notices.get()
    client.force_login(a_user(Role.LIAISON, branch=a_branch("county", parent=a_branch())))
    assert notice.complaint.reference not in client.get("/desk/letters/").content.decode()
    assert client.post("/desk/letters/chosen/", {"notice": notice.pk, "print": "1"}).status_code == 404
    client.post("/desk/letters/chosen/", {"notice": notice.pk, "post": "1"})
    assert not Posting.objects.exists()


def test_an_answer_written_by_hand_takes_the_place_of_the_other(client, liaison):
    complaint = bring(on_paper(), Status.RESOLVED)
    said = {"language": "zh-hans", "to": "李四", "address": ADDRESS, "subject": "答复", "body": "您好！已换表。"}
    client.post(f"/complaints/{complaint.reference}/letter/", said | {"dated_on": "2026-03-05"})
    assert complaint.letters.count() == 1
    states = dict(complaint.notices.filter(medium="letter").values_list("code", "state"))
    assert states == {"acknowledged": NoticeState.QUEUED, "resolved_feedback": NoticeState.OVERTAKEN}


def test_one_that_shall_not_be_posted_is_given_up(client):
    client.force_login(a_user(Role.SUPERVISOR))
    notice = on_paper(at=timezone.now()).notices.get()
    assert client.post(f"/desk/notices/{notice.pk}/give-up/", {"reason": "已当面告知"}).status_code == 302
    assert not Notice.objects.unposted().exists()


@pytest.mark.django_db(transaction=True)
def test_posted_by_ten_at_once_it_is_noted_once():
    notice, user = on_paper(at=timezone.now()).notices.get(), a_user(Role.LIAISON)
    assert sum(at_once(lambda _number: letters.post([], notices=[notice.pk], by=user))) == 1
    assert Posting.objects.count() == 1
