"""The follow-up inspection of a mended hazard: one for each mending, kept in step with what the findings say."""

from __future__ import annotations

from datetime import date, datetime

from django.utils.translation import gettext as _

from complaints.models import (
    Complaint,
    Inspection,
    InspectionEvent,
    InspectionResult,
    InspectionState,
    InspectionStep,
    Purpose,
    SafetyFinding,
)
from staff.models import User


def arrange(complaint: Complaint, finding: SafetyFinding, *, by: User, at: datetime) -> None:
    """Make, move or cancel the follow-up so that it fits the newest finding. The complaint is locked by the caller."""
    standing = complaint.inspections.open().select_for_update(of=("self",)).first()
    day = finding.follow_up_on
    if day is None:
        if standing is not None:
            _withdraw(standing, by=by, at=at)
    elif standing is None:
        same = complaint.inspections.filter(scheduled_on=day, result=InspectionResult.IN_ORDER)
        if not same.exists():
            _schedule(complaint, day, finding.measure, by=by, at=at)
    elif standing.scheduled_on != day:
        was = standing.due_on
        standing.scheduled_on = standing.due_on = day
        standing.reminded_at = None
        standing.version += 1
        standing.save(update_fields=["scheduled_on", "due_on", "reminded_at", "version"])
        InspectionEvent.objects.create(
            inspection=standing,
            step=InspectionStep.MOVED,
            at=at,
            by=by,
            was_on=was,
            now_on=day,
            note=_("The hazard was mended on another day than was said."),
        )


def _schedule(complaint: Complaint, day: date, measure: str, *, by: User, at: datetime) -> None:
    row = Inspection.objects.create(
        purpose=Purpose.FOLLOW_UP,
        complaint=complaint,
        account=complaint.account,
        transformer_area=complaint.transformer_area if complaint.account_id is None else None,
        place=complaint.place or (complaint.premise.address if complaint.premise else ""),
        branch=complaint.branch,
        team=complaint.team,
        scheduled_on=day,
        due_on=day,
    )
    InspectionEvent.objects.create(
        inspection=row, step=InspectionStep.SCHEDULED, at=at, by=by, now_on=row.due_on, note=measure
    )


def _withdraw(standing: Inspection, *, by: User, at: datetime) -> None:
    standing.state = InspectionState.CANCELLED
    standing.cancelled_because = _("The hazard is no longer said to be mended.")
    standing.version += 1
    standing.save(update_fields=["state", "cancelled_because", "version"])
    InspectionEvent.objects.create(
        inspection=standing, step=InspectionStep.CANCELLED, at=at, by=by, note=standing.cancelled_because
    )
