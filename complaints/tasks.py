"""The hand that turns the crank: each task finds due rows and calls one rule per row until nothing is due.

What is due is decided by the database's clock, read once per turn, so a worker whose own clock is wrong is neither early nor late.
"""

from __future__ import annotations

from celery import shared_task

from complaints import database_clock, feedback, outbox, workflow
from complaints.models import Alarm, Complaint, Notice

BATCH = 200


@shared_task(ignore_result=True)
def ring_alarms() -> int:
    """Ring every due alarm, oldest first. May run twice or in several workers at once; each alarm has its effect once."""
    now, rung = database_clock.now(), 0
    while due := list(Alarm.objects.due(now)[:BATCH]):
        done = sum(workflow.ring(alarm, now=now) for alarm in due)
        rung += done
        if Alarm.objects.pending().filter(pk__in=[alarm.pk for alarm in due]).count() == len(due):
            break  # all of them are in other hands; those hands, or the next turn, will do it
    return rung


@shared_task(ignore_result=True)
def send_notices() -> int:
    """Send every due notice, oldest first; failed ones wait for their next try."""
    now, sent = database_clock.now(), 0
    while due := list(Notice.objects.due(now)[:BATCH]):
        sent += sum(outbox.send(notice, now=now) for notice in due)
        if Notice.objects.due(now).filter(pk__in=[notice.pk for notice in due]).count() == len(due):
            break
    return sent


@shared_task(ignore_result=True)
def close_unanswered() -> int:
    """Close what was resolved and never answered in the allowed time, as unanswered and never as satisfied."""
    now = database_clock.now()
    waiting = feedback.unanswered(Complaint.objects.all(), at=now).order_by("resolved_at")
    return sum(feedback.close_unanswered(complaint, at=now) for complaint in waiting.iterator(chunk_size=BATCH))
