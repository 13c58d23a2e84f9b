"""The hand that turns the crank of the figures."""

from __future__ import annotations

from celery import shared_task

from analytics.grains import refresh


@shared_task(ignore_result=True)
def refresh_figures() -> int:
    """Count what has changed, and go on with a rebuild. May run twice or in several workers at once."""
    return refresh.refresh()
