"""What people do with an inspection: give it to somebody, move it, say that it could not be done, record it, cancel it.

Each is one transaction that locks the inspection first and leaves a step in its history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.inspections.dates import add_months
from complaints.investigation import safety
from complaints.models import (
    Attachment,
    Complaint,
    Consequence,
    HazardGrade,
    Inspection,
    InspectionEvent,
    InspectionFinding,
    InspectionPlan,
    InspectionResult,
    InspectionState,
    InspectionStep,
    IssueKind,
    Purpose,
    ServiceIssue,
)
from complaints.refusals import BadInput, ChangedMeanwhile, MoveRefused
from staff.actors import Role
from staff.models import User

WORKING = frozenset({Role.INVESTIGATOR, Role.SUPERVISOR})
"""Who inspects: takes it, moves it, records it."""
CANCELLING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})

TICKS = {
    "ok": gettext_lazy("in order"),
    "bad": gettext_lazy("not in order"),
    "none": gettext_lazy("not there"),
}
"""How an item of a checklist is answered."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that is not in order, as the crew says it. `photo` is prepared and unsaved."""

    what: str
    grade: str
    consequence: str
    rectify_by: date | None = None
    photo: Attachment | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The result of an inspection. `answers` is what was ticked for each item of the checklist."""

    result: str
    done_on: date
    note: str = ""
    informed: str = ""
    answers: dict[str, str] = field(default_factory=dict)
    found: Sequence[Found] = ()
    photo: Attachment | None = None


OpenComplaint = Callable[[Inspection, int, Found], Complaint]
"""Opens the complaint that a finding asks for, by the one door; given the inspection and the finding's number in it."""


def _locked(inspection: Inspection, seen: int | None = None) -> Inspection:
    """The row, locked and open. Raises ChangedMeanwhile when somebody was quicker, MoveRefused when it is over."""
    row = Inspection.objects.select_for_update(of=("self",)).select_related("kind", "branch").get(pk=inspection.pk)
    if not row.is_open:
        raise MoveRefused(_("This inspection is over: %(state)s.") % {"state": row.get_state_display()})
    if seen is not None and seen != row.version:
        raise ChangedMeanwhile(_("Somebody changed this inspection since you opened it. Look at it, then decide."))
    return row


def _kept(row: Inspection, step: str, *, by: User | None, at: datetime, **more: Any) -> Inspection:
    row.version += 1
    row.save()
    InspectionEvent.objects.create(inspection=row, step=step, by=by, at=at, **more)
    return row


@transaction.atomic
def assign(inspection: Inspection, to: User | None, *, by: User, at: datetime, seen: int | None = None) -> Inspection:
    """Give it to somebody, or to nobody in particular."""
    row = _locked(inspection, seen)
    row.assignee = to
    note = to.display_name if to else _("nobody in particular")
    return _kept(row, InspectionStep.ASSIGNED, by=by, at=at, note=note)


@transaction.atomic
def move(
    inspection: Inspection, to_day: date, why: str, *, by: User, at: datetime, seen: int | None = None
) -> Inspection:
    """Another day, with a reason. The day it was first due stays known, and the new one is reminded of again."""
    row = _locked(inspection, seen)
    if to_day < timezone.localdate(at):
        raise BadInput(_("That is in the past."), fields=["due_on"])
    was, row.due_on, row.reminded_at = row.due_on, to_day, None
    return _kept(row, InspectionStep.MOVED, by=by, at=at, was_on=was, now_on=to_day, note=why)


@transaction.atomic
def tried(
    inspection: Inspection,
    because: str,
    to_day: date,
    note: str,
    *,
    by: User,
    at: datetime,
    seen: int | None = None,
) -> Inspection:
    """It could not be done: why, and the day on which it is tried again."""
    row = _locked(inspection, seen)
    if to_day < timezone.localdate(at):
        raise BadInput(_("That is in the past."), fields=["due_on"])
    was, row.due_on, row.reminded_at = row.due_on, to_day, None
    row.attempts += 1
    return _kept(row, InspectionStep.TRIED, by=by, at=at, because=because, was_on=was, now_on=to_day, note=note)


@transaction.atomic
def cancel(inspection: Inspection, why: str, *, by: User | None, at: datetime, seen: int | None = None) -> Inspection:
    """It is not done at all, and why; the plan goes on with its next day. A mended hazard is always looked at again."""
    row = _locked(inspection, seen)
    if row.purpose in (Purpose.FOLLOW_UP, Purpose.RECTIFIED):
        raise MoveRefused(_("A hazard or defect is always looked at again. Move it to another day instead."))
    row.state, row.cancelled_because = InspectionState.CANCELLED, why
    if row.plan_id is not None and row.purpose == Purpose.REGULAR:
        plan = InspectionPlan.objects.select_for_update(of=("self",)).select_related("kind").get(pk=row.plan_id)
        plan.next_due_on = add_months(row.scheduled_on, plan.months) if plan.months else None
        plan.save(update_fields=["next_due_on"])
    return _kept(row, InspectionStep.CANCELLED, by=by, at=at, note=why)


