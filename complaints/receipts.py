"""Receipts of text messages: the gateway says what became of one, and what failed is put before a person.

What the gateway sends is a JSON object, a JSON list of them, or a form. Which of its parts means what is configured, as the
body that it gets is: `docs/operations.md` shows examples.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from complaints.models import Arrival, Medium, Notice, NoticeState, Receipt
from complaints.refusals import BadInput, MoveRefused

logger = logging.getLogger(__name__)
WORD = re.compile(r"[A-Za-z][A-Za-z_ -]{0,30}")
"""What a status may look like in the log; anything else might be a number or a name."""
MOST = 500
"""So many receipts may come in one call."""


class Said(NamedTuple):
    """One receipt as it was read. `arrival` is empty for a word that is neither the one nor the other, such as “on its way”."""

    uuid: UUID
    arrival: str
    word: str
    reason: str


def standing(arrivals: Iterable[str]) -> str:
    """What is true after all these, in whatever order they came: who has it has it."""
    known = set(arrivals)
    if Arrival.DELIVERED in known:
        return Arrival.DELIVERED
    return Arrival.FAILED if Arrival.FAILED in known else ""


# reading


def read(given: Any) -> list[Said]:
    """What was sent, one receipt after the other. Raises BadInput for the whole when one cannot be read."""
    rows = given if isinstance(given, list) else [given]
    if not rows or len(rows) > MOST:
        raise BadInput(_("Send between 1 and %(most)d receipts at a time.") % {"most": MOST})
    return [_read_one(row) for row in rows]


def _read_one(row: Any) -> Said:
    key = _part(row, settings.SMS_RECEIPT_ID)
    try:
        uuid = UUID(key)
    except ValueError:
        raise BadInput(
            _("%(name)s must be the uuid that the message was sent with.") % {"name": settings.SMS_RECEIPT_ID},
            fields=[settings.SMS_RECEIPT_ID],
        ) from None
    word = _part(row, settings.SMS_RECEIPT_STATUS)
    if not word:
        raise BadInput(
            _("%(name)s is missing.") % {"name": settings.SMS_RECEIPT_STATUS}, fields=[settings.SMS_RECEIPT_STATUS]
        )
    reason = _part(row, settings.SMS_RECEIPT_REASON) if settings.SMS_RECEIPT_REASON else ""
    return Said(uuid, _arrival(word), word, reason[:200])


def _part(row: Any, name: str) -> str:
    """The part of this name; `report.status` is the status inside the report. Empty when it is not there."""
    for step in name.split("."):
        row = row.get(step) if isinstance(row, dict) else None
    return str(row).strip() if isinstance(row, str | int) else ""


def _arrival(word: str) -> str:
    lowered = word.lower()
    if lowered in settings.SMS_RECEIPT_DELIVERED:
        return Arrival.DELIVERED
    return Arrival.FAILED if lowered in settings.SMS_RECEIPT_FAILED else ""


# noting


@transaction.atomic
def note(said: Said, *, at: datetime) -> bool:
    """Note it, and what follows from it; false when it was known or says nothing final. Raises MoveRefused.

    The row of the notice is locked, so a receipt that is faster than the gateway's own answer waits for that.
    """
    row = Notice.objects.select_for_update().filter(uuid=said.uuid, medium=Medium.SMS).first()
    if row is None or row.sent_at is None:
        raise MoveRefused(_("No text message was sent with this uuid: %(uuid)s.") % {"uuid": said.uuid})
    if not said.arrival:
        word = said.word if WORD.fullmatch(said.word) else "(not a word)"
        logger.warning("A receipt with a word we do not know: %r", word)
        return False
    _receipt, is_new = Receipt.objects.get_or_create(
        notice=row,
        arrival=said.arrival,
        sending=row.sent_at,
        defaults={"reason": said.reason or said.word[:200], "received_at": at},
    )
    if is_new:
        _follow(row, row.sent_at, at)
    return is_new


def _follow(row: Notice, sending: datetime, at: datetime) -> None:
    """Delivered ends every doubt; not delivered is for a person, unless one has it in hand already."""
    receipts = list(row.receipts.filter(sending=sending))
    now = standing(one.arrival for one in receipts)
    if now == Arrival.DELIVERED:
        row.delivered_at = row.delivered_at or at
        if row.state in (NoticeState.SENT, NoticeState.DEAD, NoticeState.QUEUED):
            row.state, row.error = NoticeState.SENT, ""
    elif row.state == NoticeState.SENT:
        reason = next(one.reason for one in receipts if one.arrival == Arrival.FAILED)
        row.state, row.error = NoticeState.DEAD, f"Not delivered: {reason}"
    row.save(update_fields=["state", "error", "delivered_at"])
