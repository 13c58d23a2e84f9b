"""The report of hot spots: assets ranked only where chance allows, recurrences, and lists of exactly what is counted."""

from datetime import date, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from analytics.grains import customer_counts
from analytics.models import AssetCount, ComplaintFact
from analytics.statistics import byar
from complaints.models import Complaint
from customers.models import Account, Feeder, Premise, Substation, TransformerArea
from staff.actors import Role
from tests.analytics.test_reports import LATER, MARCH, how_many, linked_numbers, numbers, read
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
DAY = timedelta(days=1)


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


def an_area(code, feeder="F1"):
    names = {"name_zh": code, "name_en": code}
    station = Substation.objects.get_or_create(code="S1", defaults={**names, "branch": a_branch()})[0]
    line = Feeder.objects.get_or_create(
        code=feeder, defaults={"name_zh": feeder, "name_en": feeder, "substation": station}
    )[0]
    return TransformerArea.objects.get_or_create(code=code, defaults={**names, "feeder": line, "branch": a_branch()})[0]


def on(area, code="OUT-03", *, days=0, **fields):
    return a_complaint(code, at=MONDAY + days * DAY, transformer_area=area, **fields)


def test_nothing_is_ranked_under_thirty_and_the_place_may_be_unknown(desk):
    for _time in range(5):
        on(an_area("T1"), "BIL-02")
    on(an_area("T2", "F2"))
    a_complaint("BIL-02")
    findings = read(desk, "hot-spots")
    table = findings.tables[0]
    assert [(row[0].shown, row[1].shown, row[2].raw) for row in table.rows] == [
        ("F1", "too few to rank", 5),
        ("1 other, under 5", "too few to rank", 1),
        ("Place not known", "–", 1),
    ]
    assert table.total[2].raw == Complaint.objects.count() == 7
    assert "none is ranked" in findings.sentence


def supplied(area, n, *, day=date(2026, 3, 1), branch="company"):
    AssetCount.objects.create(day=day, transformer_area=area, branch=a_branch(branch), n=n)


def complaints_on(**counts):
    for code, count in counts.items():
        for _time in range(count):
            on(an_area(f"T{code}", code), "BIL-02")


def test_assets_whose_ranges_overlap_share_a_rank(desk):
    complaints_on(F1=31, F2=30)
    supplied(an_area("TF1", "F1"), 1000), supplied(an_area("TF2", "F2"), 1000)
    findings = read(desk, "hot-spots")
    assert [(row[0].shown, row[1].raw, row[2].raw) for row in findings.tables[0].rows] == [("F1", 1, 31), ("F2", 1, 30)]
    assert "chance may order them" in findings.sentence


def test_what_counts_is_how_many_customers_there_are_and_not_how_many_complaints(desk):
    """60 of 30,000 customers are far fewer than 30 of 1,000."""
    complaints_on(F1=60, F2=30, F3=6)
    supplied(an_area("TF1", "F1"), 20_000), supplied(an_area("T-more", "F1"), 10_000)
    supplied(an_area("TF2", "F2"), 1000), supplied(an_area("TF3", "F3"), 1)
    findings = read(desk, "hot-spots")
    assert [[cell.raw for cell in row][:5] for row in findings.tables[0].rows] == [
        ["F2", 1, 30, 1000, 300.0],
        ["F1", 2, 60, 30_000, 20.0],
        ["F3", None, 6, 1, 60_000.0],
    ]
    assert findings.tables[0].rows[2][1].shown == "too few to rank"
    assert "“F2” has most, 300.00 per 10,000" in findings.sentence


def test_without_counted_customers_nothing_is_ranked_and_it_is_said(desk):
    complaints_on(F1=30)
    findings = read(desk, "hot-spots")
    assert [cell.shown for cell in findings.tables[0].rows[0]][:5] == ["F1", "customers not counted", "30", "–", "–"]
    assert "have not been counted yet, so none is ranked" in findings.sentence


def test_customers_counted_on_another_day_stand_for_the_period_and_it_is_said(desk):
    complaints_on(F1=30)
    (
        supplied(an_area("TF1", "F1"), 1000, day=date(2026, 1, 1)),
        supplied(an_area("TF1", "F1"), 2000, day=date(2026, 5, 1)),
    )
    findings = read(desk, "hot-spots")
    assert findings.tables[0].rows[0][3].raw == 1000
    assert "1 Jan 2026" in findings.notes[0]


