"""The board shows what waits for a decision and how the day goes, and every number is the length of the list it opens."""

from datetime import timedelta

import pytest
import time_machine

from complaints import storms, workflow
from complaints.models import Complaint, Notice, NoticeState, RequestType
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.entry_models import DeskSession
from staff.models import TeamKind
from tests.analytics.test_reports import how_many, linked_numbers, rated, resolved
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

NOW = MONDAY + timedelta(hours=6)
HOUR = timedelta(hours=1)


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


@pytest.fixture(autouse=True)
def afternoon(supervisor):
    """Monday, 15:00."""
    with time_machine.travel(NOW, tick=False):
        yield


def board(client, **params):
    response = client.get("/board/", params)
    assert response.status_code == 200
    return response.context["board"]


def decisions(client):
    return {figure.code: figure.value for figure in board(client).decisions if figure.value}


def a_busy_day(supervisor):
    """One complaint for everything the board can show."""
    north = a_branch("north", a_branch())
    a_complaint("SAF-01", at=NOW - HOUR)
    a_complaint(at=MONDAY)
    a_complaint(at=NOW - timedelta(minutes=5), branch=north)
    a_complaint(request_type=RequestType.ENQUIRY, at=NOW - HOUR)
    urged = a_complaint(at=NOW - HOUR)
    for minutes in (30, 20):
        workflow.perform("urge", urged, by=THE_CUSTOMER, at=NOW - timedelta(minutes=minutes))
    duplicate = a_complaint(at=NOW - HOUR)
    workflow.perform("merge", duplicate, by=Actor.staff(supervisor), at=NOW - HOUR / 2, into=urged)
    Notice.objects.filter(complaint=urged).update(state=NoticeState.DEAD)
    taken = a_complaint(at=NOW - HOUR)
    workflow.perform("dispatch", taken, by=Actor.staff(supervisor), at=NOW - HOUR / 2, team=a_team(TeamKind.BILLING))
    workflow.perform("accept", taken, by=Actor.staff(a_user(Role.INVESTIGATOR)), at=NOW - HOUR / 3)
    resolved(at=MONDAY - timedelta(days=1) + HOUR)
    for score in (5, 4, 1):
        rated(score, at=MONDAY - timedelta(days=4))


def test_every_number_is_the_length_of_the_list_it_opens(desk, supervisor):
    a_busy_day(supervisor)
    found = linked_numbers(desk.get("/board/"))
    assert len(found) > 10
    wrong = [(address, number) for address, number in found if how_many(desk, supervisor, address) != number]
    assert wrong == []


def test_figures_of_the_big_kind_open_their_lists_too(desk, supervisor):
    a_busy_day(supervisor)
    shown = board(desk)
    figures = [*shown.decisions, shown.received, shown.resolved, shown.call_backs, shown.open, *shown.statuses]
    assert {figure.code: figure.value for figure in figures} == {
        figure.code: how_many(desk, supervisor, figure.url) for figure in figures
    }
    assert how_many(desk, supervisor, shown.satisfaction.list_url) == shown.satisfaction.rated == 3


def test_what_was_resolved_today_is_not_what_awaits_feedback(desk):
    resolved(at=NOW - timedelta(days=3))
    resolved(at=NOW - timedelta(days=1, minutes=5))
    shown = board(desk)
    assert (shown.resolved.value, shown.call_backs.value, str(shown.resolved.label)) == (1, 2, "Resolved today")


def test_what_needs_a_decision_comes_first(desk, supervisor):
    a_busy_day(supervisor)
    found = decisions(desk)
    assert found["safety"] == 1
    assert found["urged"] == 1
    assert found["undelivered"] == 1
    assert found["breached"] >= 1
    assert found["unassigned"] >= 3


def test_a_calm_board_says_so(desk):
    response = desk.get("/board/")
    assert response.context["board"].is_calm
    assert "Nothing waits for a decision." in response.content.decode()
    assert "Nothing is open." in response.content.decode()


