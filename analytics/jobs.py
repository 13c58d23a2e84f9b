"""Taking jobs from their rows: one worker at a time has one in hand, and what a dead worker left is taken anew.

A worker that was only slow finds at its next `hold` that it has lost the job, and gives up; so nothing is finished twice.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from analytics.models import Job, JobState
from complaints import database_clock

LEASE = timedelta(minutes=3)
"""So long a job that gives no sign counts as being in hand."""
MOST_TURNS = 5
"""What killed as many workers will kill the next one, too."""

LOCKS = 7_714_203
"""The first half of the advisory locks of kinds of jobs."""

J = TypeVar("J", bound=Job)


class Lost(Exception):
    """The job was stopped, or is in other hands by now; whoever notices gives up without a word."""


@contextmanager
def alone(kind: type[Job]) -> Iterator[bool]:
    """True for the one worker that may do jobs of this kind now: long ones must not have all workers busy."""
    key = zlib.crc32(kind._meta.label_lower.encode()) >> 1
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", [LOCKS, key])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, key])


def take(jobs: QuerySet[J]) -> J | None:
    """The oldest that waits or was left lying, now in this worker's hands; None when there is none.

    One that was left lying too often fails, so that it holds up no other.
    """
    while True:
        with transaction.atomic():
            now = database_clock.now()
            free = Q(state=JobState.WAITING) | Q(state=JobState.RUNNING, taken_until__lt=now)
            rows = jobs.filter(free).order_by("asked_at", "pk").select_for_update(of=("self",), skip_locked=True)
            job = rows.select_related("asked_by__branch").first()
            if job is None:
                return None
            if job.turn < MOST_TURNS:
                job.state, job.turn, job.taken_until = JobState.RUNNING, job.turn + 1, now + LEASE
                job.save(update_fields=["state", "turn", "taken_until"])
                return job
            with translation.override(job.asked_by.language):
                reason = _("It was begun %(times)d times and never came to its end.") % {"times": job.turn}
            job.state, job.error, job.finished_at = JobState.FAILED, reason, now
            job.save(update_fields=["state", "error", "finished_at"])


def hold(job: Job, **progress: Any) -> None:
    """Say that the work goes on, and how far it is. Raises Lost."""
    if not _in_hand(job).update(taken_until=database_clock.now() + LEASE, **progress):
        raise Lost


def finish(job: Job, state: JobState, **result: Any) -> None:
    """The end of it, whatever that is; to be called in the transaction that keeps the result. Raises Lost."""
    if not _in_hand(job).update(state=state, finished_at=database_clock.now(), **result):
        raise Lost


def stop(job: Job) -> bool:
    """End it where it is; whoever has it in hand notices soon."""
    rows = type(job)._default_manager.filter(pk=job.pk, state__in=(JobState.WAITING, JobState.RUNNING))
    return bool(rows.update(state=JobState.STOPPED, finished_at=database_clock.now()))


def _in_hand(job: J) -> QuerySet[J]:
    rows: QuerySet[J] = type(job)._default_manager.filter(pk=job.pk, state=JobState.RUNNING, turn=job.turn)
    return rows
