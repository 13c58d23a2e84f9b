"""Reports count what they say they count, and each number opens the list that makes it."""

import csv
import io
import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from openpyxl import load_workbook
from pypdfium2 import PdfDocument

from analytics import export
from analytics.grains.refresh import refresh
from analytics.reports import all_reports
from analytics.reports.base import Cell, Column
from complaints import workflow
from complaints.models import Clock, Complaint, RequestType
from complaints.queues import narrow
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.models import TeamKind
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
LATER = MONDAY + timedelta(days=40)


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def resolved(code="OUT-03", *, at=MONDAY, **fields):
    """A complaint answered the day after it came."""
    investigator, supervisor = Actor.staff(a_user(Role.INVESTIGATOR)), Actor.staff(a_user(Role.SUPERVISOR))
    complaint = a_complaint(code, at=at, **fields)
    hour = timedelta(hours=1)
    if complaint.status == "registered":
        workflow.perform("dispatch", complaint, by=supervisor, at=at + hour, team=a_team(TeamKind.OUTAGE))
    workflow.perform("accept", complaint, by=investigator, at=at + 2 * hour)
    workflow.perform("contact", complaint, by=investigator, at=at + 3 * hour, reached=True, method="phone")
    workflow.perform("resolve", complaint, by=supervisor, at=at + timedelta(days=1), **an_answer())
    return complaint


def rated(score, code="OUT-03", *, at=MONDAY, solved=True, **fields):
    complaint = resolved(code, at=at, **fields)
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=at + timedelta(days=2), solved=solved, score=score)
    return complaint


def linked_numbers(response):
    """Every number of a page with the address that it opens."""
    pattern = r'<a[^>]*href="([^"]+)"[^>]*>\s*(?:<span class="figure-label">[^<]*</span>\s*<span class="figure-value">)?([\d,]+)\s*<'
    links = re.findall(pattern, response.content.decode())
    return [(unescape(address), int(number.replace(",", ""))) for address, number in links]


def how_many(client, user, address):
    """How many rows the list at this address has."""
    url = urlsplit(address)
    if url.path == "/desk/":
        return narrow(Complaint.objects.visible_to(user), dict(parse_qsl(url.query)), user).count()
    page = client.get(address)
    assert page.status_code == 200
    return int(re.search(r'data-count="(\d+)"', page.content.decode())[1])


def read(client, name, **filters):
    response = client.get(f"/reports/{name}/", {**MARCH, **filters})
    assert response.status_code == 200
    return response.context["findings"]


def numbers(table):
    return [[cell.raw for cell in row] for row in table.rows]


# the trend


def test_the_trend_counts_complaints_by_the_day_they_reached_us(desk):
    a_complaint("OUT-03", at=MONDAY)
    a_complaint("OUT-03", at=MONDAY + timedelta(days=3), received_at=MONDAY)
    a_complaint("BIL-02", at=MONDAY + timedelta(days=1), channel="web", source="website")
    table = read(desk, "trend", granularity="day", to="2026-03-04").tables[0]
    assert numbers(table) == [
        ["2026-03-01", 0, 0, 0],
        ["2026-03-02", 2, 0, 2],
        ["2026-03-03", 0, 1, 1],
        ["2026-03-04", 0, 0, 0],
    ]
    assert [cell.raw for cell in table.total][1:] == [2, 1, 3]


def test_a_day_ends_at_midnight_of_the_utility_not_of_greenwich(desk):
    late = MONDAY.replace(hour=23, minute=59)
    a_complaint(at=late)
    a_complaint(at=late + timedelta(minutes=2))
    table = read(desk, "trend", granularity="day", **{"from": "2026-03-02", "to": "2026-03-03"}).tables[0]
    assert numbers(table) == [["2026-03-02", 1, 1], ["2026-03-03", 1, 1]]


