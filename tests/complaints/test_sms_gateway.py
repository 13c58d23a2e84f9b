"""Text messages over a gateway that speaks HTTP: what it is told, and what its answers mean."""

import json
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from complaints import outbox
from complaints.delivery import http, sms
from complaints.models import DeskSettings, Notice, NoticeState
from complaints.outbox import BACK_OFF
from config import env
from tests.at_once import at_once
from tests.complaints.a_gateway import a_gateway
from tests.factories import a_complaint

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


@pytest.fixture
def gateway(settings):
    with a_gateway() as one:
        settings.SMS_URL = one.url.replace("//", "//desk:s%20cret@") + "/send?from={sender}"
        settings.SMS_SENDER = "95598"
        yield one


@pytest.fixture
def notice(profile):
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    return a_complaint(contact_phone="+8613800001234").notices.get()


def tried(notice, now=None):
    outbox.send(notice, now=now or timezone.now())
    notice.refresh_from_db()
    return notice.state


def test_the_gateway_gets_number_text_and_the_key_of_the_notice(gateway, notice):
    assert tried(notice) == NoticeState.SENT
    ((method, path, headers, body),) = gateway.asked
    assert (method, path) == ("POST", "/send?from=95598")
    assert headers["Authorization"] == "Basic ZGVzazpzIGNyZXQ="
    assert headers["Idempotency-Key"] == str(notice.uuid)
    assert json.loads(body) == {"to": "+8613800001234", "text": notice.body, "id": str(notice.uuid)}


def test_a_form_or_a_plain_get_will_do_and_the_token_may_be_a_bearer(gateway, notice, settings):
    settings.SMS_FORMAT, settings.SMS_BODY = "form", "mobile={national}&content={text}&no={uuid}"
    settings.SMS_AUTHORIZATION = "Bearer t0ken"
    assert tried(notice) == NoticeState.SENT
    sent = parse_qs(gateway.asked[0][3].decode())
    assert (sent["mobile"], sent["content"]) == (["13800001234"], [notice.body])
    assert gateway.asked[0][2]["Authorization"] == "Bearer t0ken"
    settings.SMS_METHOD, settings.SMS_URL = "GET", f"{gateway.url}/?to={{to}}&text={{text}}"
    Notice.objects.update(state=NoticeState.QUEUED, sent_at=None)
    assert tried(notice) == NoticeState.SENT
    method, path, _headers, body = gateway.asked[1]
    assert (method, body) == ("GET", b"")
    assert parse_qs(urlsplit(path).query)["text"] == [notice.body]


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_what_the_gateway_will_never_take_is_not_tried_again(gateway, notice, status):
    gateway.status, gateway.text = status, '{"error":\n "not a number\x00"}'
    assert tried(notice) == NoticeState.DEAD
    assert notice.error == f'The gateway answered {status}: {{"error": "not a number "}}'


@pytest.mark.parametrize("status", [302, 408, 425, 429, 500, 503])
def test_what_it_may_take_later_waits(gateway, notice, status):
    gateway.status, gateway.headers = status, {"Location": "http://127.0.0.1:1/"}
    now = timezone.now()
    assert tried(notice, now) == NoticeState.QUEUED
    assert notice.next_try_at == now + BACK_OFF[0]
    assert (notice.attempts, len(gateway.asked)) == (1, 1)


def test_a_gateway_that_asks_for_patience_gets_it(gateway, notice):
    gateway.status, gateway.headers = 429, {"Retry-After": "1800"}
    now = timezone.now()
    assert tried(notice, now) == NoticeState.QUEUED
    assert notice.next_try_at == now + timedelta(minutes=30)
    assert tried(notice, now + timedelta(minutes=29)) == NoticeState.QUEUED
    assert len(gateway.asked) == 1


def test_a_gateway_that_says_200_to_everything_is_read(gateway, notice, settings):
    settings.SMS_SUCCESS_TEXT = '"code": 0'
    gateway.text = '{"code": 17, "message": "balance"}'
    assert tried(notice) == NoticeState.QUEUED
    assert "balance" in notice.error
    gateway.text = '{"code": 0}'
    assert tried(notice, notice.next_try_at) == NoticeState.SENT


def test_a_connection_cut_after_it_was_taken_is_tried_again_with_the_same_key(gateway, notice):
    gateway.behaviour = "cut"
    assert tried(notice) == NoticeState.QUEUED
    gateway.behaviour = "answer"
    assert tried(notice, notice.next_try_at) == NoticeState.SENT
    first, second = (headers["Idempotency-Key"] for _method, _path, headers, _body in gateway.asked)
    assert first == second


def test_an_answer_that_never_ends_does_not_hold_the_worker_and_its_status_counts(gateway):
    gateway.behaviour, gateway.text = "slow", ""
    began = time.monotonic()
    assert http.call("POST", gateway.url, headers={}, body=b"x", whole_seconds=0.5).status == 200
    assert time.monotonic() - began < 3


def test_an_answer_that_never_begins_is_none(gateway):
    gateway.before_answer = lambda: time.sleep(1.5)
    began = time.monotonic()
    with pytest.raises(sms.DeliveryError):
        http.call("POST", gateway.url, headers={}, body=b"x", whole_seconds=0.4)
    assert time.monotonic() - began < 1.4


def test_a_gateway_that_is_not_there_is_tried_again_and_no_secret_is_told(gateway, notice, settings):
    settings.SMS_URL = "http://desk:cret@127.0.0.1:1/"
    assert tried(notice) == NoticeState.QUEUED
    assert notice.error
    assert "cret" not in notice.error


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_call_the_gateway_once(gateway, notice):
    gateway.before_answer = lambda: time.sleep(0.2)
    now = timezone.now()
    assert sum(at_once(lambda _number: outbox.send(notice, now=now), 5)) == 1
    assert len(gateway.asked) == 1


@given(text=some.text(alphabet=some.characters(exclude_categories=["Cs"])))
def test_any_text_arrives_word_for_word(text):
    words = {"to": "1", "national": "1", "text": text, "uuid": "key", "sender": ""}
    assert json.loads(sms.filled('{"a": "{text}", "b": "{uuid}"}', words, sms.in_json)) == {"a": text, "b": "key"}
    read = parse_qs(sms.filled("a={text}&b={uuid}", words, sms.in_form), keep_blank_values=True, errors="strict")
    assert read == {"a": [text], "b": ["key"]}


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("90", timedelta(seconds=90)),
        ("0", None),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("99999999999", timedelta(days=1)),
        ("Mon, 02 Mar 2026 05:00:00 GMT", timedelta(hours=1)),
        ("Mon, 02 Mar 2026 03:00:00 GMT", None),
        ("Mon, 02 Mar 2026 05:00:00", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value, wait):
    assert http.retry_after(value, now=NOW) == wait


def test_the_body_may_stand_in_a_file_and_statuses_are_checked(monkeypatch, tmp_path):
    file = tmp_path / "body.json"
    file.write_text('{"phone": "{to}"}\n')
    monkeypatch.setenv("X_BODY", f"@{file}")
    assert env.template("X_BODY", "") == '{"phone": "{to}"}'
    monkeypatch.setenv("X_BODY", f"@{tmp_path}/none")
    with pytest.raises(ImproperlyConfigured, match="X_BODY"):
        env.template("X_BODY", "")
    monkeypatch.setenv("X_STATUSES", "200,2x")
    with pytest.raises(ImproperlyConfigured, match="X_STATUSES"):
        env.statuses("X_STATUSES", "")
