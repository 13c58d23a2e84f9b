"""What goes out: once per person and medium, tried again when the gateway fails, never lost, never doubled."""

import json
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.utils import timezone

from complaints import outbox, workflow
from complaints.delivery.files import append_once
from complaints.models import DeskSettings, Notice, NoticeState
from complaints.outbox import BACK_OFF
from complaints.states import Status
from complaints.tasks import send_notices
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account, an_actor

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture(autouse=True)
def own_outbox(settings, tmp_path):
    settings.SMS_URL = f"log:{tmp_path / 'sms.log'}"
    settings.EMAIL_URL = f"file:{tmp_path / 'email'}"


def texts_sent() -> list[dict]:
    path = Path(django_settings.SMS_URL.removeprefix("log:"))
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_the_acknowledgement_reaches_the_customer_once():
    complaint = a_complaint(contact_phone="13800001234")
    assert send_notices() == 1
    assert send_notices() == 0
    (text,) = texts_sent()
    assert text["to"] == "13800001234"
    assert complaint.reference in text["text"]
    notice = complaint.notices.get()
    assert (notice.state, notice.attempts) == (NoticeState.SENT, 1)


def test_a_worker_that_died_after_the_gateway_took_it_does_not_send_it_twice():
    complaint = a_complaint()
    send_notices()
    Notice.objects.update(state=NoticeState.QUEUED, sent_at=None)  # as if the commit had been lost
    send_notices()
    assert len(texts_sent()) == 1
    assert complaint.notices.get().state == NoticeState.SENT


def test_a_line_cut_off_by_a_crash_is_written_anew(tmp_path):
    log = tmp_path / "sms.log"
    append_once(log, key="one", line='{"uuid": "one"}')
    with log.open("a") as file:
        file.write('{"uuid": "tw')
    append_once(log, key="two", line='{"uuid": "two"}')
    assert [json.loads(line)["uuid"] for line in log.read_text().splitlines()] == ["one", "two"]


def test_e_mail_goes_to_those_who_prefer_it_in_their_language():
    complaint = a_complaint(contact_email="li@example.org", contact_method="email", language="en")
    send_notices()
    (file,) = Path(django_settings.EMAIL_URL.removeprefix("file:")).glob("*.eml")
    raw = file.read_text()
    assert "To: li@example.org" in raw
    assert str(complaint.notices.get().uuid) in raw
    assert complaint.notices.get().language == "en"


def test_a_failing_gateway_is_tried_again_later_and_then_given_up_visibly(settings):
    settings.SMS_URL = "https://gateway.invalid/"
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    notice = a_complaint().notices.get()
    now = timezone.now()
    for attempt, wait in enumerate(BACK_OFF, start=1):
        assert not outbox.send(notice, now=now)
        notice.refresh_from_db()
        assert (notice.state, notice.attempts) == (NoticeState.QUEUED, attempt)
        assert notice.next_try_at == now + wait
        assert notice.error
        now = notice.next_try_at
    outbox.send(notice, now=now)
    notice.refresh_from_db()
    assert notice.state == NoticeState.DEAD


def test_a_landline_gets_no_text_message_and_do_not_contact_is_respected():
    assert not a_complaint(contact_phone="0315-2021234").notices.exists()
    account = an_account(do_not_contact=True)
    assert not a_complaint(customer=account.customer, account=account).notices.exists()


def test_the_supervisor_of_the_nearest_branch_on_duty_is_told_and_failing_all_the_administrator():
    station = a_branch("station", parent=a_branch("county", parent=a_branch()))
    complaint = a_complaint(branch=station)
    event = complaint.events.get()
    administrator = a_user(Role.ADMINISTRATOR)
    assert [r.address for r in outbox.supervisors(complaint, event)] == [administrator.email]
    a_user(Role.SUPERVISOR)
    off_duty = a_user(Role.SUPERVISOR, branch=station, is_on_duty=False)
    county = a_user(Role.SUPERVISOR, branch=station.parent)
    assert [r.address for r in outbox.supervisors(complaint, event)] == [county.email]
    off_duty.is_on_duty = True
    off_duty.save()
    assert [r.address for r in outbox.supervisors(complaint, event)] == [off_duty.email]


def test_a_message_to_the_customer_is_sent_word_for_word_and_a_note_is_not_sent():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    agent = an_actor(Role.AGENT)
    workflow.perform("note", complaint, by=agent, at=MONDAY + timedelta(hours=1), note="内部情况")
    workflow.perform("message", complaint, by=agent, at=MONDAY + timedelta(hours=1), message="今晚八点前送电。")
    bodies = list(complaint.notices.values_list("body", flat=True))
    assert any("今晚八点前送电。" in body for body in bodies)
    assert not any("内部情况" in body for body in bodies)


@pytest.mark.django_db(transaction=True)
def test_two_workers_racing_send_each_notice_once():
    for _ in range(8):
        a_complaint()
    start = threading.Barrier(3)

    def work():
        start.wait()
        send_notices()
        connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    send_notices()
    uuids = [text["uuid"] for text in texts_sent()]
    assert len(uuids) == len(set(uuids)) == 8
    assert set(Notice.objects.values_list("state", "attempts")) == {(NoticeState.SENT, 1)}
