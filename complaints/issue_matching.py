"""Which complaints a service issue may explain: of its place and its kind and on no other; and those that are still out."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from django.db.models import Exists, OuterRef, Q

from complaints.issues import KINDS
from complaints.models import SAFETY, Complaint, DeskSettings, IssueAct, IssueJob, IssueKind, JobState, ServiceIssue
from complaints.models.complaint import ComplaintQuerySet
from complaints.typed import TYPED_TO


class Place(Protocol):
    """Anything with a place on the network, such as an issue or a proposal of one."""

    @property
    def transformer_area_id(self) -> int | None: ...
    @property
    def feeder_id(self) -> int | None: ...


def about(kind: str) -> Q:
    """The complaints that an issue of this kind explains."""
    codes = [code for code, kinds in KINDS.items() if kind in kinds]
    explained = Q(subcategory__code__in=codes) | Q(subcategory__isnull=True, category__code__in=codes)
    return explained | Q(category__code=SAFETY) if kind == IssueKind.HAZARD else explained


def at(place: Place) -> Q | None:
    """The complaints of its area, or of its feeder; None where no asset is known."""
    if place.transformer_area_id is not None:
        return Q(transformer_area=place.transformer_area_id)
    return Q(transformer_area__feeder=place.feeder_id) if place.feeder_id is not None else None


def free() -> ComplaintQuerySet:
    """Those that hang on no issue and are not over; reports of wrongdoing never hang on one."""
    return Complaint.objects.unfinished().filter(service_issue__isnull=True).exclude(request_type="report")


def matching(issue: ServiceIssue) -> ComplaintQuerySet:
    """What could be linked to it: of its place and kind, and received while it lasted or a little before it was noticed."""
    before = timedelta(minutes=DeskSettings.current().cluster_minutes)
    rows = free().filter(about(issue.kind), received_at__gte=issue.started_at - before)
    if issue.restored_at is not None:
        rows = rows.filter(received_at__lt=issue.restored_at + TYPED_TO)
    here = at(issue)
    return rows.filter(Q(branch__path__startswith=issue.branch.path) if here is None else here)


def still_out(issue: ServiceIssue) -> ComplaintQuerySet:
    """Those that were answered with it and that the customer took up again, because it is not over at their place."""
    settled = IssueJob.objects.filter(complaint=OuterRef("pk"), issue=issue, act=IssueAct.SETTLE, state=JobState.DONE)
    return Complaint.objects.open().filter(Exists(settled), service_issue=issue, reopened_count__gt=0)
