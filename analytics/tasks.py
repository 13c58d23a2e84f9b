"""The hand that turns the crank of the figures."""

from __future__ import annotations

from celery import shared_task

from analytics.grains import check, customer_counts, refresh
from analytics.signals import looking


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
