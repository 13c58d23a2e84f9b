"""Text messages: in the embedded mode one line per message in a log file that a person can read along."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings

from complaints.delivery.errors import DeliveryError
from complaints.delivery.files import append_once
from complaints.models import Notice


def deliver(notice: Notice) -> None:
    """Write the message to the log of SMS_URL (`log:/path/sms.log`), once however often it is tried."""
    url = urlsplit(settings.SMS_URL)
    if url.scheme != "log":
        raise DeliveryError(f"There is no SMS gateway for “{url.scheme}:”.")
    line = json.dumps(
        {
            "uuid": str(notice.uuid),
            "to": notice.address,
            "text": notice.body,
            "queued_at": notice.created_at.isoformat(),
        },
        ensure_ascii=False,
    )
    append_once(Path(url.path), key=str(notice.uuid), line=line)
