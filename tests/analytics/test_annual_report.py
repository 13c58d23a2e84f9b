"""The annual review: the year beside last year, sections of the other reports with their lists, and what it cannot say."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
import time_machine

from analytics.models import CustomerCount
from complaints.models import Adjustment
from staff.actors import Role
from tests.analytics.test_hot_spots_report import an_area
from tests.analytics.test_improvement_report import done
from tests.analytics.test_reports import how_many, linked_numbers, rated
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
DAY = timedelta(days=1)
IN_2026 = {"from": "2026-01-01", "to": "2026-12-31"}


@pytest.fixture(autouse=True)
def in_june():
    with time_machine.travel(MONDAY + 100 * DAY, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def review(client, **filters):
    response = client.get("/reports/annual/", filters)
    assert response.status_code == 200
    return response.context["findings"]


def table(findings, code):
    return next(one for one in findings.tables if one.code == code)


def given_back(amount, *, way="credit", paid_on=date(2026, 3, 20), **fields):
    complaint = a_complaint("BIL-02", **fields)
    by, other = a_user(Role.INVESTIGATOR), a_user(Role.SUPERVISOR)
    Adjustment.objects.create(
        complaint=complaint,
        amount=Decimal(amount),
        way=way,
        pay_to="6222 0000" if way == "refund" else "",
        reason="抄表差错",
        state="paid",
        proposed_by=by,
        proposed_at=MONDAY,
        decided_by=other,
        decided_at=MONDAY + DAY,
        paid_on=paid_on,
        paid_amount=Decimal(amount),
    )
    return complaint


@pytest.fixture
def a_year():
    """Two complaints in January of last year, and this year one of each kind that a section tells of."""
    for day in range(2):
        a_complaint("OUT-03", at=MONDAY - (425 - day) * DAY)
    rated(5)
    rated(2, "BIL-02", channel="web", source="website")
    done(feeder=an_area("T1").feeder)
    for day in range(6):
        a_complaint("VOL-01", at=MONDAY + day * DAY, transformer_area=an_area("T1"))
    given_back("12.50")
    given_back("1000.00", way="refund")
    for day in (date(2025, 2, 1), date(2026, 3, 1)):
        CustomerCount.objects.create(day=day, branch=a_branch(), segment="household", area_class="urban", n=20_000)


def test_the_usual_year_is_the_one_we_are_in_from_april_on(desk, a_year):
    findings = review(desk)
    assert "1 Jan 2026 to 10 Jun 2026" in findings.sentence
    page = desk.get("/reports/annual/")
    assert page.context["chosen"].period.first == date(2026, 1, 1)
    with time_machine.travel(MONDAY - 10 * DAY, tick=False):
        assert desk.get("/reports/annual/").context["chosen"].period.last == date(2025, 12, 31)


def test_months_stand_beside_those_of_last_year(desk, a_year):
    found = table(review(desk), "months")
    assert [[cell.raw for cell in row][:3] for row in found.rows] == [
        ["2026-01-01", 0, 2],
        ["2026-02-01", 0, 0],
        ["2026-03-01", 10, 0],
        ["2026-04-01", 0, 0],
        ["2026-05-01", 0, 0],
        ["2026-06-01", 0, 0],
    ]
    assert [cell.raw for cell in found.total][1:3] == [10, 2]


def test_every_section_is_there_and_says_what_its_report_says(desk, a_year):
    findings = review(desk)
    assert {one.code for one in findings.tables} >= {
        "months",
        "by-category",
        "by-channel",
        "rates",
        "rate-rate",
        "sla-compliance-sla-compliance",
        "satisfaction-satisfaction",
        "improvement-issue",
        "repeats-repeats",
        "hot-spots-hot-spots",
        "money",
        "limits",
    }
    alone = desk.get("/reports/satisfaction/", {"from": "2026-01-01", "to": "2026-06-10", "granularity": "month"})
    section = table(findings, "satisfaction-satisfaction")
    same = alone.context["findings"]
    assert section.sentence == same.sentence
    assert [[cell.raw for cell in row] for row in section.rows] == [
        [cell.raw for cell in row] for row in same.tables[0].rows
    ]
    assert desk.get(section.more).status_code == 200


def test_the_rate_of_both_years_is_by_the_customers_counted_in_each(desk, a_year):
    rows = table(review(desk), "rates").rows
    assert [[cell.raw for cell in row][1:4] for row in rows] == [[10, 20_000, 5.0], [2, 20_000, 1.0]]


def test_money_given_back_is_counted_by_the_day_of_it_and_opens_its_list(desk, a_year):
    given_back("7.00", paid_on=date(2025, 12, 31))
    found = table(review(desk), "money")
    assert [[cell.raw for cell in row] for row in found.rows] == [
        ["Credit on the next bill", 1, 12.5],
        ["Refund to an account", 1, 1000.0],
    ]
    assert [cell.shown for cell in found.total] == ["All", "2", "1,012.50"]
    page = desk.get(found.rows[1][1].href)
    assert page.context["page"].paginator.count == 1
    assert "1,000.00" in page.content.decode()


@pytest.mark.parametrize("filters", [{}, {"category": "BIL"}, {"channel": "web"}, {"branch": "north"}, IN_2026])
def test_every_number_opens_the_list_that_makes_it(desk, supervisor, a_year, filters):
    given_back("3.00", branch=a_branch("north", a_branch()))
    found = linked_numbers(desk.get("/reports/annual/", filters))
    assert len(found) > 5
    assert [(address, n) for address, n in found if how_many(desk, supervisor, address) != n] == []


def test_what_is_missing_is_said(desk, a_year):
    notes = " ".join(review(desk).notes)
    assert "The year is not over yet" in notes
    assert "No complaint is counted in February 2025" in notes
    assert "Figures begin" not in notes
    limits = table(review(desk), "limits")
    assert "Who does not complain" in limits.rows[0][1].raw
    assert len(limits.rows) > 4
    earlier = " ".join(review(desk, **{"from": "2025-01-01", "to": "2025-12-31"}).notes)
    assert "Figures begin on 1 Jan 2025" in earlier
    assert "not over yet" not in earlier


def test_an_empty_year_says_so(desk):
    findings = review(desk)
    assert findings.is_empty
    assert "Nothing is known" in findings.sentence


def test_only_whole_months_that_are_known_in_both_years_are_compared(desk):
    a_complaint("OUT-03", at=MONDAY - 320 * DAY)
    a_complaint("OUT-03", at=MONDAY - 290 * DAY)
    for day in (0, 70, 75, 80):
        a_complaint("OUT-03", at=MONDAY + day * DAY)
    findings = review(desk)
    assert "Only 1 May 2026 to 10 Jun 2026 can be compared with last year: 3 against 1" in findings.sentence
    assert "Figures begin on 16 Apr 2025" in " ".join(findings.notes)
    months = table(findings, "months")
    assert [[cell.shown for cell in row][1:3] for row in months.rows] == [
        ["0", "–"],
        ["0", "–"],
        ["1", "–"],
        ["0", "1"],
        ["3", "1"],
        ["0", "0"],
    ]
    assert [cell.raw for cell in months.total][1:] == [4, 2, None]
    assert [row[2].hint for row in months.rows][2:5] == ["not known", "known in part", ""]
    assert [cell.raw for cell in table(findings, "by-category").total][1:4] == [4, 3, 1]
    assert [row[1].raw for row in table(findings, "rates").rows] == [4, 3, 1]


def test_the_first_year_is_compared_with_nothing(desk):
    a_complaint("OUT-03", at=MONDAY)
    findings = review(desk)
    assert "Nothing of it can be compared" in findings.sentence
    assert [cell.raw for cell in table(findings, "by-channel").total] == ["All", 1]
    assert len(findings.chart.series) == 1


def test_another_branch_reads_none_of_ours(client, a_year):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    client.cookies["language"] = "en"
    assert review(client).is_empty
    assert client.get("/reports/annual/list/", {"pick": "money"}).context["page"].paginator.count == 0


@pytest.mark.parametrize("pick", ["", "x", "money~gold"])
def test_an_unknown_list_is_not_there(desk, pick):
    assert desk.get("/reports/annual/list/", {"pick": pick}).status_code == 404


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_each_year_is_one_click_away_and_the_page_prints_as_pdf(desk, a_year, language):
    desk.cookies["language"] = language
    page = desk.get("/reports/annual/", {"channel": "phone"}).content.decode()
    assert "from=2025-01-01&amp;to=2025-12-31" in page
    assert desk.get("/reports/annual/", {"format": "pdf"})["Content-Type"] == "application/pdf"


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries, a_year):
    desk.get("/reports/annual/")
    desk.catches_up = False
    with django_assert_max_num_queries(82):
        desk.get("/reports/annual/")
