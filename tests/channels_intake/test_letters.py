"""Paper in and paper out: scans that are shown and refused, formal replies, letters and their way to the post."""

import io
import zipfile
from datetime import timedelta

import pypdfium2
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from complaints import workflow
from complaints.models import Complaint, FileKind, Letter, LetterText, Posting
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Role
from tests.channels_intake.test_desk_forms import filled
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
    assert b"/FontFile2" in sheet.content  # not every reader and printer has a Chinese font
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


# scans


def upload(data, name="brief.pdf"):
    return SimpleUploadedFile(name, data)


def a_pdf(pages=2, size=(595, 842)):
    document = pypdfium2.PdfDocument.new()
    for _number in range(pages):
        document.new_page(*size)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def a_fax(pages=3):
    out = io.BytesIO()
    sheets = [Image.new("1", (200, 300), number % 2) for number in range(pages)]
    sheets[0].save(out, "TIFF", save_all=True, append_images=sheets[1:])
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "pages"),
    [(a_pdf, "brief.pdf", 2), (a_fax, "fax.tif", 3), (a_picture, "foto.jpg", 1)],
)
def test_a_scan_is_shown_page_by_page_beside_the_form_and_kept_with_the_letter(client, liaison, data, name, pages):
    looked = client.post(
        "/desk/new/letter/", {"look_scan": "1", "story": "信里写的", "scan_file": upload(data(), name)}
    )
    assert looked.status_code == 200
    assert "信里写的" in page(looked)
    assert "Write down what happened." not in page(looked), "nothing else is judged yet"
    scan = looked.context["scan"]
    assert scan.page_count == pages
    for number in range(1, pages + 1):
        picture = client.get(f"/desk/scans/{scan.uuid}/{number}.jpg")
        assert picture["Content-Type"] == "image/jpeg"
        assert Image.open(io.BytesIO(picture.content)).format == "JPEG"
    assert client.get(f"/desk/scans/{scan.uuid}/{pages + 1}.jpg").status_code == 404
    client.post("/desk/new/letter/", filled("letter", scan=str(scan.uuid)))
    kept = Complaint.objects.get().attachments.get()
    assert (kept.kind, kept.sha256) == (FileKind.SCAN, scan.sha256)
    client.force_login(a_user(Role.LIAISON))
    assert client.get(f"/desk/scans/{scan.uuid}/1.jpg").status_code == 404


def test_the_scan_stays_when_the_rest_is_refused(client, liaison):
    refused = client.post("/desk/new/letter/", filled("letter", story="", scan_file=upload(a_pdf())))
    assert refused.status_code == 422
    scan = refused.context["scan"]
    assert f'value="{scan.uuid}"' in page(refused)
    assert "Choose the files again" not in page(refused)
    client.post("/desk/new/letter/", filled("letter", scan=str(scan.uuid)))
    assert Complaint.objects.get().attachments.get().sha256 == scan.sha256


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (lambda: b"%PDF-1.7\nbroken\n%%EOF", "damaged or locked"),
        (lambda: b"%PDF-1.7\ncut", "ends too early"),
        (lambda: a_pdf(21), "has 21 pages; at most 20 are taken"),
        (lambda: a_pdf(1, (20000, 20000)), "larger than any paper"),
        (lambda: a_pdf() + a_zip(), "a PDF and something else at once"),
        (lambda: b"MZ\x90\x00" * 10, "neither a photo"),
        (lambda: a_fax()[:60], "cannot be read as a picture"),
        (lambda: b"%PDF-1.7" + b"0" * 13_000_000, "larger than 12 MB"),
    ],
)  # fmt: skip
def test_a_scan_that_cannot_be_taken_says_why_and_the_rest_stays(client, liaison, data, sentence):
    refused = client.post("/desk/new/letter/", filled("letter", scan_file=upload(data())))
    assert refused.status_code == 422
    assert sentence in page(refused)
    assert "报装三个月没有回音。" in page(refused)
    assert not Complaint.objects.exists()


def a_zip():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("a.txt", "x")
    return out.getvalue()


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({"letter_on": 1}, "A letter cannot be dated after it reached us."),
        ({"received_at": 3}, "This is in the future."),
        ({"received_at": 3, "letter_on": 2}, "This is in the future."),
        ({"letter_on": -2000}, "more than three years ago"),
    ],
)
def test_dates_that_cannot_be_are_told(client, liaison, days, sentence):
    when = {name: timezone.localtime() + timedelta(days=number) for name, number in days.items()}
    typed = {name: f"{at:%Y-%m-%d}" if name == "letter_on" else f"{at:%Y-%m-%dT%H:%M}" for name, at in when.items()}
    refused = client.post("/desk/new/letter/", filled("letter", **typed))
    assert refused.status_code == 422
    assert sentence in page(refused)
    assert not Complaint.objects.exists()


# letters


def letter_said(**changes):
    return {
        "language": "zh-hans", "to": "李四", "address": "滨河市和平路 3 号", "subject": "答复",
        "body": "李四：\n\n您好！已换表。", "dated_on": "2026-03-05", **changes,
    }  # fmt: skip


