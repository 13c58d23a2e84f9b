"""The hand that turns the crank for what came in: it finds what is unfinished and calls one rule for each."""

from __future__ import annotations

from celery import shared_task

from channels_intake import regulator_batch, scans_kept
from channels_intake.models import RegulatorBatch
from complaints import turn


@shared_task(ignore_result=True)
def import_batches() -> None:
    """Go on with files whose import was cut short: too long for one request, or the process died."""
    with turn.Sweep() as sweep:
        sweep.through(RegulatorBatch.objects.unfinished().order_by("started_at"), regulator_batch.carry_on)


@shared_task(ignore_result=True)
def sweep_scans() -> None:
    """Forget scans that were put aside and are no longer needed."""
    scans_kept.sweep()
