"""What systems of others are told: one call per event and webhook, written in the event's own transaction."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone, translation

from complaints import turn
from complaints.models import Complaint, Event, Medium, MessageTemplate, Notice, NoticeState, RequestType, Webhook
from complaints.models.webhook import make_secret
from staff.actors import Role
from staff.models import User

MOST_FAILURES = 5
"""So many calls given up one after the other stop a webhook, and the administrators are told."""
STOPPED = "webhook_stopped"
PING = "ping"
IN_HAND = 60
"""Seconds for which a worker has a webhook to itself; one call takes ten at most."""


def calls(complaint: Complaint, event: Event) -> list[Notice]:
    """A call for each webhook that wants this event, unsaved. Reports about colleagues are told to nobody outside."""
    if complaint.request_type == RequestType.REPORT:
        return []
    hooks = turn.once("webhooks", lambda: list(Webhook.objects.filter(is_active=True).select_related("branch")))
    wanted = [hook for hook in hooks if event.move in hook.moves and complaint.branch.path.startswith(hook.branch.path)]
    return [_call(hook, complaint, event) for hook in wanted]


def _call(hook: Webhook, complaint: Complaint, event: Event) -> Notice:
    key = uuid.uuid4()
    said = {"id": str(key), "event": event.move, "number": event.number, "at": _moment(event.at)} | {
        "by": event.role,
        "complaint": about(complaint, event),
    }
    return Notice(
        uuid=key,
        complaint=complaint,
        event=event,
        webhook=hook,
        code=event.move,
        medium=Medium.WEBHOOK,
        address=hook.name,
        is_to_customer=False,
        language=settings.LANGUAGE_CODE,
        body=json.dumps(said, ensure_ascii=False),
        next_try_at=turn.now(),
    )


def about(complaint: Complaint, event: Event) -> dict[str, Any]:
    """Where the complaint stands after the event; no words, name, number or address: who may know more asks the API."""
    return {
        "reference": complaint.reference,
        "request_type": complaint.request_type,
        "status": event.to_status,
        "from_status": event.from_status,
        "category": complaint.category.code,
        "subcategory": complaint.subcategory.code if complaint.subcategory else None,
        "channel": complaint.channel,
        "branch": complaint.branch.code,
        "severity": complaint.severity,
        "priority": complaint.priority,
        "outcome": complaint.outcome or None,
        "received_at": _moment(complaint.received_at),
        "next_due_at": _moment(complaint.next_due_at),
        "resolved_at": _moment(complaint.resolved_at),
        "closed_at": _moment(complaint.closed_at),
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def ping(hook: Webhook) -> Notice:
    """Queue a call that says nothing, to see whether it arrives."""
    key = uuid.uuid4()
    return Notice.objects.create(
        uuid=key,
        webhook=hook,
        code=PING,
        medium=Medium.WEBHOOK,
        address=hook.name,
        is_to_customer=False,
        language=settings.LANGUAGE_CODE,
        body=json.dumps({"id": str(key), "event": PING, "at": _moment(timezone.now())}),
        next_try_at=timezone.now(),
    )


def rotate(hook: Webhook) -> str:
    """A new secret; the one before signs beside it for a day."""
    with transaction.atomic():
        row = Webhook.objects.select_for_update().get(pk=hook.pk)
        row.previous_secret, row.secret, row.rotated_at = row.secret, make_secret(), timezone.now()
        row.save(update_fields=["previous_secret", "secret", "rotated_at"])
    return row.secret


@transaction.atomic
def keep(hook: Webhook) -> None:
    """Save what a person has set; the count of failures begins anew, and what waits for one switched off is not called."""
    hook.failures, hook.stopped_at = 0, None
    hook.save()
    if not hook.is_active:
        _let_go(hook)


def _let_go(hook: Webhook) -> None:
    """What still waits is to be found among what could not be sent, all at once."""
    waiting = Notice.objects.calls().filter(webhook=hook, state=NoticeState.QUEUED)
    waiting.update(state=NoticeState.DEAD, error="The webhook is switched off.")


def count(notice: Notice, *, now: datetime) -> None:
    """Keep count of what a call came to, and stop a webhook that nobody answers any more. In the transaction of the call."""
    assert notice.webhook_id is not None, "the database has it so"
    hooks = Webhook.objects.filter(pk=notice.webhook_id)
    if notice.state == NoticeState.SENT:
        hooks.filter(failures__gt=0).update(failures=0)
    elif notice.state == NoticeState.DEAD:
        hooks.filter(is_active=True).update(failures=F("failures") + 1)
        stopped = hooks.filter(is_active=True, failures__gte=MOST_FAILURES).update(is_active=False, stopped_at=now)
        if stopped:
            hook = hooks.get()
            _let_go(hook)
            _tell_administrators(hook, notice.error, now)


def _tell_administrators(hook: Webhook, error: str, now: datetime) -> None:
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=STOPPED, medium=Medium.EMAIL)}
    told: dict[str, Notice] = {}
    for user in User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).exclude(email=""):
        text = texts.get(user.language) or texts.get(settings.LANGUAGE_CODE)
        if text is None:
            continue
        words = words_for(hook, error) | {"name": user.display_name}
        with translation.override(text.language):
            told[user.email.lower()] = Notice(
                webhook=hook,
                code=STOPPED,
                medium=Medium.EMAIL,
                address=user.email,
                is_to_customer=False,
                language=text.language,
                subject=text.subject.format(**words)[:200],
                body=text.body.format(**words),
                next_try_at=now,
            )
    Notice.objects.bulk_create(told.values())


def words_for(hook: Webhook, error: str) -> dict[str, Any]:
    """What the {placeholders} of a text about a webhook stand for."""
    return {
        "webhook": hook.name,
        "host": urlsplit(hook.url).hostname or "",
        "count": hook.failures,
        "reason": error,
        "desk_url": settings.BASE_URL + reverse("complaints:webhook", args=[hook.pk]),
    }


@contextmanager
def alone(hook_id: int) -> Iterator[bool]:
    """True for the one worker that may call this webhook now: a slow receiver holds up one worker and not all.

    Kept in the cache and not as a lock of a database session: behind a pooler a session is lent for one transaction only.
    """
    key = f"webhook-{hook_id}-in-hand"
    is_mine = cache.add(key, True, timeout=IN_HAND)
    try:
        yield is_mine
    finally:
        if is_mine:
            cache.delete(key)


def still_mine(hook_id: int) -> None:
    """Before each call: whoever is killed meanwhile holds the webhook for the rest of IN_HAND and no longer."""
    cache.touch(f"webhook-{hook_id}-in-hand", IN_HAND)
