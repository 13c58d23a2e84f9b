"""The hand that turns the crank: each task finds due rows and calls one rule per row until nothing is due."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from complaints import feedback, outbox, storms, workflow
from complaints.models import Alarm, Complaint, Notice

BATCH = 200


@shared_task(ignore_result=True)
def ring_alarms() -> int:
    """Ring every due alarm, oldest first. May run twice or in several workers at once; each alarm has its effect once."""
    now, rung = timezone.now(), 0
    while due := list(Alarm.objects.due(now)[:BATCH]):
        done = sum(workflow.ring(alarm, now=now) for alarm in due)
        rung += done
        if Alarm.objects.pending().filter(pk__in=[alarm.pk for alarm in due]).count() == len(due):
            break  # all of them are in other hands; those hands, or the next turn, will do it
    return rung


@shared_task(ignore_result=True)
def send_notices() -> int:
    """Send every due notice, oldest first; failed ones wait for their next try."""
    now, sent = timezone.now(), 0
    while due := list(Notice.objects.due(now)[:BATCH]):
        sent += sum(outbox.send(notice, now=now) for notice in due)
        if Notice.objects.due(now).filter(pk__in=[notice.pk for notice in due]).count() == len(due):
            break
    return sent


@shared_task(ignore_result=True)
def close_unanswered() -> int:
    """Close what was resolved and never answered in the allowed time, as unanswered and never as satisfied."""
    now = timezone.now()
    waiting = feedback.unanswered(Complaint.objects.all(), at=now).order_by("resolved_at")
    return sum(feedback.close_unanswered(complaint, at=now) for complaint in waiting.iterator(chunk_size=BATCH))


@shared_task(ignore_result=True)
def excuse_arrivals() -> int:
    """Bring every clock in line with the storms that rage or have just ended. May run twice, and after a crash again."""
    return sum(storms.settle(storm) for storm in storms.unsettled())
