"""The board shows what waits for a decision and how the day goes, and every number is the length of the list it opens."""

from datetime import timedelta

import pytest
import time_machine

from analytics.grains.refresh import refresh
from analytics.models import DayRollup, Generation
from complaints import call_backs, storms, workflow
from complaints.models import CallBack, CallReason, Category, Complaint, Notice, NoticeState, RequestType
from customers.models import Account
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.entry_models import DeskSession
from staff.models import TeamKind
from tests.analytics.test_reports import how_many, linked_numbers, rated, resolved
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_account, an_issue

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
    figures = [*shown.decisions, *shown.waiting, shown.received, shown.resolved, shown.feedback, shown.open]
    figures += [*shown.work.stages, shown.troubles.number]
    assert {figure.code: figure.value for figure in figures} == {
        figure.code: how_many(desk, supervisor, figure.url) for figure in figures
    }
    assert how_many(desk, supervisor, shown.satisfaction.list_url) == shown.satisfaction.rated == 3


def test_what_was_resolved_today_is_not_what_awaits_feedback(desk):
    resolved(at=NOW - timedelta(days=3))
    resolved(at=NOW - timedelta(days=1, minutes=5))
    shown = board(desk)
    assert (shown.resolved.value, shown.feedback.value, str(shown.resolved.label)) == (1, 2, "Resolved today")


def test_what_needs_a_decision_comes_first(desk, supervisor):
    a_busy_day(supervisor)
    found = decisions(desk)
    assert found["safety"] == 1
    assert found["urged"] == 1
    assert found["undelivered"] == 1
    assert found["decision-missed"] >= 1
    assert found["decision-unassigned"] >= 3


def test_a_calm_board_says_so(desk):
    response = desk.get("/board/")
    assert response.context["board"].is_calm
    assert "Nothing waits for a decision." in response.content.decode()
    assert "Nothing is open." in response.content.decode()


def a_month(each_day, weeks=6, **days):
    """What came on each day of the weeks before today, as the rollups know it; `days` by how many days ago."""
    refresh()
    current, category = Generation.objects.get(state="current"), Category.objects.get(code="OUT")
    DayRollup.objects.bulk_create(
        DayRollup(
            generation=current,
            series="received",
            day=MONDAY.date() - timedelta(days=ago),
            branch=a_branch(),
            request_type="complaint",
            category=category,
            channel="phone",
            key="",
            bucket=0,
            n=days.get(f"ago_{ago}", each_day),
            total=0,
        )
        for ago in range(1, 7 * weeks)
    )


def test_today_is_compared_with_what_such_a_day_brings_by_this_time(desk):
    a_month(48)
    for _time in range(50):
        a_complaint(at=NOW - HOUR)
    shown = board(desk).intake
    assert shown.whole_day.mean == pytest.approx(48, abs=0.5)
    assert shown.expected.mean == pytest.approx(30, abs=0.5), "15 of 24 hours, and nothing known of the hours"
    assert shown.expected.nearly_sure[1] < 50 == shown.received
    assert shown.judgement == "above"
    assert "Today is above what is usual." in desk.get("/board/").content.decode()


def test_a_quiet_day_is_below_and_an_ordinary_one_as_usual(desk):
    a_month(48)
    assert board(desk).intake.judgement == "below"
    for _time in range(30):
        a_complaint(at=NOW - HOUR)
    assert board(desk).intake.judgement == "within"


def test_a_day_of_storm_does_not_widen_what_is_usual(desk):
    a_month(10, ago_9=400)
    assert board(desk).intake.whole_day.mean == pytest.approx(10, abs=0.5)


def test_less_than_a_month_is_not_called_usual(desk):
    a_month(48, weeks=4)
    shown = board(desk).intake
    assert (shown.expected, shown.judgement) == (None, "")
    assert "Less than a month is known" in desk.get("/board/").content.decode()


def test_the_curve_of_the_day_ends_at_the_full_hour_and_opens_what_came_until_then(desk, supervisor):
    for hours in (1, 1, 3, 6):
        a_complaint(at=NOW - hours * HOUR)
    shown = board(desk)
    assert [hour.received for hour in shown.intake.hours] == [*[0] * 9, *[1] * 3, 2, 2, 4, *[None] * 9]
    lists = [how_many(desk, supervisor, url) for hour, url in shown.hours if hour.received]
    assert lists == [1, 1, 1, 2, 2, 4]


def totals(rows):
    return [sum(column) for column in zip(*([figure.value for figure in row.figures] for row in rows), strict=True)]


