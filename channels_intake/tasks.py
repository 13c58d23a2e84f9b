"""What is done by the clock: forms that nobody sends are forgotten."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from channels_intake import drafts, telephony, unsent


@shared_task(ignore_result=True)
def forget_unsent() -> int:
    """Forget what was typed and never sent, and calls: they hold names and phones of people who did not complain."""
    return drafts.sweep() + unsent.sweep() + telephony.sweep(timezone.now())
