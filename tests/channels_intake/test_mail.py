"""E-mail comes in: once, in its thread, whatever its charset; machines start nothing and nothing is lost."""

import io
import socket
import subprocess
import sys
import threading
import time
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connections
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from imap_tools import MailBoxUnencrypted, MailMessageFlags
from PIL import Image

from channels_intake import mail
from channels_intake.mail_reading import Unreadable, read
from channels_intake.models import InboundMail
from channels_intake.tasks import fetch_mail
from complaints.delivery.email import compose
from complaints.models import Complaint
from complaints.states import Status
from complaints.tasks import send_notices
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.factories import a_branch, a_complaint, a_team, a_user

pytestmark = pytest.mark.django_db
SENDER = "Wang Wu <wangwu@example.org>"


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


def picture():
    content = io.BytesIO()
    Image.new("RGB", (20, 20), "teal").save(content, "PNG")
    return content.getvalue()


def written(text="昨晚八点突然停电。", *, number="one", files=(), **headers):
    """A message as a person's mail program makes it; header names with _ for -."""
    message = EmailMessage()
    headers = {"From": SENDER, "Subject": "停电", "Message-ID": f"<{number}@example.org>", **headers}
    for name, value in headers.items():
        if value is not None:
            message[name.replace("_", "-")] = value
    message.set_content(text)
    for name, content in files:
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return bytes(message)


def arrives(raw):
    return mail.take(raw, at=timezone.now())


def test_a_mail_is_a_complaint_and_its_sender_hears_the_reference():
    row = arrives(written(files=[("meter.png", picture())]))
    complaint = row.complaint
    assert (row.outcome, complaint.channel, complaint.source, complaint.category.code) == (
        "registered", "web", "email", "OUT",
    )  # fmt: skip
    assert (complaint.contact_email, complaint.contact_name, complaint.language) == (
        "wangwu@example.org", "Wang Wu", "zh-hans",
    )  # fmt: skip
    assert "昨晚八点" in complaint.story
    assert complaint.attachments.get().name == "meter.png"
    assert complaint.notices.filter(code="acknowledged", medium="email", address="wangwu@example.org").exists()
    assert complaint.clocks.exists()


def test_the_same_mail_delivered_again_is_the_same_complaint():
    assert len({arrives(written()).complaint_id for _ in range(3)}) == 1
    assert Complaint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_delivered_from_ten_threads_at_once_it_is_one_complaint(profile):
    together, failures = threading.Barrier(10), []

    def work():
        try:
            together.wait()
            arrives(written())
        except BaseException as error:
            failures.append(error)
            raise
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert (Complaint.objects.count(), InboundMail.objects.count()) == (1, 1)


def test_an_answer_to_our_message_belongs_to_its_complaint():
    complaint = arrives(written()).complaint
    send_notices()
    notice = complaint.notices.get(code="acknowledged")
    ours = compose(notice)["Message-ID"]
    row = arrives(written("又停电了。", number="two", Subject="Re: 您的投诉", In_Reply_To=ours))
    assert (row.outcome, row.complaint) == ("added", complaint)
    event = complaint.events.get(move="supplement")
    assert event.details["message"] == "又停电了。"
    assert event.is_by_customer
    third = arrives(written("还有照片", number="three", References="<two@example.org>", files=[("a.png", picture())]))
    assert third.complaint == complaint
    assert complaint.attachments.count() == 1
    assert Complaint.objects.count() == 1


def test_a_reference_in_the_subject_is_enough_and_another_sender_is_named():
    complaint = a_complaint(at=timezone.now(), contact_email="li@example.org", language="en")
    row = arrives(written("邻居也停电", Subject=f"关于 {complaint.reference}"))
    assert row.complaint == complaint
    assert "wangwu@example.org" in complaint.events.get(move="supplement").details["message"]


