"""The report of teams' work: the numbers of each team and period, and lists of exactly what is counted."""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine

from complaints import workflow
from complaints.models import Complaint
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.analytics.test_reports import LATER, MARCH, how_many, linked_numbers, numbers, read, resolved
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def in_april():
    with time_machine.travel(LATER, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def of_team(table, team):
    return next([cell.raw for cell in row][1:] for row in table.rows if row[0].raw == team.name)


def test_each_team_has_its_numbers_and_the_median_of_its_hours(desk):
    team = a_team(TeamKind.OUTAGE)
    for _time in range(5):
        resolved()
    still = a_complaint(at=MONDAY)
    if still.status == "registered":
        workflow.perform("dispatch", still, by=Actor.staff(a_user(Role.SUPERVISOR)), at=MONDAY + HOUR, team=team)
    findings = read(desk, "workload")
    still.refresh_from_db()
    mine = Complaint.objects.filter(team=still.team)
    hours = sorted((one.resolved_at - one.received_at) / HOUR for one in mine if one.resolved_at)
    found = of_team(findings.tables[0], still.team)
    assert found[:2] == [mine.count(), mine.filter(dispatched_at__isnull=False).count()]
    assert found[2:6] == [5, 0, 1, mine.exclude(status="closed").filter(next_due_at__lt=LATER).count()]
    assert found[6] == pytest.approx(hours[2], rel=0.02)


def test_hours_of_a_handful_are_withheld(desk):
    resolved()
    cell = read(desk, "workload").tables[0].total[-1]
    assert (cell.raw, cell.text) == (None, "too few")


def test_periods_count_what_happened_in_them_and_who_was_open_at_their_end(desk):
    resolved(at=MONDAY)
    a_complaint(at=MONDAY + timedelta(days=7))
    table = read(desk, "workload", by="period", granularity="week").tables[0]
    assert [line[1] for line in numbers(table)] == [0, 1, 1, 0, 0, 0]
    assert [line[3] for line in numbers(table)] == [0, 1, 0, 0, 0, 0]
    assert [line[5] for line in numbers(table)] == [0, 0, 1, 1, 1, 1]


def test_a_duplicate_is_nobodys_work_and_another_branch_counts_nothing_of_ours(desk, client):
    first, second = a_complaint(), a_complaint()
    workflow.perform("merge", second, by=Actor.staff(a_user(Role.SUPERVISOR)), at=MONDAY + HOUR, into=first)
    assert read(desk, "workload").tables[0].total[1].raw == 1
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert read(client, "workload").is_empty


@pytest.mark.parametrize("by", ["team", "period"])
def test_every_number_opens_the_list_that_makes_it(desk, supervisor, by):
    for number in range(6):
        resolved(at=MONDAY + timedelta(days=number))
    back = a_complaint("BIL-02", at=MONDAY + timedelta(days=2))
    if back.status == "registered":
        workflow.perform("dispatch", back, by=Actor.staff(supervisor), at=MONDAY + timedelta(days=3), team=a_team())
    workflow.perform(
        "return", back, by=Actor.staff(a_user(Role.INVESTIGATOR)), at=MONDAY + timedelta(days=4), reason="不是我们的"
    )
    a_complaint("SAF-01", branch=a_branch("north", a_branch()), channel="web", source="website")
    kinds = Counter()
    for filters in ({}, {"channel": "phone"}, {"category": "OUT"}, {"branch": "north"}):
        response = desk.get("/reports/workload/", {**MARCH, "by": by, "granularity": "week", **filters})
        opened = [(address, n) for address, n in linked_numbers(response) if "/list/" in address]
        kinds.update(
            name for address, _n in opened for name in ("returned", "overdue", "open") if f"={name}" in address
        )
        assert [(one, n) for one, n in opened if how_many(desk, supervisor, one) != n] == []
    assert kinds["returned"]
    assert kinds["open"]
    assert kinds["overdue"] or by == "period"
    assert desk.get("/reports/workload/list/", {**MARCH, "pick": "nonsense"}).status_code == 404
