"""What tests of inspections need: a plan that is due, an inspection, what somebody says of it."""

from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone

from complaints.inspections import schedule
from complaints.models import Inspection, InspectionKind, InspectionPlan
from staff.models import TeamKind
from tests.factories import a_team, an_account


def today() -> date:
    return timezone.localdate()


def a_kind(code="lv-business", **fields) -> InspectionKind:
    kind = InspectionKind.objects.get(code=code)
    for name, value in fields.items():
        setattr(kind, name, value)
    kind.save()
    return kind


def a_plan(*, due_in=0, **fields) -> InspectionPlan:
    account = fields.pop("account", None) or an_account(kind="commercial")
    fields = {"kind": a_kind(), "next_due_on": today() + timedelta(days=due_in), **fields}
    return InspectionPlan.objects.create(
        **{"account": account, "branch": account.premise.branch, "made_on": today() - timedelta(days=400), **fields}
    )


def an_inspection(*, due_in=0, **fields) -> Inspection:
    """One that fell due from a plan; `fields` are the plan's."""
    a_team(TeamKind.SAFETY)
    plan = a_plan(due_in=due_in, **fields)
    assert schedule.make_due(plan) == 1
    return plan.inspections.get()


def record(client, inspection, found=(), **said):
    """Send the form of the result as a crew does; `found` are dicts of what was found."""
    given = {
        "result": "not_in_order" if found else "in_order",
        "done_on": str(today()),
        "informed": "on_site",
        "seen": inspection.version,
        "found-TOTAL_FORMS": 3,
        "found-INITIAL_FORMS": 0,
    }
    if inspection.plan_id is not None:
        given |= {f"item-{item['key']}": "bad" if found else "ok" for item in inspection.kind.items}
    for number, one in enumerate(found):
        given |= {f"found-{number}-{name}": value for name, value in one.items()}
    return client.post(reverse("channels_intake:inspection-record", args=[inspection.pk]), given | said)
