"""Feedback: who still owes us an answer, and what happens when none comes."""

from __future__ import annotations

from datetime import datetime, timedelta

from complaints import workflow
from complaints.models import Complaint, DeskSettings
from complaints.models.complaint import ComplaintQuerySet
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import THE_CLOCK


def unanswered(complaints: ComplaintQuerySet, *, at: datetime) -> ComplaintQuerySet:
    """Resolved so long ago that the customer no longer needs to answer (`answer_days` of the desk settings)."""
    oldest = at - timedelta(days=DeskSettings.current().answer_days)
    return complaints.filter(status=Status.RESOLVED, resolved_at__lt=oldest)


def close_unanswered(complaint: Complaint, *, at: datetime) -> bool:
    """Close one as unanswered; false when somebody answered or reopened it first."""
    try:
        workflow.perform("close", complaint, by=THE_CLOCK, at=at)
    except MoveRefused:
        return False
    return True
