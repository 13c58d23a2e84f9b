"""With a virus scanner, nobody opens a file before it was looked at; without one all is as before."""

import io
import os
import signal
import socket
import threading
import time

import pytest
from django.core.cache import cache
from django.core.files.base import ContentFile
from django.db import IntegrityError, connections, transaction
from django.urls import reverse
from django.utils import timezone
from prometheus_client import generate_latest

from complaints import quarantine, workflow
from complaints.attachments import made, prepare
from complaints.delivery import clamd
from complaints.models import Attachment, Notice
from complaints.models.attachment import ScanState
from complaints.tasks import scan_files
from config.metrics import registry
from staff.actors import THE_CUSTOMER, Role
from tests.at_once import at_once
from tests.complaints.a_scanner import EICAR, a_scanner
from tests.complaints.test_attachments import a_picture
from tests.factories import a_complaint, a_user

CLEAN_PDF, BAD_PDF = b"%PDF-1.4\nclean\n%%EOF", b"%PDF-1.4\n" + EICAR + b"\n%%EOF"
WAITING, CLEAN, INFECTED, UNSCANNED = "waiting", "clean", "infected", "unscanned"


@pytest.fixture
def scanner(settings):
    with a_scanner() as found:
        settings.CLAMD_URL = found.url
        yield found


def a_file(data=CLEAN_PDF, name="letter.pdf", complaint=None):
    complaint = complaint or a_complaint(at=timezone.now())
    workflow.perform("attach", complaint, by=THE_CUSTOMER, files=[prepare(io.BytesIO(data), name=name)])
    return complaint.attachments.order_by("-pk").first()


def state(file):
    file.refresh_from_db()
    return file.scan


def answers(client, file):
    """What everybody who might get the file is answered: the desk, and the customer."""
    urls = [
        reverse("complaints:attachment", args=[file.complaint.reference, file.uuid]),
        reverse("complaints:track-file", args=[file.complaint.token, file.uuid]),
    ]
    return [client.get(url).status_code for url in urls]


@pytest.fixture
def desk(client, profile):
    client.force_login(a_user(Role.SUPERVISOR))
    client.cookies["language"] = "en"
    return client


def test_without_a_scanner_files_are_open_at_once(desk):
    file = a_file()
    assert (file.scan, scan_files()) == (UNSCANNED, 0)
    assert answers(desk, file) == [200, 200]


def test_a_file_waits_is_shown_as_waiting_and_is_opened_by_nobody_until_it_is_clean(desk, scanner):
    file = a_file(a_picture().read(), "wire.jpg")
    assert state(file) == WAITING
    assert answers(desk, file) == [409, 409]
    for url in (file.complaint.get_absolute_url(), f"/track/{file.complaint.token}/"):
        page = desk.get(url).content.decode()
        assert "waiting for the virus scan" in page
        assert str(file.uuid) not in page
    assert scan_files() == 1
    assert (state(file), file.found) == (CLEAN, "")
    assert file.scanned_at
    assert answers(desk, file) == [200, 200]
    assert str(file.uuid) in desk.get(file.complaint.get_absolute_url()).content.decode()
    assert scan_files() == 0
    assert len(scanner.seen) == 1


def test_an_infected_file_stays_locked_is_flagged_and_told(desk, scanner):
    good, bad = a_file(), a_file(BAD_PDF, "bill.pdf")
    assert scan_files() == 2
    assert (state(good), state(bad), bad.found) == (CLEAN, INFECTED, "Eicar-Test-Signature")
    assert answers(desk, bad) == [409, 409]
    page = desk.get(bad.complaint.get_absolute_url()).content.decode()
    assert "infected (Eicar-Test-Signature), cannot be opened" in page
    assert str(bad.uuid) not in page
    event = bad.complaint.events.order_by("-number").first()
    assert (event.move, event.role) == ("escalate", "clock")
    assert "bill.pdf" in event.details["reason"]
    assert Notice.objects.filter(complaint=bad.complaint, code="escalation").exists()
    assert not good.complaint.events.filter(move="escalate").exists()
    assert "infected, cannot be opened" in desk.get(f"/track/{bad.complaint.token}/").content.decode()


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def test_while_the_scanner_is_away_files_wait_and_are_scanned_when_it_is_back(desk, settings):
    port = free_port()
    settings.CLAMD_URL = f"tcp://127.0.0.1:{port}"
    one, other = a_file(), a_file(BAD_PDF)
    for _turn in range(3):
        assert scan_files() == 0
    assert (state(one), state(other)) == (WAITING, WAITING)
    assert answers(desk, other) == [409, 409]
    figures = generate_latest(registry).decode()
    assert "redress_files_waiting 2.0" in figures
    assert "redress_scan_lag_seconds" in figures
    with a_scanner(port=port):
        assert scan_files() == 2
    assert (state(one), state(other)) == (CLEAN, INFECTED)


