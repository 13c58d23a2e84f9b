"""Whatever is typed at whichever door: it is taken as the text it is, or refused beside what was typed; never half, never a crash."""

import io
import json
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from rest_framework.authtoken.models import Token

from channels_intake.forms import LONGEST_STORY
from channels_intake.models import InboundRecord
from complaints.models import Attachment, Complaint
from staff.actors import Role
from tests.api.test_complaints import SAID, URL
from tests.channels_intake.test_desk_forms import CHANNELS, filled
from tests.channels_intake.test_public_form import STORY, WHO
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db

HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>"
TAKEN = {
    "html": HTML,
    "a formula": '=HYPERLINK("http://x.example","y")',
    "a template": "{{ 7*7 }}{% debug %} {reference.__class__} %s %(x)s",
    "right to left": "停电\u202egnp.exe",
    "faces": "👨‍👩‍👧‍👦🔥停电",
    "seldom signs": "𠮷野家 龘 ㍿ ﷽",
    "5000 characters": "长" * LONGEST_STORY,
    "lines": "一\r\n\r\n二\n三",
}
REFUSED = {
    "nothing": "",
    "only spaces": " \t\u3000\u00a0 ",
    "nothing visible": "\u200b\u200e\ufeff",
    "a null character": "停电\x00了",
    "8001 characters": "长" * 8001,
    "unreadable bytes": "ͣ\ufffd\ufffd",
}
"""With what the story, which must be told, cannot be told."""


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


@pytest.fixture
def liaison(client):
    client.force_login(a_user(Role.LIAISON))
    client.cookies["language"] = "en"


@pytest.fixture
def boss():
    client = Client()
    client.force_login(a_user(Role.SUPERVISOR))
    return client


@pytest.fixture
def program():
    token = Token.objects.create(user=a_user(Role.AGENT))

    def send(body, **headers):
        given = {"Authorization": f"Token {token.key}", "Idempotency-Key": str(uuid4()), **headers}
        data = body if isinstance(body, bytes) else json.dumps(body)
        return Client().post(URL, data, content_type="application/json", headers=given)

    return send


def nothing_is_there():
    return not (Complaint.objects.exists() or InboundRecord.objects.exists() or Attachment.objects.exists())


def by_web(client, story):
    client.cookies["language"] = "en"
    form_id = uuid4()
    client.post("/complain/", {"form_id": form_id, "category": "OUT"})
    client.post(f"/complain/{form_id}/kind/", {"kind": "OUT-03"})
    told = client.post(f"/complain/{form_id}/story/", STORY | {"story": story})
    if told.status_code != 302:
        return told
    client.post(f"/complain/{form_id}/who/", WHO | {"contact_name": story[:100].split("\n")[0]})
    client.post(f"/complain/{form_id}/photos/", {})
    return client.post(f"/complain/{form_id}/check/")


def is_shown_as_text(complaint, boss):
    """On every page where somebody may meet it."""
    pages = [
        boss.get(complaint.get_absolute_url()),
        Client().get(f"/track/{complaint.token}/"),
        Client().get(f"/complain/received/{complaint.token}/"),
        boss.get("/desk/"),
        boss.get(f"/desk/registered/{complaint.reference}/receipt/a4/"),
    ]
    return all(page.status_code == 200 and HTML not in page.content.decode() for page in pages)


@pytest.mark.parametrize("name", TAKEN)
def test_customers_may_write_what_they_like(client, boss, name):
    assert "/received/" in by_web(client, TAKEN[name]).url
    complaint = Complaint.objects.get()
    assert complaint.story.split() == TAKEN[name].split()
    assert is_shown_as_text(complaint, boss)


@pytest.mark.parametrize("name", REFUSED)
def test_customers_are_told_what_cannot_be_and_keep_the_rest(client, name):
    answer = by_web(client, REFUSED[name])
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "error-summary" in page
    assert STORY["place"] in page
    assert nothing_is_there()


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", TAKEN)
def test_agents_may_write_what_callers_say(client, liaison, boss, channel, name):
    text = TAKEN[name]
    typed = filled(channel, story=text, contact_name=text[:100].split("\r")[0], remedy_sought=text[:500])
    assert client.post(f"/desk/new/{channel}/", typed).status_code == 302
    complaint = Complaint.objects.get()
    assert complaint.story.split() == text.split()
    assert is_shown_as_text(complaint, boss)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", REFUSED)
def test_agents_are_told_what_cannot_be_and_keep_the_rest(client, liaison, channel, name):
    answer = client.post(f"/desk/new/{channel}/", filled(channel, story=REFUSED[name]))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "error-summary" in page
    assert "李四" in page
    assert nothing_is_there()


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"category": "XXX"}, {"category": "1' OR '1'='1"}, {"subcategory": "OUT-01"}, {"request_type": "x"},
        {"contact_email": "nobody@"}, {"contact_email": "a@b.c\nBcc: x@y.z"}, {"contact_phone": "drop table"},
        {"contact_phone": "1" * 31}, {"contact_name": "名" * 121}, {"language": "fr"}, {"contact_method": "pigeon"},
        {"SVC-happened_at": "2026-02-31T10:00"}, {"SVC-happened_at": "9999-12-31T23:59"}, {"SVC-happened_at": "0001-01-01T00:00"},
        {"SVC-happened_at": "yesterday"}, {"form_id": "not a uuid", "story": ""},
    ],
)  # fmt: skip
def test_values_that_do_not_exist_are_told_beside_their_field(client, liaison, channel, wrong):
    answer = client.post(f"/desk/new/{channel}/", filled(channel, **wrong))
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert nothing_is_there()