def test_teams_and_categories_add_up_to_the_same_totals(desk, supervisor):
    a_busy_day(supervisor)
    work = board(desk).work
    expected = [figure.value for figure in work.total]
    assert totals(work.teams) == totals(work.categories) == expected
    assert sum(expected[:4]) == expected[4] == work.open.value == Complaint.objects.unfinished().count()
    assert totals(work.crossed) == [figure.value for figure in work.crossed_total]
    assert sum(figure.value for figure in work.stages) == work.open.value
    decided = {figure.code: figure.value for figure in work.decisions}
    assert (decided["decision-missed"], decided["decision-unassigned"]) == (expected[0], expected[5])


@pytest.mark.parametrize("hour", [0, 15, 21, 23])
def test_every_open_complaint_is_in_one_part_of_the_day(desk, supervisor, hour):
    """In the evening the next four hours reach into tomorrow, and nothing is due later today."""
    with time_machine.travel(NOW.replace(hour=hour), tick=False):
        at = NOW.replace(hour=hour)
        desk.force_login(supervisor)
        for hours in (-30, -1, 0, 1, 3.9, 4, 5, 9, 30):
            complaint = a_complaint(at=MONDAY)
            Complaint.objects.filter(pk=complaint.pk).update(next_due_at=at + hours * HOUR)
        Complaint.objects.filter(pk=a_complaint(at=MONDAY).pk).update(next_due_at=None)
        work = board(desk).work
        assert sum(figure.value for figure in work.total[:4]) == work.open.value == 10
        for figure in work.total[:4]:
            assert how_many(desk, supervisor, figure.url) == figure.value, figure.code


def test_an_issue_in_progress_shows_whom_it_leaves_without_light_and_what_was_said_last(desk, supervisor):
    area = an_account().premise.transformer_area
    issue = an_issue(kind="fault", transformer_area=area, started_at=NOW - HOUR, expected_at=NOW - HOUR / 2)
    for minutes, text in ((30, "The crew is on its way."), (10, "The cable is found.")):
        issue.updates.create(at=NOW - timedelta(minutes=minutes), text_en=text)
    linked = a_complaint(at=NOW - HOUR, service_issue=issue)
    an_issue(restored_at=NOW)
    shown = board(desk).troubles
    assert shown.number.value == 1
    trouble = shown.shown[0]
    assert (trouble.issue, trouble.is_late, str(trouble.update)) == (issue, True, "The cable is found.")
    supplied = Account.objects.filter(premise__transformer_area=area, closed_on=None).count()
    assert trouble.supplied == supplied
    assert (trouble.complaints.value, how_many(desk, supervisor, trouble.complaints.url)) == (1, 1)
    assert linked.service_issue == issue
    page = desk.get("/board/").content.decode()
    assert "The cable is found." in page
    assert "The crew is on its way." not in page


def test_calls_that_wait_are_shown_to_those_who_make_them(client, desk, supervisor):
    made = resolved(at=NOW - timedelta(days=3))
    call = call_backs.make(
        made.feedback.get(), CallReason.ALL, from_=NOW - timedelta(days=3), at=NOW - timedelta(days=3)
    )
    CallBack.objects.filter(pk=call.pk).update(next_try_at=NOW - timedelta(hours=25))
    CallBack.objects.exclude(pk=call.pk).delete()
    found = {figure.code: figure for figure in board(desk).waiting}
    assert (found["calls-due"].value, found["calls-overdue"].value) == (1, 1)
    assert how_many(desk, supervisor, found["calls-overdue"].url) == 1
    CallBack.objects.update(next_try_at=NOW - timedelta(hours=1))
    found = {figure.code: figure for figure in board(desk).waiting}
    assert (found["calls-due"].value, found["calls-overdue"].value) == (1, 0)
    client.force_login(a_user(Role.ANALYST))
    assert [figure.code for figure in board(client).waiting] == ["signals"]


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
    assert b"figure-decision-missed" in fragment.content


def test_the_wall_shows_the_same_numbers(desk, supervisor):
    a_busy_day(supervisor)
    assert board(desk, wall="1").open.value == board(desk).open.value


def test_the_wall_is_only_figures_always_dark_and_asks_again_by_itself(desk, supervisor):
    a_busy_day(supervisor)
    page = desk.get("/board/", {"wall": "1"}).content.decode()
    assert 'data-theme="dark"' in page
    assert 'hx-trigger="every 10s"' in page
    assert "<nav" not in page
    assert page.index("figure-safety") < page.index("figure-decision-missed") < page.index("figure-received")
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


BOARD_QUERIES = 21
"""Session, user, branch; what names the reader; open work, teams, categories; received by day and by hour; resolved;
calls due and overdue, new signals, satisfaction, issues and which; freshness, the last comparison; the counts in the rail."""
