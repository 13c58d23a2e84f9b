"""A gateway that does not answer holds up neither the other one nor the workers, and what waits goes out when it is back."""

import socket
import threading
from contextlib import contextmanager

import pytest
from django.utils import timezone

from complaints import gateways
from complaints.models import DeskSettings, Medium, Notice, NoticeState
from complaints.tasks import send_account_mail, send_notices
from staff.actors import Role
from staff.entry_models import AccountMail, MailKind
from tests.at_once import at_once
from tests.complaints.a_gateway import a_gateway
from tests.factories import a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile")


@contextmanager
def a_server_that_hangs_up():
    """It listens and ends every connection without a word; gives its port and the list of connections."""
    came = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take():
            while True:
                try:
                    connection, _address = server.accept()
                except OSError:
                    return
                came.append(connection)
                connection.close()

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def waiting():
    """Three e-mails and a text message that are due, the e-mails first."""
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    for number in range(3):
        a_complaint(contact_email=f"li{number}@example.org", contact_method="email")
    a_complaint(contact_phone="13800001234")
    assert Notice.objects.count() == 4


def states(medium):
    return sorted(Notice.objects.filter(medium=medium).values_list("state", "attempts"))


def test_one_call_finds_out_and_the_others_wait_untried_while_the_other_medium_goes_on(settings, tmp_path, waiting):
    settings.SMS_URL = f"log:{tmp_path / 'sms.log'}"
    with a_server_that_hangs_up() as (port, came):
        settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
        assert send_notices() == 1
        assert send_notices() == 0
        assert len(came) == 1
    assert states("email") == [(NoticeState.QUEUED, 0), (NoticeState.QUEUED, 0), (NoticeState.QUEUED, 1)]
    assert states("sms") == [(NoticeState.SENT, 1)]


def test_letters_about_accounts_wait_for_the_same_server(settings, waiting):
    with a_server_that_hangs_up() as (port, came):
        settings.EMAIL_URL = f"smtp://127.0.0.1:{port}"
        now = timezone.now()
        for _ in range(2):
            AccountMail.objects.create(user=a_user(Role.AGENT), kind=MailKind.WELCOME, queued_at=now, next_try_at=now)
        assert send_account_mail() == 0
        send_notices()
        assert len(came) == 1
    assert sorted(AccountMail.objects.values_list("tries", flat=True)) == [0, 1]


def test_it_is_asked_again_after_a_while_by_one_worker_and_its_answer_lets_all_out(settings, waiting, monkeypatch):
    monkeypatch.setattr(gateways, "ASK_AGAIN", 1)
    settings.EMAIL_URL = "smtp://127.0.0.1:1"
    for number in range(3):
        a_complaint(contact_phone=f"1380000000{number}")
    with a_gateway() as gateway:
        settings.SMS_URL = gateway.url
        gateway.behaviour = "cut"
        assert send_notices() == 0
        assert len(gateway.asked) == 1
        gateway.behaviour = "answer"
        tries = iter(range(200))
        while not (allowed := at_once(lambda _number: gateways.may_try(Medium.SMS), times=4).count(True)):
            assert next(tries) < 199
            threading.Event().wait(0.05)
        assert allowed == 1
        gateways.note_answer(Medium.SMS)
        assert send_notices() == 3
    assert [state for state, _attempts in states("sms")].count(NoticeState.SENT) == 3
