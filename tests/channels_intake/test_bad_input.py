"""Whatever is sent to whichever door: never a broken page, a sentence that helps, nothing half saved, nothing run."""

import io
import json
import struct
import zipfile
import zlib
from urllib.parse import quote

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from channels_intake import mail, unsent
from channels_intake.models import InboundMail, InboundRecord, IncomingCall, RegulatorBatch, UnsentForm
from channels_intake.open311 import new_key
from channels_intake.tasks import import_batches
from complaints.models import Attachment, Complaint
from customers.models import Customer, CustomerImport
from customers.tasks import carry_on_imports
from staff.actors import Role
from tests.api.test_complaints import SAID, caller
from tests.channels_intake import test_messenger as messenger
from tests.channels_intake import test_open311 as open311
from tests.channels_intake import test_regulator_batch as batch
from tests.channels_intake.switch import TOKEN
from tests.channels_intake.test_desk_forms import CHANNELS, filled
from tests.channels_intake.test_letters import a_pdf
from tests.channels_intake.test_mail import written
from tests.channels_intake.test_public_form import STORY, WHO, walk
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db
COUNTED = (Complaint, InboundRecord, Attachment, UnsentForm, InboundMail, IncomingCall, RegulatorBatch, CustomerImport)
PROVIDERS = ["wechat", "weibo"]
API, HOOK, OPEN311 = "/api/v1/complaints/", "/api/hooks/telephony/", "/open311/v2/requests"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def desk(profile, settings, client):
    settings.TELEPHONY_TOKEN, settings.MESSENGERS = TOKEN, messenger.TOKENS
    a_branch()
    a_team("dispatch")
    client.cookies["language"] = "en"


@pytest.fixture
def liaison(client):
    user = a_user(Role.LIAISON)
    client.force_login(user)
    return user


@pytest.fixture
def key():
    return new_key("city")[1]


def counts():
    return {model.__name__: model.objects.count() for model in COUNTED}


def page(response):
    return response.content.decode()


def enters(client, channel, **changes):
    """A form of the desk, which has been saved once while somebody typed, as the page does."""
    typed = filled(channel, **changes)
    client.post(f"/desk/new/{channel}/keep/{typed['form_id']}/", {"contact_name": "李四"})
    before = counts()
    return client.post(f"/desk/new/{channel}/", typed), before


def asks(said, *, body=None, kind="application/json", idempotency="k"):
    data = body if body is not None else json.dumps(said)
    return caller(Role.LIAISON).generic("POST", API, data, kind, headers={"Idempotency-Key": idempotency})


def switch(client, said=None, *, body=None, kind="application/json"):
    data = body if body is not None else json.dumps(said)
    return client.generic("POST", HOOK, data, kind, headers={"Authorization": f"Bearer {TOKEN}"})


def messages(client, provider, body):
    return client.post(messenger.signed(provider), body, content_type="application/octet-stream")


def gbk(fields):
    """A form as a program of another age posts it: its bytes are GBK and nothing says so."""
    return "&".join(f"{quote(name)}={quote(str(value).encode('gbk'))}" for name, value in fields.items())


# text that wants to be more than text

ACTIVE = '<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7|add:"7" }}</p>&amp;<font name="x">'
UNSEEN = "a\x01b\x0bc\x1bd\x7fe\x9ff\u202eg\u2066h"
SEEN = "abcdefgh"
FORMULA = '=HYPERLINK("http://x.example","+1")'


def by_web(client, text):
    form_id = walk(client, story=STORY | {"story": text}, who=WHO | {"contact_name": text[:100]})
    client.post(f"/complain/{form_id}/check/")


def by_desk(channel):
    def enter(client, text):
        client.force_login(a_user(Role.LIAISON))
        client.post(f"/desk/new/{channel}/", filled(channel, story=text, contact_name=text[:100]))

    return enter


def by_api(client, text):
    asks({**SAID, "story": text, "contact_name": text[:100]})


def by_open311(client, text):
    open311.hand_in(client, new_key("city")[1], description=text, last_name=text[:50])


def by_mail(client, text):
    mail.take(written(text), at=timezone.now())


def by_messenger(provider):
    return lambda client, text: messenger.says(client, provider, text.replace("]]>", ""))


def by_batch(client, text):
    client.force_login(a_user(Role.LIAISON))
    client.post(batch.hand_in(client, batch.as_csv(batch.row(1, 投诉内容=text, 姓名=text[:100]))).url)


DOORS = {
    "web": by_web, **{channel: by_desk(channel) for channel in CHANNELS}, "api": by_api, "open311": by_open311,
    "mail": by_mail, **{name: by_messenger(name) for name in PROVIDERS}, "batch": by_batch,
}  # fmt: skip
SHOWN_ON = (
    ("complaints:complaint", "reference"), ("complaints:track", "token"), ("channels_intake:received", "token"),
    ("channels_intake:registered", "reference"), ("channels_intake:receipt", "reference"),
)  # fmt: skip


@pytest.mark.parametrize("door", DOORS)
def test_what_wants_to_run_is_stored_as_text_and_shown_as_text(client, door):
    DOORS[door](client, ACTIVE)
    complaint = Complaint.objects.get()
    assert ACTIVE in complaint.story
    client.force_login(a_user(Role.SUPERVISOR))
    Complaint.objects.update(entered_by=a_user(Role.SUPERVISOR), place=ACTIVE[:240], remedy_sought=ACTIVE)
    for name, known_by in SHOWN_ON:
        more = ["a4"] if name.endswith("receipt") else []
        shown = client.get(reverse(name, args=[getattr(complaint, known_by), *more]))
        assert shown.status_code == 200
        assert "<script>alert" not in page(shown)
        assert "<img src=x" not in page(shown)
        assert "alert(1)&gt;14" not in page(shown)
    for paper in ("a4", "80mm"):
        receipt = client.get(reverse("channels_intake:receipt-pdf", args=[complaint.reference, paper]))
        assert receipt.content.startswith(b"%PDF")