def test_what_answers_a_closed_complaint_is_a_wish_that_a_person_decides_about():
    complaint = bring(a_complaint(), Status.CLOSED)
    row = arrives(written("没有解决", Subject=complaint.reference, files=[("a.png", picture())]))
    complaint.refresh_from_db()
    assert (row.outcome, row.complaint, complaint.status) == ("added", complaint, Status.CLOSED)
    assert complaint.events.filter(move="request_reopening").count() == 1
    assert complaint.attachments.count() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"}, {"Precedence": "bulk"}, {"X_Auto_Response_Suppress": "All"},
        {"List_Id": "<news.example.org>"}, {"From": "MAILER-DAEMON@example.org"}, {"From": "no-reply@shop.example"},
        {"Return_Path": "<>"},
    ],
)  # fmt: skip
def test_what_machines_write_starts_nothing_and_is_kept(headers):
    complaint = a_complaint()
    before = complaint.events.count()
    raw = written("I am on holiday.", **({"Subject": complaint.reference} | headers))
    row = arrives(raw)
    assert (row.outcome, bytes(row.raw)) == ("ignored", raw)
    assert complaint.events.count() == before
    assert Complaint.objects.count() == 1


def test_our_own_messages_coming_back_start_nothing():
    complaint = arrives(written()).complaint
    send_notices()
    echo = arrives(bytes(compose(complaint.notices.get(code="acknowledged"))))
    assert echo.outcome == "ignored"


def test_a_flood_of_one_sender_waits_for_a_person():
    for number in range(mail.TOO_MANY + 2):
        arrives(written(number=str(number)))
    assert Complaint.objects.count() == mail.TOO_MANY
    assert InboundMail.objects.filter(outcome="ignored").count() == 2
    assert arrives(written(number="other", From="other@example.org")).outcome == "registered"


@pytest.mark.parametrize(
    ("charset", "said"), [("gb2312", "gb18030"), ("gbk", "gb18030"), ("utf-8", "utf-8"), ("x-unknown", "utf-8"), ("us-ascii", "gb18030")]
)  # fmt: skip
def test_words_are_read_whatever_the_mail_program_says_of_them(charset, said):
    body = "電壓不穩，灯忽明忽暗，㐂".encode(said)
    raw = b"From: a@example.org\r\nSubject: x\r\nMessage-ID: <c@x.example>\r\nContent-Transfer-Encoding: 8bit\r\n"
    raw += f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + body
    assert "灯忽明忽暗，㐂" in arrives(raw).complaint.story


def test_a_mail_of_html_only_is_read_without_its_tags():
    message = EmailMessage()
    message["From"], message["Subject"], message["Message-ID"] = SENDER, "bill", "<h@example.org>"
    message.set_content(
        "<style>p{}</style><p>My <b>bill</b> doubled.</p><script>alert(1)</script><p>Why?</p>", subtype="html"
    )
    story = arrives(bytes(message)).complaint.story
    assert "My bill doubled." in story
    assert "Why?" in story
    assert "alert" not in story
    assert "<" not in story


def test_a_file_that_cannot_be_taken_is_left_out_and_the_original_kept():
    raw = written(files=[("virus.exe", b"MZ\x90\x00" * 50), ("meter.png", picture())])
    row = arrives(raw)
    assert [file.name for file in row.complaint.attachments.all()] == ["meter.png"]
    assert "virus.exe" in row.why
    assert bytes(row.raw) == raw


def test_long_and_unprintable_text_is_cut_and_cleaned_and_a_wrong_date_does_not_matter():
    complaint = arrives(written("停电\x00\x07" + "长" * 10_000, Date="Fri, 31 Dec 2099 23:59:59 +0800")).complaint
    assert len(complaint.story) == 5000
    assert "\x00" not in complaint.story
    assert complaint.received_at <= timezone.now()


@pytest.mark.parametrize(
    "raw", [b"", b"\x00\xff" * 100, b"hello", b"From: nobody\r\n\r\nhi", b"From: a@b.c\r\nMessage-ID: <e@x>\r\n\r\n"]
)
def test_what_cannot_be_understood_waits_for_a_person(raw):
    row = arrives(raw)
    assert (row.outcome, bytes(row.raw)) == ("unreadable", raw)
    assert arrives(raw) == row
    assert not Complaint.objects.exists()


@given(st.binary(max_size=600), st.sampled_from([b"", written(), b"Content-Type: multipart/mixed; boundary=x\r\n"]))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_bytes_break_the_reader(noise, before):
    try:
        found = read(before + noise)
    except (Unreadable, ValueError, LookupError, TypeError, AttributeError, AssertionError):
        return
    assert "@" in found.address


