"""What was once right and went wrong on the way: whatever its bytes, it is taken or refused with a sentence, and nothing between.

`test_bad_input.py` has what somebody thought of; here machines cut, turn, repeat and mix.
"""

import io
import json
import time
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from channels_intake import mail, mail_reading
from channels_intake import open311 as open311_door
from channels_intake.models import InboundMail, InboundRecord, UnsentForm
from complaints import attachments, routing_cases, scans, tables
from complaints.investigation import voltage_log
from complaints.models import Attachment, Complaint, Notice
from complaints.refusals import BadInput
from complaints.states import Status
from customers.models import Customer, CustomerImport
from customers.tasks import carry_on_imports
from staff.actors import Role
from tests.channels_intake import test_messenger as messenger
from tests.channels_intake import test_open311 as open311
from tests.channels_intake import test_regulator_batch as batch
from tests.channels_intake.switch import TOKEN
from tests.channels_intake.test_letters import a_pdf
from tests.channels_intake.test_mail import picture, written
from tests.channels_intake.test_public_form import walk
from tests.complaints.investigation.test_voltage_page import evening_sag
from tests.complaints.test_moves import bring
from tests.complaints.views.test_calendars import a_year, as_json
from tests.factories import a_branch, a_complaint, a_team, a_user

EXAMPLES = 50
SECONDS = 5
"""Of processor time: no input of this size may take longer."""
often = partial(settings, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
PHASES = [Phase.explicit, Phase.generate]
NASTY = [
    b"\x00", b"\xff", b"\xff\xfe", b"\xed\xa0\x80", b"\x1b", b'"', b"<", b"]]>", b"&#xD800;", b"\\u0000", b"\\ud800", b"1e999", b"9" * 400, b"-", b"%00",
    b"=?utf-7?q?+2AA-?=", b"\r\n", b"\n\n", b"PK\x03\x04", b"%PDF-1.4", b"%%EOF", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"RIFF\xff\xff\xff\xffWEBP", b"<svg onload=x>",
    b"<html>", b"\x00\x00\x00\x18ftypheic", b"{", b"[" * 500, b",", b"\t", "０".encode(), "\u202e".encode(), b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59-14:00",
]  # fmt: skip


@st.composite
def mangled(draw, samples):
    """One of the samples with some of it cut, turned, repeated, left out, or replaced by something nasty or by another sample."""
    data = bytes(draw(st.sampled_from(samples)))
    for _time in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(1, 64))
        how = draw(st.sampled_from(["cut", "turn", "repeat", "leave out", "nasty", "replace", "other", "noise"]))
        if how == "cut":
            data = data[:at]
        elif how == "turn":
            data = data[:at] + bytes(255 - byte for byte in data[at : at + size]) + data[at + size :]
        elif how == "repeat":
            data = data[:at] + data[at : at + size] * 20 + data[at:]
        elif how == "leave out":
            data = data[:at] + data[at + size :]
        elif how == "nasty":
            data = data[:at] + draw(st.sampled_from(NASTY)) + data[at:]
        elif how == "replace":
            found = draw(st.sampled_from(NASTY))
            data = data[:at] + found + data[at + len(found) :]
        elif how == "other":
            data = data[:at] + bytes(draw(st.sampled_from(samples)))[at:]
        else:
            data = data[:at] + draw(st.binary(max_size=64)) + data[at:]
    return data


def holds(samples, take, *, examples=EXAMPLES):
    """`take` of whatever is made of the samples ends well or with a BadInput that says something, and soon."""

    @given(data=mangled([bytes(sample) for sample in samples]))
    @often(max_examples=examples, phases=PHASES)
    def always(data):
        begun = time.process_time()
        try:
            take(data)
        except (BadInput, mail_reading.Unreadable) as refused:
            assert str(refused)
        assert time.process_time() - begun < SECONDS

    always()


# readers, which need nothing beside the bytes


def drawn(kind, **more):
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "teal").save(out, kind, **more)
    return out.getvalue()


def with_position():
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (39.0, 37.0, 0.0)}
    exif[0x0112] = 6
    return drawn("JPEG", exif=exif)


FILES = [
    with_position(),
    drawn("PNG"),
    drawn("WEBP"),
    drawn("TIFF"),
    drawn("GIF"),
    a_pdf(),
    b"<html><script>alert(1)</script>",
]


def kept(prepare, data):
    """What is taken is a picture that was drawn anew, or a PDF and nothing else."""
    found = prepare(io.BytesIO(data), name="a/../photo\x00.jpg.exe")
    stored = found.file.read()
    assert found.size == len(stored) <= attachments.MAX_BYTES * 2
    assert found.content_type in ("image/jpeg", "image/png", "application/pdf")
    if found.is_image:
        with Image.open(io.BytesIO(stored)) as shown:
            assert not shown.getexif()
            assert max(shown.size) <= attachments.MAX_SIDE
    else:
        assert stored.startswith(b"%PDF-")
        assert b"<html" not in stored[:1024].lower()
    assert "/" not in found.name
    assert "\x00" not in found.name