@pytest.mark.parametrize("behaviour", ["mute", "babble"])
def test_whoever_answers_as_no_scanner_does_releases_nothing(profile, scanner, behaviour):
    file, scanner.behaviour = a_file(), behaviour
    assert scan_files() == 0
    assert state(file) == WAITING
    scanner.behaviour = "scan"
    assert scan_files() == 1


def test_a_file_too_large_for_the_scanner_waits_and_holds_up_no_other(profile, scanner):
    large, small = a_file(b"%PDF-1.4\n" + b"x" * 300_000 + b"\n%%EOF"), a_file()
    scanner.limit = 100_000
    assert scan_files() == 1
    assert (state(large), state(small)) == (WAITING, CLEAN)
    scanner.limit = 25_000_000
    assert scan_files() == 1
    assert state(large) == CLEAN


def test_a_lost_file_waits_and_holds_up_no_other(profile, scanner):
    lost, there = a_file(), a_file()
    lost.file.storage.delete(lost.file.name)
    assert scan_files() == 1
    assert (state(lost), state(there)) == (WAITING, CLEAN)


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_while_the_scanner_looks_leaves_the_file_waiting(profile, scanner):
    file, worker = a_file(BAD_PDF), []
    scanner.before_answer = lambda: os.kill(worker[0], signal.SIGKILL)
    connections.close_all()  # or the child would share, and end, this process's connection
    ready, go = os.pipe()
    if (child := os.fork()) == 0:
        os.read(ready, 1)
        quarantine.sweep()
        os._exit(0)
    worker.append(child)
    os.write(go, b"!")
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert (state(file), len(scanner.seen)) == (WAITING, 1)
    assert not file.complaint.events.filter(move="escalate").exists()
    scanner.before_answer = None
    assert scan_files() == 0  # for some minutes it seems to be in hand
    cache.delete(quarantine.IN_HAND)
    assert scan_files() == 1
    assert state(file) == INFECTED
    assert file.complaint.events.filter(move="escalate").count() == 1


@pytest.mark.django_db(transaction=True)
def test_many_workers_note_it_once(profile, scanner):
    file = a_file(BAD_PDF)
    assert sum(at_once(lambda _number: quarantine.scan(file), 4)) == 1
    assert state(file) == INFECTED
    assert file.complaint.events.filter(move="escalate").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_slow_scanner_holds_up_one_worker_and_not_all(profile, scanner):
    a_file()
    together = threading.Barrier(2)
    scanner.before_answer = together.wait
    slow = threading.Thread(target=lambda: (quarantine.sweep(), connections.close_all()))
    slow.start()
    while not scanner.seen:
        time.sleep(0.01)
    assert quarantine.sweep() == 0
    assert len(scanner.seen) == 1
    together.wait()
    slow.join()
    assert not Attachment.objects.waiting().exists()


def test_the_scanner_may_be_on_a_unix_socket(tmp_path):
    with a_scanner(path=tmp_path / "clamd.ctl") as found:
        assert clamd.verdict(io.BytesIO(b"x" * 200_000), url=found.url) == ""
        assert clamd.verdict(io.BytesIO(b"x" * 70_000 + EICAR), url=found.url) == "Eicar-Test-Signature"
    with pytest.raises(clamd.ScannerAway):
        clamd.verdict(io.BytesIO(b"x"), url=found.url)


def test_what_we_made_ourselves_is_not_scanned(profile, scanner):
    assert made(CLEAN_PDF, name="x.pdf").scan == ScanState.UNSCANNED
    assert Attachment(file=ContentFile(b"x")).scan == ScanState.WAITING


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"scan": CLEAN}, "attachment_is_judged_once_scanned"),
        ({"scan": "perhaps"}, "attachment_is_judged_once_scanned"),
        ({"scan": INFECTED, "scanned_at": timezone.now()}, "attachment_infected_says_with_what"),
        ({"found": "x"}, "attachment_infected_says_with_what"),
    ],
)
def test_the_database_keeps_no_half_a_verdict(profile, wrong, name):
    file = a_file()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Attachment.objects.filter(pk=file.pk).update(**wrong)
