"""The report of inspections: what was due, done in time, found, and the list behind each number."""

from datetime import timedelta

import pytest
from django.utils import timezone

from complaints.models import Inspection
from staff.actors import Role
from tests.analytics.test_reports import how_many, linked_numbers
from tests.complaints.inspections.things import an_inspection, record, today
from tests.factories import a_branch, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def days(**more):
    return {"from": str(today() - timedelta(days=30)), "to": str(today() + timedelta(days=30)), **more}


def report(client, **more):
    return client.get("/reports/inspections/", days(**more)).context["findings"]


def of(table, name):
    titles = [str(column.label) for column in table.columns]
    return table.total[titles.index(name)].raw


def test_done_late_overdue_and_waiting_are_told_apart_by_the_day_first_due(desk):
    in_time, late = an_inspection(due_in=0), an_inspection(due_in=-3)
    an_inspection(due_in=-2)
    an_inspection(due_in=5)
    for inspection in (in_time, late):
        assert record(desk, inspection).status_code in (200, 302)
    assert Inspection.objects.filter(state="done").count() == 2
    table = report(desk).tables[0]
    names = ("First due", "On time", "Late", "Overdue", "Not due yet", "Cancelled")
    assert [of(table, name) for name in names] == [4, 1, 1, 1, 1, 0]


def test_what_was_found_is_counted_by_grade_and_by_what_follows(desk):
    by = str(timezone.localdate() + timedelta(days=14))
    record(
        desk,
        an_inspection(due_in=0),
        found=[{"what": "接地不良", "grade": "III", "consequence": "rectify", "rectify_by": by}],
    )
    grades = report(desk).tables[1]
    assert grades.total[1].raw == 1


@pytest.mark.parametrize("by", ["kind", "branch", "team"])
def test_every_number_opens_the_list_that_makes_it(desk, supervisor, by):
    by_day = str(timezone.localdate() + timedelta(days=14))
    record(
        desk,
        an_inspection(due_in=0),
        found=[{"what": "接地不良", "grade": "III", "consequence": "rectify", "rectify_by": by_day}],
    )
    record(desk, an_inspection(due_in=-3))
    an_inspection(due_in=-2)
    an_inspection(due_in=5)
    opened = [one for one in linked_numbers(desk.get("/reports/inspections/", days(by=by))) if "/list/" in one[0]]
    assert len(opened) > 10
    assert [(address, n) for address, n in opened if how_many(desk, supervisor, address) != n] == []
    assert desk.get("/reports/inspections/list/", days(pick="nonsense")).status_code == 404


def test_another_branch_counts_nothing_of_ours_and_it_costs_the_same_for_many(client, django_assert_num_queries, desk):
    costs = []
    for _time in range(2):
        an_inspection(due_in=-2)
        desk.get("/reports/inspections/", days())
        desk.catches_up = False
        with django_assert_num_queries(20, exact=False) as queries:
            desk.get("/reports/inspections/", days())
        costs.append(len(queries))
    assert costs[0] == costs[1]
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert report(client).is_empty
