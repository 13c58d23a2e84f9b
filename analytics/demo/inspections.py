"""Inspections of the made-up utility: a quarter's worth around today, some done, some late, some that found something."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from complaints.inspections import plans, schedule, work
from complaints.inspections.dates import add_months
from complaints.models import (
    Complaint,
    Consequence,
    HazardGrade,
    Informed,
    Inspection,
    InspectionPlan,
    InspectionResult,
    NotDone,
    Purpose,
)
from customers.models import Account
from customers.models.people import CustomerKind
from staff.actors import Role
from staff.models import User

SHOWN = 90
"""Plans that fall due around today; the rest lies scattered over its cycle."""
DEFECTS = ("剩余电流动作保护器失灵", "进户线绝缘老化开裂", "配电箱无门锁", "接地线锈断", "私拉乱接临时线路")


@transaction.atomic
def load(ending: datetime) -> int:
    """Make them once; how many inspections there are now."""
    today = timezone.localdate(ending)
    if InspectionPlan.objects.exists():
        return Inspection.objects.count()
    high = Account.objects.filter(customer__kind=CustomerKind.INDUSTRIAL)
    high.filter(supply_kv=None).annotate(turn=F("pk") % 9).exclude(turn=0).update(supply_kv=10)
    high.filter(supply_kv=None).update(supply_kv=35)
    plans.enrol(today)
    for number, plan in enumerate(InspectionPlan.objects.select_related("kind").order_by("pk")[:SHOWN]):
        _bring_near(plan, today + timedelta(days=number * 7 % 60 - 30))
        schedule.make_due(plan)
    for number, inspection in enumerate(Inspection.objects.filter(due_on__lt=today).named().order_by("due_on", "pk")):
        _live(inspection, number)
    return Inspection.objects.count()


def _bring_near(plan: InspectionPlan, day: date) -> None:
    plan.next_due_on = day
    plan.last_on = add_months(day, -plan.months) if plan.months else None
    plan.save(update_fields=["next_due_on", "last_on"])


def _live(inspection: Inspection, number: int) -> None:
    """Most were done on their day; some found nobody, some found a defect, some were let slip."""
    crew = User.objects.filter(role=Role.INVESTIGATOR, team=inspection.team, is_active=True).order_by("pk").first()
    if crew is None or number % 7 == 3:
        return
    now = timezone.now()
    if number % 7 == 5:
        work.tried(inspection, NotDone.NOBODY_HOME, timezone.localdate(now), "", by=crew, at=now)
        return
    is_bad = number % 5 == 1
    found = work.Found(
        what=DEFECTS[number % len(DEFECTS)],
        grade=HazardGrade.SERIOUS if number % 2 else HazardGrade.ORDINARY,
        consequence=Consequence.RECTIFY,
        rectify_by=inspection.due_on + timedelta(days=30),
    )
    said = work.Said(
        result=InspectionResult.NOT_IN_ORDER if is_bad else InspectionResult.IN_ORDER,
        done_on=inspection.due_on,
        informed=Informed.SIGNED if inspection.account_id else "",
        answers={item["key"]: "ok" for item in inspection.kind.items} if inspection.kind else {},
        found=[found] if is_bad and inspection.purpose == Purpose.REGULAR else [],
    )
    work.record(inspection, said, by=crew, at=now, open_complaint=_no_complaint)


def _no_complaint(inspection: Inspection, number: int, found: work.Found) -> Complaint:
    raise AssertionError("a made-up finding asks for no complaint")
