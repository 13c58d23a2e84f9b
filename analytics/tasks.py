"""The hand that turns the crank of the figures."""

from __future__ import annotations

from functools import partial

from celery import shared_task

from analytics import exports, jobs, subscriptions
from analytics.grains import check, customer_counts, refresh
from analytics.models import Export, Freezing, Posting, Subscription
from analytics.packs import freezing
from analytics.signals import looking
from complaints import database_clock, notice_files, turn


@shared_task(ignore_result=True)
def refresh_figures() -> int:
    """Count what has changed, and go on with a rebuild. May run twice or in several workers at once."""
    return refresh.refresh()


@shared_task(ignore_result=True)
def check_figures() -> None:
    """Compare the figures with the complaints, once a night; what is found is a row that pages and metrics show."""
    check.nightly()


@shared_task(ignore_result=True)
def find_signals() -> None:
    """Look for what stands out, once an hour. May run twice or in several workers at once; each signal is one row."""
    looking.hourly()


@shared_task(ignore_result=True)
def count_customers() -> None:
    """Count the customers once a day; the rates of complaints are divided by it."""
    customer_counts.nightly()


@shared_task(ignore_result=True)
def prepare_exports() -> int:
    """Write the files that people wait for, the oldest question first, one worker at a time; each file is written once."""
    made = 0
    with turn.Sweep() as sweep, jobs.alone(Export) as is_mine:
        while is_mine and (export := jobs.take(Export.objects.all())) is not None:
            made += sweep.through([export], exports.prepare)
    return made


@shared_task(ignore_result=True)
def freeze_packs() -> int:
    """Freeze the packs that somebody asked for, one worker at a time; each is frozen once, whoever dies at it."""
    made = 0
    with turn.Sweep() as sweep, jobs.alone(Freezing) as is_mine:
        while (
            is_mine
            and (job := jobs.take(Freezing.objects.select_related("pack__branch", "pack__category"))) is not None
        ):
            made += sweep.through([job], freezing.freeze)
    return made


@shared_task(ignore_result=True)
def forget_exports() -> int:
    """Take away the files whose time is over, and those that went out by mail long ago."""
    now = database_clock.now()
    return exports.sweep(now) + notice_files.forget(now)


@shared_task(ignore_result=True)
def post_reports() -> int:
    """Put the reports that are due by subscription into the outbox, each once; of several that were slept through the newest."""
    with turn.begun() as now, turn.Sweep() as sweep:
        sweep.through(Subscription.objects.due(now), partial(subscriptions.come_due, now=now))
        waiting = Posting.objects.filter(done_at__isnull=True).order_by("due_at", "pk")
        return sweep.through(waiting, subscriptions.make)
