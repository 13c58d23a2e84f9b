"""Early warnings told by e-mail: once for each signal, to the supervisors on duty where it was found.

Who finds signals is no part of the desk: a signal is known here by its key and branch, and its words are asked for in the
language of whoever reads them. What somebody has acknowledged while its e-mail still waits is not sent any more.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import translation

from complaints import outbox
from complaints.models import DeskSettings, Medium, MessageTemplate, Notice, NoticeState, TellingHabit
from staff import duty
from staff.actors import Role
from staff.models import Branch

FOUND = "signal_found"


def tell(signal: int, branch: Branch, sentence: Callable[[], str], *, at: datetime) -> int:
    """Queue an e-mail to each of them, unless they asked to see signals at the desk only; how many."""
    people = duty.on_duty(Role.SUPERVISOR, branch, at)
    spared = set(TellingHabit.objects.filter(user__in=people, of_signals=False).values_list("user", flat=True))
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=FOUND, medium=Medium.EMAIL)}
    told: dict[str, Notice] = {}
    for user in people:
        text = texts.get(user.language) or texts.get(settings.LANGUAGE_CODE)
        if text is None or user.pk in spared:
            continue
        with translation.override(text.language):
            words = words_for(signal, branch, sentence()) | {"name": user.display_name}
        told.setdefault(
            user.email.lower(),
            Notice(
                signal=signal,
                signal_branch=branch,
                code=FOUND,
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


def overtake(signal: int) -> None:
    """Somebody has seen it at the desk: whoever was not told yet need not be. In the transaction that says so."""
    waiting = Notice.objects.filter(signal=signal, state=NoticeState.QUEUED)
    waiting.update(state=NoticeState.OVERTAKEN)


def words_for(signal: int, branch: Branch, sentence: str) -> dict[str, Any]:
    """What the {placeholders} of the text stand for, in the language in force."""
    page = reverse("analytics:signal", args=[signal])
    return {"place": str(branch.name), "message": sentence, "desk_url": f"{settings.BASE_URL}{page}"}
