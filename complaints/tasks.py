"""The hand that turns the crank: each task finds due rows and calls one rule per row until nothing is due.

What is due is decided by the database's clock, so a worker whose own clock is wrong is neither early nor late.
"""

from __future__ import annotations

from celery import shared_task

from complaints import feedback, outbox, retargeting, storms, turn, workflow
from complaints.models import Alarm, Complaint, Notice, Retargeting

BATCH = 200


@shared_task(ignore_result=True)
def ring_alarms() -> int:
    """Ring every due alarm, oldest first. May run twice or in several workers at once; each alarm has its effect once."""
    rung, more = 0, True
    while more:
        with turn.begun() as now:
            due = list(Alarm.objects.due(now)[:BATCH])
            rung += sum(workflow.ring(alarm, now=now) for alarm in due)
            # if all of them are in other hands, those hands or the next turn will do it
            more = Alarm.objects.pending().filter(pk__in=[alarm.pk for alarm in due]).count() < len(due)
    return rung


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
def close_unanswered() -> int:
    """Close what was resolved and never answered in the allowed time, as unanswered and never as satisfied."""
    with turn.begun() as now:
        waiting = feedback.unanswered(Complaint.objects.all(), at=now).order_by("resolved_at")
        return sum(feedback.close_unanswered(complaint, at=now) for complaint in waiting.iterator(chunk_size=BATCH))


@shared_task(ignore_result=True)
def retarget_clocks() -> None:
    """Go on with moving running clocks to new policies, where somebody has decided that."""
    for run in Retargeting.objects.filter(finished_at__isnull=True):
        retargeting.carry_on(run)


@shared_task(ignore_result=True)
def excuse_arrivals() -> int:
    """Bring every clock in line with the storms that rage or have just ended. May run twice, and after a crash again."""
    with turn.begun() as now:
        return sum(storms.settle(storm, at=now) for storm in storms.unsettled())
