"""Solved once and for all: judged only when the window is over, by the day of closing, each number with its list."""

from datetime import timedelta

import pytest
import time_machine

from complaints import workflow
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.models import TeamKind
from tests.analytics.reading_reports import row, total, wrong_lists
from tests.analytics.test_reports import rated, read
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_account, an_answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
DAY = timedelta(days=1)
CLOSED = MONDAY + 2 * DAY
"""`rated` answers after a day and has the customer close it after two."""


@pytest.fixture(autouse=True)
def april():
    with time_machine.travel(CLOSED + 60 * DAY, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def of_one_customer(**fields):
    account = an_account()
    return {"account": account, "customer": account.customer, "contact_phone": account.customer.phone, **fields}


@pytest.fixture
def march(supervisor):
    """Six closed on the 4th: two well, one repeated after 5 days, one after 20, one urged, one reopened first."""
    rated(5, **of_one_customer())
    rated(5, "BIL-02", **of_one_customer(channel="web", source="website"))
    for days in (5, 20):
        person = of_one_customer()
        rated(4, **person)
        a_complaint("OUT-03", at=CLOSED + days * DAY, **person)
    urged = a_complaint(at=MONDAY, **of_one_customer())
    workflow.perform("urge", urged, by=Actor.staff(supervisor), at=MONDAY + timedelta(minutes=30), note="再催")
    answered(urged, supervisor)
    reopened = rated(1, solved=False, **of_one_customer())
    workflow.perform("resolve", reopened, by=Actor.staff(supervisor), at=CLOSED + timedelta(hours=1), **an_answer())
    workflow.perform("feedback", reopened, by=THE_CUSTOMER, at=CLOSED + timedelta(hours=2), solved=True, score=5)


def answered(complaint, supervisor):
    boss, investigator = Actor.staff(supervisor), Actor.staff(a_user(Role.INVESTIGATOR))
    hour = timedelta(hours=1)
    workflow.perform("dispatch", complaint, by=boss, at=MONDAY + hour, team=a_team(TeamKind.OUTAGE))
    workflow.perform("accept", complaint, by=investigator, at=MONDAY + 2 * hour)
    workflow.perform("contact", complaint, by=investigator, at=MONDAY + 3 * hour, reached=True, method="phone")
    workflow.perform("resolve", complaint, by=boss, at=MONDAY + DAY, **an_answer())
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=CLOSED, solved=True, score=4)


def counts(table):
    """Closed, solved at once, in one go, repeated."""
    return [total(table)[index] for index in (0, 1, 3, 5)]


def test_a_repeat_counts_within_its_window(desk, march):
    after_30, after_7, came = read(desk, "repeats").tables
    # not at once: repeated, urged, reopened; not in one go: repeated, reopened
    assert counts(after_30) == [6, 2, 3, 2]
    assert counts(after_7) == [6, 3, 4, 1]
    assert total(came)[:2] == [8, 2]


@pytest.mark.parametrize(("days", "known"), [(7, []), (8, [7]), (30, [7]), (31, [30, 7])])
def test_nothing_is_published_before_the_window_is_over(desk, march, days, known):
    with time_machine.travel(CLOSED + days * DAY, tick=False):
        findings = read(desk, "repeats")
    judged = [table.code for table in findings.tables if table.code != "repeats"]
    assert judged == [f"after-{window}" for window in known]


def test_the_sentence_has_its_range(desk, march):
    assert "3 of 6 closed were solved in one go and not repeated within 30 days: 50.0% (95% range 18.8–81.2%)" in (
        read(desk, "repeats").sentence
    )


@pytest.mark.parametrize("by", ["period", "category", "channel", "branch", "team"])
def test_every_number_opens_its_list(desk, supervisor, march, by):
    assert wrong_lists(desk, supervisor, "repeats", by=by) == {}
    assert wrong_lists(desk, supervisor, "repeats", by=by, category="BIL") == {}


def test_lists_are_cut_at_the_same_day_as_the_numbers(desk, supervisor, march):
    with time_machine.travel(CLOSED + 31 * DAY, tick=False):
        desk.force_login(supervisor)
        late = rated(5, at=MONDAY + 5 * DAY, **of_one_customer())
        assert late.status == "closed"
        assert wrong_lists(desk, supervisor, "repeats") == {}
        after_30, after_7, _came = read(desk, "repeats").tables
    assert (total(after_30)[0], total(after_7)[0]) == (6, 7)


def test_a_line_is_of_one_category(desk, march):
    assert row(read(desk, "repeats", by="category").tables[0], "Billing and metering")[0] == 1


def test_another_branch_reads_nothing_of_ours(client, march):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    client.cookies["language"] = "en"
    assert read(client, "repeats").is_empty


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries, march):
    desk.get("/reports/repeats/")
    desk.catches_up = False
    with django_assert_max_num_queries(20):
        desk.get("/reports/repeats/", {"from": "2026-03-01", "to": "2026-03-31", "by": "team"})
