"""A history that is broken: administrators are told by e-mail, once for each finding."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from complaints import outbox
from complaints.models import DeskSettings, HistoryCheck, Medium, MessageTemplate, Notice
from staff.actors import Role
from staff.models import User

BROKEN = "history_broken"


def unheard_of(findings: Sequence[dict[str, Any]], before: HistoryCheck | None) -> list[dict[str, Any]]:
    """Those of `findings` that no check up to `before` has named."""
    if before is None:
        return list(findings)
    earlier = HistoryCheck.objects.filter(pk__lte=before.pk)
    return [one for one in findings if not earlier.filter(findings__contains=[one]).exists()]


def tell(at: datetime, findings: Sequence[dict[str, Any]]) -> int:
    """Queue an e-mail to each administrator about what the check at `at` found and nobody had heard of; how many."""
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=BROKEN, medium=Medium.EMAIL)}
    told: dict[str, Notice] = {}
    people = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(email="")
    for user in people.order_by("pk"):
        text = texts.get(user.language) or texts.get(settings.LANGUAGE_CODE)
        if text is None:
            continue
        with translation.override(text.language):
            words = words_for(at, findings) | {"name": user.display_name}
        notice = Notice(
            history_at=at,
            code=BROKEN,
            medium=Medium.EMAIL,
            address=user.email,
            is_to_customer=False,
            language=text.language,
            subject=text.subject.format(**words)[:200],
            body=text.body.format(**words),
        )
        told.setdefault(user.email.lower(), notice)
    outbox.try_at(at, list(told.values()), DeskSettings.current())
    Notice.objects.bulk_create(told.values())
    return len(told)


def words_for(at: datetime, findings: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the {placeholders} of the text stand for, in the language in force."""
    first = findings[0]
    where = f"{first['of']} #{first['number']}" if first["number"] else first["of"]
    page = reverse("complaints:history-kept")
    return {
        "count": len(findings),
        "reference": where,
        "due": outbox.spoken(at),
        "desk_url": f"{settings.BASE_URL}{page}",
    }
