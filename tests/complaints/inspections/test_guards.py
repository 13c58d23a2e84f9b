"""Each named constraint of inspections and safety settings refuses what no code should ever write."""

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from complaints.models import (
    HazardRule,
    Inspection,
    InspectionEvent,
    InspectionFinding,
    InspectionKind,
    InspectionPlan,
    ProtectionZone,
    SafetyRuleChange,
)
from complaints.models.append_only import HistoryIsPermanent
from customers.models import Account
from staff.actors import Role
from tests.complaints.inspections.things import an_inspection
from tests.factories import MONDAY, a_complaint, a_user, an_issue

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

BROKEN = {
    "hazard_rule_grade_is_known": (HazardRule, {"grade": "IX"}),
    "hazard_is_looked_at_again_within_a_year": (HazardRule, {"follow_up_days": 0}),
    "zone_begins_below_its_end": (ProtectionZone, {"low_kv": 0, "high_kv": 5000}),
    "inspection_kind_has_a_cycle_or_a_sample": (InspectionKind, {"share": 5, "cycle_months": 5}),
    "inspection_kind_target_is_known": (InspectionKind, {"target": "moon"}),
    "plan_inspects_one_thing": (InspectionPlan, {"account": None}),
    "stopped_plan_says_why": (InspectionPlan, {"is_active": False}),
    "plan_cycle_is_possible": (InspectionPlan, {"cycle_months": 0}),
    "inspection_has_its_reason": (Inspection, {"plan": None}),
    "inspection_is_open_done_or_cancelled": (Inspection, {"state": "done"}),
    "account_is_supplied_above_zero": (Account, {"supply_kv": 0}),
}


def refuses(name):
    return pytest.raises(IntegrityError, match=f'"{name}"')


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_row(name):
    an_inspection()
    model, values = BROKEN[name]
    row = model.objects.first()
    with refuses(name), transaction.atomic():
        model.objects.filter(pk=row.pk).update(**values)


def test_zones_do_not_overlap():
    with refuses("zones_do_not_overlap"), transaction.atomic():
        ProtectionZone.objects.create(low_kv=5, high_kv=20, metres=5)


def test_a_day_of_a_plan_has_one_inspection_and_a_hazard_one_open_follow_up():
    inspection = an_inspection()
    same = {"branch": inspection.branch, "scheduled_on": inspection.scheduled_on, "due_on": inspection.due_on}
    with refuses("inspection_is_scheduled_once"), transaction.atomic():
        Inspection.objects.create(purpose="extra", plan=inspection.plan, **same)
    complaint = a_complaint()
    Inspection.objects.create(purpose="follow_up", complaint=complaint, **same)
    with refuses("hazard_has_one_open_follow_up"), transaction.atomic():
        Inspection.objects.create(purpose="follow_up", complaint=complaint, **same)


def test_a_finding_has_its_consequence_and_is_looked_at_again_once():
    inspection = an_inspection()
    about = {"inspection": inspection, "what": "x", "grade": "III"}
    for name, wrong in [
        ("finding_has_its_consequence", {"consequence": "rectify"}),
        ("finding_has_its_consequence", {"consequence": "complaint"}),
        ("finding_has_its_consequence", {"consequence": "magic", "issue": an_issue()}),
        ("inspection_finding_grade_is_known", {"consequence": "rectify", "rectify_by": "2026-03-02", "grade": "V"}),
    ]:
        with refuses(name), transaction.atomic():
            InspectionFinding.objects.create(**about | wrong)
    finding = InspectionFinding.objects.create(**about, consequence="rectify", rectify_by="2026-03-02")
    again = {"purpose": "rectified", "origin": finding, "branch": inspection.branch, "scheduled_on": "2026-03-02"}
    Inspection.objects.create(**again, due_on="2026-03-02")
    with refuses("defect_is_looked_at_again_once"), transaction.atomic():
        Inspection.objects.create(**again, due_on="2026-03-03")


def test_a_step_is_known_and_what_was_not_done_says_why():
    about = {"inspection": an_inspection(), "at": MONDAY}
    for name, wrong in [
        ("inspection_step_is_known", {"step": "danced"}),
        ("not_done_says_why", {"step": "tried"}),
        ("not_done_says_why", {"step": "moved", "because": "weather"}),
    ]:
        with refuses(name), transaction.atomic():
            InspectionEvent.objects.create(**about, **wrong)


def test_the_history_is_permanent():
    by = a_user(Role.SUPERVISOR)
    with refuses("safety_rule_change_is_known"), transaction.atomic():
        SafetyRuleChange.objects.create(of="weather", name="x", at=MONDAY, by=by)
    SafetyRuleChange.objects.create(of="zone", name="x", at=MONDAY, by=by)
    an_inspection()
    for model in (InspectionEvent, SafetyRuleChange):
        with pytest.raises(HistoryIsPermanent):
            model.objects.first().save()
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()
