"""Paper in and paper out: scans that are shown and refused, formal replies, letters and their way to the post."""

import io
from datetime import timedelta

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from complaints import workflow
from complaints.models import FileKind
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_actor

pytestmark = pytest.mark.django_db


@pytest.fixture
def liaison(client, profile):
    a_branch()
    a_team("dispatch")
    user = a_user(Role.LIAISON)
    client.force_login(user)
    client.cookies["language"] = "en"
    return user


def page(response):
    return response.content.decode()


def text_of(data):
    """All that a PDF says, page by page."""
    return "\n".join(one.get_textpage().get_text_bounded() for one in pypdfium2.PdfDocument(data))


def a_regulators(**fields):
    fields = {"channel": "regulator", "source": "12398", "source_reference": "NEA-77", **fields}
    return a_complaint(**fields)


def said(**changes):
    return {
        "language": "zh-hans", "findings": "台区配变过载。", "measures": "已更换为 400 kVA 配变。",
        "signatory": "客户服务中心", "dated_on": "2026-03-05", **changes,
    }  # fmt: skip


# the formal reply


@pytest.mark.parametrize(("language", "words"), [("zh-hans", "2026年3月5日"), ("en", "5 March 2026")])
def test_the_formal_reply_says_what_the_case_knows_in_the_language_chosen(client, liaison, language, words):
    complaint = a_regulators()
    sheet = client.post(f"/complaints/{complaint.reference}/reply/", said(language=language, look="1"))
    assert sheet["Content-Type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF-")
    found = text_of(sheet.content)
    for expected in ("NEA-77", complaint.reference, words, "台区配变过载"):
        assert expected in found
    assert not complaint.attachments.exists()


def test_a_regulators_complaint_is_not_closed_before_the_reply_is_attached(client, liaison):
    complaint = bring(a_regulators(), Status.RESOLVED)
    events = complaint.events.count()
    with pytest.raises(MoveRefused, match="no formal reply yet"):
        workflow.perform("close", complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY + timedelta(hours=1))
    complaint.refresh_from_db()
    assert (complaint.status, complaint.events.count()) == (Status.RESOLVED, events)
    assert client.post(f"/complaints/{complaint.reference}/reply/", said()).status_code == 302
    file = complaint.attachments.get()
    assert (file.kind, file.content_type, file.added_by) == (FileKind.REPLY, "application/pdf", liaison)
    workflow.perform("close", complaint, by=an_actor(Role.SUPERVISOR))
    assert complaint.status == Status.CLOSED


def test_the_customers_answer_is_taken_though_the_reply_is_missing_and_attaching_it_closes(client, liaison):
    complaint = bring(a_regulators(), Status.RESOLVED)
    workflow.perform("feedback", complaint, by=an_actor("customer"), solved=True, score=5)
    assert complaint.status == Status.RESOLVED
    client.post(f"/complaints/{complaint.reference}/reply/", said())
    complaint.refresh_from_db()
    assert complaint.status == Status.CLOSED


def test_after_reopening_a_new_reply_is_owed(client, liaison):
    complaint = bring(a_regulators(), Status.RESOLVED)
    client.post(f"/complaints/{complaint.reference}/reply/", said())
    workflow.perform("reopen", complaint, by=an_actor(Role.SUPERVISOR), reason="又停电了")
    assert complaint.owes_reply
    assert complaint.reference in page(client.get("/desk/?view=replies"))
    client.post(f"/complaints/{complaint.reference}/reply/", said(findings="又查了一次。"))
    assert not complaint.owes_reply
    assert complaint.reference not in page(client.get("/desk/?view=replies"))


def test_a_reply_signed_on_paper_may_be_attached_and_a_broken_one_not(client, liaison):
    complaint = a_regulators()
    url = f"/complaints/{complaint.reference}/reply/"
    refused = client.post(url, {"sealed": "1", "file": SimpleUploadedFile("r.pdf", b"MZ not a paper")})
    assert refused.status_code == 422
    assert "neither a photo" in page(refused)
    assert not complaint.attachments.exists()
    client.post(url, {"sealed": "1", "file": SimpleUploadedFile("r.png", a_picture("PNG"))})
    assert complaint.attachments.get().kind == FileKind.REPLY


def test_what_was_typed_stays_and_only_who_answers_for_the_company_writes(client, liaison):
    complaint = a_regulators()
    url = f"/complaints/{complaint.reference}/reply/"
    refused = client.post(url, said(findings=""))
    assert refused.status_code == 422
    assert "Write what the investigation found." in page(refused)
    assert "已更换为 400 kVA 配变。" in page(refused)
    assert client.get(f"/complaints/{a_complaint().reference}/reply/").status_code == 404
    client.force_login(a_user(Role.AGENT))
    assert client.post(url, said()).status_code == 403
    assert not complaint.attachments.exists()


def a_picture(kind="JPEG", size=(60, 80)):
    out = io.BytesIO()
    Image.new("RGB", size, "teal").save(out, kind)
    return out.getvalue()
