"""The report of before and after: complaints on an asset around an action, a range of the ratio, or too few to say."""

from datetime import timedelta
from math import inf

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics import rate_ratio
from complaints import issue_actions
from complaints.models import Complaint
from staff.actors import Role
from tests.analytics.test_coaching_report import coached, found
from tests.analytics.test_hot_spots_report import an_area
from tests.analytics.test_reports import how_many, linked_numbers, read
from tests.complaints.test_issue_actions import an_action
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_issue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def later():
    with time_machine.travel(MONDAY + 40 * DAY, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def done(days=10, **place):
    """An action of an issue with this place, finished so many days after MONDAY."""
    action = an_action(issue=an_issue(**place))
    issue_actions.finish(action, "已更换", by=action.owner, at=MONDAY + days * DAY)
    return action


def on(area, days, **fields):
    return a_complaint("VOL-01", at=MONDAY + days * DAY, transformer_area=area, **fields)


def test_a_complaint_about_the_reader_is_neither_counted_nor_listed(desk, supervisor):
    area = an_area("T1")
    action = done(transformer_area=area)
    on(area, 5)
    Complaint.objects.filter(pk=on(area, 6).pk).update(about=supervisor)
    assert row(desk)[3] == 1
    pick = {"pick": f"issue~{action.pk}~before", "from": "2026-03-01", "to": "2026-03-31"}
    assert desk.get("/reports/improvement/list/", pick).context["page"].paginator.count == 1


def row(client, table=0, **more):
    return [cell.raw for cell in read(client, "improvement", **more).tables[table].rows[0]]


def test_complaints_on_the_area_count_before_and_after_it_was_done(desk):
    area = an_area("T1")
    done(transformer_area=area)
    for day in range(-25, 10, 5):
        on(area, day)
    on(area, 12)
    on(an_area("T2"), 5)
    on(area, -60)
    assert row(desk)[3:6] == [7, 1, 30]
    assert row(desk, by="30")[3:6] == [6, 1, 30]
    assert row(desk, by="90")[3:6] == [8, 1, 30]


def test_a_feeder_counts_all_its_areas_and_few_complaints_say_nothing(desk):
    area = an_area("T1")
    done(feeder=area.feeder)
    on(area, 5)
    on(an_area("T2"), 5)
    assert row(desk)[3:] == [2, 0, 30, None, "too few to say"]


def test_a_clear_fall_is_said_and_so_is_its_range(desk):
    area = an_area("T1")
    done(transformer_area=area, days=25)
    for _time in range(14):
        on(area, 20)
    on(area, 30)
    findings = read(desk, "improvement", by="30")
    assert row(desk, by="30")[-1] == "clearly fewer"
    assert "After 1 there were clearly fewer complaints" in findings.sentence


def test_coaching_of_a_team_counts_what_held_about_it(desk):
    team = a_team()
    coached(done=MONDAY + 10 * DAY, person=None, team=team)
    found(at=MONDAY + 3 * DAY, team=team)
    found(at=MONDAY + 4 * DAY, team=team, verdict="not_substantiated")
    found(at=MONDAY + 15 * DAY, team=team)
    assert row(desk)[3:5] == [1, 1]


def test_every_number_opens_the_list_that_makes_it(desk, supervisor):
    area, team = an_area("T1"), a_team()
    done(transformer_area=area)
    done(feeder=an_area("T9", "F9").feeder)
    on(area, 5)
    on(area, 12)
    on(an_area("T9", "F9"), 12, channel="web", source="website")
    coached(done=MONDAY + 10 * DAY, person=None, team=team)
    found(at=MONDAY + 3 * DAY, team=team)
    from_march = {"from": "2026-03-01", "to": "2026-03-31"}
    response = desk.get("/reports/improvement/", from_march)
    opened = [one for one in linked_numbers(response) if "/list/" in one[0]]
    assert len(opened) == 4
    assert [(address, n) for address, n in opened if how_many(desk, supervisor, address) != n] == []
    for pick in ("nonsense", "issue~1", "issue~x~before", "issue~999999~before", "other~1~before"):
        assert desk.get("/reports/improvement/list/", {**from_march, "pick": pick}).status_code == 404


def test_nobody_sees_what_is_not_theirs_and_it_costs_the_same_for_many(client, desk, django_assert_num_queries):
    costs = []
    for _time in range(2):
        done(transformer_area=an_area("T1"))
        on(an_area("T1"), 5)
        read(desk, "improvement")
        desk.catches_up = False
        with django_assert_num_queries(20, exact=False) as queries:
            read(desk, "improvement")
        costs.append(len(queries))
        desk.catches_up = True
    assert costs[0] == costs[1]
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert read(client, "improvement").is_empty


counts = st.integers(0, 500)


@given(counts, counts, st.integers(1, 90), st.integers(1, 90))
def test_the_range_of_a_ratio_holds_the_ratio(before, after, days_before, days_after):
    interval = rate_ratio(before, days_before, after, days_after)
    if interval is None:
        assert before + after < 5
        return
    ratio = (after / days_after) / (before / days_before) if before else inf
    assert interval.low <= ratio * (1 + 1e-9)
    assert ratio <= interval.high * (1 + 1e-9)
