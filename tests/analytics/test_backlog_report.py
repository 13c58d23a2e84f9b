"""The backlog report: who was open on each evening, how old, and that what came and went explains the change."""

from datetime import date, timedelta

import pytest
import time_machine
from django.utils import timezone

from complaints import workflow
from complaints.models import Complaint
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.analytics.reading_reports import total, wrong_lists
from tests.analytics.test_reports import read, resolved
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
DAY = timedelta(days=1)
DAILY = {"granularity": "day", "from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture(autouse=True)
def late_march():
    """Thursday, the 26th."""
    with time_machine.travel(MONDAY + 24 * DAY, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


@pytest.fixture
def march(supervisor):
    """Two answered the next day, one of them reopened; four that wait since February, the 3rd, 9th and 18th of March."""
    resolved()
    again = resolved(at=MONDAY + DAY)
    workflow.perform("feedback", again, by=THE_CUSTOMER, at=MONDAY + 6 * DAY, solved=False, score=1)
    same_day = a_complaint(at=MONDAY + 2 * DAY)
    reject = {"by": Actor.staff(supervisor), "at": MONDAY + 2 * DAY + timedelta(hours=1), "reason": "重复来电"}
    workflow.perform("reject", same_day, **reject)
    for days in (-10, 1, 7, 16):
        a_complaint("BIL-02", at=MONDAY + days * DAY)
    a_complaint("SAF-01", branch=a_branch("north", a_branch()), at=MONDAY + 9 * DAY)


def open_on(evening):
    """From the events themselves: those whose last status by the end of the day was one in which work is owed."""
    owed = {"registered", "dispatched", "investigating", "waiting", "review"}
    found = 0
    for complaint in Complaint.objects.filter(request_type="complaint", merged_into=None):
        told = [event for event in complaint.events.order_by("number") if timezone.localdate(event.at) <= evening]
        found += bool(told) and told[-1].to_status in owed
    return found


def test_each_evening_counts_who_was_open(desk, march):
    table = read(desk, "backlog", **DAILY).tables[0]
    shown = {line[0].raw: line[-1].raw for line in table.rows}
    assert list(shown)[-1] == "2026-03-25"
    assert shown == {day: open_on(date.fromisoformat(day)) for day in shown}
    assert all(sum(cell.raw for cell in line[1:-1]) == line[-1].raw for line in table.rows)


def test_ages_are_working_days_since_receipt(desk, march):
    last = read(desk, "backlog", **DAILY).tables[0].rows[-1]
    # received on the 18th (5 working days), the 9th and 11th (12, 10), the 3rd twice (16), and in February
    assert [cell.raw for cell in last][1:] == [0, 0, 1, 1, 4, 6]


@pytest.mark.parametrize("granularity", ["day", "week"])
def test_what_came_and_went_is_the_change_of_what_is_open(desk, march, granularity):
    flow = read(desk, "backlog", **{**DAILY, "granularity": granularity}).tables[1]
    before = open_on(date(2026, 2, 28))
    for line in flow.rows:
        _received, came, went, net, now = [cell.raw for cell in line][1:]
        assert net == came - went
        assert now == before + net
        before = now
    # seven received and one reopened; two answered; one came and went on the same day
    assert total(flow) == [7, 7, 2, 5, 6]


def test_a_week_is_counted_on_its_last_evening_and_the_last_one_on_yesterday(desk, march):
    table = read(desk, "backlog", **{**DAILY, "granularity": "week"}).tables[0]
    assert [line[0].raw for line in table.rows] == [
        "2026-03-01",
        "2026-03-08",
        "2026-03-15",
        "2026-03-22",
        "2026-03-25",
    ]


def test_the_sentence_compares_with_the_evening_before(desk, march):
    sentence = read(desk, "backlog", **DAILY).sentence
    assert "6 complaints were open" in sentence
    assert "5 more than on the evening before the period (1)" in sentence
    assert "4 had been waiting for more than 10 working days" in sentence


def test_those_who_wait_longest_come_first(desk, march):
    oldest = read(desk, "backlog", **DAILY).tables[2]
    open_now = Complaint.objects.filter(request_type="complaint").open().order_by("received_at", "pk")
    assert [line[0].raw for line in oldest.rows] == [one.reference for one in open_now]


@pytest.mark.parametrize("filters", [DAILY, {"granularity": "week"}, {"category": "BIL"}, {"branch": "north"}])
def test_every_number_opens_its_list(desk, supervisor, march, filters):
    assert wrong_lists(desk, supervisor, "backlog", **filters) == {}


def test_a_period_that_has_not_begun_says_so(desk, march):
    findings = read(desk, "backlog", **{"from": "2026-03-26", "to": "2026-04-30"})
    assert findings.is_empty
    assert "has not come yet" in findings.sentence


def test_another_branch_reads_nothing_of_ours(client, march):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    client.cookies["language"] = "en"
    assert read(client, "backlog").is_empty


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries, march):
    desk.get("/reports/backlog/")
    desk.catches_up = False
    with django_assert_max_num_queries(20):
        desk.get("/reports/backlog/", DAILY)
