"""Systems of others: told once per event, provably by us, never inside our own network, and stopped when nobody answers."""

import hashlib
import hmac
import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from complaints import outbox, webhooks, workflow
from complaints.delivery import DeliveryError
from complaints.delivery import webhook as delivery
from complaints.models import Notice, NoticeState, RequestType, Webhook
from complaints.refusals import Refusal
from complaints.tasks import call_webhooks, send_notices
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.a_gateway import a_gateway
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_actor

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with a_gateway() as one:
        yield one


def a_hook(url="https://receiver.example/", **fields):
    fields = {"name": "GIS", "branch": a_branch(), "moves": ["register", "note"], **fields}
    return Webhook.objects.create(url=url, **fields)


def test_a_call_is_signed_and_says_nothing_about_people(receiver):
    hook = a_hook(receiver.url + "/in?x=1")
    complaint = a_complaint(contact_name="欧阳静", contact_phone="13900007777", story="家里停电了")
    assert call_webhooks() == 1
    ((method, path, headers, body),) = receiver.asked
    assert (method, path) == ("POST", "/in?x=1")
    expected = hmac.new(hook.secret.encode(), f"{headers['Redress-Timestamp']}.".encode() + body, hashlib.sha256)
    assert headers["Redress-Signature"] == f"v1={expected.hexdigest()}"
    said = json.loads(body)
    assert said["id"] == headers["Redress-Id"]
    assert (said["event"], said["number"]) == ("register", 1)
    assert said["complaint"]["reference"] == complaint.reference
    assert said["complaint"]["category"] == complaint.category.code
    for secret in ("欧阳静", "13900007777", "停电了", complaint.token):
        assert secret not in body.decode()
    call = hook.notices.get()
    assert (call.state, call.answer) == (NoticeState.SENT, 200)


def test_only_chosen_events_of_the_branch_are_told_and_reports_never():
    hook = a_hook(branch=a_branch("county", parent=a_branch()))
    outside = a_complaint()
    inside = a_complaint(branch=a_branch("station", parent=hook.branch))
    a_complaint(branch=hook.branch, code="", request_type=RequestType.REPORT)
    workflow.perform("note", inside, by=an_actor(Role.AGENT), at=MONDAY + timedelta(hours=1), note="内部")
    workflow.perform("urge", inside, by=an_actor(Role.AGENT), at=MONDAY + timedelta(hours=1))
    assert list(hook.notices.values_list("complaint", "code")) == [(inside.pk, "register"), (inside.pk, "note")]
    assert not outside.notices.calls().exists()


def test_a_move_that_is_refused_or_rolled_back_calls_nobody():
    hook = a_hook()
    complaint = a_complaint()
    with pytest.raises(Refusal):
        workflow.perform("note", complaint, by=an_actor(Role.ANALYST), note="nein")
    with transaction.atomic():
        workflow.perform("note", complaint, by=an_actor(Role.AGENT), note="ja")
        transaction.set_rollback(True)
    assert hook.notices.count() == 1


def test_a_receiver_that_fails_is_called_again_and_the_rest_waits_in_order(receiver):
    hook = a_hook(receiver.url)
    for _ in range(3):
        a_complaint()
    receiver.status = 503
    assert call_webhooks() == 0
    assert len(receiver.asked) == 1
    receiver.status = 204
    assert call_webhooks() == 2
    hook.notices.filter(state=NoticeState.QUEUED).update(next_try_at=timezone.now())
    assert call_webhooks() == 1
    assert set(hook.notices.values_list("state", flat=True)) == {NoticeState.SENT}
    ids = [headers["Redress-Id"] for _method, _path, headers, _body in receiver.asked]
    assert ids[0] == ids[-1]


def test_redirections_are_not_followed(receiver):
    receiver.status, receiver.headers = 307, {"Location": receiver.url + "/elsewhere"}
    hook = a_hook(receiver.url)
    a_complaint()
    call_webhooks()
    assert [path for _method, path, _headers, _body in receiver.asked] == ["/"]
    assert hook.notices.get().answer == 307


def test_a_receiver_that_is_gone_for_good_is_stopped_and_the_administrators_hear_of_it(receiver):
    receiver.status = 410
    hook = a_hook(receiver.url)
    administrator = a_user(Role.ADMINISTRATOR, language="en")
    for _ in range(webhooks.MOST_FAILURES + 2):
        a_complaint()
    for _ in range(webhooks.MOST_FAILURES + 2):
        call_webhooks()
    hook.refresh_from_db()
    assert not hook.is_active
    assert hook.stopped_at is not None
    assert len(receiver.asked) == webhooks.MOST_FAILURES
    assert set(hook.notices.calls().values_list("state", flat=True)) == {NoticeState.DEAD}
    told = hook.notices.get(code="webhook_stopped", address=administrator.email)
    assert hook.name in told.subject
    assert "410" in told.body
    assert send_notices() >= 1
    a_complaint()
    assert hook.notices.calls().count() == webhooks.MOST_FAILURES + 2


