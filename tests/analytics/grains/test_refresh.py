"""Facts and rollups follow what happens, step by step, and come to the same as building them anew."""

from datetime import timedelta

import pytest

from analytics.grains.refresh import rebuild, refresh
from analytics.models import Change, ComplaintFact, DayRollup, Generation, OpenDay
from complaints import workflow
from complaints.models import Category, Subcategory
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.models import TeamKind
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_account, an_answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def held():
    """Everything the rollups in use say."""
    names = ("series", "day", "branch", "request_type", "category", "channel", "key", "bucket", "n", "total")
    return sorted(DayRollup.objects.in_use().values_list(*names))


def a_life(at=MONDAY, **fields):
    boss, hand = Actor.staff(a_user(Role.SUPERVISOR)), Actor.staff(a_user(Role.INVESTIGATOR))
    complaint = a_complaint(at=at, **fields)
    yield complaint
    workflow.perform("dispatch", complaint, by=boss, at=at + HOUR, team=a_team(TeamKind.OUTAGE))
    yield complaint
    workflow.perform("accept", complaint, by=hand, at=at + 2 * HOUR)
    workflow.perform("contact", complaint, by=hand, at=at + 3 * HOUR, reached=True, method="phone")
    yield complaint
    workflow.perform("resolve", complaint, by=boss, at=at + DAY, **an_answer())
    yield complaint
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=at + 2 * DAY, solved=False, score=2)
    yield complaint
    billing = Category.objects.get(code="BIL")
    workflow.perform(
        "recategorise",
        complaint,
        by=boss,
        at=at + 2 * DAY + HOUR,
        category=billing,
        subcategory=Subcategory.objects.filter(category=billing, is_active=True).first(),
    )
    yield complaint
    workflow.perform("resolve", complaint, by=boss, at=at + 3 * DAY, **an_answer())
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=at + 4 * DAY, solved=True, score=5)
    yield complaint


def test_step_by_step_comes_to_the_same_as_anew():
    refresh()
    account = an_account()
    for offset in (0, 6):
        for complaint in a_life(MONDAY + offset * DAY, account=account):  # noqa: B007 the last one is looked at
            refresh()
    assert not Change.objects.exists()
    kept, generation = held(), Generation.objects.get(state="current")
    rebuild()
    refresh()
    assert Generation.objects.get(state="current") != generation
    assert held() == kept
    assert len(kept) > 20
    assert complaint.fact.category.code == "BIL"
    assert not DayRollup.objects.filter(generation=generation).exists()


def test_a_branch_that_moves_takes_its_figures_along():
    east, west = a_branch("east", a_branch()), a_branch("west", a_branch())
    station = a_branch("station", east)
    a_complaint(branch=station)
    refresh()
    before = Generation.objects.get(state="current")

    def received():
        rows = DayRollup.objects.in_use().filter(series="received")
        return {
            branch: sum(rows.filter(branch=branch).values_list("n", flat=True))
            for branch in (a_branch(), east, west, station)
        }

    assert received() == {a_branch(): 1, east: 1, west: 0, station: 1}
    station.name_en = "Renamed"
    station.save()
    refresh()
    assert Generation.objects.get(state="current") == before, "a name changes no figure"
    station.parent = west
    station.save()
    refresh()
    assert Generation.objects.get(state="current") != before
    assert received() == {a_branch(): 1, east: 0, west: 1, station: 1}


def test_an_evening_counts_a_complaint_from_receipt_to_resolution_by_its_age_in_working_days():
    *_steps, complaint = a_life()
    refresh()
    evenings = list(OpenDay.objects.filter(fact=complaint.pk).order_by("day").values_list("day", "age"))
    assert [(day.isoformat(), age) for day, age in evenings] == [("2026-03-02", "0-1"), ("2026-03-04", "2-3")]


def test_a_repeat_is_known_from_both_sides():
    account = an_account()
    *_steps, first = a_life(account=account)
    again = a_complaint("BIL-01", at=MONDAY + 10 * DAY, account=account, subcategory=first.subcategory)
    refresh()
    assert ComplaintFact.objects.get(pk=again.pk).repeat_of == first.pk
    assert ComplaintFact.objects.get(pk=first.pk).repeated_by == again.pk
