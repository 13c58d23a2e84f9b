"""The doors for machines: what was sent before changes nothing when it comes again, and no log line says who it was about."""

import json
import logging
import re

import pytest

from channels_intake.models import IncomingCall
from complaints.models import Complaint, DeskSettings, Notice, NoticeState, Receipt
from complaints.tasks import call_webhooks
from config.logs import JsonFormatter
from staff.actors import Role
from tests.channels_intake import test_messenger as messenger
from tests.complaints.a_gateway import a_gateway
from tests.complaints.test_webhooks import a_hook
from tests.factories import a_branch, a_complaint, a_team, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
PHONE, NAME, SENDER, SAID = "13800001234", "欧阳静", "oABC-1", "我家停电了"
TOKEN = "a-token-of-machines"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def lines():
    """Everything that is logged meanwhile, as a collector reads it."""
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            found.append(JsonFormatter().format(record))

    handler, root = Keep(level=logging.DEBUG), logging.getLogger()
    loggers = [root, logging.getLogger("django")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    yield found
    for one, level in zip(loggers, levels, strict=True):
        one.removeHandler(handler)
        one.setLevel(level)


@pytest.fixture
def desk(settings):
    settings.MESSENGERS = messenger.TOKENS
    settings.TELEPHONY_TOKEN = settings.SMS_RECEIPT_TOKEN = TOKEN
    settings.WEBHOOK_ALLOW_PRIVATE = True
    a_branch()
    a_team("dispatch")
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)


def ring(client, agent, **said):
    said = {"call_id": "c-1", "agent": agent.username, "caller_number": PHONE, **said}
    return client.post("/api/hooks/telephony/", said, headers=BEARER, content_type="application/json").status_code


def receipt(client, key, **said):
    body = {"id": key, "status": "UNDELIV", "reason": f"{NAME} {PHONE}", **said}
    return client.post("/api/hooks/sms-receipts/", body, headers=BEARER, content_type="application/json").status_code


def test_no_line_of_the_log_says_who_it_was_about(client, desk, lines):
    agent = a_user(Role.AGENT)
    assert messenger.says(client, "wechat", f"{SAID} {NAME} {PHONE}", sender=SENDER).status_code == 200
    assert messenger.says(client, "wechat", f"{SAID} {NAME} {PHONE}", sender=SENDER, age=301).status_code == 403
    assert client.post(messenger.signed("weibo"), "{" + NAME, content_type="application/json").status_code == 422
    assert ring(client, agent) == 201
    assert ring(client, agent, caller_number=PHONE * 4) == 422
    assert receipt(client, "no-such-key") == 422
    notice = a_complaint(contact_name=NAME, contact_phone=PHONE).notices.get()
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENT, sent_at=notice.created_at)
    assert receipt(client, str(notice.uuid)) == 200
    assert receipt(client, str(notice.uuid), status=f"{NAME}?") == 200
    with a_gateway() as receiver:
        receiver.status, receiver.text = 500, f"{NAME} {PHONE}"
        a_hook(receiver.url)
        a_complaint(contact_name=NAME, contact_phone=PHONE, story=SAID)
        call_webhooks()
    written = "\n".join(lines)
    assert "redress.access" in written
    shown = written + "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in lines)
    for word in (PHONE, SENDER, SAID, TOKEN, "gh_desk", *Complaint.objects.values_list("token", flat=True)):
        assert word not in shown
    assert not re.search(NAME, shown)


def test_what_comes_again_changes_nothing(client, desk):
    agent, other = a_user(Role.AGENT), a_user(Role.AGENT)
    address, body = messenger.signed("wechat"), messenger.wechat()
    for _twice in range(2):
        assert client.post(address, body, content_type="application/xml").status_code == 200
    assert Complaint.objects.get().version == 1
    assert [ring(client, agent), ring(client, agent)] == [201, 200]
    assert IncomingCall.objects.get().agent == agent
    assert ring(client, other) == 200
    assert IncomingCall.objects.get().agent == other
    notice = a_complaint(contact_phone=PHONE).notices.get()
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENT, sent_at=notice.created_at)
    assert [receipt(client, str(notice.uuid)), receipt(client, str(notice.uuid))] == [200, 200]
    assert Receipt.objects.count() == 1


@pytest.mark.parametrize("age", [301, -301])
@pytest.mark.parametrize("provider", ["wechat", "weibo"])
def test_a_message_from_another_time_is_refused_though_it_is_signed(client, desk, provider, age):
    assert messenger.says(client, provider, age=age).status_code == 403
    assert not Complaint.objects.exists()


def test_each_try_of_a_call_is_signed_anew_and_has_the_same_id(desk):
    with a_gateway() as receiver:
        a_hook(receiver.url)
        a_complaint()
        receiver.status = 500
        call_webhooks()
        Notice.objects.filter(webhook__isnull=False).update(next_try_at=Complaint.objects.get().received_at)
        call_webhooks()
    first, second = (headers for _method, _path, headers, _body in receiver.asked)
    assert first["Redress-Id"] == second["Redress-Id"]
    assert int(second["Redress-Timestamp"]) >= int(first["Redress-Timestamp"])
