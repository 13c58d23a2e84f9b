"""Complaints per 10,000 customers: counted by night, with its range, and never a ranking of what is chance."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone

from analytics.grains import customer_counts
from analytics.models import CustomerCount
from complaints import database_clock
from complaints.models import RequestType
from customers.models import Account, Premise
from staff.actors import Role
from tests.analytics.reading_reports import row, total, wrong_lists
from tests.analytics.test_reports import read
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)


@pytest.fixture(autouse=True)
def april():
    with time_machine.travel(MONDAY + timedelta(days=40), tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def supplied(n, *, branch="company", day=FIRST, segment="household", area="urban"):
    CustomerCount.objects.create(day=day, branch=a_branch(branch), segment=segment, area_class=area, n=n)


def complaints(n, branch="company"):
    for number in range(n):
        a_complaint(branch=a_branch(branch, a_branch()), at=MONDAY + timedelta(hours=number))


def test_the_nightly_count_is_of_accounts_supplied_that_day(db):
    an_account(), an_account(kind="commercial"), an_account(is_key=True)
    gone, coming, country = an_account(), an_account(), an_account()
    Account.objects.filter(pk=gone.pk).update(closed_on=FIRST)
    Account.objects.filter(pk=coming.pk).update(opened_on=FIRST + timedelta(days=1))
    Premise.objects.filter(pk=country.premise_id).update(area_class="rural")
    customer_counts.count(FIRST)
    customer_counts.count(FIRST)
    counted = CustomerCount.objects.values_list("day", "branch__code", "segment", "area_class", "n")
    assert set(counted) == {
        (FIRST, "company", "household", "urban", 1),
        (FIRST, "company", "household", "rural", 1),
        (FIRST, "company", "commercial", "urban", 1),
        (FIRST, "company", "key", "urban", 1),
    }


def test_a_night_counts_once_and_only_today(db):
    an_account()
    customer_counts.nightly()
    an_account()
    customer_counts.nightly()
    assert [(one.day, one.n) for one in CustomerCount.objects.all()] == [(timezone.localdate(database_clock.now()), 1)]


def test_the_database_refuses_a_second_count_and_a_count_of_nobody(db):
    supplied(5)
    with pytest.raises(IntegrityError, match='"customers_counted_once"'), transaction.atomic():
        supplied(6)
    with pytest.raises(IntegrityError, match='"customers_counted_exist"'), transaction.atomic():
        supplied(0, day=LAST)
    assert [one.n for one in CustomerCount.objects.all()] == [5]


def test_the_rate_divides_by_the_mean_of_the_first_and_last_count(desk):
    supplied(20_000)
    supplied(90_000, day=date(2026, 3, 15))
    supplied(30_000, day=LAST)
    complaints(10)
    a_complaint(request_type=RequestType.ENQUIRY)
    n, customers, rate, interval, yearly, _beside = total(read(desk, "rate").tables[0])
    assert (n, customers, rate) == (10, 25_000, 4.0)
    # Byar for 10: 4.787 to 18.39; 365 of 31 days
    assert interval == "1.91–7.36"
    assert yearly == pytest.approx(4.0 * 365 / 31, abs=0.01)


def test_a_unit_is_higher_or_lower_only_when_its_range_excludes_the_whole(desk):
    company = a_branch()
    for code, customers, count in (("east", 10_000, 60), ("north", 40_000, 30), ("south", 10_000, 29)):
        a_branch(code, company)
        supplied(customers, branch=code)
        complaints(count, code)
    findings = read(desk, "rate")
    beside = {line[0].raw: line[-1].raw for line in findings.tables[0].rows}
    assert beside == {
        "east Power": "higher than the whole",
        "north Power": "lower than the whole",
        "south Power": "too few to judge",
    }
    assert "make no ranking" in findings.notes[0]
    assert "highest" not in findings.sentence


def test_a_line_is_a_unit_with_all_below_it_and_opens_the_next_level(desk, supervisor):
    company = a_branch()
    for code, parent in (("east", company), ("east-1", a_branch("east", company)), ("north", company)):
        a_branch(code, parent)
    supplied(10_000), supplied(6_000, branch="east"), supplied(4_000, branch="east-1"), supplied(5_000, branch="north")
    for code, parent in (("company", None), ("east", company), ("east-1", None), ("east-1", None)):
        a_complaint(branch=a_branch(code, parent), at=MONDAY)
    table = read(desk, "rate").tables[0]
    assert [[cell.raw for cell in line][:3] for line in table.rows] == [
        ["company Power", 1, 10_000],
        ["east Power", 3, 10_000],
        ["north Power", 0, 5_000],
    ]
    assert wrong_lists(desk, supervisor, "rate") == {}
    below = read(desk, "rate", branch="east").tables[0]
    assert "branch=east" in table.rows[1][0].href
    assert [[cell.raw for cell in line][:3] for line in below.rows] == [
        ["east Power", 1, 6_000],
        ["east-1 Power", 2, 4_000],
    ]
    assert wrong_lists(desk, supervisor, "rate", branch="east") == {}


def test_units_are_ranked_when_no_ranges_overlap(desk):
    for code, count in (("east", 60), ("north", 30)):
        a_branch(code, a_branch())
        supplied(10_000, branch=code)
        complaints(count, code)
    findings = read(desk, "rate")
    assert "The highest rate is that of “east Power”." in findings.sentence
    assert not findings.notes


def test_a_period_without_a_count_takes_the_nearest_and_says_so(desk):
    supplied(5_000, day=date(2026, 1, 1))
    supplied(10_000, day=date(2026, 2, 1))
    supplied(40_000, day=date(2026, 4, 2))
    complaints(1)
    findings = read(desk, "rate")
    assert total(findings.tables[0])[1] == 10_000
    assert "stand for them" in findings.notes[0]


def test_without_any_count_there_is_no_rate_but_the_number(desk):
    complaints(2)
    findings = read(desk, "rate")
    assert "have not been counted yet" in findings.sentence
    assert total(findings.tables[0])[:3] == [2, None, None]


@pytest.mark.parametrize("by", ["branch", "segment", "area_class"])
def test_every_number_opens_its_list(desk, supervisor, by):
    supplied(10_000)
    supplied(10_000, branch="north", segment="key", area="rural")
    account = an_account(is_key=True)
    a_complaint(account=account, customer=account.customer, area_class="rural")
    complaints(2)
    complaints(1, "north")
    assert wrong_lists(desk, supervisor, "rate", by=by) == {}
    if by == "segment":
        table = read(desk, "rate", by=by).tables[0]
        assert row(table, "Key customer")[:2] == [1, 10_000]
        assert row(table, "not known")[:3] == [3, None, None]


def test_another_branch_reads_neither_our_complaints_nor_our_customers(client):
    supplied(10_000)
    complaints(2)
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    client.cookies["language"] = "en"
    assert read(client, "rate").is_empty
    client.force_login(a_user(Role.SUPERVISOR, branch=None))
    assert read(client, "rate").is_empty


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries):
    supplied(10_000)
    complaints(3)
    desk.get("/reports/rate/")
    desk.catches_up = False
    with django_assert_max_num_queries(18):
        desk.get("/reports/rate/", {"from": "2026-03-01", "to": "2026-03-31"})
