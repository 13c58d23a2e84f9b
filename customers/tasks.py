"""The hand that carries imports on: what is due are rows in the database."""

from __future__ import annotations

from celery import shared_task

from customers.importing import taking


@shared_task(ignore_result=True)
def carry_on_imports() -> None:
    """Go on with every import that somebody decided and that is not finished. May run twice, and after a crash again."""
    for run in taking.unfinished():
        taking.carry_on(run)