def test_customers_of_another_branch_are_not_counted(client, desk):
    for _time in range(30):
        on(an_area("TF1", "F1"), "BIL-02", branch=a_branch("north", a_branch()))
    supplied(an_area("TF1", "F1"), 500, branch="company")
    AssetCount.objects.create(
        day=date(2026, 3, 1), transformer_area=an_area("TF1", "F1"), branch=a_branch("north"), n=40
    )
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("north")))
    assert read(client, "hot-spots").tables[0].rows[0][3].raw == 40


def test_the_customers_of_an_asset_are_its_supplied_accounts_and_are_counted_once_a_month(db):
    area = an_area("T1")
    for account in (an_account(), an_account(), an_account()):
        Premise.objects.filter(pk=account.premise_id).update(transformer_area=area)
    gone, placeless = an_account(), an_account()
    Premise.objects.filter(pk=gone.premise_id).update(transformer_area=area)
    Account.objects.filter(pk=gone.pk).update(closed_on=date(2026, 1, 1))
    Premise.objects.filter(pk=placeless.premise_id).update(transformer_area=None)
    customer_counts.nightly()
    Account.objects.filter(pk=placeless.pk).delete()
    customer_counts.nightly()
    assert [(one.transformer_area, one.n) for one in AssetCount.objects.all()] == [(area, 3)]


def test_the_database_counts_an_asset_once_and_never_as_nothing(db):
    supplied(an_area("T1"), 5)
    for broken, n in (("asset_counted_once", 6), ("asset_counted_exist", 0)):
        with pytest.raises(IntegrityError, match=f'"{broken}"'), transaction.atomic():
            supplied(an_area("T1" if n else "T2"), n)
    assert [one.n for one in AssetCount.objects.all()] == [5]


@pytest.mark.parametrize(("by", "again"), [("feeder", 2), ("area", 1)])
def test_what_comes_again_on_the_asset_within_sixty_days_is_a_recurrence(desk, by, again):
    first, second = an_area("T1"), an_area("T2")
    on(first, days=-59)
    on(first, days=0)
    on(first, "OUT-02", days=1)
    on(second, days=2)
    on(first, "BIL-02", days=3)
    on(first, "BIL-02", days=4)
    total = read(desk, "hot-spots", by=by).tables[0].total
    assert [cell.raw for cell in total][2:8] == [5, None, None, None, 3, again]


def test_sixty_one_days_later_is_no_recurrence(desk):
    on(an_area("T1"), days=-61)
    on(an_area("T1"), days=0)
    assert read(desk, "hot-spots").tables[0].total[7].raw == 0


def test_the_map_has_weeks_of_feeders_and_categories_of_areas(desk):
    on(an_area("T1"), days=0)
    on(an_area("T1"), "BIL-02", days=7)
    on(an_area("T2"), days=7)
    weeks = read(desk, "hot-spots", granularity="week").tables[1]
    assert numbers(weeks) == [["F1", 0, 1, 2, 0, 0, 0]]
    areas = read(desk, "hot-spots", by="area").tables[1]
    assert [str(column.label) for column in areas.columns][1:] == ["Outage", "Billing and metering"]
    assert [[cell.raw for cell in row][1:] for row in areas.rows] == [[1, 1], [1, 0]]


@pytest.mark.parametrize("by", ["feeder", "area"])
def test_every_number_opens_the_list_that_makes_it(desk, supervisor, by):
    for day in range(6):
        on(an_area("T1"), days=day)
    on(an_area("T2", "F2"), days=9)
    on(an_area("T3", "F3"), "VOL-01", days=9, channel="web", source="website")
    a_complaint("BIL-02")
    for filters in ({}, {"channel": "phone"}, {"category": "VOL"}):
        response = desk.get("/reports/hot-spots/", {**MARCH, "by": by, **filters})
        opened = [(address, n) for address, n in linked_numbers(response) if "/list/" in address]
        assert len(opened) > 2
        assert [(one, n) for one, n in opened if how_many(desk, supervisor, one) != n] == []
    assert ComplaintFact.objects.count() == 9


def test_nobody_counts_what_they_may_not_see_and_an_unknown_list_is_not_there(client):
    on(an_area("T1"))
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert read(client, "hot-spots").is_empty
    assert client.get("/reports/hot-spots/list/", {**MARCH, "pick": "nonsense"}).status_code == 404


@given(st.integers(0, 100_000))
def test_the_range_of_a_count_holds_it_and_grows_with_it(count):
    interval, more = byar(count), byar(count + 1)
    assert 0 <= interval.low <= count <= interval.high
    assert interval.low <= more.low
    assert interval.high <= more.high


def test_the_range_is_the_one_of_the_textbook():
    assert (round(byar(10).low, 2), round(byar(10).high, 2)) == (4.79, 18.39)
