"""A mail server that drips, that parts badly, or that asks for patience: real servers, a byte at a time where it must be."""

import socket
import socketserver
import threading
from contextlib import contextmanager, suppress

import pytest
from django.utils import timezone

from complaints.delivery import email
from complaints.delivery.errors import DeliveryError
from complaints.models import Medium, Notice


@contextmanager
def a_mail_server(settings, *, drips_at="", says=None):
    """It says what `says` has for a command and 250 for the others; at `drips_at` it says “2” again and again, without end."""
    taken, is_over = [], threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            with suppress(OSError):
                self.say("HELLO", "220 here")
                while line := self.rfile.readline():
                    word = line[:4].decode().upper()
                    self.say(word, "354 go on" if word == "DATA" else "221 bye" if word == "QUIT" else "250 yes")
                    if word == "QUIT":
                        return
                    if word == "DATA":
                        while (line := self.rfile.readline()) not in (b".\r\n", b""):
                            pass
                        taken.append(word)
                        self.say("TAKEN", "250 taken")

        def say(self, word, usual):
            while word == drips_at:
                self.wfile.write(b"2")
                if is_over.wait(0.02):
                    raise OSError("enough")
            self.wfile.write(f"{(says or {}).get(word, usual)}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        settings.EMAIL_URL = f"smtp://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield taken
        finally:
            is_over.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def notice():
    return Notice(
        medium=Medium.EMAIL, address="li@example.org", subject="您的投诉", body="已受理。", created_at=timezone.now()
    )


@pytest.fixture
def soon(monkeypatch):
    """Between two bytes less time passes than a word may take, so only the time for the whole ends it."""
    monkeypatch.setattr(email, "WHOLE_SECONDS", 0.5)


@pytest.mark.parametrize("where", ["HELLO", "EHLO", "MAIL", "RCPT", "DATA", "TAKEN"])
def test_a_server_that_drips_is_left_when_the_time_for_one_mail_is_over(settings, notice, soon, where):
    with a_mail_server(settings, drips_at=where), pytest.raises(DeliveryError) as refused:
        email.deliver(notice)
    assert refused.value.is_silence
    assert not refused.value.is_permanent


def test_a_server_that_drips_its_good_bye_has_taken_the_mail(settings, notice, soon):
    with a_mail_server(settings, drips_at="QUIT") as taken:
        email.deliver(notice)
    assert len(taken) == 1


@pytest.mark.parametrize("bye", ["421 too many connections", "250 yes", "nonsense"])
def test_whatever_it_says_at_parting_the_mail_is_taken(settings, notice, bye):
    with a_mail_server(settings, says={"QUIT": bye}) as taken:
        email.deliver(notice)
    assert len(taken) == 1


@pytest.mark.parametrize(
    ("word", "said", "is_permanent"),
    [
        ("RCPT", "450 greylisted, come again", False),
        ("RCPT", "550 nobody of that name", True),
        ("MAIL", "451 come again", False),
        ("MAIL", "550 not from you", True),
    ],
)
def test_only_a_refusal_for_good_ends_it(settings, notice, word, said, is_permanent):
    with a_mail_server(settings, says={word: said}) as taken, pytest.raises(DeliveryError) as refused:
        email.deliver(notice)
    assert refused.value.is_permanent is is_permanent
    assert taken == []


def test_nothing_stays_open_when_it_is_over(settings, notice, monkeypatch):
    threads = threading.active_count()
    with socket.create_server(("127.0.0.1", 0)) as full:
        settings.EMAIL_URL = f"smtps://127.0.0.1:{full.getsockname()[1]}"
        monkeypatch.setattr(email, "TIMEOUT_SECONDS", 0.2)  # nobody shakes hands there
        with pytest.raises(DeliveryError):
            email.deliver(notice)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join(5)
    assert threading.active_count() == threads