def a_letter(client, **fields):
    complaint = a_complaint(channel="letter", source="post", contact_address="滨河市和平路 3 号", **fields)
    client.post(f"/complaints/{complaint.reference}/letter/", letter_said())
    return Letter.objects.get(complaint=complaint)


def test_a_letter_begins_with_the_text_and_becomes_a_sheet_with_the_address(client, liaison):
    complaint = bring(a_complaint(channel="letter", source="post", contact_address="和平路 3 号"), Status.RESOLVED)
    url = f"/complaints/{complaint.reference}/letter/"
    for language, words in (("zh-hans", "您好！您于2026年3月2日反映"), ("en", "Dear 李四,")):
        shown = page(client.get(f"{url}?language={language}"))
        assert words in shown
        assert complaint.resolution in shown
    sheet = client.post(url, letter_said(look="1")).content
    for words in ("滨河市和平路 3 号", complaint.reference, "2026年3月5日", "已换表"):
        assert words.replace(" ", "") in text_of(sheet).replace(" ", "")
    assert not Letter.objects.exists()
    client.post(url, letter_said())
    client.post(url, letter_said())
    letter = Letter.objects.get()
    assert (letter.attachment.kind, letter.to, letter.made_by) == (FileKind.LETTER, "李四", liaison)


def test_a_letter_without_our_answer_or_address_is_refused_and_keeps_what_was_typed(client, liaison):
    complaint = a_complaint(channel="letter", source="post")
    refused = client.post(f"/complaints/{complaint.reference}/letter/", letter_said(body="答复：…", address=""))
    assert refused.status_code == 422
    assert "write our answer in its place" in page(refused)
    assert "Write where the letter goes." in page(refused)
    assert "答复：…" in page(refused)
    assert not Letter.objects.exists()


def test_the_list_prints_what_is_chosen_and_notes_what_was_posted(client, liaison):
    first, second = a_letter(client), a_letter(client)
    listed = page(client.get("/desk/letters/"))
    assert first.complaint.reference in listed
    printed = client.post("/desk/letters/chosen/", {"letter": [first.pk, second.pk], "print": "1"})
    assert len(pypdfium2.PdfDocument(printed.content)) == 2
    assert not Posting.objects.exists()
    for _twice in range(2):
        client.post("/desk/letters/chosen/", {"letter": [first.pk], "post": "1"})
    posting = Posting.objects.get()
    assert (posting.letter, posting.posted_by) == (first, liaison)
    assert list(Letter.objects.unposted()) == [second]


def test_posting_is_taken_back_the_same_day_and_stands_the_next(client, liaison):
    letter = a_letter(client)
    client.post("/desk/letters/chosen/", {"letter": [letter.pk], "post": "1"})
    posting = Posting.objects.get()
    Posting.objects.update(posted_at=timezone.now() - timedelta(days=1))
    assert client.post(f"/desk/letters/posted/{posting.pk}/undo/").status_code == 409
    assert not Letter.objects.unposted().exists()
    Posting.objects.update(posted_at=timezone.now())
    client.post(f"/desk/letters/posted/{posting.pk}/undo/")
    posting.refresh_from_db()
    assert posting.undone_by == liaison
    assert Letter.objects.unposted().get() == letter
    assert "taken back by" in page(client.get("/desk/letters/")), "it stays in the log"
    client.post("/desk/letters/chosen/", {"letter": [letter.pk], "post": "1"})
    assert Posting.objects.count() == 2


def test_letters_of_another_branch_are_neither_seen_nor_posted(client, liaison):
    letter = a_letter(client)
    client.force_login(a_user(Role.LIAISON, branch=a_branch("county", parent=a_branch())))
    assert letter.complaint.reference not in page(client.get("/desk/letters/"))
    assert client.post("/desk/letters/chosen/", {"letter": [letter.pk], "print": "1"}).status_code == 404
    client.post("/desk/letters/chosen/", {"letter": [letter.pk], "post": "1"})
    assert not Posting.objects.exists()


def test_a_supervisor_changes_the_text_and_a_broken_one_is_refused(client, liaison):
    assert client.get("/desk/letters/text/en/").status_code == 403
    client.force_login(a_user(Role.SUPERVISOR))
    refused = client.post("/desk/letters/text/en/", {"subject": "Hello", "body": "Dear {nobody}"})
    assert refused.status_code == 422
    assert "Only these may stand in braces" in page(refused)
    assert not LetterText.objects.exists()
    client.post("/desk/letters/text/en/", {"subject": "Hello {name}", "body": "Greetings, {name}."})
    complaint = a_complaint(channel="letter", source="post")
    assert "Greetings, 李四." in page(client.get(f"/complaints/{complaint.reference}/letter/?language=en"))


def test_the_list_costs_the_same_queries_for_few_letters_and_many(client, liaison, django_assert_max_num_queries):
    for _number in range(6):
        a_letter(client)
    with django_assert_max_num_queries(18):
        client.get("/desk/letters/")
