"""The trend beside the period before and the same period last year, and what is to be expected of what is not over yet."""

import csv
import io
from datetime import date, timedelta

import pytest
import time_machine

from analytics.periods import Period
from staff.actors import Role
from tests.analytics.test_reports import MARCH, how_many, read
from tests.factories import MONDAY, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
EARLIER = {"before": MONDAY - timedelta(days=10), "year": MONDAY - timedelta(days=360)}


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


@pytest.mark.parametrize(
    ("period", "previous", "year_before"),
    [
        (("2026-03-01", "2026-03-31"), ("2026-02-01", "2026-02-28"), ("2025-03-01", "2025-03-31")),
        (("2026-01-01", "2026-03-31"), ("2025-10-01", "2025-12-31"), ("2025-01-01", "2025-03-31")),
        (("2026-03-02", "2026-03-08"), ("2026-02-23", "2026-03-01"), ("2025-03-02", "2025-03-08")),
        (("2024-02-01", "2024-02-29"), ("2024-01-01", "2024-01-31"), ("2023-02-01", "2023-02-28")),
        (("2025-02-01", "2025-02-28"), ("2025-01-01", "2025-01-31"), ("2024-02-01", "2024-02-29")),
    ],
)
def test_whole_months_are_compared_with_whole_months_and_days_with_as_many(period, previous, year_before):
    asked = Period(*map(date.fromisoformat, period))
    assert asked.previous == Period(*map(date.fromisoformat, previous))
    assert asked.year_before == Period(*map(date.fromisoformat, year_before))


def compared(client, **filters):
    return next((table for table in read(client, "trend", **filters).tables if table.code == "compared"), None)


def a_history():
    for _number in range(12):
        a_complaint("OUT-03", at=EARLIER["before"])
    for _number in range(3):
        a_complaint("BIL-02", at=EARLIER["year"])
    for _number in range(18):
        a_complaint("OUT-03", at=MONDAY)


def test_each_group_and_all_stand_beside_then_and_few_have_no_percentage(desk):
    a_history()
    table = compared(desk, compare="both")
    found = [[cell.raw for cell in row[1:]] for row in [*table.rows, table.total]]
    assert found == [[18, 12, 0.5, 0, None], [0, 0, None, 3, None], [18, 12, 0.5, 3, None]]
    assert table.total[3].text == "+50.0%"
    assert table.total[5].text == "–"


def test_what_it_is_compared_with_stays_in_the_address_the_sentence_and_the_file(desk, supervisor):
    a_history()
    page = desk.get("/reports/trend/", {**MARCH, "compare": "before"})
    assert "compare=before" in page.context["chosen"].address()
    assert "Against 1 Feb 2026 to 28 Feb 2026 (12): +50.0%." in page.context["findings"].sentence
    for row in compared(desk, compare="before").rows:
        for cell in row:
            assert not cell.href or how_many(desk, supervisor, cell.href) == cell.raw
    answer = desk.get("/reports/trend/", {**MARCH, "compare": "before", "format": "csv", "table": "compared"})
    rows = list(csv.reader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert rows[-1][1:] == ["18", "12", "0.5"]


def test_nothing_is_compared_unless_asked_and_never_where_a_report_does_not_compare(desk):
    a_history()
    assert compared(desk) is None
    assert "compare" not in desk.get("/reports/satisfaction/", MARCH).context["form"].fields


def test_a_month_that_is_not_over_is_compared_up_to_today(desk):
    a_history()
    with time_machine.travel(MONDAY + timedelta(days=2)):
        desk.force_login(a_user(Role.SUPERVISOR))
        assert str(compared(desk, compare="year").columns[1].label).endswith("4 Mar 2026")


def test_what_is_not_over_is_forecast_with_its_ranges_and_what_is_over_is_not(desk):
    for day in range(1, 60):
        for _number in range(2):
            a_complaint("OUT-03", at=MONDAY - timedelta(days=day))
    with time_machine.travel(MONDAY):
        desk.force_login(a_user(Role.SUPERVISOR))
        found = read(desk, "trend", granularity="day", **{"from": "2026-02-27", "to": "2026-03-04"})
    table = next(table for table in found.tables if table.code == "expected")
    assert [row[0].raw for row in table.rows] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    for row in table.rows:
        mean, low_80, high_80, low_95, high_95 = (cell.raw for cell in row[2:])
        assert low_95 <= low_80 <= mean <= high_80 <= high_95
        assert mean == pytest.approx(2, abs=0.3)
    assert [value is None for value in found.chart.expected.values] == [True] * 3 + [False] * 3
    assert [band.name for band in found.chart.bands] == ["95% range", "80% range"]
    desk.force_login(a_user(Role.SUPERVISOR))
    over = read(desk, "trend", granularity="day", **{"from": "2026-02-01", "to": "2026-02-28"})
    assert [table.code for table in over.tables] == ["received"]