@pytest.mark.parametrize("door", DOORS)
def test_signs_that_nobody_sees_are_left_out(client, door):
    DOORS[door](client, f"停电{UNSEEN}了")
    assert f"停电{SEEN}了" in Complaint.objects.get().story


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("text", [FORMULA, "+1", "@x", "-2+3", "＝1+1"])
def test_a_formula_stays_the_text_it_is(client, door, text):
    DOORS[door](client, text)
    assert text in Complaint.objects.get().story


@pytest.mark.parametrize("text", [FORMULA, "+1", "@x", "-2+3", "＝1+1"])
def test_what_comes_back_from_a_regulators_file_runs_in_no_spreadsheet(client, liaison, text):
    url = batch.hand_in(client, batch.as_csv(batch.row(1, 投诉类别="?", 投诉内容=text, 姓名=text))).url
    assert f"'{text}".replace('"', '""') in page(client.get(f"{url}back/"))


# forms


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Write what happened."), ("长" * 10_000, "at most 5000 characters"), ("长" * 1_000_000, "at most 5000 characters"),
        ("停\ufffd电", "Some characters arrived broken (�). Write them again."), ("\x01\u202e\x7f", "Write what happened."),
    ],
    ids=["missing", "10 000", "1 000 000", "broken", "nothing to see"],
)  # fmt: skip
def test_a_story_that_cannot_be_taken_is_told_beside_it_and_stays(client, text, sentence):
    form_id = walk(client, until="story")
    before = counts()
    refused = client.post(f"/complain/{form_id}/story/", STORY | {"story": text, "place": "和平路 3 号"})
    assert refused.status_code == 422
    assert sentence in refused.context["form"].errors["story"][0]
    assert "和平路 3 号" in page(refused)
    assert counts() == before


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("field", "text", "sentence"),
    [
        ("story", "长" * 10_000, "at most 5000 characters"), ("story", "长" * 1_000_000, "at most 5000 characters"),
        ("story", "停\ufffd电", "Some characters arrived broken (�). Write them again."),
        ("story", "\x01\u202e\x7f", "Write down what happened."),
        ("contact_name", "王\ufffd", "Some characters arrived broken"), ("contact_name", "王" * 10_000, "at most 120 characters"),
        ("contact_phone", "1" * 10_000, "at most 30 characters"), ("contact_email", "a@" + "b" * 10_000, "Enter a valid email"),
        ("account_number", "9" * 10_000, "at most 20 characters"), ("place", "街" * 10_000, "at most 240 characters"),
        ("category", "NONE", "Select a valid choice"), ("subcategory", "OUT-99", "Select a valid choice"),
        ("request_type", "gift", "Select a valid choice"), ("language", "xx", "Select a valid choice"),
        ("contact_method", "pigeon", "Select a valid choice"), ("flags", "rich", "Select a valid choice"),
        ("branch", "moon", "Select a valid choice"), ("form_id", "1", "Enter a valid UUID."),
        ("SVC-happened_at", "2026-02-31T08:00", "Enter a valid date/time."),
        ("SVC-happened_at", "0001-01-01T00:00", "Check the year"), ("SVC-happened_at", "9999-12-31T23:59", "Check the year"),
        ("occurred_at", "0001-01-01T00:00", "Check the year"), ("occurred_at", "9999-12-31T23:59", "Check the year"),
        ("occurred_at", "31 February", "Enter a valid date/time."), ("occurred_at", "1" * 10_000, "Check the year"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)  # fmt: skip
def test_each_desk_form_says_beside_the_field_what_is_wrong(client, liaison, channel, field, text, sentence):
    refused, before = enters(client, channel, **{field: text, "remedy_sought": "尽快装电"})
    assert refused.status_code == 422
    assert any(sentence in said for said in refused.context["form"].errors[field]), refused.context["form"].errors
    assert "尽快装电" in page(refused)
    if field != "form_id":
        assert counts() == before
    assert not Complaint.objects.exists()


@pytest.mark.parametrize(
    ("channel", "field", "text"),
    [
        ("letter", "received_at", "0001-01-01T00:00"), ("letter", "letter_on", "0001-01-01"), ("letter", "letter_on", "2026-02-31"),
        ("letter", "signatories", "9" * 10_000), ("letter", "signatories", "two"), ("letter", "scan", "x"),
        ("visit", "received_at", "0001-01-01T00:00"), ("visit", "visitors", "1e3"), ("visit", "identity", "passport"),
        ("visit", "visitor", "x"), ("regulator", "received_at", "0001-01-01T00:00"), ("regulator", "due_on", "9999-12-31"),
        ("regulator", "due_on", "0001-01-01"), ("regulator", "regulator", "moon"), ("regulator", "source_reference", "1" * 10_000),
        ("phone", "caller_number", "1" * 10_000), ("phone", "call_id", "1" * 10_000),
    ],
    ids=lambda value: value[:20],
)  # fmt: skip
def test_what_only_one_channel_asks_is_checked_too(client, liaison, channel, field, text):
    refused, before = enters(client, channel, **{field: text})
    assert refused.status_code == 422
    assert refused.context["form"].errors[field]
    assert counts() == before


def test_a_visitor_whom_nobody_called_is_no_broken_page(client, liaison):
    answer, _before = enters(client, "visit", visitor="9" * 30)
    assert answer.status_code in (302, 422)


@pytest.mark.parametrize("channel", CHANNELS)
def test_gbk_bytes_in_a_form_are_told_and_nothing_is_kept(client, liaison, channel):
    before = counts()
    refused = client.post(f"/desk/new/{channel}/", gbk(filled(channel, story="停电没有通知")), content_type=FORM)
    assert refused.status_code == 422
    assert "Some characters arrived broken" in refused.context["form"].errors["story"][0]
    assert {**counts(), "UnsentForm": 0} == before


def test_gbk_bytes_in_the_public_form_are_told_and_nothing_is_kept(client):
    form_id = walk(client, until="story")
    before = counts()
    refused = client.post(f"/complain/{form_id}/story/", gbk(STORY), content_type=FORM)
    assert refused.status_code == 422
    assert {"story", "place"} <= set(refused.context["form"].errors)
    said_so = client.post(f"/complain/{form_id}/story/", gbk(STORY), content_type=f"{FORM}; charset=gbk")
    assert said_so.status_code == 400
    assert counts() == before


@pytest.mark.parametrize("name", ["story", "contact_name", "account_number", "category", "form_id", "contact_phone"])
@pytest.mark.parametrize("address", ["", "keep/6ad4ed82-5dfa-4b8a-bd63-94b1b1a3c5d7/", "?switch=1", "further", "known"])
def test_a_nul_is_refused_wherever_it_stands_in_a_desk_form(client, liaison, name, address):
    before = counts()
    said = filled("phone", **{name: "a\x00b"})
    if address == "known":
        answer = client.post("/desk/new/known/", said)
    elif address == "further":
        answer = client.post("/desk/new/phone/", said | {"further": "a\x00b"})
    elif address == "?switch=1":
        answer = client.post("/desk/new/phone/", said | {"switch": "1"})
    else:
        answer = client.post(f"/desk/new/phone/{address}", said)
    assert answer.status_code in (400, 422)
    assert counts() == before


@pytest.mark.parametrize("step", ["story", "who", "kind"])
@pytest.mark.parametrize("how", ["", "keep/", "back"])
def test_a_nul_is_refused_wherever_it_stands_in_the_public_form(client, step, how):
    form_id = walk(client, until=step)
    before, kept = counts(), UnsentForm.objects.get().content
    name = {"story": "story", "who": "contact_name", "kind": "kind"}[step]
    more = {"back": "1"} if how == "back" else {}
    answer = client.post(f"/complain/{form_id}/{step}/{'' if how == 'back' else how}", {name: "a\x00b", **more})
    assert answer.status_code in (400, 422)
    assert (counts(), UnsentForm.objects.get().content) == (before, kept)


@pytest.mark.parametrize(
    "address",
    [
        "/complain/resume/%00/", "/complain/received/%00/", "/track/%00/", "/desk/registered/%00/", "/desk/new/phone/?call=%00",
        "/desk/new/phone/?draft=%00", "/desk/new/phone/?account_number=%00", "/desk/new/phone/?category=%00&story=x",
        f"{OPEN311}.json?service_request_id=%00", f"{OPEN311}.xml?service_code=%00", "/desk/new/regulator/batch/" + "9" * 40 + "/",
        "/customers/import/" + "9" * 40 + "/", "/desk/mail/" + "9" * 40 + "/",
    ],
)  # fmt: skip
def test_an_address_with_a_nul_or_an_impossible_number_is_no_broken_page(client, liaison, address):
    before = counts()
    assert client.get(address).status_code in (400, 403, 404)
    assert counts() == before


def test_three_hundred_unknown_fields_and_repeated_ones_do_no_harm(client, liaison):
    many = {f"x{number}": "y" * 1000 for number in range(300)}
    refused, _before = enters(client, "phone", story="", **many)
    assert refused.status_code == 422
    assert len(UnsentForm.objects.get().content) <= unsent.MOST
    twice = [
        *filled("phone").items(),
        ("story", "第二次说的"),
        ("category", "SVC"),
        ("flags", "media"),
        ("flags", "media"),
    ]
    data = "&".join(f"{quote(name)}={quote(str(value))}" for name, value in twice)
    assert client.post("/desk/new/phone/", data, content_type=FORM).status_code == 302
    assert Complaint.objects.get().story == "第二次说的"
    too_many = "&".join(f"x{number}=1" for number in range(2000))
    assert client.post("/desk/new/phone/", too_many, content_type=FORM).status_code == 400


@pytest.mark.parametrize("to", ["", "x", "9" * 40, "-1"])
def test_a_form_is_handed_to_nobody_who_is_not_there(client, liaison, to):
    _refused, _before = enters(client, "phone", story="")
    kept = UnsentForm.objects.get()
    assert client.post(f"/desk/unsent/{kept.pk}/hand-over/", {"to": to}).status_code == 404
    assert UnsentForm.objects.get().owner == liaison


def test_a_million_characters_are_not_kept_while_typing(client):
    form_id = walk(client, until="story")
    assert client.post(f"/complain/{form_id}/story/keep/", {"story": "长" * 1_000_000}).status_code == 204
    assert len(UnsentForm.objects.get().content["story"]["story"]) <= 8_000


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"story": "x"}', "application/json"), ("story=x", "text/plain"), ("", FORM), ("--x", "multipart/form-data"),
        ("--x\r\nbroken", "multipart/form-data; boundary=x"), ("story=x", "multipart/form-data; boundary=" + "x" * 300),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "address", ["/complain/", "/desk/new/phone/", "/desk/new/regulator/batch/", "/customers/import/"]
)
def test_a_body_of_another_kind_is_refused(client, address, body, kind):
    client.force_login(a_user(Role.ADMINISTRATOR if "customers" in address else Role.LIAISON))
    before = counts()
    assert client.generic("POST", address, body, kind).status_code in (400, 422)
    assert counts() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"OUT-outage_since": "0001-01-01T00:00"}, "OUT-outage_since"), ({"OUT-outage_since": "9999-12-31T23:59"}, "OUT-outage_since"),
        ({"OUT-outage_since": "2026-02-31T08:00"}, "OUT-outage_since"), ({"place": "街" * 10_000}, "place"),
        ({"OUT-supply_on": "perhaps"}, "OUT-supply_on"),
    ],
    ids=lambda value: next(iter(value.values()))[:20] if isinstance(value, dict) else None,
)  # fmt: skip
def test_the_public_story_is_checked_field_by_field(client, changes, field):
    form_id = walk(client, until="story", kind={"kind": "OUT-01"})
    refused = client.post(f"/complain/{form_id}/story/", STORY | changes)
    assert refused.status_code == 422
    assert refused.context["form"].errors[field]
    assert STORY["story"] in page(refused)