def test_one_call_that_gets_through_begins_the_count_anew(receiver):
    hook = a_hook(receiver.url, failures=webhooks.MOST_FAILURES - 1)
    a_complaint()
    call_webhooks()
    hook.refresh_from_db()
    assert hook.failures == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://localhost/",
        "https://10.1.2.3/",
        "https://192.168.0.1:8443/",
        "https://169.254.169.254/latest/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://224.0.0.1/",
    ],
)
def test_our_own_network_is_never_called(url):
    with pytest.raises(DeliveryError) as refused:
        delivery.judged(url)
    assert refused.value.is_permanent or "not public" not in str(refused.value)


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1"])
def test_public_addresses_may_be_called(address):
    assert delivery.is_public(address)


def test_a_name_that_leads_home_is_not_called_and_the_call_is_given_up(receiver, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    hook = a_hook(receiver.url.replace("127.0.0.1", "localhost"))
    a_complaint()
    call_webhooks()
    assert receiver.asked == []
    assert hook.notices.get().state == NoticeState.DEAD


def test_both_secrets_sign_on_the_day_after_a_rotation():
    hook = a_hook()
    old, now = hook.secret, timezone.now()
    new = webhooks.rotate(hook)
    hook.refresh_from_db()
    assert hook.secrets_at(now) == [new, old]
    assert hook.secrets_at(now + timedelta(hours=25)) == [new]
    signatures = delivery.signed(hook, b"{}", now)["Redress-Signature"].split(",")
    moment = str(int(now.timestamp()))
    assert signatures == [f"v1={delivery.signature(secret, moment, b'{}')}" for secret in (new, old)]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_call_each_receiver_once_per_event(receiver):
    a_hook(receiver.url)
    for _ in range(4):
        a_complaint()
    at_once(lambda _number: call_webhooks(), 4)
    call_webhooks()
    ids = [headers["Redress-Id"] for _method, _path, headers, _body in receiver.asked]
    assert len(ids) == len(set(ids)) == 4


def test_people_are_told_as_before_and_a_call_is_no_acknowledgement(receiver):
    a_hook(receiver.url)
    complaint = a_complaint(contact_phone="0315-2021234")
    assert complaint.notices.get().medium == "webhook"
    Notice.objects.all().delete()
    assert outbox.queue(complaint, complaint.events.get(number=1)) == []


# the pages


@pytest.fixture
def administrator(client):
    client.cookies["language"] = "en"
    user = a_user(Role.ADMINISTRATOR)
    client.force_login(user)
    return user


def filled(**more):
    return {"name": "ERP", "url": "https://erp.example/in", "branch": a_branch().pk, "moves": ["close"]} | {
        "is_active": "on",
        **more,
    }


def test_an_administrator_sets_one_up_and_sees_its_secret_once(client, administrator):
    answer = client.post("/desk/webhooks/", filled(), follow=True)
    hook = Webhook.objects.get()
    assert hook.secret in answer.content.decode()
    assert hook.secret not in client.get(f"/desk/webhooks/{hook.pk}/").content.decode()
    rotated = client.post(f"/desk/webhooks/{hook.pk}/rotate/", follow=True).content.decode()
    hook.refresh_from_db()
    assert hook.secret in rotated
    assert hook.created_by == administrator


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"url": "http://erp.example/"}, "must begin with https"),
        ({"url": "https://127.0.0.1/"}, "not public"),
        ({"url": "https://[::1]/"}, "not public"),
        ({"url": "https://me:pass@erp.example/"}, "Leave out user name"),
        ({"moves": []}, "Choose at least one event"),
        ({"name": ""}, "Give it a name"),
    ],
)
def test_what_cannot_be_is_said_and_what_was_typed_stays(client, administrator, wrong, said):
    answer = client.post("/desk/webhooks/", filled(**wrong))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert said in page
    assert ("ERP" in page) or wrong == {"name": ""}
    assert not Webhook.objects.exists()


def test_a_test_call_is_made_and_shown_with_its_answer(client, administrator, receiver):
    hook = a_hook(receiver.url)
    client.post(f"/desk/webhooks/{hook.pk}/ping/")
    receiver.status = 202
    assert call_webhooks() == 1
    assert json.loads(receiver.asked[0][3])["event"] == "ping"
    assert re.search(r"ping.*202", client.get(f"/desk/webhooks/{hook.pk}/").content.decode(), re.DOTALL)


def test_switching_it_off_lets_go_of_what_waits_and_on_again_begins_anew(client, administrator):
    hook = a_hook("https://erp.example/in", failures=3)
    a_complaint()
    client.post(f"/desk/webhooks/{hook.pk}/", filled(is_active=""))
    assert hook.notices.get().state == NoticeState.DEAD
    client.post(f"/desk/webhooks/{hook.pk}/", filled())
    hook.refresh_from_db()
    assert (hook.is_active, hook.failures, hook.name) == (True, 0, "ERP")


@pytest.mark.parametrize("role", [role for role in Role if role != Role.ADMINISTRATOR])
def test_nobody_else_may_see_or_change_them(client, role):
    hook = a_hook()
    client.force_login(a_user(role))
    assert client.get("/desk/webhooks/").status_code == 403
    assert client.post("/desk/webhooks/", filled()).status_code == 403
    for path in ("", "rotate/", "ping/"):
        assert client.post(f"/desk/webhooks/{hook.pk}/{path}", filled()).status_code == 403
    assert Webhook.objects.get().secret == hook.secret
    assert not Notice.objects.exists()
