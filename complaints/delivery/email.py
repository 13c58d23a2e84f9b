"""E-mail: to an SMTP server, or as one file per message in a folder (the embedded mode)."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from complaints.delivery.errors import DeliveryError
from complaints.delivery.files import write_once
from complaints.models import Notice, NoticeFile

TIMEOUT_SECONDS = 15
"""For each word that is waited for."""
WHOLE_SECONDS = 60
"""For the whole of one message: a server that drips a byte now and then must not hold a worker."""


def deliver(notice: Notice) -> None:
    """Send one message; its Message-ID is the notice's uuid, so a second try is recognisable as the same message.

    The files of the notice go along. Raises DeliveryError, also when one of them is gone.
    """
    url = urlsplit(settings.EMAIL_URL)
    message = compose(notice)
    if url.scheme == "file":
        write_once(Path(url.path) / f"{notice.uuid}.eml", bytes(message))
        return
    try:
        with _connected(url.scheme, url.hostname or "localhost", url.port) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _words in error.recipients.values()]
        raise DeliveryError(str(error), is_permanent=all(code >= 500 for code in codes)) from error
    except smtplib.SMTPSenderRefused as error:
        raise DeliveryError(str(error), is_permanent=error.smtp_code >= 500) from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryError(str(error)) from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryError(str(error), is_silence=True) from error


def compose(notice: Notice) -> EmailMessage:
    domain = parseaddr(settings.EMAIL_FROM)[1].rpartition("@")[2] or "localhost"
    message = EmailMessage()
    message["Message-ID"] = f"<{notice.uuid}@{domain}>"
    message["Date"] = formatdate(notice.created_at.timestamp())
    message["From"] = settings.EMAIL_FROM
    message["To"] = notice.address
    message["Subject"] = notice.subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.body)
    for file in notice.files.all() if notice.pk is not None else ():  # a message that is not kept has none
        main, _slash, sub = file.content_type.partition("/")
        message.add_attachment(_read(file), maintype=main, subtype=sub, filename=file.name)
    return message


def _read(file: NoticeFile) -> bytes:
    """What goes along. A mail without what it speaks of is not sent."""
    if not file.file:
        raise DeliveryError(f"“{file.name}” is not kept any more.", is_permanent=True)
    try:
        with file.file.open() as opened:
            data: bytes = opened.read()
    except OSError as error:
        raise DeliveryError(f"“{file.name}” cannot be read: {error}") from error
    return data


class _Server(smtplib.SMTP):
    """A mail server that may be asked for at most WHOLE_SECONDS; then it hangs up, whatever is waited for."""

    def __init__(self, host: str, port: int, context: ssl.SSLContext | None) -> None:
        self._context = context
        self._copy: socket.socket | None = None
        self._cut: threading.Timer | None = None
        self._is_over = threading.Event()
        with ExitStack() as unless_it_greets:
            unless_it_greets.callback(self.close)
            super().__init__(host, port, timeout=TIMEOUT_SECONDS)
            unless_it_greets.pop_all()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        line = socket.create_connection((host, port), timeout)
        self._copy = line.dup()  # TLS takes the line over; the copy stands for the same connection all the time
        self._cut = threading.Timer(WHOLE_SECONDS, self._hang_up)
        self._cut.daemon = True
        self._cut.start()
        return line if self._context is None else self._context.wrap_socket(line, server_hostname=host)

    def _hang_up(self) -> None:
        self._is_over.set()
        if self._copy is not None:
            with suppress(OSError):  # it may just have ended by itself
                self._copy.shutdown(socket.SHUT_RDWR)

    def getreply(self) -> tuple[int, bytes]:
        """What it answers. The half of a word that was there when time was over is none."""
        reply = super().getreply()
        if self._is_over.is_set():
            self.close()
            raise smtplib.SMTPServerDisconnected("no answer in time")
        return reply

    def close(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
        if self._copy is not None:
            self._copy.close()
        super().close()


@contextmanager
def _connected(scheme: str, host: str, port: int | None) -> Iterator[smtplib.SMTP]:
    """The server. How it says good-bye is of no account: what it took is taken, and sent again it would come twice."""
    context = ssl.create_default_context()
    server = _Server(host, port or (465 if scheme == "smtps" else 25), context if scheme == "smtps" else None)
    try:
        if scheme == "smtp+tls":
            server.starttls(context=context)
        yield server
        with suppress(smtplib.SMTPException, OSError):
            server.quit()
    finally:
        server.close()