def test_only_complaints_count_not_enquiries_nor_merged_duplicates(desk, supervisor):
    first, second = a_complaint(), a_complaint()
    a_complaint(request_type=RequestType.ENQUIRY)
    workflow.perform("merge", second, by=Actor.staff(supervisor), at=MONDAY + timedelta(hours=1), into=first)
    assert [cell.raw for cell in read(desk, "trend").tables[0].total][-1] == 1


def test_weeks_begin_on_monday_and_are_cut_at_the_ends_of_the_period(desk):
    a_complaint(at=MONDAY)
    table = read(desk, "trend", granularity="week", **{"from": "2026-02-28", "to": "2026-03-10"}).tables[0]
    assert [row[0].raw for row in table.rows] == ["2026-02-28", "2026-03-02", "2026-03-09"]
    assert [row[-1].raw for row in table.rows] == [0, 1, 0]


def test_the_trend_says_how_it_compares_only_when_there_is_enough_to_compare(desk):
    for day in range(12):
        a_complaint(at=MONDAY - timedelta(days=20 - day))
    for day in range(18):
        a_complaint(at=MONDAY + timedelta(days=day))
    assert "50% more than in the 31 days before (12)" in read(desk, "trend").sentence
    assert "there were 0" in read(desk, "trend", **{"from": "2026-02-01", "to": "2026-02-28"}).sentence


def test_nobody_counts_complaints_of_a_branch_they_may_not_see(client):
    company = a_branch()
    a_complaint()
    a_complaint(branch=a_branch("north", company))
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("north", company)))
    assert [cell.raw for cell in read(client, "trend").tables[0].total][-1] == 1
    client.force_login(a_user(Role.SUPERVISOR, branch=None))
    assert read(client, "trend").is_empty


# satisfaction


def test_satisfaction_is_the_two_best_scores_of_those_who_gave_one(desk):
    for score in (5, 4, 4, 3, 5, 2):
        rated(score)
    resolved()
    table = read(desk, "satisfaction", granularity="month").tables[0]
    assert numbers(table)[0][1:7] == [7, 6, 0.8571, 6, 4, 0.6667]


def test_a_percentage_of_four_scores_is_not_shown(desk):
    for _time in range(4):
        rated(5)
    findings = read(desk, "satisfaction", granularity="month")
    assert findings.tables[0].rows[0][6].raw is None
    assert findings.tables[0].rows[0][6].text == "too few"
    assert "too few scores" in findings.sentence


def test_few_scores_are_marked_as_a_low_base_with_their_range(desk):
    for _time in range(5):
        rated(5)
    row = read(desk, "satisfaction", granularity="month").tables[0].rows[0]
    assert (row[6].text, row[6].hint, row[7].raw) == ("100.0%", "low base", "56.6–100.0%")


def test_the_silent_are_never_satisfied(desk):
    for _time in range(5):
        rated(5)
    for _time in range(5):
        resolved()
    row = read(desk, "satisfaction", granularity="month").tables[0].rows[0]
    assert row[8].raw == "50.0–100.0%"


def test_a_good_answer_later_does_not_hide_a_bad_one_before(desk, supervisor):
    complaint = rated(1, solved=False)
    assert complaint.status == "investigating"
    workflow.perform("resolve", complaint, by=Actor.staff(supervisor), at=MONDAY + timedelta(days=3), **an_answer())
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=MONDAY + timedelta(days=4), solved=True, score=5)
    assert numbers(read(desk, "satisfaction", granularity="month").tables[0])[0][1:6] == [2, 2, 1.0, 2, 1]


# deadlines


def compliance(client, kind, tier):
    rows = read(client, "sla-compliance").tables
    name = Clock(kind=kind, tier=tier).label
    return next(
        (dict(zip(TITLES, [cell.raw for cell in row[2:]], strict=True)) for row in rows[0].rows if row[0].raw == name),
        None,
    )


TITLES = ["met", "missed", "still_open", "not_due", "excused", "cancelled", "paused"]


def test_an_open_overdue_deadline_counts_as_missed(desk):
    a_complaint()
    with time_machine.travel(LATER, tick=False):
        found = compliance(desk, "dispatch", "internal") or compliance(desk, "dispatch", "")
    assert (found["met"], found["missed"], found["still_open"]) == (0, 1, 1)


