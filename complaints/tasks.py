"""The hand that turns the crank: each task finds due rows and calls one rule per row until nothing is due.

What is due is decided by the database's clock, so a worker whose own clock is wrong is neither early nor late.
"""

from __future__ import annotations

from functools import partial

from celery import shared_task

from complaints import feedback, issues, outbox, retargeting, storms, turn, unsent_moves, workflow
from complaints.models import Alarm, Complaint, IssueUpdate, Notice, Retargeting

BATCH = 200


@shared_task(ignore_result=True)
def ring_alarms() -> int:
    """Ring every due alarm, oldest first. May run twice or in several workers at once; each alarm has its effect once.

    It goes through what is due until a whole round rings nothing: the rest is in other hands, or failed.
    """
    total = 0
    while rung := _ring_round():
        total += rung
    return total


def _ring_round() -> int:
    rung, last = 0, None
    with turn.Sweep() as sweep:
        while True:
            with turn.begun() as now:
                due = list(Alarm.objects.due(now, after=last)[:BATCH])
                if not due:
                    return rung
                rung += sweep.through(due, partial(workflow.ring, now=now))
                last = due[-1]


@shared_task(ignore_result=True)
def send_notices() -> int:
    """Send every due notice, oldest first; failed ones wait for their next try."""
    sent, more = 0, True
    while more:
        with turn.begun() as now:
            due = list(Notice.objects.due(now)[:BATCH])
            sent += sum(outbox.send(notice, now=now) for notice in due)
            more = Notice.objects.due(now).filter(pk__in=[notice.pk for notice in due]).count() < len(due)
    return sent


@shared_task(ignore_result=True)
def tell_updates() -> int:
    """Write the notices of what was said about service issues, in the order in which it was said."""
    with turn.begun(), turn.Sweep() as sweep:
        return sweep.through(IssueUpdate.objects.filter(told_at=None).order_by("at", "pk"), issues.tell)


@shared_task(ignore_result=True)
def close_unanswered() -> int:
    """Close what was resolved and never answered in the allowed time, as unanswered and never as satisfied."""
    with turn.begun() as now, turn.Sweep() as sweep:
        waiting = feedback.unanswered(Complaint.objects.all(), at=now).order_by("resolved_at")
        return sweep.through(waiting.iterator(chunk_size=BATCH), partial(feedback.close_unanswered, at=now))


@shared_task(ignore_result=True)
def retarget_clocks() -> None:
    """Go on with moving running clocks to new policies, where somebody has decided that."""
    for run in Retargeting.objects.filter(finished_at__isnull=True):
        retargeting.carry_on(run)


@shared_task(ignore_result=True)
def excuse_arrivals() -> int:
    """Bring every clock in line with the storms that rage or have just ended. May run twice, and after a crash again."""
    with turn.begun() as now, turn.Sweep() as sweep:
        return sweep.through(storms.unsettled(), partial(storms.settle, at=now))


@shared_task(ignore_result=True)
def forget_unsent_moves() -> int:
    """Delete what was typed into forms of moves and not touched for a month."""
    return unsent_moves.sweep()
