"""Feedback: who still owes us an answer, and what happens when none comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from complaints import workflow
from complaints.models import CallBack, Complaint, DeskSettings, Feedback
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import THE_CLOCK


def unanswered(complaints: ComplaintQuerySet, *, at: datetime) -> ComplaintQuerySet:
    """Resolved so long ago that the customer no longer needs to answer (`answer_days` of the desk settings).

    Not those who have answered, whatever still keeps their complaint open, and not those whom we are still trying to
    call: a call-back keeps the question open, for `call_back_days` at most.
    """
    desk = DeskSettings.current()
    oldest = at - timedelta(days=desk.answer_days)
    this_round = Feedback.objects.filter(complaint=OuterRef("pk"), round=OuterRef("reopened_count") + 1)
    calls = CallBack.objects.open().filter(
        feedback__complaint=OuterRef("pk"), created_at__gte=at - timedelta(days=desk.call_back_days)
    )
    waiting = complaints.filter(status=Status.RESOLVED, resolved_at__lt=oldest)
    return waiting.exclude(Exists(this_round.filter(answered_at__isnull=False))).exclude(Exists(calls))


def close_unanswered(complaint: Complaint, *, at: datetime) -> bool:
    """Close one as unanswered; false when somebody answered or reopened it first."""
    try:
        workflow.perform("close", complaint, by=THE_CLOCK, at=at)
    except MoveRefused:
        return False
    return True
