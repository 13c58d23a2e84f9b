"""The hand that turns the crank for what comes in: mail is fetched, files are gone on with, what nobody sends is forgotten."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from channels_intake import drafts, fetching, held, regulator_batch, scans_kept, telephony, unsent
from channels_intake.models import RegulatorBatch
from complaints import turn


@shared_task(ignore_result=True)
def forget_unsent() -> int:
    """Forget what was typed and never sent, and calls: they hold names and phones of people who did not complain."""
    return drafts.sweep() + unsent.sweep() + telephony.sweep(timezone.now())


@shared_task(ignore_result=True)
def register_held() -> int:
    """Register what was only held because many came, and nobody has looked at in time."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(held.overdue(now), lambda row: int(held.register(row) is not None))


@shared_task(ignore_result=True)
def fetch_mail() -> int:
    """Take what is unread in the mailbox, where one is named; it may run twice at once."""
    return fetching.fetch(settings.IMAP_URL) if settings.IMAP_URL else 0


@shared_task(ignore_result=True)
def import_batches() -> None:
    """Go on with files whose import was cut short: too long for one request, or the process died."""
    with turn.Sweep() as sweep:
        sweep.through(RegulatorBatch.objects.unfinished().order_by("started_at"), regulator_batch.carry_on)


@shared_task(ignore_result=True)
def sweep_scans() -> None:
    """Forget scans that were put aside and are no longer needed."""
    scans_kept.sweep()
