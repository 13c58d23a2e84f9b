"""The gateway says what became of a text message: noted once, in whatever order, and what failed is before a person."""

import uuid
from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as some

from complaints import receipts, resending
from complaints.models import Arrival, DeskSettings, Notice, NoticeState, Receipt
from config import env
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.views.pages import text_of
from tests.factories import a_complaint, a_user

HOOK = "/api/hooks/sms-receipts/"
TOKEN = "receipt-token"


@pytest.fixture(autouse=True)
def token(settings):
    settings.SMS_RECEIPT_TOKEN = TOKEN


@pytest.fixture
def notice(profile):
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    found = a_complaint(contact_phone="+8613800001234").notices.get()
    Notice.objects.filter(pk=found.pk).update(state=NoticeState.SENT, sent_at=timezone.now())
    found.refresh_from_db()
    return found


def send(client, body, *, token=TOKEN, as_json=True):
    kind = {"content_type": "application/json"} if as_json else {}
    return client.post(HOOK, body, headers={"Authorization": f"Bearer {token}"}, **kind)


def say(client, notice, status, **more):
    answer = send(client, {"id": str(notice.uuid), "status": status, **more})
    notice.refresh_from_db()
    return answer


# the rule


@given(some.lists(some.sampled_from([*Arrival.values, ""]), max_size=6))
def test_in_whatever_order_they_come_what_was_delivered_is_delivered(arrivals):
    now = receipts.standing(arrivals)
    assert now == receipts.standing(arrivals[::-1])
    assert (now == Arrival.DELIVERED) == (Arrival.DELIVERED in arrivals)
    assert (now == "") == (set(arrivals) <= {""})


# through the door


def test_without_a_token_it_does_not_exist_and_with_a_wrong_one_nothing_is_noted(client, notice, settings):
    assert send(client, {"id": str(notice.uuid), "status": "failed"}, token="guess").status_code == 401
    settings.SMS_RECEIPT_TOKEN = ""
    assert say(client, notice, "failed").status_code == 404
    assert notice.state == NoticeState.SENT
    assert not Receipt.objects.exists()


def test_delivered_is_shown_on_the_complaint(client, notice):
    assert say(client, notice, "DELIVRD").json() == {"noted": 1, "unknown": []}
    assert notice.delivered_at is not None
    client.cookies["language"] = "en"
    client.force_login(a_user(Role.SUPERVISOR))
    for page in (notice.complaint.get_absolute_url(), "/desk/notices/?state=all"):
        assert "delivered " in text_of(client.get(page))


def test_what_failed_is_listed_with_its_reason(client, notice):
    say(client, notice, "UNDELIV", reason="MK:0001 空号")
    assert notice.state == NoticeState.DEAD
    client.cookies["language"] = "en"
    client.force_login(a_user(Role.SUPERVISOR))
    assert "Not delivered: MK:0001 空号" in text_of(client.get("/desk/notices/"))
    assert "Not delivered: MK:0001 空号" in text_of(client.get(notice.complaint.get_absolute_url()))


def test_said_twice_it_is_noted_once_and_a_form_will_do(client, notice):
    body = {"id": str(notice.uuid), "status": "failed"}
    assert send(client, body, as_json=False).json()["noted"] == 1
    assert send(client, body).json()["noted"] == 0
    assert Receipt.objects.count() == 1


def test_late_and_out_of_order_failure_never_undoes_delivery(client, notice):
    say(client, notice, "delivered")
    say(client, notice, "failed", reason="late")
    assert (notice.state, notice.error) == (NoticeState.SENT, "")
    assert notice.delivered_at is not None
    assert Receipt.objects.count() == 2


def test_delivered_after_failed_takes_it_off_the_list(client, notice):
    say(client, notice, "failed")
    say(client, notice, "delivered")
    assert (notice.state, notice.error) == (NoticeState.SENT, "")


