"""Mail from a mailbox: what is unread is taken, and marked as read only after it is kept."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

from django.utils import timezone
from imap_tools import MailBox, MailBoxUnencrypted, MailMessageFlags

from channels_intake import mail
from complaints.turn import Sweep

TIMEOUT_SECONDS = 30


def fetch(url: str) -> int:
    """Take every unread message of `imaps://user:password@host:port/FOLDER`; how many. A crash in between takes none twice."""
    parts = urlsplit(url)
    kind = MailBoxUnencrypted if parts.scheme == "imap" else MailBox
    box = kind(parts.hostname or "localhost", parts.port or kind_port(parts.scheme), timeout=TIMEOUT_SECONDS)
    folder = unquote(parts.path.strip("/")) or "INBOX"
    with box.login(unquote(parts.username or ""), unquote(parts.password or ""), folder), Sweep() as sweep:

        def take(uid: str) -> int:
            _status, said = box.client.uid("FETCH", uid, "(BODY.PEEK[])")
            raw = next((part[1] for part in said if isinstance(part, tuple)), None)
            if raw is None:
                return 0
            mail.take(raw, at=timezone.now())
            box.flag(uid, MailMessageFlags.SEEN, True)
            return 1

        return sweep.through(box.uids("UNSEEN"), take)


def kind_port(scheme: str) -> int:
    return 143 if scheme == "imap" else 993
