"""How inspections went over a period, for reports: done on time, late, still owed, and what they found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db.models import Count, F, Q

from complaints.models import HazardGrade, Inspection, InspectionFinding, InspectionResult, InspectionState
from complaints.models.inspections import InspectionQuerySet


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the inspections that were first due in the period. `on_time` of `due` is the rate people ask for.

    On time is by the day it was first due: an inspection that was moved and then done on its new day was late.
    """

    due: int
    on_time: int
    late: int
    overdue: int
    waiting: int
    cancelled: int
    tried: int
    not_in_order: int
    by_grade: dict[str, int]


def first_due(start: date, end: date, rows: InspectionQuerySet | None = None) -> InspectionQuerySet:
    """The inspections first due on these days, both included; of `rows` if given, as `visible_to(user)`."""
    found = Inspection.objects.all() if rows is None else rows
    return found.filter(scheduled_on__gte=start, scheduled_on__lte=end)


def figures(start: date, end: date, *, today: date, rows: InspectionQuerySet | None = None) -> Figures:
    """Counted in two statements, however many there are. A day that is not over is not yet missed."""
    found = first_due(start, end, rows)
    done = Q(state=InspectionState.DONE)
    is_open = Q(state=InspectionState.OPEN)
    counted = found.aggregate(
        due=Count("pk", filter=~Q(state=InspectionState.CANCELLED)),
        on_time=Count("pk", filter=done & Q(done_on__lte=F("scheduled_on"))),
        late=Count("pk", filter=done & Q(done_on__gt=F("scheduled_on"))),
        overdue=Count("pk", filter=is_open & Q(scheduled_on__lt=today)),
        waiting=Count("pk", filter=is_open & Q(scheduled_on__gte=today)),
        cancelled=Count("pk", filter=Q(state=InspectionState.CANCELLED)),
        tried=Count("pk", filter=Q(attempts__gt=0)),
        not_in_order=Count("pk", filter=Q(result=InspectionResult.NOT_IN_ORDER)),
    )
    grades = dict.fromkeys(HazardGrade.values, 0)
    findings = InspectionFinding.objects.filter(inspection__in=found.order_by())
    grades |= dict(findings.order_by().values_list("grade").annotate(Count("pk")))
    return Figures(**counted, by_grade=grades)
