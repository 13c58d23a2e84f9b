"""The training report counts findings and coaching, opens the list behind each number, and names no person."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from complaints.models import CoachingAction, ConductFinding, ConductRule
from staff.actors import Role
from staff.models import TeamKind
from tests.analytics.test_reports import MARCH, how_many, linked_numbers, numbers, read
from tests.complaints.test_coaching import a_finding, an_action
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
TODAY = MONDAY + timedelta(days=20)


@pytest.fixture(autouse=True)
def late_march():
    with time_machine.travel(TODAY, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def found(code="SVC-01", *, at=MONDAY, about=None, **fields):
    complaint = a_complaint(code, at=at)
    if about is not None:
        complaint.about = about
        complaint.save(update_fields=["about"])
    return a_finding(complaint=complaint, **fields)


def coached(finding=None, *, due=MONDAY, done=None, **fields):
    """Coaching that was due on the day of `due` and done at `done`."""
    finished = {"done_at": done, "done_by": a_user(), "result": "已培训"} if done else {}
    return an_action(
        complaint=(finding or found()).complaint, **{"due_on": timezone.localdate(due), **finished, **fields}
    )


def row(table, name):
    return next([cell.raw for cell in line] for line in table.rows if line[0].raw == name)


def test_findings_are_counted_by_rule_each_complaint_once_with_what_stands(desk):
    first = found()
    a_finding(complaint=first.complaint, verdict="not_substantiated")
    found()
    found(verdict="partly", rule=ConductRule.objects.get(code="manners"))
    found(rule=None, verdict="unverifiable")
    table = read(desk, "coaching").tables[0]
    assert [line[:6] for line in numbers(table)] == [
        ["Ban 6: indifference and evasion", 2, 1, 0, 1, 0],
        ["Manners", 1, 0, 1, 0, 0],
        ["No rule named", 1, 0, 0, 0, 1],
    ]
    assert [cell.raw for cell in table.total][1:6] == [4, 1, 1, 1, 1]


def test_the_share_has_its_interval_and_few_findings_have_none(desk):
    for number in range(5):
        found(verdict="substantiated" if number else "not_substantiated")
    findings = read(desk, "coaching")
    assert "80.0% (95% range 37.6–96.4%)" in findings.sentence
    assert findings.tables[0].total[-2].hint == "low base"
    found(rule=ConductRule.objects.get(code="manners"))
    assert row(read(desk, "coaching").tables[0], "Manners")[-2] is None


def test_coaching_counts_by_the_day_it_was_due_for_branch_and_team(desk):
    team = a_team(TeamKind.OUTAGE)
    day = timedelta(days=1)
    coached(due=MONDAY, done=MONDAY.replace(hour=23, minute=59), team=team)
    coached(due=MONDAY, done=MONDAY + day, team=team)
    coached(due=MONDAY, team=team)
    coached(due=TODAY, team=None)
    coached(due=MONDAY - 5 * day, done=MONDAY)
    by_branch, by_team = read(desk, "coaching").tables[1:]
    assert [cell.raw for cell in by_branch.rows[0]][1:4] == [4, 2, 1]
    assert [cell.raw for cell in by_branch.rows[0]][5:] == [1, 0]
    assert row(by_team, team.name)[1:4] == [3, 2, 1]
    assert row(by_team, "No team")[1:4] == [1, 0, 0]


@pytest.mark.parametrize(("after", "count"), [(1, 1), (90, 1), (91, 0), (-1, 0)])
def test_a_finding_about_the_same_person_within_90_days_is_a_repeat(desk, after, count):
    clerk, done = a_user(Role.AGENT), MONDAY
    coached(found(at=MONDAY - timedelta(days=100)), done=done, person=clerk)
    found(at=done + timedelta(days=after), about=clerk)
    found(at=done + timedelta(days=1), about=a_user(Role.AGENT))
    found(at=done + timedelta(days=1), about=clerk, verdict="not_substantiated")
    assert read(desk, "coaching").tables[1].total[-1].raw == count


def test_coaching_of_a_team_is_followed_by_findings_about_the_team(desk):
    team = a_team(TeamKind.OUTAGE)
    coached(done=MONDAY, person=None, team=team)
    found(at=MONDAY + timedelta(days=3), team=team)
    assert read(desk, "coaching").tables[1].total[-1].raw == 1


@pytest.mark.parametrize("by", ["rule", "subcategory"])
def test_every_number_opens_the_list_that_makes_it_and_no_person_is_named(desk, supervisor, by):
    team = a_team(TeamKind.OUTAGE)
    actions = [coached(done=MONDAY, team=team), coached(team=None)]
    found("SVC-03", rule=ConductRule.objects.get(code="counter-other"), verdict="partly")
    found(rule=None)
    response = desk.get("/reports/coaching/", {**MARCH, "by": by})
    opened = [(address, number) for address, number in linked_numbers(response) if "/list/" in address]
    assert len(opened) > 12
    for address, number in opened:
        assert how_many(desk, supervisor, address) == number, address
        page = desk.get(address).content.decode()
        assert not [action for action in actions if action.person.full_name in page or action.what in page]


def test_another_branch_counts_nothing_of_ours(client):
    coached(found())
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    client.cookies["language"] = "en"
    assert read(client, "coaching").is_empty


def test_it_comes_as_a_file_and_an_unknown_list_is_not_there(desk):
    coached(found())
    answer = desk.get("/reports/coaching/", {**MARCH, "format": "csv"})
    assert answer.status_code == 200
    assert "Ban 6" in b"".join(answer.streaming_content).decode("utf-8-sig")
    for pick in ("finding.nonsense.rule.", "coaching.done.person.7", "x", ""):
        assert desk.get("/reports/coaching/list/", {**MARCH, "pick": pick}).status_code == 404


def test_it_costs_the_same_for_few_and_for_many(desk, django_assert_max_num_queries):
    coached(found())
    desk.get("/reports/coaching/", MARCH)
    for _ in range(6):
        coached(found())
    assert (ConductFinding.objects.count(), CoachingAction.objects.count()) == (7, 7)
    desk.get("/reports/coaching/", MARCH)
    desk.catches_up = False
    with django_assert_max_num_queries(30):
        desk.get("/reports/coaching/", MARCH)