def test_unknown_topics_kinds_and_answers_of_the_public_form_are_refused(client):
    assert client.post("/complain/", {"form_id": "x" * 1000, "category": "NONE"}).status_code == 422
    form_id = walk(client, until="kind")
    assert client.post(f"/complain/{form_id}/kind/", {"kind": "NONE"}).status_code == 422
    form_id = walk(client, until="who")
    for changes in ({"is_anonymous": "perhaps"}, {"language": "xx"}, {"contact_email": "x"}, {"contact_phone": "x"}):
        refused = client.post(f"/complain/{form_id}/who/", WHO | changes)
        assert refused.status_code == 422
        assert set(refused.context["form"].errors) == set(changes)
    assert not Complaint.objects.exists()


# programs

SURROGATE = '"\\ud800"'
DEEP = "[" * 100_000


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("", "application/json", 422), ("{", "application/json", 422), ("[]", "application/json", 422), ("null", "application/json", 422),
        (DEEP, "application/json", 422), ('{"a":' * 50_000, "application/json", 422), ('{"story": NaN}', "application/json", 422),
        ('{"story": "停电"}'.encode("gbk"), "application/json", 422), ('{"story": "停电"}'.encode("utf-16"), "application/json", 422),
        ('{"story": "a", "story": "b"}', "application/json", 422), ('"' + "x" * 6_000_000 + '"', "application/json", 413),
        ("story=x", "text/plain", 415), ("<x/>", "application/xml", 415), ("story=x", FORM, 415),
        ("--x", "multipart/form-data", 400),
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_the_api_says_what_is_wrong_with_a_body(body, kind, status):
    before = counts()
    answer = asks(None, body=body, kind=kind)
    assert answer.status_code == status, answer.content
    assert answer.json()["code"]
    assert answer.json()["message"]
    assert counts() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("story", ["停电"]), ("story", {"a": 1}), ("story", None), ("story", True), ("story", "长" * 10_000), ("story", "x" * 1_000_000),
        ("story", "\ud800"), ("story", "\x00"), ("story", "\x01\u202e"), ("category", ["OUT"]), ("category", {"a": 1}), ("category", 7), ("category", "\x00"),
        ("category", "\ud800"), ("subcategory", "OUT-99"), ("channel", "fax"), ("channel", ["web"]), ("source", "moon"), ("request_type", "gift"),
        ("language", "xx"), ("contact_method", []), ("is_anonymous", "perhaps"), ("contact_email", "x"), ("contact_phone", "1" * 31),
        ("contact_phone", 10**30), ("language", "\ud800"), ("answers", []), ("answers", "x"), ("answers", {"\ud800": "x"}),
        ("answers", {"supply_on": "\ud800"}), ("answers", {"supply_on": {"a": []}}), ("answers", {"a\x00": "x"}), ("answers", {"supply_on": "x" * 10_000}),
        ("answers", {f"x{number}": "y" for number in range(300)}), ("received_at", "2999-01-01T00:00:00+08:00"),
        ("received_at", "0001-01-01T00:00:00+14:00"), ("received_at", "0001-01-01T00:00:00Z"), ("received_at", "2026-02-31T00:00:00Z"),
        ("received_at", 7), ("received_at", []), ("occurred_at", "0001-01-01T00:00:00Z"), ("occurred_at", "9999-12-31T23:59:59-12:00"),
        ("external_due_at", "9999-12-31T23:59:59Z"), ("external_due_at", "0001-01-01T00:00:00+08:00"), ("source_reference", "1" * 61),
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_the_api_names_the_field_that_is_wrong(field, value):
    before = counts()
    answer = asks({**SAID, field: value})
    assert answer.status_code == 422, answer.content
    assert field in answer.json()["fields"]
    assert counts() == before