@transaction.atomic
def record(
    inspection: Inspection,
    said: Said,
    *,
    by: User,
    at: datetime,
    open_complaint: OpenComplaint,
    seen: int | None = None,
) -> Inspection:
    """It was done, and what came out. What was found opens what it asks for, in the same transaction.

    A follow-up that finds the hazard not in order reopens its complaint. Raises BadInput, MoveRefused, ChangedMeanwhile.
    """
    if inspection.complaint_id is not None:
        Complaint.objects.locked(inspection.complaint_id)  # before the inspection, as whoever records findings does
    row = _locked(inspection, seen)
    _check(row, said, timezone.localdate(at))
    row.state, row.result = InspectionState.DONE, said.result
    row.done_on, row.recorded_at, row.recorded_by = said.done_on, at, by
    row.note, row.informed, row.answers = said.note, said.informed, said.answers
    _kept(row, InspectionStep.DONE, by=by, at=at, note=said.note)
    for number, found in enumerate(said.found, start=1):
        _follow(row, number, found, by=by, at=at, open_complaint=open_complaint)
    if row.plan_id is not None:
        _carry_on(row.plan_id, row.purpose, said.done_on)
    if row.purpose == Purpose.FOLLOW_UP and row.complaint_id is not None:
        files = [said.photo] if said.photo is not None else []
        is_in_order = said.result == InspectionResult.IN_ORDER
        safety.looked_again(
            row.complaint_id, is_in_order=is_in_order, said=said.note, on=said.done_on, by=by, files=files
        )
    return row


def _check(row: Inspection, said: Said, today: date) -> None:
    if said.done_on > today:
        raise BadInput(_("That is in the future."), fields=["done_on"])
    if said.result == InspectionResult.IN_ORDER and said.found:
        raise BadInput(_("Something was found, so it is not in order."), fields=["result"])
    if said.result == InspectionResult.NOT_IN_ORDER and not said.found and row.purpose != Purpose.FOLLOW_UP:
        raise BadInput(_("Say what is not in order, and what follows from it."), fields=["result"])
    if row.purpose == Purpose.FOLLOW_UP and not said.note:
        raise BadInput(_("Say what the inspection found."), fields=["note"])
    for found in said.found:
        _check_found(row, found, said.done_on)


def _check_found(row: Inspection, found: Found, done_on: date) -> None:
    if found.consequence == Consequence.RECTIFY and (found.rectify_by is None or found.rectify_by < done_on):
        raise BadInput(_("Say by which day it is to be rectified."), fields=["rectify_by"])
    if found.consequence == Consequence.RECTIFY and found.grade == HazardGrade.IMMINENT:
        raise BadInput(
            _("Imminent danger cannot wait for a notice: open a complaint or a service issue."), fields=["consequence"]
        )
    if found.consequence == Consequence.COMPLAINT and row.account_id is None:
        raise BadInput(_("A complaint needs a customer. Open a service issue instead."), fields=["consequence"])


def _follow(
    row: Inspection, number: int, found: Found, *, by: User, at: datetime, open_complaint: OpenComplaint
) -> None:
    finding = InspectionFinding(
        inspection=row, what=found.what, grade=found.grade, consequence=found.consequence, rectify_by=None
    )
    if found.photo is not None:
        # a copy of its own: the complaint's may be deleted when the complaint is
        finding.photo = ContentFile(found.photo.file.read(), name=found.photo.name)
        finding.photo_type = found.photo.content_type
        found.photo.file.seek(0)
    if found.consequence == Consequence.COMPLAINT:
        finding.complaint = open_complaint(row, number, found)
    elif found.consequence == Consequence.ISSUE:
        finding.issue = _issue(row, found, by=by, at=at)
    else:
        finding.rectify_by = found.rectify_by
    finding.save()
    if finding.rectify_by is not None:
        again = Inspection.objects.create(
            purpose=Purpose.RECTIFIED,
            origin=finding,
            kind=row.kind,
            account_id=row.account_id,
            transformer_area_id=row.transformer_area_id,
            feeder_id=row.feeder_id,
            place=row.place,
            branch=row.branch,
            team_id=row.team_id,
            assignee_id=row.assignee_id,
            scheduled_on=finding.rectify_by,
            due_on=finding.rectify_by,
        )
        InspectionEvent.objects.create(
            inspection=again, step=InspectionStep.SCHEDULED, at=at, by=by, now_on=again.due_on, note=found.what
        )


def _issue(row: Inspection, found: Found, *, by: User, at: datetime) -> ServiceIssue:
    """A hazard as a service issue: told to nobody, because what is found on a patrol need not be public."""
    area = row.transformer_area or (row.account.premise.transformer_area if row.account else None)
    return ServiceIssue.objects.create(
        kind=IssueKind.HAZARD,
        title=f"{row.where} · {found.what}"[:160],
        branch=row.branch,
        transformer_area=area,
        feeder=row.feeder or (area.feeder if area else None),
        started_at=at,
        cause=found.what,
        is_public=False,
        created_by=by,
    )


def _carry_on(plan_id: int, purpose: str, done_on: date) -> None:
    """The plan counts from here; an extra check does not move its regular day."""
    plan = InspectionPlan.objects.select_for_update(of=("self",)).select_related("kind").get(pk=plan_id)
    plan.last_on = max(plan.last_on or done_on, done_on)
    if purpose == Purpose.REGULAR:
        plan.next_due_on = add_months(plan.last_on, plan.months) if plan.months else None
    plan.save(update_fields=["last_on", "next_due_on"])
