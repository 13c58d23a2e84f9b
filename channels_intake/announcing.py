"""What somebody is told the moment their complaint is registered: reference, dates, a link and its QR code."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import segno
from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from complaints.models import ClockKind, Complaint, DeskSettings
from complaints.outbox import promised_to_customer, spoken


def announced(complaint: Complaint) -> dict[str, Any]:
    """The context of every page that announces a complaint."""
    link = settings.BASE_URL + reverse("complaints:track", args=[complaint.token])
    return {
        "complaint": complaint,
        "desk": DeskSettings.current(),
        "link": link,
        "qr": qr_code(link),
        "contact_by": spoken(contact_due(complaint)),
        "answer_by": spoken(promised_to_customer(complaint)),
    }


def contact_due(complaint: Complaint) -> datetime | None:
    """By when we said we would call; None when nobody can be called, or the visitor already stood before us."""
    clock = complaint.clocks.filter(kind=ClockKind.FIRST_CONTACT, stopped_at__isnull=True).order_by("due_at").first()
    return clock.due_at if clock else None


def qr_code(link: str) -> SafeString:
    """The link as an inline picture that prints sharply and needs no request of its own."""
    return mark_safe(segno.make_qr(link, error="m").svg_inline(border=2, omitsize=True, dark="#000", light="#fff"))