def test_the_api_leaves_out_half_a_sign(key):
    assert asks({**SAID, "contact_name": "王\ud800五\x00"}).status_code == 201
    assert Complaint.objects.get().contact_name == "王五"


@pytest.mark.parametrize("number", ["", "x" * 101, "停电", "a\x01b"])
def test_the_api_wants_a_number_that_can_be_kept(number):
    before = counts()
    assert asks(SAID, idempotency=number.encode().decode("latin-1")).status_code in (201, 422)
    assert Complaint.objects.count() == (number == "停电")
    assert number == "停电" or counts() == before


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("", "application/json"), ("[" * 3_900, "application/json"), ('{"a":' * 700, "application/json"), ("null", "application/json"),
        ('{"call_id": "电"}'.encode("gbk"), "application/json"), (gbk({"call_id": "电", "agent": "电"}), FORM),
        ('{"call_id": "1", "call_id": "2"}', "application/json"), ("x" * 1_000_000, "application/json"), ("x" * 1_000_000, FORM),
        ("call_id=1", "text/plain"), ("--x", "multipart/form-data"), ("&".join(["a=1"] * 900), FORM), ("call_id=%00&agent=%00", FORM),
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_the_switch_is_told_what_is_wrong_with_a_body(client, body, kind):
    before = counts()
    answer = switch(client, body=body, kind=kind)
    assert answer.status_code in (400, 422)
    assert answer.content
    assert counts() == before


