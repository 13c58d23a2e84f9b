"""Response and resolution times: what the raw rows give, open ones named apart, each number with its list."""

from datetime import timedelta

import pytest
import time_machine

from complaints import workflow
from complaints.models import Complaint, RequestType
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.analytics.reading_reports import nearest_rank, row, total, wrong_lists
from tests.analytics.test_reports import read
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_answer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def late_march():
    with time_machine.travel(MONDAY + timedelta(days=26), tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def handled(*, at=MONDAY, reached=None, answered=None, code="OUT-03", **fields):
    """A complaint that was dispatched, and reached and answered so long after it came."""
    boss, investigator = Actor.staff(a_user(Role.SUPERVISOR)), Actor.staff(a_user(Role.INVESTIGATOR))
    complaint = a_complaint(code, at=at, **fields)
    workflow.perform("dispatch", complaint, by=boss, at=at + HOUR / 4, team=a_team(TeamKind.OUTAGE))
    workflow.perform("accept", complaint, by=investigator, at=at + HOUR / 2)
    if reached:
        workflow.perform("contact", complaint, by=investigator, at=at + reached, reached=True, method="phone")
    if answered:
        workflow.perform("resolve", complaint, by=boss, at=at + answered, **an_answer())
    return complaint


@pytest.fixture
def march():
    for hours, days in ((1, 1), (2, 1), (4, 2), (9, 4), (30, 9), (60, 15)):
        handled(reached=hours * HOUR, answered=timedelta(days=days))
    handled(at=MONDAY + timedelta(days=8), code="BIL-02", channel="web", source="website", reached=3 * HOUR)
    handled(at=MONDAY + timedelta(days=9))
    a_complaint("SAF-01", branch=a_branch("north", a_branch()), at=MONDAY + timedelta(days=10))
    a_complaint(request_type=RequestType.ENQUIRY)


def test_medians_are_those_of_the_raw_rows(desk, march):
    resolved, contacted, *_bands = read(desk, "times").tables
    rows = Complaint.objects.filter(request_type="complaint")
    answers = [one.resolved_at - one.received_at for one in rows if one.resolved_at]
    contacts = [one.contacted_at - one.received_at for one in rows if one.contacted_at]
    n, median, most, median_days, most_days, waiting = total(resolved)
    assert (n, waiting) == (6, 3)
    assert median == pytest.approx(nearest_rank(answers, 0.5) / HOUR, rel=0.02)
    assert most == pytest.approx(nearest_rank(answers, 0.9) / HOUR, rel=0.02)
    assert (median_days, most_days) == (2, 11)
    n, median, most, median_days, most_days, waiting = total(contacted)
    assert (n, waiting) == (7, 2)
    assert (median_days, most_days) == (0, 2), "60 hours after Monday morning it is Wednesday"
    assert median == pytest.approx(nearest_rank(contacts, 0.5) / HOUR, rel=0.03)
    assert most == pytest.approx(nearest_rank(contacts, 0.9) / HOUR, rel=0.02)


def test_bands_count_to_the_second_and_add_up(desk, march):
    handled(reached=4 * HOUR + timedelta(seconds=1))
    days, hours = read(desk, "times").tables[2:]
    assert [line[1].raw for line in days.rows] == [2, 1, 1, 1, 1]
    assert [line[1].raw for line in hours.rows] == [1, 3, 1, 1, 1, 1]
    assert [line[3].text for line in hours.rows][-1] == "100.0%"


def test_what_is_open_is_in_no_median_and_is_said(desk, march):
    findings = read(desk, "times")
    assert "3 complaints that were received in that time are still open" in findings.sentence
    assert "in no median" in findings.notes[0]


@pytest.mark.parametrize("by", ["period", "category", "channel", "branch", "team"])
def test_every_number_opens_its_list(desk, supervisor, march, by):
    assert wrong_lists(desk, supervisor, "times", by=by) == {}


def test_a_line_is_of_one_branch_or_team_and_a_complaint_without_a_team_has_a_line(desk, march):
    assert row(read(desk, "times", by="branch").tables[0], "north Power") == [0, None, None, None, None, 1]
    lines = read(desk, "times", by="team").tables[0]
    assert sum(line[6].raw for line in lines.rows) == 3


def test_a_complaint_about_the_reader_is_neither_counted_nor_listed(desk, supervisor, march):
    complaint = a_complaint("SVC-01")
    Complaint.objects.filter(pk=complaint.pk).update(about=supervisor)
    page = desk.get("/reports/times/list/", {"from": "2026-03-01", "to": "2026-03-31", "pick": "unanswered"})
    assert page.context["page"].paginator.count == 3
    assert complaint.reference not in page.content.decode()


@pytest.mark.parametrize("pick", ["", "x", "resolved~colour~red", "days-9", "resolved~assignee~1"])
def test_an_unknown_list_is_not_there(desk, pick):
    assert desk.get("/reports/times/list/", {"pick": pick}).status_code == 404


def test_another_branch_reads_nothing_of_ours(client, march):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    client.cookies["language"] = "en"
    assert read(client, "times").is_empty
    page = client.get("/reports/times/list/", {"from": "2026-03-01", "to": "2026-03-31", "pick": "resolved"})
    assert page.context["page"].paginator.count == 0


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries, march):
    desk.get("/reports/times/")
    desk.catches_up = False
    with django_assert_max_num_queries(22):
        desk.get("/reports/times/", {"from": "2026-03-01", "to": "2026-03-31", "by": "team"})
