"""E-mail: to an SMTP server, or as one file per message in a folder (the embedded mode)."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.conf import settings

from complaints.delivery.errors import DeliveryError
from complaints.delivery.files import write_once
from complaints.models import Notice, NoticeFile

TIMEOUT_SECONDS = 15


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
        with _connect(url.scheme, url.hostname or "localhost", url.port) as server:
            if url.username:
                server.login(unquote(url.username), unquote(url.password or ""))
            server.send_message(message)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPSenderRefused) as error:
        raise DeliveryError(str(error), is_permanent=True) from error
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


def _connect(scheme: str, host: str, port: int | None) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT_SECONDS)
    if scheme == "smtp+tls":
        server.starttls(context=ssl.create_default_context())
    return server