@pytest.mark.parametrize("field", ["call_id", "caller_number", "agent"])
@pytest.mark.parametrize("value", ["\ud800", "\x00", "a\x00b", "\u202e1", "\x1b", ["a"], {"a": 1}, 1e999, "x" * 1000])
def test_the_switch_is_told_which_field_is_wrong(client, field, value):
    agent = a_user(Role.AGENT)
    before = counts()
    answer = switch(client, {"call_id": "c-1", "agent": agent.username, "caller_number": "13800001234", field: value})
    assert answer.status_code == 422, answer.content
    assert (answer.json()["fields"] or [field]) == [field]
    assert counts() == before


@pytest.mark.parametrize(
    "body",
    [
        '<?xml version="1.0" encoding="gbk"?><xml><FromUserName>停电</FromUserName></xml>'.encode("gbk"),
        b'<?xml version="1.0" encoding="klingon"?><xml><FromUserName>a</FromUserName></xml>',
        b'<?xml version="1.0" encoding="utf-7"?><xml><FromUserName>a</FromUserName></xml>',
        "<xml><FromUserName>停电</FromUserName></xml>".encode("gbk"),
        b"<xml><FromUserName>&#xD800;</FromUserName></xml>", b"<a>" * 20_000,
        b"<xml>" + b"<a>" * 9_000 + b"</a>" * 9_000 + b"</xml>", b"", b"<xml></xml>", b"{}",
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_wechat_is_told_what_is_wrong(client, body):
    before = counts()
    answer = messages(client, "wechat", body)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert counts() == before


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 60_000, b'{"a":' * 10_000, '{"text": "停电"}'.encode("gbk"), b'{"type": "text", "type": "image"}', b"null", b"7",
        b'{"type": "text", "text": "x", "sender_id": "a\\u0000b"}', b'{"type": "text", "text": "x", "sender_id": "\\ud800"}',
        b'{"type": "text", "text": "x", "sender_id": ' + b"9" * 5_000 + b"}", b'{"type": "text", "text": "x", "sender_id": {}}',
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_weibo_is_told_what_is_wrong(client, body):
    before = counts()
    answer = messages(client, "weibo", body)
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert counts() == before


def test_half_a_sign_in_a_message_costs_only_itself(client):
    assert messages(client, "weibo", messenger.weibo("停\ud800电\x00了")).status_code == 200
    assert Complaint.objects.get().story == "停电了"


def test_a_stamp_of_other_digits_is_no_stamp(client):
    address = messenger.signed("wechat").replace("timestamp=1", "timestamp=%C2%B2")
    assert client.post(address, messenger.wechat(), content_type="text/xml").status_code == 403


@pytest.mark.parametrize("fmt", ["json", "xml"])
@pytest.mark.parametrize(
    "wrong",
    [
        {"description": "长" * 10_000}, {"description": "长" * 1_000_000}, {"phone": "1" * 10_000}, {"email": "x" * 10_000}, {"lat": "1" * 10_000, "long": "1"},
        {"attribute[a\x01b]": "1"}, {"attribute[\ufffe]": "1"}, {"attribute[supply_on]": "\x00"},
        {"account_id": "9" * 10_000}, {"description": "停\ufffd电"}, {"last_name": "王\ufffd"},
        {"attribute[outage_since]": "0001-01-01T00:00", "service_code": "OUT-01"},
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_open311_says_what_is_wrong_in_what_can_be_parsed(client, key, fmt, wrong):
    before = counts()
    answer = open311.hand_in(client, key, fmt=fmt, **wrong)
    assert answer.status_code in (400, 404)
    if fmt == "json":
        assert answer.json()[0]["description"]
    else:
        assert open311.ElementTree.fromstring(answer.content)[0].findtext("description")
    assert counts() == before


def test_open311_wants_utf8(client, key):
    before = counts()
    answer = client.post(f"{OPEN311}.json", gbk(open311.SAID | {"api_key": key}), content_type=FORM)
    assert answer.status_code == 400
    assert "UTF-8" in answer.json()[0]["description"]
    assert counts() == before


@pytest.mark.parametrize(
    "query", ["end_date=0001-01-01T00:00:00Z", "start_date=9999-12-31T23:59:59Z", "end_date=0001-01-01T00:00:00", "page=" + "9" * 5000,
              "start_date=2026-02-31T00:00:00Z", "page=²", "start_date=0001-01-01T00:00:00Z", "end_date=9999-12-31T23:59:59-14:00",
              "start_date=9999-12-01T00:00:00Z&end_date=9999-12-31T23:59:59-14:00"],
)  # fmt: skip
def test_open311_lists_nothing_for_days_that_cannot_be(client, query):
    answer = client.get(f"{OPEN311}.json?{query}")
    assert answer.status_code in (200, 400)
    assert answer.json() == [] or answer.json()[0]["description"]


def test_two_long_names_are_one_name_that_can_be_kept(client, key):
    assert open311.hand_in(client, key, first_name="五" * 60, last_name="王" * 60).status_code == 201
    assert len(Complaint.objects.get().contact_name) == 120


# mail


def nested(depth):
    parts = [f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(depth)]
    return ("From: a@b.example\r\nSubject: x\r\n" + "".join(parts)).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\r\nMessage-ID: <a\x00bc@x>\r\n\r\nhi", b"From: a\x00a@b.example\r\nSubject: x\r\n\r\nhi",
        b"From: =?utf-8?q?a=00b=40c.example?=\r\n\r\nhi", b"From: a@b.example\r\nIn-Reply-To: <a\x00bc@x>\r\n\r\nhi",
        b"From: a@b.example\r\nSubject: =?utf-7?q?+2AA-?=\r\n\r\nhi",
        b"From: a@b.example\r\nContent-Type: text/plain; charset=unicode_escape\r\n\r\n\\ud800 hi",
        b"From: a@b.example\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA- hi",
        b"From: a@b.example\r\nContent-Type: text/plain; charset=idna\r\n\r\n" + b"x" * 300,
        b"From: a@b.example\r\nContent-Type: text/plain; charset=\"a\x00b\"\r\n\r\nhi",
        b"From: a@b.example\r\nContent-Type: text/plain; charset=hex\r\n\r\nhi", nested(50), nested(3000),
        b"From: a@b.example\r\n" + b"Content-Type: message/rfc822\r\n\r\n" * 3000, b"From: " + b"(" * 100_000 + b"a@b.example\r\n\r\nhi",
        b"From: a@b.example\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename*=utf-8''a%00b%0d.pdf\r\n\r\n%PDF-1.4 x",
        b"From: " + b"a" * 100_000 + b"@b.example\r\nSubject: " + b"s" * 1_000_000 + b"\r\n\r\nhi",
        b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n" + b"<div>" * 100_000 + b"hi",
        b"From: a@b.example\r\nContent-Type: text/html\r\n\r\n<![x", b"From: a@b.example\r\nReferences: " + b"<aaa@b>" * 20_000 + b"\r\n\r\nhi",
    ],
    ids=lambda value: repr(value)[:60],
)  # fmt: skip
def test_no_mail_breaks_the_desk_and_each_is_kept_once(client, raw):
    rows = {mail.take(raw, at=timezone.now()).pk for _ in range(2)}
    row = InboundMail.objects.get(pk__in=rows)
    assert Complaint.objects.count() == InboundRecord.objects.count() == (row.outcome == "registered")
    supervisor = a_user(Role.SUPERVISOR)
    client.force_login(supervisor)
    assert client.get(f"/desk/mail/{row.pk}/").status_code in (200, 403)
    assert client.get("/desk/mail/").status_code == 200


def test_a_mail_of_which_nothing_can_be_read_is_settled_with_a_sentence(client):
    row = mail.take(nested(3000), at=timezone.now())
    client.force_login(a_user(Role.SUPERVISOR))
    assert client.post(f"/desk/mail/{row.pk}/settle/", {"register": "1"}).status_code == 302


# files


def png(width, height, *, body=b"x\x9c\x03\x00\x00\x00\x00\x01"):
    """A PNG that says how large it is and holds nothing of it."""

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def drawn(kind, side=40):
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, kind)
    return out.getvalue()


def packed(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/"), content)
    return out.getvalue()


BAD_FILES = {
    "empty": b"", "program": b"MZ\x90\x00" * 50, "document": packed(word__document=b"<w/>"), "page": b"<html><script>alert(1)</script>",
    "bomb": png(30_000, 30_000), "larger bomb": png(2**31 - 1, 2**31 - 1), "no pixels": png(0, 0), "wide": png(60_000_001, 1),
    "cut png": drawn("PNG")[:60], "cut jpeg": drawn("JPEG")[:200], "cut tiff": drawn("TIFF")[:100], "cut webp": drawn("WEBP")[:30],
    "torn png": drawn("PNG")[:50] + b"\xff" * 200, "torn jpeg": b"\xff\xd8\xff\xe1\xff\xff" + b"Exif\x00\x00II*\x00\xff\xff\xff\xff" * 9,
    "gif with script": b"GIF89a/*" + b"\x00" * 9 + b"*/=1;alert(1)//", "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "huge": b"\x89PNG\r\n\x1a\n" + b"0" * 13_000_000, "pdf that is a page": b"%PDF-1.4\n<html><script>alert(1)</script></html>",
    "pdf that is an archive": a_pdf() + packed(a=b"x"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("channel", ["phone", "letter"])
def test_a_file_that_cannot_be_taken_is_named_beside_its_field_and_the_rest_stays(client, liaison, channel, name):
    upload = SimpleUploadedFile(f"{name}.png", BAD_FILES[name] or b"")
    refused, before = enters(client, channel, files=upload)
    assert refused.status_code == 422
    assert f"“{name}.png”" in refused.context["form"].errors["files"][0] or name == "empty"
    assert "报装三个月没有回音。" in page(refused)
    assert counts() == before


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_scan_that_cannot_be_taken_is_named_too(client, liaison, name):
    refused, before = enters(client, "letter", scan_file=SimpleUploadedFile(f"{name}.tif", BAD_FILES[name]))
    assert refused.status_code == 422
    assert refused.context["form"].errors["scan_file"][0]
    assert counts() == before


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_photo_that_cannot_be_taken_is_named_on_the_public_form(client, name):
    form_id = walk(client, until="photos")
    before = counts()
    refused = client.post(f"/complain/{form_id}/photos/", {"files": SimpleUploadedFile(f"{name}.jpg", BAD_FILES[name])})
    assert refused.status_code == 422
    assert refused.context["form"].errors["files"][0]
    assert UnsentForm.objects.get().files == []
    assert counts() == before


@pytest.mark.parametrize("name", [name for name, data in BAD_FILES.items() if data])
def test_a_file_in_a_mail_that_cannot_be_taken_is_left_out_and_said(name):
    row = mail.take(written(files=[(f"{name}.png", BAD_FILES[name])]), at=timezone.now())
    assert row.outcome == "registered"
    assert name in row.why
    assert row.raw
    assert not Attachment.objects.exists()


def test_what_hangs_on_a_picture_is_gone_and_a_paper_is_never_shown_as_a_page(client, liaison):
    php = SimpleUploadedFile("x.php.png", drawn("PNG") + b"<?php system($_GET[0]); ?>")
    client.post("/desk/new/phone/", filled("phone", files=[php, SimpleUploadedFile("<b>x</b>\u202e.pdf", a_pdf())]))
    complaint = Complaint.objects.get()
    picture, paper = complaint.attachments.order_by("pk")
    assert b"<?php" not in picture.file.read()
    client.force_login(a_user(Role.SUPERVISOR))
    for kept, kind in ((picture, "image/png"), (paper, "application/pdf")):
        answer = client.get(reverse("complaints:attachment", args=[complaint.reference, kept.uuid]))
        assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == (kind, "nosniff")
    assert answer["Content-Disposition"].startswith("attachment")
    assert "\u202e" not in paper.name
    assert "<b>x</b>" not in page(client.get(reverse("complaints:complaint", args=[complaint.reference])))


# tables

SHEET = "xl__worksheets__sheet1.xml"


def torn(data, at=0.5):
    """A workbook whose bytes went wrong half way."""
    middle = int(len(data) * at)
    return data[:middle] + b"\xff" * 200 + data[middle + 200 :]


def locked(data):
    """Each part is said to be under a password."""
    return data.replace(b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00").replace(
        b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"
    )


def with_part(name, content):
    """Our workbook with one part replaced."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(batch.as_xlsx(batch.row(1)))) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">' + b"".join(
    f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 50}">'.encode() for n in range(8)
) + b"]><worksheet><sheetData><row><c t='inlineStr'><is><t>&i;</t></is></c></row></sheetData></worksheet>"  # fmt: skip
CELL = (
    "<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData>{}</sheetData></worksheet>"
)
BAD_TABLES = {
    "empty": lambda: b"", "blank": lambda: b" \n\n", "headings only": lambda: batch.as_csv(), "other columns": lambda: b"a,b\n1,2\n",
    "binary": lambda: bytes(range(256)) * 20,
    "document": lambda: packed(word__document=b"<w/>"), "bomb": lambda: packed(**{SHEET: b"0" * 60_000_000}),
    "many parts": lambda: packed(**{f"x{n}": b"" for n in range(300)}), "cut workbook": lambda: batch.as_xlsx(batch.row(1))[:1500],
    **{f"torn workbook {n}": lambda n=n: torn(batch.as_xlsx(batch.row(1)), n / 10) for n in range(1, 9)},
    "locked workbook": lambda: locked(batch.as_xlsx(batch.row(1))), "laughs": lambda: with_part("xl/worksheets/sheet1.xml", LAUGHS),
    "no sheet": lambda: with_part("xl/workbook.xml", b"<workbook/>"), "broken sheet": lambda: with_part("xl/worksheets/sheet1.xml", b"<work"),
    "strange cells": lambda: with_part("xl/worksheets/sheet1.xml", CELL.format("<row r='x'><c r='?' t='s'><v>9999999</v></c></row>").encode()),
    "far cell": lambda: with_part("xl/worksheets/sheet1.xml", CELL.format("<row r='1'><c r='XFD1'><v>1</v></c></row>").encode()),
    "strange day": lambda: with_part("xl/worksheets/sheet1.xml", CELL.format("<row r='1'><c r='A1' t='d'><v>2026-99-99</v></c></row>").encode()),
    "deep sheet": lambda: with_part("xl/worksheets/sheet1.xml", b"<a>" * 100_000 + b"</a>" * 100_000),
    "wide": lambda: batch.as_csv(["x"] * 70), "long cell": lambda: batch.as_csv(batch.row(1, 投诉内容="x" * 1_000_000)),
    "open quote": lambda: b'"' + batch.as_csv(batch.row(1)), "large": lambda: b"x," * 3_000_000,
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_TABLES)
def test_a_table_that_cannot_be_taken_says_why(client, liaison, name):
    before = counts()
    refused = batch.hand_in(client, BAD_TABLES[name](), f"{name}.xlsx")
    assert refused.status_code == 422
    assert refused.context["form"].errors["file"][0]
    assert counts() == before


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"收到时间": "0001-01-01 00:00"}, "Check the year"), ({"收到时间": "9999-12-31 23:59"}, "Check the year"),
        ({"收到时间": "2026-02-31 10:00"}, "Write the day and time like"), ({"答复期限": "9999-12-31"}, "Check the year"),
        ({"答复期限": "0001-01-01"}, "Check the year"), ({"答复期限": "2026-02-31"}, "Write the day like"), ({"投诉类别": "NONE"}, "no such category"),
        ({"来源": "moon"}, "Write one of"), ({"来源": "1" * 7000}, "Write one of"), ({"投诉内容": "长" * 7000}, "at most 5000 characters"),
        ({"电话": "1" * 7000}, "at most 30 characters"), ({"来源编号": "\x00"}, "Write the reference"), ({"电话": "x"}, "Write the number in digits"),
    ],
    ids=lambda value: repr(value)[:30],
)  # fmt: skip
def test_a_bad_row_comes_back_with_its_reason_and_a_good_one_lands(client, liaison, changes, reason):
    url = batch.hand_in(client, batch.as_csv(batch.row(1, **changes), batch.row(2))).url
    assert reason in page(client.get(url))
    assert client.post(url).status_code == 302
    import_batches()
    assert [complaint.source_reference for complaint in Complaint.objects.all()] == ["NEA-2"]
    assert reason in page(client.get(f"{url}back/"))
    assert RegulatorBatch.objects.get().finished_at


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8-sig"])
def test_a_spreadsheets_own_encoding_is_read_rightly_though_it_is_called_a_workbook(client, liaison, encoding):
    client.post(batch.hand_in(client, batch.as_csv(batch.row(1, 姓名="欧阳海燕"), encoding=encoding), "清单.xlsx").url)
    assert Complaint.objects.get().contact_name == "欧阳海燕"


def imports(client, data, name="客户.csv"):
    client.force_login(a_user(Role.ADMINISTRATOR))
    return client.post("/customers/import/", {"file": SimpleUploadedFile(name, data)})


HEADINGS = "客户编号,姓名,手机,户号,用电地址,表号,开户日期\n"


def taken_over(client, text, encoding="utf-8"):
    """A file sent, matched as its headings suggest, and taken over."""
    url = imports(client, (HEADINGS + text).encode(encoding)).url
    form = client.get(url).context["form"]
    said = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    assert client.post(url, {**said, "into": a_branch().pk}).status_code == 302
    carry_on_imports()
    return client.get(url)


@pytest.mark.parametrize(
    "name", ["empty", "blank", "utf-16", "binary", "document", "cut workbook", "locked workbook", "bomb"]
)
def test_a_file_of_customers_that_is_no_table_says_why(client, name):
    before = counts()
    refused = imports(client, HEADINGS.encode("utf-16") if name == "utf-16" else BAD_TABLES[name]())
    assert refused.status_code == 422
    assert refused.context["form"].errors["file"][0]
    assert counts() == before


@pytest.mark.parametrize(
    "data",
    [
        b'"' * 200_000,
        b"x" * 200_000 + b"\n1\n",
        ("列," * 5_000 + "\n1\n").encode(),
        b"a,b\n" + b"\x00\n" * 5,
        b'a,"b\n1,2\n',
    ],
    ids=lambda value: repr(value)[:20],
)
def test_strange_headings_of_customers_are_shown_or_refused(client, data):
    answer = imports(client, data)
    assert answer.status_code in (302, 422)
    if answer.status_code == 302:
        assert client.get(answer.url).status_code == 200
        assert client.post(answer.url, {"customer_number": "99999"}).status_code == 422
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    "line",
    [
        "K1,欧阳,13812345678,51,路,M,2026-02-31", "K1,欧阳,13812345678,51,路,M,0000-00-00", "K1," + "长" * 10_000, "K1," + "长" * 1_000_000,
        "K1,a\x00b", "K1,a\x1bb", "K1,欧阳,phone", "'" * 300 + ",欧阳", ",欧阳", "K1,欧阳,13812345678,<script>,路,M,",
        "K1,欧阳,13812345678,51,路,M,9999999-01-01",
    ],
    ids=lambda value: value[:30],
)  # fmt: skip
def test_a_bad_line_of_customers_comes_back_and_the_good_one_lands(client, line):
    answer = taken_over(client, f"{line}\nK2,李四\n")
    assert answer.status_code == 200
    assert list(Customer.objects.values_list("number", flat=True)) == ["K2"]
    run = CustomerImport.objects.get()
    assert run.rejected == 1
    assert b"".join(client.get(f"/customers/import/{run.pk}/rejected/").streaming_content)


@pytest.mark.parametrize(
    "name", [ACTIVE.replace('"', ""), FORMULA.replace('"', "").replace(",", ""), "+1", "@x", f"王{UNSEEN[14:]}"]
)
def test_customers_names_are_text_on_the_page_and_in_what_is_exported(client, name):
    taken_over(client, f"K1,{name},13812345678\nK2,{name},phone\n", encoding="gb18030")
    customer = Customer.objects.get()
    assert customer.name == name
    run = CustomerImport.objects.get()
    assert "<script>alert" not in page(client.get(f"/customers/import/{run.pk}/"))
    rejected = b"".join(client.get(f"/customers/import/{run.pk}/rejected/").streaming_content).decode("utf-8-sig")
    assert f",{name}" not in rejected or name[0] not in "=+@"
    assert "<script>alert" not in page(client.get(f"/customers/{customer.number}/"))


def test_the_command_of_imports_says_why_too(tmp_path):
    path = tmp_path / "x.csv"
    path.write_bytes(b"\xff\xfe\x00\x80\xff\xff")
    with pytest.raises(Exception, match="neither UTF-8"):
        call_command("import_customers", str(path), branch=a_branch().code)
