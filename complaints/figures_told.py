"""Figures that differ from the complaints they count: told to administrators and analysts, once for each comparison.

Who compares is no part of the desk; it says when it compared and how much differed, in the transaction that keeps the result.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from complaints import outbox
from complaints.models import DeskSettings, Medium, MessageTemplate, Notice
from staff.actors import Role
from staff.models import User

DIFFER = "figures_differ"


def tell(at: datetime, differences: int) -> int:
    """Queue an e-mail to each of them about the comparison made at `at`; how many."""
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=DIFFER, medium=Medium.EMAIL)}
    told: dict[str, Notice] = {}
    people = User.objects.filter(role__in=[Role.ADMINISTRATOR, Role.ANALYST], is_active=True).exclude(email="")
    for user in people.order_by("pk"):
        text = texts.get(user.language) or texts.get(settings.LANGUAGE_CODE)
        if text is None:
            continue
        with translation.override(text.language):
            words = words_for(at, differences) | {"name": user.display_name}
        told.setdefault(
            user.email.lower(),
            Notice(
                figures_at=at,
                code=DIFFER,
                medium=Medium.EMAIL,
                address=user.email,
                is_to_customer=False,
                language=text.language,
                subject=text.subject.format(**words)[:200],
                body=text.body.format(**words),
            ),
        )
    outbox.try_at(at, list(told.values()), DeskSettings.current())
    Notice.objects.bulk_create(told.values())
    return len(told)


def words_for(at: datetime, differences: int) -> dict[str, Any]:
    """What the {placeholders} of the text stand for, in the language in force."""
    page = reverse("analytics:figures")
    return {"count": differences, "due": outbox.spoken(at), "desk_url": f"{settings.BASE_URL}{page}"}
