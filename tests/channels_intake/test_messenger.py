"""WeChat and Weibo call us: signed, fresh, each message once, a conversation one complaint."""

import hashlib
import json
import threading
import time
from datetime import timedelta
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from channels_intake.models import InboundRecord, MessengerThread
from complaints.models import Complaint
from complaints.states import Status
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_team

pytestmark = pytest.mark.django_db
TOKENS = {"wechat": "wechat-token", "weibo": "weibo-secret"}
STORY = "昨晚八点停电了，我的电话 13800001234"


@pytest.fixture(autouse=True)
def desk(profile, settings):
    settings.MESSENGERS = TOKENS
    a_branch()
    a_team("dispatch")


def signed(provider, *, age=0, token=None, **more):
    stamp, nonce = str(int(time.time()) - age), "n0nce"
    parts = sorted([token or TOKENS[provider], stamp, nonce])
    signature = hashlib.sha1("".join(parts).encode()).hexdigest()
    query = {"signature": signature, "timestamp": stamp, "nonce": nonce, **more}
    return f"/api/hooks/messenger/{provider}/?{urlencode(query)}"


def wechat(text=STORY, *, number="23456789012345", sender="oABC-1", kind="text", **parts):
    """As WeChat's documents show it."""
    given = {"ToUserName": "gh_desk", "FromUserName": sender, "CreateTime": "1771200000", "MsgType": kind}
    given |= {"Content": text} if kind == "text" else {}
    given |= {"MsgId": number} if number else {}
    inner = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in (given | parts).items())
    return f"<xml>{inner}</xml>".encode()


def weibo(text=STORY, *, sender=2489518277, kind="text", created="Mon Jul 16 18:09:20 +0800 2026", **more):
    """As Weibo's documents show it."""
    said = {
        "type": kind,
        "receiver_id": 1902538057,
        "sender_id": sender,
        "created_at": created,
        "text": text,
        "data": {},
    }
    return json.dumps(said | more).encode()


MESSAGES = {"wechat": wechat, "weibo": weibo}


def says(client, provider="wechat", *args, age=0, **kwargs):
    body = MESSAGES[provider](*args, **kwargs)
    kind = "application/xml" if provider == "wechat" else "application/json"
    return client.post(signed(provider, age=age), body, content_type=kind)


@pytest.mark.parametrize("provider", ["wechat", "weibo"])
def test_a_message_is_a_complaint_and_the_answer_says_the_reference(client, provider):
    answer = says(client, provider)
    complaint = Complaint.objects.get()
    assert (complaint.channel, complaint.source, complaint.category.code) == ("web", provider, "OUT")
    assert (complaint.story, complaint.contact_phone) == (STORY, "13800001234")
    said = answer.content.decode() if provider == "wechat" else json.loads(answer.json()["data"])["text"]
    assert complaint.reference in said
    assert f"/track/{complaint.token}/" in said
    if provider == "wechat":
        root = ElementTree.fromstring(answer.content)
        assert (root.findtext("ToUserName"), root.findtext("FromUserName")) == ("oABC-1", "gh_desk")


def test_without_a_phone_it_is_taken_and_one_is_asked_for(client):
    answer = says(client, "wechat", "停电了")
    assert Complaint.objects.get().is_anonymous
    assert "电话" in answer.content.decode()


@pytest.mark.parametrize("provider", ["wechat", "weibo"])
def test_sent_again_it_is_the_same_and_gets_the_same_answer(client, provider):
    first, second = says(client, provider), says(client, provider)
    assert Complaint.objects.count() == 1
    assert Complaint.objects.get().reference.encode() in second.content
    assert first.status_code == second.status_code == 200
    assert not Complaint.objects.get().events.filter(move="supplement").exists()


def test_what_somebody_says_next_belongs_to_their_complaint_and_another_person_has_their_own(client):
    says(client)
    says(client, number="2", text="还没有来人")
    says(client, number="3", sender="oABC-2")
    first, second = Complaint.objects.order_by("pk")
    assert first.events.get(move="supplement").details["message"] == "还没有来人"
    assert second.channel_details["sender"] == "oABC-2"


def test_after_the_complaint_is_closed_or_long_after_it_is_a_new_one(client):
    says(client)
    bring(Complaint.objects.get(), Status.CLOSED)
    says(client, number="2", text="又停电了")
    assert Complaint.objects.count() == 2
    MessengerThread.objects.update(said_at=timezone.now() - timedelta(days=15))
    says(client, number="3", text="电费不对")
    assert Complaint.objects.count() == 3


def test_a_picture_is_noted_and_an_event_starts_nothing(client):
    says(client, kind="image", PicUrl="http://mmbiz.example/p.jpg", MediaId="m-1")
    assert "http://mmbiz.example/p.jpg" in Complaint.objects.get().story
    answer = says(client, number="", kind="event", Event="subscribe", sender="oABC-9")
    assert answer.content == b"success"
    assert Complaint.objects.count() == 1


def test_the_address_is_proved_by_an_echo(client):
    assert client.get(signed("wechat", echostr="12345")).content == b"12345"
    assert client.get(signed("wechat", token="guess", echostr="12345")).status_code == 403


def test_what_is_not_signed_old_or_unknown_is_refused(client, settings):
    assert client.post(signed("wechat", token="guess"), wechat(), content_type="text/xml").status_code == 403
    assert says(client, age=301).status_code == 403
    assert says(client, age=-301).status_code == 403
    assert client.post("/api/hooks/messenger/wechat/", wechat(), content_type="text/xml").status_code == 403
    assert client.post(signed("wechat").replace("wechat/", "qq/"), wechat(), content_type="text/xml").status_code == 404
    settings.MESSENGERS = {}
    assert says(client).status_code == 404
    assert not InboundRecord.objects.exists()
    assert not MessengerThread.objects.exists()


@pytest.mark.parametrize(
    ("provider", "body"),
    [
        ("wechat", b""), ("wechat", b"<xml>"), ("wechat", b"\xff\xfe\x00"), ("wechat", b"<xml><MsgType>text</MsgType></xml>"),
        ("wechat", b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><FromUserName>a</FromUserName><Content>&a;</Content></xml>'),
        ("weibo", b""), ("weibo", b"[]"), ("weibo", b"{}"), ("weibo", b'{"type": "text", "text": "x"}'), ("weibo", b"\xff"),
        ("wechat", wechat(sender="x" * 101)),
        ("wechat", b"<xml>" + b"x" * 70_000 + b"</xml>"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_sentence(client, provider, body):
    answer = client.post(signed(provider), body, content_type="application/octet-stream")
    assert answer.status_code == 422
    assert answer.json()["message"]
    assert not Complaint.objects.exists()
    assert not InboundRecord.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("same", [True, False])
def test_from_ten_threads_at_once_a_conversation_is_one_complaint(profile, same):
    together, codes = threading.Barrier(10), []

    def work(number):
        try:
            together.wait()
            codes.append(says(Client(), number="1" if same else str(number)).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(codes) == {200}
    complaint = Complaint.objects.get()
    assert complaint.events.filter(move="supplement").count() == (0 if same else 9)