@pytest.mark.parametrize("name", TAKEN)
def test_programs_may_send_any_text(program, boss, name):
    answer = program(SAID | {"story": TAKEN[name], "contact_name": TAKEN[name][:100]})
    assert answer.status_code == 201, answer.content
    complaint = Complaint.objects.get()
    assert complaint.story.split() == TAKEN[name].split()
    assert is_shown_as_text(complaint, boss)


@pytest.mark.parametrize("name", REFUSED)
def test_programs_are_told_which_text_cannot_be(program, name):
    answer = program(SAID | {"story": REFUSED[name]})
    assert (answer.status_code, nothing_is_there()) == (422, True)
    assert "story" in answer.json()["fields"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe\x00", '{"story": "停电"}'.encode("gbk"), b"[" * 5_000,
        b'{"category": ' + b"[" * 2_000 + b"]" * 2_000 + b"}", {**SAID, "story": ["a", "b"]}, {**SAID, "story": {"a": 1}},
        {**SAID, "category": ["OUT"]}, {**SAID, "category": None}, {**SAID, "answers": "x"},
        {**SAID, "answers": {"a": {"b": "c"}}}, {**SAID, "received_at": "2026-02-31T00:00:00Z"},
        {**SAID, "received_at": "9999-12-31T23:59:59Z"}, {**SAID, "received_at": 10**30}, {**SAID, "is_anonymous": "perhaps"},
        {**SAID, "occurred_at": "0001-01-01T00:00:00+14:00"}, {**SAID, "source_reference": "x" * 61},
        {**SAID, "contact_email": "a@b.c\r\nBcc: x@y.z"},
    ],
)  # fmt: skip
def test_programs_are_told_what_cannot_be_understood(program, body):
    answer = program(body)
    assert answer.status_code in (400, 422), answer.content
    assert answer.json()["message"]
    assert nothing_is_there()


def test_half_a_character_in_json_is_refused(program):
    body = json.dumps(SAID).replace("\\u8ba1", "\\ud800", 1).encode()
    assert b"\\ud800" in body
    answer = program(body)
    assert (answer.status_code, nothing_is_there()) == (422, True)


def test_a_number_said_twice_and_a_wrong_kind_of_body_are_refused(program):
    assert program(b"category=OUT", **{"Content-Type": "text/csv"}).status_code in (400, 415)
    assert program(SAID, **{"Idempotency-Key": "x" * 101}).status_code == 422
    assert nothing_is_there()


@pytest.mark.parametrize("door", ["/complain/", "/desk/new/phone/"])
def test_a_form_of_megabytes_is_refused_with_a_sentence(client, liaison, door):
    answer = client.post(door, {"story": "长" * 2_000_000})
    assert answer.status_code in (400, 413)
    assert "<h1" in answer.content.decode()
    assert nothing_is_there()


@pytest.mark.parametrize("door", ["/complain/", "/desk/new/phone/"])
def test_a_form_of_thousands_of_fields_is_refused(client, liaison, door):
    assert client.post(door, {f"f{n}": "x" for n in range(5_000)}).status_code == 400
    assert nothing_is_there()


def png(width=20, height=20):
    content = io.BytesIO()
    Image.new("1", (width, height)).save(content, "PNG")
    return content.getvalue()


FILES = {
    "empty": (b"", "me.png"),
    "a program": (b"MZ\x90\x00" + b"\0" * 200, "me.png"),
    "cut off": (png()[:40], "me.png"),
    "a picture of gigabytes": (png(30_000, 30_000), "me.png"),
    "a page": (b"<html><script>alert(1)</script></html>", "me.html"),
    "a drawing with a script": (b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>', "me.svg"),
    "an archive": (b"PK\x03\x04" + b"\0" * 100, "me.docx"),
    "no pdf": (b"%PDF-1.7\n garbage", "me.pdf"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_cannot_be_are_named_and_the_rest_is_kept(client, liaison, name):
    content, called = FILES[name]
    typed = filled("phone") | {"files": SimpleUploadedFile(called, content)}
    answer = client.post("/desk/new/phone/", typed)
    assert answer.status_code == 422
    assert called in answer.content.decode()
    assert "李四" in answer.content.decode()
    assert nothing_is_there()


@pytest.mark.parametrize("tail", [b"<script>alert(1)</script>", b"<?php system('x'); ?>", b"%PDF-1.4 <script>"])
def test_a_picture_with_something_behind_it_is_kept_without_it(client, liaison, tail):
    typed = filled("phone") | {"files": SimpleUploadedFile("me.png", png() + tail)}
    assert client.post("/desk/new/phone/", typed).status_code == 302
    stored = Attachment.objects.get()
    with stored.file.open() as file:
        assert tail not in file.read()
    assert stored.content_type in ("image/png", "image/jpeg", "image/webp")