def test_a_deadline_that_was_missed_stays_missed_when_the_complaint_is_rejected(desk, supervisor):
    complaint = a_complaint()
    workflow.perform("reject", complaint, by=Actor.staff(supervisor), at=MONDAY + timedelta(hours=8), reason="重复来电")
    with time_machine.travel(LATER, tick=False):
        found = compliance(desk, "dispatch", "internal") or compliance(desk, "dispatch", "")
    assert (found["met"], found["missed"], found["cancelled"]) == (0, 1, 0)


def test_every_deadline_of_the_period_stands_in_one_column(desk):
    rated(5)
    resolved()
    a_complaint()
    with time_machine.travel(LATER, tick=False):
        table = read(desk, "sla-compliance").tables[0]
    counted = sum(
        cell.raw for row in table.rows for title, cell in zip(TITLES, row[2:], strict=True) if title != "still_open"
    )
    assert counted == Clock.objects.filter(statistic="each", due_at__lt="2026-03-31T16:00Z").count()


# all of them

MOST_QUERIES = {"annual": 82}
"""The review asks the other reports."""
OF_SOMETHING_ELSE = {"causes", "coaching", "improvement", "inspections"}
"""Reports of things that do not happen in the story below; their own tests follow their numbers."""


@pytest.mark.parametrize("name", sorted(all_reports()))
@pytest.mark.parametrize("by", ["category", "channel", "period", "clock"])
def test_each_number_opens_a_list_of_as_many(desk, supervisor, name, by):
    north = a_branch("north", a_branch())
    rated(5)
    rated(2, solved=False, channel="web", source="website")
    resolved("BIL-02")
    a_complaint("SAF-01", branch=north, at=MONDAY + timedelta(days=9))
    a_complaint(request_type=RequestType.ENQUIRY)
    with time_machine.travel(LATER, tick=False):
        desk.force_login(supervisor)
        for filters in ({}, {"channel": "phone"}, {"category": "OUT"}, {"branch": "north"}):
            found = linked_numbers(desk.get(f"/reports/{name}/", {**MARCH, "by": by, **filters}))
            assert found or name in OF_SOMETHING_ELSE or (name == "satisfaction" and filters == {"branch": "north"})
            wrong = [(address, number) for address, number in found if how_many(desk, supervisor, address) != number]
            assert wrong == []


@pytest.mark.parametrize("name", sorted(all_reports()))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_an_empty_report_says_so_kindly(desk, name, language):
    desk.cookies["language"] = language
    response = desk.get(f"/reports/{name}/", MARCH)
    assert response.status_code == 200
    assert response.context["findings"].is_empty
    assert desk.get(f"/reports/{name}/", {**MARCH, "format": "csv"}).status_code == 200


@pytest.mark.parametrize("name", sorted(all_reports()))
@pytest.mark.parametrize(
    "nonsense",
    [
        {"from": "yesterday"},
        {"from": "2026-04-01", "to": "2026-03-01"},
        {"from": "0001-01-01", "to": "9999-12-31"},
        {"granularity": "fortnight"},
        {"granularity": "day", "from": "2020-01-01", "to": "2026-03-01"},
        {"by": "colour"},
        {"category": "%00"},
        {"channel": "pigeon", "branch": "moon"},
    ],
)
def test_nonsense_in_the_address_gets_a_sentence_and_the_usual_report(desk, name, nonsense):
    response = desk.get(f"/reports/{name}/", nonsense)
    assert response.status_code == 200