def test_sent_again_it_can_fail_again(client, notice):
    say(client, notice, "failed")
    resending.resend(notice, by=a_user(Role.SUPERVISOR))
    notice.refresh_from_db()
    assert notice.state == NoticeState.QUEUED
    later = timezone.now() + timedelta(minutes=1)
    Notice.objects.filter(pk=notice.pk).update(state=NoticeState.SENT, sent_at=later)
    say(client, notice, "failed", reason="again")
    assert (notice.state, notice.error) == (NoticeState.DEAD, "Not delivered: again")
    assert Receipt.objects.count() == 2


def test_what_a_person_has_given_up_stays_given_up_unless_it_arrived_after_all(client, notice):
    say(client, notice, "failed")
    resending.give_up(notice, by=a_user(Role.SUPERVISOR), reason="called instead")
    say(client, notice, "delivered")
    assert notice.state == NoticeState.GIVEN_UP
    assert notice.delivered_at is not None


def test_a_list_notes_what_is_known_and_names_the_rest(client, notice):
    stranger = str(uuid.uuid4())
    answer = send(client, [{"id": stranger, "status": "failed"}, {"id": str(notice.uuid), "status": "failed"}])
    assert (answer.status_code, answer.json()) == (200, {"noted": 1, "unknown": [stranger]})
    assert send(client, {"id": stranger, "status": "failed"}).status_code == 404


def test_a_word_that_is_neither_changes_nothing(client, notice):
    assert say(client, notice, "ENROUTE").json() == {"noted": 0, "unknown": []}
    assert notice.state == NoticeState.SENT
    assert not Receipt.objects.exists()


UNREADABLE = [{}, [], {"id": "7", "status": "failed"}, {"id": str(uuid.uuid4())}, "failed", [[1]]]


@pytest.mark.parametrize("body", UNREADABLE)
def test_what_cannot_be_read_is_refused_and_changes_nothing(client, notice, body):
    answer = client.post(HOOK, body, content_type="application/json", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "bad_input"
    assert not Receipt.objects.exists()


def test_the_parts_and_words_are_configured(client, notice, settings):
    settings.SMS_RECEIPT_ID, settings.SMS_RECEIPT_STATUS = "data.extend", "data.stat"
    settings.SMS_RECEIPT_REASON = "data.err"
    settings.SMS_RECEIPT_FAILED = frozenset({"2"})
    send(client, {"data": {"extend": str(notice.uuid), "stat": 2, "err": "关机"}})
    notice.refresh_from_db()
    assert (notice.state, notice.error) == (NoticeState.DEAD, "Not delivered: 关机")


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_are_noted_once(notice):
    said = receipts.Said(notice.uuid, Arrival.FAILED, "failed", "空号")
    assert at_once(lambda number: receipts.note(said, at=timezone.now())).count(True) == 1
    assert Receipt.objects.count() == 1


# the database


def test_a_receipt_is_never_changed_and_says_something_known(client, notice):
    say(client, notice, "failed")
    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        Receipt.objects.update(arrival=Arrival.DELIVERED)
    one = {"notice": notice, "sending": notice.sent_at, "received_at": notice.sent_at}
    with pytest.raises(IntegrityError, match='"receipt_is_noted_once"'), transaction.atomic():
        Receipt.objects.create(arrival=Arrival.FAILED, **one)
    with pytest.raises(IntegrityError, match='"receipt_arrival_is_known"'), transaction.atomic():
        Receipt.objects.create(arrival="maybe", **one)


# the environment


def test_words_of_a_status_are_small_and_never_mean_both(monkeypatch):
    monkeypatch.setenv("WORDS", "Failed, UNDELIV")
    assert env.words_of_status("WORDS", "") == {"failed", "undeliv"}
    with pytest.raises(ImproperlyConfigured, match="undeliv"):
        env.words_of_status("WORDS", "", not_in=frozenset({"undeliv"}))