@pytest.mark.parametrize("prepare", [attachments.prepare, scans.prepare], ids=["photo or paper", "scanned letter"])
def test_files(prepare):
    holds(FILES, partial(kept, prepare), examples=EXAMPLES * 6)


@pytest.mark.parametrize(
    "data",
    [
        drawn("GIF"), b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 200, b"only words, no picture\n" * 20, b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<!doctype html><script>alert(1)</script>", b"PK\x03\x04" + b"\x00" * 200, b"PK\x05\x06" + b"\x00" * 18, b"\x1f\x8b\x08" + b"\x00" * 50, b"BM" + b"\xff" * 60,
    ],
    ids=["gif", "heic", "txt", "svg", "html", "zip", "empty zip", "gzip", "bmp"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["photo.jpg", "letter.pdf"])
def test_another_kind_of_file_is_refused_whatever_it_is_called(data, name):
    with pytest.raises(BadInput, match=name):
        attachments.prepare(io.BytesIO(data), name=name)


@pytest.mark.parametrize("behind", [b"PK\x03\x04", b"<html><script>", b"%PDF-1.4\n%%EOF", b"<?php x", b"GIF89a"])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_hangs_on_a_picture_does_not_come_in(kind, behind):
    taken = attachments.prepare(io.BytesIO(drawn(kind) + behind * 50), name="x")
    assert behind not in taken.file.read()


def test_mails():
    samples = [
        bytes(written(files=[("a.png", picture())])), bytes(written(Subject="=?gb18030?b?zaO15w==?=")),
        b"From: a@b.example\r\nContent-Type: text/html; charset=gbk\r\n\r\n<p>\xcd\xa3\xb5\xe7</p>",
        b"From: a@b.example\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\nContent-Transfer-Encoding: base64\r\n\r\n5YGc55S1",
    ]  # fmt: skip
    holds(samples, mail_reading.read, examples=EXAMPLES * 6)


TABLES = [
    batch.as_csv(batch.row(1), batch.row(2)), batch.as_csv(batch.row(1), encoding="gbk"), batch.as_csv(batch.row(1), encoding="utf-16"), batch.as_xlsx(batch.row(1)),
]  # fmt: skip


def test_tables():
    holds(TABLES, tables.read, examples=EXAMPLES * 6)


def test_logs_of_meters():
    def take(data):
        lines = voltage_log.lines_of(data)
        columns = voltage_log.guess(lines)
        if columns is not None:
            voltage_log.read(lines, columns, 220)

    short = evening_sag(days=1)[:1500]
    comma = b"Date;Time;U1 (V);U2 (V);U3 (V)\n" + b"02.03.2026;00:10:00;221,5;230,1;219,9\n" * 30
    holds([short, comma, batch.as_xlsx(batch.row(1))], take, examples=EXAMPLES * 6)


# doors, in which something could be left half done

COUNTED = (Complaint, InboundRecord, Attachment, UnsentForm, InboundMail, CustomerImport, Customer, Notice)


def counts():
    return [model.objects.count() for model in COUNTED]


@pytest.fixture
def desk(profile, settings, client):
    settings.TELEPHONY_TOKEN, settings.MESSENGERS, settings.SMS_RECEIPT_TOKEN = TOKEN, messenger.TOKENS, TOKEN
    a_branch()
    a_team("dispatch")
    client.cookies["language"] = "en"
    client.raise_request_exception = True
    return client


def answers(samples, send, *, examples=EXAMPLES):
    """`send` gives an answer; whatever was sent it is no 5xx, and a refusal leaves everything as it was."""

    @given(data=mangled([bytes(sample) for sample in samples]))
    @often(max_examples=examples, phases=PHASES)
    def always(data):
        before, begun = counts(), time.process_time()
        with transaction.atomic():
            answer = send(data)
            assert answer.status_code < 500
            if answer.status_code >= 400:
                assert answer.content
                assert counts() == before
            transaction.set_rollback(True)
        assert time.process_time() - begun < SECONDS

    always()


BEARER = {"Authorization": f"Bearer {TOKEN}"}
FORM = "application/x-www-form-urlencoded"


def test_the_telephone_switch(desk):
    said = {"call_id": "c-1", "agent": a_user(Role.AGENT).username, "caller_number": "13800001234"}
    bodies = [json.dumps(said).encode(), b'{"call_id": 7, "caller_number": null}']
    answers(bodies, lambda data: desk.post("/api/hooks/telephony/", data, "application/json", headers=BEARER))
    form = b"call_id=c-1&agent=x&caller_number=13800001234"
    answers([form], lambda data: desk.post("/api/hooks/telephony/", data, FORM, headers=BEARER))


@pytest.mark.parametrize("provider", ["wechat", "weibo"])
def test_messengers(desk, provider):
    sample = messenger.MESSAGES[provider]()
    answers([sample], lambda data: desk.post(messenger.signed(provider), data, "application/octet-stream"))


@pytest.mark.parametrize("fmt", ["json", "xml"])
def test_open311(desk, fmt):
    key = open311_door.new_key("city")[1]
    said = "&".join(f"{name}={value}" for name, value in {**open311.SAID, "api_key": key}.items()).encode()
    answers([said], lambda data: desk.post(f"/open311/v2/requests.{fmt}", data, FORM))
    answers(
        [b"start_date=2026-01-01T00:00:00Z&status=open&page=1"],
        lambda data: desk.get(f"/open311/v2/requests.{fmt}?{data.decode('latin-1')}"),
    )


def test_receipts_of_the_sms_gateway(desk):
    notice = a_complaint(contact_phone="+8613800001234").notices.first()
    body = {"id": str(notice.uuid), "status": "DELIVRD", "reason": "x"}
    samples = [json.dumps(body).encode(), json.dumps([body, body]).encode()]
    answers(samples, lambda data: desk.post("/api/hooks/sms-receipts/", data, "application/json", headers=BEARER))


def test_a_mail_is_kept_whatever_it_says(desk):
    def take(data):
        with transaction.atomic():
            row = mail.take(data, at=timezone.now())
            assert row.outcome
            assert Complaint.objects.count() == (row.outcome == "registered")
            transaction.set_rollback(True)

    holds([bytes(written(files=[("a.png", picture())]))], take)


def test_the_regulators_file(desk):
    desk.force_login(a_user(Role.LIAISON))
    answers(TABLES, lambda data: batch.hand_in(desk, data))


def test_customers(desk):
    desk.force_login(a_user(Role.ADMINISTRATOR))
    sample = "客户编号,姓名,手机,户号,用电地址,表号,开户日期\nK1,欧阳,13812345678,51,路,M,2026-02-01\nK2,李四\n"

    def send(data):
        answer = desk.post("/customers/import/", {"file": SimpleUploadedFile("客户.csv", data)})
        if answer.status_code == 302:
            form = desk.get(answer.url).context["form"]
            said = {name: form[name].value() for name in form.fields if form[name].value() is not None}
            desk.post(answer.url, {**said, "into": a_branch().pk})
            carry_on_imports()
            assert desk.get(answer.url).status_code == 200
        return answer

    answers([sample.encode(), sample.encode("gb18030")], send)


def test_cases_for_the_routes(desk):
    desk.force_login(a_user(Role.SUPERVISOR))
    out = "\n".join(",".join(row) for row in routing_cases.sheet(a_branch())).encode()
    page = reverse("complaints:route-cases")
    answers([out, *TABLES[3:]], lambda data: desk.post(page, {"file": SimpleUploadedFile("cases.csv", data)}))


def test_the_arrangement_of_a_year(desk):
    desk.force_login(a_user(Role.SUPERVISOR))
    page = reverse("complaints:calendar-import", args=["cn-national"])
    ics = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20270101\r\nSUMMARY:x\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    answers(
        [as_json(a_year()), ics, TABLES[3]],
        lambda data: desk.post(page, {"year": 2027, "file": SimpleUploadedFile("2027.csv", data)}),
    )


def test_dates_of_last_inspections(desk):
    desk.force_login(a_user(Role.SUPERVISOR))
    sample = "类别,户号,上次检查\n用电检查,3100000001,2025-03-01\naccount,3100000001,2025-03-01\n"
    page = reverse("complaints:inspection-import")
    answers(
        [sample.encode(), sample.encode("gb18030"), TABLES[3]],
        lambda data: desk.post(page, {"file": SimpleUploadedFile("dates.csv", data)}),
    )


def test_the_log_of_a_meter(desk):
    complaint = bring(a_complaint("VOL-02"), Status.INVESTIGATING)
    desk.force_login(a_user(Role.INVESTIGATOR))
    page = reverse("complaints:investigation", args=[complaint.reference])

    def send(data):
        answer = desk.post(page, {"do": "upload", "log": SimpleUploadedFile("记录.csv", data)})
        if answer.status_code == 302:
            assert desk.get(answer.url).status_code == 200
        return answer

    answers([evening_sag(days=1)[:1500]], send)


def test_photos_of_the_public_form(desk):
    form_id = walk(desk, until="photos")
    page = f"/complain/{form_id}/photos/"
    answers(FILES, lambda data: desk.post(page, {"files": SimpleUploadedFile("x.jpg", data)}))


@example(text="\x00")
@example(text="\ud800".encode("utf-8", "surrogatepass").decode("latin-1"))
@given(text=st.text(max_size=200))
@often(max_examples=EXAMPLES, phases=PHASES)
@pytest.mark.parametrize(
    ("step", "names"),
    [("story", ["story", "place"]), ("who", ["contact_name", "contact_phone", "account_number", "contact_email"])],
)
def test_steps_of_the_public_form(desk, step, names, text):
    with transaction.atomic():
        form_id = walk(desk, until=step)
        answer = desk.post(
            f"/complain/{form_id}/{step}/", dict.fromkeys(names, text.encode("utf-8", "replace").decode())
        )
        assert answer.status_code in (200, 302, 400, 422)
        assert not Complaint.objects.exists()
        transaction.set_rollback(True)