def test_danger_is_looked_for_before_anything_else():
    assert arrives(written("停电了，电线掉在院子里冒火花")).complaint.category.code == "SAF"
    assert arrives(written("The lights flicker", number="v", Subject="help")).complaint.category.code == "VOL"
    assert arrives(written("Your clerk was rude", number="s", Subject="help")).complaint.category.code == "SVC"


# the ways in


def test_a_mail_server_pipes_it_in(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(written())))
    call_command("receive_email")
    assert capsys.readouterr().out.split() == ["registered", Complaint.objects.get().reference]


class MailServer:
    """A real IMAP server in a process of its own, with one empty mailbox."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        program = Path(sys.executable).with_name("pymap")
        command = [program, "--host", "127.0.0.1", "--port", str(self.port), "--no-tls", "dict", "--demo-data"]
        self.process = subprocess.Popen([*command, "--demo-user", "desk", "--demo-password", "secret"])
        self.url = f"imap://desk:secret@127.0.0.1:{self.port}/INBOX"
        self.wait()
        with self.box() as box:
            box.flag(box.uids("UNSEEN"), MailMessageFlags.SEEN, True)

    def box(self):
        return MailBoxUnencrypted("127.0.0.1", self.port, timeout=10).login("desk", "secret")

    def wait(self):
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        raise AssertionError("The mail server did not start.")

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def mail_server(settings):
    server = MailServer()
    settings.IMAP_URL = server.url
    yield server
    server.stop()


def test_the_mailbox_is_emptied_once_and_what_was_read_after_a_crash_counts_once(mail_server):
    with mail_server.box() as box:
        for number in ("one", "two"):
            box.append(written(number=number), "INBOX")
        box.append(written("holiday", number="three", Auto_Submitted="auto-replied"), "INBOX")
    assert fetch_mail() == 3
    assert fetch_mail() == 0
    assert (Complaint.objects.count(), InboundMail.objects.count()) == (2, 3)
    with mail_server.box() as box:
        # the worker died after keeping them and before marking them
        box.flag(box.uids("ALL"), MailMessageFlags.SEEN, False)
    assert fetch_mail() >= 3
    assert Complaint.objects.filter(contact_email="wangwu@example.org").count() == 2


def test_without_a_mailbox_nothing_is_fetched():
    assert fetch_mail() == 0


# what a person decides


@pytest.fixture
def supervisor(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    client.cookies["language"] = "en"
    return user


def test_a_person_makes_a_complaint_of_what_was_ignored_or_puts_it_aside(client, supervisor):
    one, two = (arrives(written(number=n, Precedence="bulk")) for n in ("one", "two"))
    page = client.get("/desk/mail/").content.decode()
    assert page.count("wangwu@example.org") == 2
    assert "2 mails to look at" in client.get("/desk/new/phone/").content.decode()
    assert "昨晚八点" in client.get(f"/desk/mail/{one.pk}/").content.decode()
    assert client.get(f"/desk/mail/{one.pk}/original/").content == bytes(one.raw)
    for _ in range(2):
        client.post(f"/desk/mail/{one.pk}/settle/", {"register": "1"})
    client.post(f"/desk/mail/{two.pk}/settle/")
    assert Complaint.objects.count() == 1
    two.refresh_from_db()
    assert (two.outcome, two.settled_by) == ("settled", supervisor)
    assert "No mail waits" in client.get("/desk/mail/").content.decode()


def test_what_cannot_be_read_cannot_be_registered_by_a_button(client, supervisor):
    row = arrives(b"hello")
    client.post(f"/desk/mail/{row.pk}/settle/", {"register": "1"})
    row.refresh_from_db()
    assert (row.outcome, row.settled_by) == ("unreadable", None)
    assert not Complaint.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.ANALYST])
def test_others_do_not_read_mail(client, role):
    row = arrives(b"hello")
    client.force_login(a_user(role))
    for path in ("", f"{row.pk}/", f"{row.pk}/original/"):
        assert client.get(f"/desk/mail/{path}").status_code == 403
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("county", parent=a_branch())))
    assert client.post(f"/desk/mail/{row.pk}/settle/").status_code == 403
    row.refresh_from_db()
    assert row.outcome == "unreadable"
