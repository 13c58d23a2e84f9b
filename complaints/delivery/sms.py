"""Text messages: over any gateway that speaks HTTP, or one line each in a log file that a person can read along."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, urlsplit

import phonenumbers
from django.conf import settings

from complaints.delivery import http
from complaints.delivery.errors import DeliveryError
from complaints.delivery.files import append_once
from complaints.models import Notice

PLACEHOLDER = re.compile(r"\{(to|national|text|uuid|sender)\}")
FORMATS = {"json": "application/json; charset=utf-8", "form": "application/x-www-form-urlencoded"}


def deliver(notice: Notice) -> None:
    """Hand the message to what SMS_URL names: `log:/path/sms.log` or an `https:` gateway. Raises DeliveryError."""
    url = urlsplit(settings.SMS_URL)
    if url.scheme == "log":
        _write(notice, Path(url.path))
    elif url.scheme in ("https", "http"):
        _call(notice)
    else:
        raise DeliveryError(f"There is no SMS gateway for “{url.scheme}:”.")


def _call(notice: Notice) -> None:
    """One call as the SMS_ settings describe it; the uuid in SMS_KEY_HEADER lets the gateway know a second try."""
    words = {
        "to": notice.address,
        "national": _national(notice.address),
        "text": notice.body,
        "uuid": str(notice.uuid),
        "sender": settings.SMS_SENDER,
    }
    headers = {"Content-Type": FORMATS[settings.SMS_FORMAT], "User-Agent": "Redress"}
    if settings.SMS_KEY_HEADER:
        headers[settings.SMS_KEY_HEADER] = str(notice.uuid)
    if settings.SMS_AUTHORIZATION:
        headers["Authorization"] = settings.SMS_AUTHORIZATION
    body = b""
    if settings.SMS_METHOD == "GET":
        del headers["Content-Type"]
    else:
        body = filled(settings.SMS_BODY, words, in_json if settings.SMS_FORMAT == "json" else in_form).encode()
    url = filled(settings.SMS_URL, words, in_form)
    judge(http.call(settings.SMS_METHOD, url, headers=headers, body=body))


def judge(answer: http.Answer) -> None:
    """Taken, or not yet, or never: by the status, and by the words where a gateway says “200” to everything."""
    said = f"The gateway answered {answer.status}: {answer.text}"
    if answer.status in settings.SMS_SUCCESS:
        if settings.SMS_SUCCESS_TEXT and settings.SMS_SUCCESS_TEXT not in answer.text:
            raise DeliveryError(said, wait=answer.wait, answer=answer.status)
        return
    is_permanent = 400 <= answer.status < 500 and answer.status not in settings.SMS_RETRY
    raise DeliveryError(said, is_permanent=is_permanent, wait=answer.wait, answer=answer.status)


def filled(template: str, words: dict[str, str], written: Callable[[str], str]) -> str:
    """The template with each placeholder replaced once, so a text that says “{uuid}” stays as it is."""
    return PLACEHOLDER.sub(lambda found: written(words[found[1]]), template)


def in_json(word: str) -> str:
    return json.dumps(word, ensure_ascii=False)[1:-1]


def in_form(word: str) -> str:
    return quote(word, safe="")


def _national(phone: str) -> str:
    """The number as it is dialled at home; many gateways know no other."""
    try:
        return str(phonenumbers.parse(phone, settings.PHONE_REGION).national_number)
    except phonenumbers.NumberParseException:
        return phone


def _write(notice: Notice, path: Path) -> None:
    line = json.dumps(
        {
            "uuid": str(notice.uuid),
            "to": notice.address,
            "text": notice.body,
            "queued_at": notice.created_at.isoformat(),
        },
        ensure_ascii=False,
    )
    append_once(path, key=str(notice.uuid), line=line)
