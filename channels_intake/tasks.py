"""What is done by the clock: mail is fetched, and forms that nobody sends are forgotten."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from channels_intake import drafts, fetching, telephony, unsent


@shared_task(ignore_result=True)
def forget_unsent() -> int:
    """Forget what was typed and never sent, and calls: they hold names and phones of people who did not complain."""
    return drafts.sweep() + unsent.sweep() + telephony.sweep(timezone.now())


@shared_task(ignore_result=True)
def fetch_mail() -> int:
    """Take what is unread in the mailbox, where one is named; it may run twice at once."""
    return fetching.fetch(settings.IMAP_URL) if settings.IMAP_URL else 0
