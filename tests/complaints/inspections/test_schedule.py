"""Plans fall due by themselves, each day of a plan once, whoever turns the crank how often and however late."""

from datetime import date, timedelta

import pytest
from django.db import connection

from complaints.inspections import plans, schedule, work
from complaints.inspections.dates import add_months
from complaints.models import Inspection, InspectionKind, InspectionPlan, Notice
from complaints.tasks import remind_of_inspections, schedule_inspections
from customers.models import TransformerArea
from staff.actors import Role
from staff.models import TeamKind
from tests.at_once import at_once
from tests.complaints.inspections.things import a_kind, a_plan, an_inspection, today
from tests.factories import a_branch, a_team, a_user, an_account

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]


@pytest.mark.parametrize(
    ("day", "months"), [("2024-01-31", 1), ("2026-08-31", 6), ("2026-03-15", 24), ("2023-12-31", 2)]
)
def test_the_database_adds_months_as_we_do(day, months):
    plan = a_plan(last_on=date.fromisoformat(day), kind=a_kind(cycle_months=months))
    plans.replan(plan.kind, today())
    plan.refresh_from_db()
    assert plan.next_due_on == add_months(date.fromisoformat(day), months)


def test_whatever_a_kind_fits_gets_a_plan_and_the_highest_rank_holds():
    shop, household = an_account(kind="commercial"), an_account(kind="household")
    important, high = an_account(kind="commercial", is_key=True), an_account(kind="industrial")
    high.supply_kv = 110
    high.save()
    schedule_inspections()
    kinds = dict(InspectionPlan.objects.filter(account__isnull=False).values_list("account", "kind__code"))
    kinds.pop(household.pk, None)  # whose turn it may be in the sample
    assert kinds == {shop.pk: "lv-business", important.pk: "important", high.pk: "hv-35"}
    network = InspectionPlan.objects.filter(account=None).values_list("kind__code", flat=True)
    assert sorted(network) == ["area", "feeder"]


def test_a_household_is_inspected_by_sample_and_the_sample_stays_within_the_year():
    a_kind("residential", share=1000)
    account = an_account(kind="household")
    schedule_inspections()
    plan = account.inspection_plan
    assert today() < plan.next_due_on
    a_kind("residential", share=1)
    schedule_inspections()
    assert InspectionPlan.objects.get(account=account).next_due_on == plan.next_due_on


def test_a_closed_account_is_no_longer_inspected_and_says_why():
    inspection = an_inspection()
    account = inspection.account
    account.closed_on = today()
    account.save()
    schedule_inspections()
    inspection.refresh_from_db()
    assert (inspection.state, inspection.cancelled_because) == ("cancelled", "The account was closed.")
    assert not InspectionPlan.objects.get(account=account).is_active


def test_who_becomes_important_is_inspected_as_such_and_what_is_open_stays():
    inspection = an_inspection(last_on=today() - timedelta(days=30))
    customer = inspection.account.customer
    customer.is_key = True
    customer.save()
    schedule_inspections()
    plan = InspectionPlan.objects.get(pk=inspection.plan_id)
    assert plan.kind.code == "important"
    assert plan.next_due_on == add_months(today() - timedelta(days=30), 3)
    assert Inspection.objects.open().get(plan=plan) == inspection


def test_a_plan_falls_due_once_and_after_a_long_sleep_too():
    team = a_team(TeamKind.SAFETY)
    plan, later = a_plan(due_in=-200), a_plan(due_in=60)
    schedule_inspections()
    schedule_inspections()
    inspection = plan.inspections.get()
    assert (inspection.scheduled_on, inspection.team) == (plan.next_due_on, team)
    assert inspection.place == plan.account.premise.address
    assert not later.inspections.exists()


@pytest.mark.django_db(transaction=True)
def test_many_workers_make_one_inspection_and_one_reminder(profile):
    plan = a_plan(due_in=-1)
    a_user(Role.SUPERVISOR)
    at_once(lambda _number: schedule.make_due(plan), times=6)
    assert plan.inspections.count() == 1
    at_once(lambda _number: remind_of_inspections(), times=6)
    assert Notice.objects.filter(inspection=plan.inspections.get()).count() == 1


def test_before_the_peak_important_users_are_looked_at_once_more():
    a_kind("important", extra_before=[f"{today() + timedelta(days=10):%m-%d}"])
    fresh, recent = (a_plan(kind=a_kind("important"), due_in=80, is_by_hand=True) for _ in range(2))
    done = Inspection.objects.create(
        purpose="regular", plan=recent, kind=recent.kind, branch=recent.branch, account=recent.account, state="done",
        scheduled_on=today() - timedelta(days=9), due_on=today() - timedelta(days=9), result="in_order",
        done_on=today() - timedelta(days=9), recorded_by=a_user(), recorded_at="2026-03-02T09:00+08:00",
    )  # fmt: skip
    schedule_inspections()
    schedule_inspections()
    extra = fresh.inspections.get()
    assert (extra.purpose, extra.due_on) == ("extra", today() + timedelta(days=10))
    assert list(recent.inspections.all()) == [done]


def test_a_cancelled_day_makes_way_for_the_next_one():
    inspection = an_inspection()
    work.cancel(inspection, "拆迁", by=a_user(Role.SUPERVISOR), at=schedule.turn.now())
    plan = InspectionPlan.objects.get(pk=inspection.plan_id)
    assert plan.next_due_on == add_months(inspection.scheduled_on, 24)


def test_the_overdue_is_reminded_of_once_and_once_more_after_it_was_moved():
    person = a_user(Role.INVESTIGATOR)
    late, today_due = an_inspection(due_in=-1), an_inspection(due_in=0)
    Inspection.objects.update(assignee=person)
    remind_of_inspections()
    remind_of_inspections()
    notice = Notice.objects.get()
    assert (notice.inspection, notice.address) == (late, person.email)
    assert late.place in notice.body
    assert today_due.reminded_at is None
    work.move(late, today(), "雨天", by=person, at=schedule.turn.now())
    Inspection.objects.filter(pk=late.pk).update(due_on=today() - timedelta(days=1))
    remind_of_inspections()
    assert Notice.objects.filter(inspection=late).count() == 2


def test_another_cycle_gives_the_plans_another_day_and_leaves_what_is_open():
    last = today() - timedelta(days=100)
    waiting, own = a_plan(last_on=last, due_in=400), a_plan(last_on=last, due_in=400, cycle_months=6)
    inspection = an_inspection(last_on=last)
    plans.replan(a_kind(cycle_months=12), today())
    waiting.refresh_from_db()
    own.refresh_from_db()
    assert waiting.next_due_on == add_months(last, 12)
    assert own.next_due_on == today() + timedelta(days=400)
    assert Inspection.objects.open().get() == inspection


def test_what_falls_due_is_found_by_its_index():
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM complaints_inspectionplan WHERE is_active AND next_due_on <= '2026-03-02' ORDER BY next_due_on, id"
        )
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "plan_next_due" in plan


def test_the_network_belongs_to_its_branch():
    west = a_branch("west", parent=a_branch())
    an_account(branch=west)
    schedule_inspections()
    area = TransformerArea.objects.get()
    assert area.inspection_plan.branch == area.branch
    assert InspectionKind.objects.get(code="area") == area.inspection_plan.kind