def test_today_is_compared_with_the_same_weekday_up_to_the_same_time(desk):
    for week, received in enumerate((1, 3, 2), start=1):
        for _time in range(received):
            a_complaint(at=NOW - timedelta(weeks=week, minutes=1))
        a_complaint(at=NOW - timedelta(weeks=week) + HOUR)
    for _time in range(4):
        a_complaint(at=NOW - HOUR)
    shown = board(desk)
    assert (shown.usual.low, shown.usual.high, shown.usual.mean, shown.usual.days) == (1, 3, 2, 3)
    assert (shown.received.value, shown.judgement) == (4, "above")


def test_two_weeks_of_history_are_not_called_usual(desk):
    for week in (1, 2):
        a_complaint(at=NOW - timedelta(weeks=week, minutes=1))
    assert board(desk).usual is None


def test_teams_and_statuses_add_up_to_what_is_open(desk, supervisor):
    a_busy_day(supervisor)
    shown = board(desk)
    assert sum(team.all.value for team in shown.teams) == shown.open.value == Complaint.objects.unfinished().count()
    assert [sum(column) for column in zip(*([f.value for f in team.figures] for team in shown.teams), strict=True)] == [
        figure.value for figure in shown.statuses
    ]


def test_a_board_counts_only_what_its_reader_may_see(client, supervisor):
    a_busy_day(supervisor)
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("north")))
    assert board(client).open.value == 1
    client.force_login(a_user(Role.SUPERVISOR, branch=None))
    shown = board(client)
    assert (shown.open.value, shown.received.value, shown.is_calm) == (0, 0, True)


def test_htmx_gets_the_figures_alone(desk):
    page, fragment = desk.get("/board/"), desk.get("/board/", headers={"HX-Request": "true"})
    assert b"<html" in page.content
    assert b"<html" not in fragment.content
    assert b"figure-breached" in fragment.content


def test_the_wall_shows_the_same_numbers(desk, supervisor):
    a_busy_day(supervisor)
    assert board(desk, wall="1").open.value == board(desk).open.value


def test_the_wall_is_only_figures_always_dark_and_asks_again_by_itself(desk, supervisor):
    a_busy_day(supervisor)
    page = desk.get("/board/", {"wall": "1"}).content.decode()
    assert 'data-theme="dark"' in page
    assert 'hx-trigger="every 30s"' in page
    assert "<nav" not in page
    assert page.index("figure-safety") < page.index("figure-breached") < page.index("figure-received")
    fragment = desk.get("/board/", {"wall": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in fragment
    assert "15:00:00" in fragment


def test_watching_the_wall_does_not_keep_anybody_signed_in(desk, supervisor):
    desk.get("/board/", {"wall": "1"})
    until = desk.session.get_expiry_date()
    with time_machine.travel(NOW + HOUR / 4, tick=False):
        desk.get("/board/", {"wall": "1"}, headers={"HX-Request": "true"})
        kept = DeskSession.objects.get(session_key=desk.session.session_key)
    assert kept.expire_date <= until
    with time_machine.travel(NOW + timedelta(hours=13), tick=False):
        answer = desk.get("/board/", {"wall": "1"}, headers={"HX-Request": "true"})
        assert answer.status_code == 302


def test_a_storm_stands_above_every_number_on_the_wall(desk, supervisor):
    storms.declare(supervisor.branch, "typhoon", NOW - HOUR, by=supervisor, at=NOW)
    page = desk.get("/board/", {"wall": "1"}).content.decode()
    assert page.index("typhoon") < page.index("figure-safety")


def test_the_board_costs_the_same_for_20_complaints_and_for_200(desk, supervisor, django_assert_num_queries):
    for size in (20, 180):
        for number in range(size):
            a_complaint(at=NOW - timedelta(hours=1 + number % 40))
        desk.catches_up = True
        desk.get("/board/")
        desk.catches_up = False
        with django_assert_num_queries(BOARD_QUERIES):
            desk.get("/board/")


BOARD_QUERIES = 18
"""Session, user, branch; what names the reader; lists, received, resolved, weekdays, satisfaction, teams; freshness, the last
comparison; new signals; the counts in the rail."""