@pytest.mark.parametrize("name", sorted(all_reports()))
def test_a_report_costs_the_same_for_many_complaints(desk, name, django_assert_num_queries):
    costs = []
    for _time in range(2):
        for _more in range(3):
            rated(5)
        refresh()
        desk.catches_up = False
        with django_assert_num_queries(MOST_QUERIES.get(name, 21), exact=False) as queries:
            desk.get(f"/reports/{name}/", MARCH)
        costs.append(len(queries))
    assert costs[0] == costs[1]


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR])
@pytest.mark.parametrize("address", ["/board/", "/reports/", "/reports/trend/", "/reports/sla-compliance/list/"])
def test_board_and_reports_are_not_for_everyone(client, role, address):
    client.force_login(a_user(role))
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("address", ["/reports/none/", "/reports/trend/list/", "/reports/satisfaction/list/?pick=x"])
def test_what_is_no_report_is_not_found(desk, address):
    assert desk.get(address).status_code == 404


# files


def table_of(response):
    content = b"".join(response.streaming_content)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))


def test_the_file_has_the_same_numbers_as_the_page(desk):
    a_complaint("OUT-03")
    a_complaint("BIL-02")
    findings = read(desk, "trend", granularity="month")
    rows = table_of(desk.get("/reports/trend/", {**MARCH, "granularity": "month", "format": "csv"}))
    assert rows[0] == [str(column.label) for column in findings.tables[0].columns]
    assert rows[1] == [str(cell.raw) for cell in findings.tables[0].rows[0]]
    assert rows[-1][-1] == "2"


@pytest.mark.parametrize("comment", ['=HYPERLINK("http://x")', "+1", "-1", "@x", "\t=1"])
def test_what_a_customer_wrote_is_never_a_formula(desk, comment):
    complaint = resolved()
    workflow.perform(
        "feedback", complaint, by=THE_CUSTOMER, at=MONDAY + timedelta(days=2), solved=True, score=5, comment=comment
    )
    rows = table_of(desk.get("/reports/satisfaction/list/", {**MARCH, "pick": "rated", "format": "csv"}))
    assert rows[1][-1].startswith("'")


def sheet_of(response):
    book = load_workbook(io.BytesIO(b"".join(response.streaming_content)))
    return [[cell.value for cell in row] for row in book.active.iter_rows()]


def test_the_workbook_has_the_same_numbers_as_numbers(desk):
    a_complaint("OUT-03")
    a_complaint("BIL-02")
    table = read(desk, "trend", granularity="month").tables[0]
    rows = sheet_of(desk.get("/reports/trend/", {**MARCH, "granularity": "month", "format": "xlsx"}))
    assert rows[0] == [str(column.label) for column in table.columns]
    assert rows[1] == [cell.raw for cell in table.rows[0]]
    assert rows[-1][-1] == 2


def test_the_workbook_of_a_list_holds_no_formula_and_nothing_that_breaks_it(desk):
    complaint = resolved()
    said = {"solved": True, "score": 5, "comment": '=HYPERLINK("http://x")\x0b'}
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=MONDAY + timedelta(days=2), **said)
    rows = sheet_of(desk.get("/reports/satisfaction/list/", {**MARCH, "pick": "rated", "format": "xlsx"}))
    assert rows[1][-1].startswith("'=HYPERLINK")


def test_a_workbook_goes_on_in_a_second_sheet(monkeypatch):
    monkeypatch.setattr(export, "SHEET_ROWS", 2)
    answer = export.xlsx_file("rows", [Column("n")], ([Cell(number)] for number in range(5)))
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    answer.close()
    assert [[row[0].value for row in sheet] for sheet in book.worksheets] == [["n", 0, 1], ["n", 2, 3], ["n", 4]]


@pytest.mark.parametrize("name", sorted(all_reports()))
@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_report_is_a_pdf_with_its_sentence_and_says_up_to_when_it_counts(desk, name, language):
    rated(5)
    rated(2, "BIL-02")
    desk.cookies["language"] = language
    sentence = read(desk, name).sentence
    answer = desk.get(f"/reports/{name}/", {**MARCH, "format": "pdf"})
    assert answer["Content-Type"] == "application/pdf"
    text = "".join(page.get_textpage().get_text_bounded() for page in PdfDocument(answer.content))
    assert "".join(sentence.split()) in "".join(text.split())
    assert ("Figures as of" if language == "en" else "统计数据截至") in text
