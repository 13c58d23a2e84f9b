"""Early warning: what stands out is found once, shown to those it concerns with the complaints behind it, and settled step by step."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from analytics.grains.refresh import refresh
from analytics.models import DayRollup, Generation, Signal, SignalLook, SignalState, TermDay
from analytics.signals import looking
from complaints.models import Category, Storm
from customers.models import TransformerArea
from staff.actors import Role
from tests.analytics.test_reports import how_many
from tests.at_once import at_once
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

NOW = MONDAY + timedelta(days=7)
"""A Monday morning; the week from MONDAY on has just ended."""
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR)


@pytest.fixture
def desk(client, supervisor):
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    return client


def a_past(each_week=6, weeks=27, branch=None, category="OUT", until=None, channel="phone"):
    """Weeks in which as many complaints came, as the figures know them, the last one before `until`."""
    current, branch = Generation.objects.get(state="current"), branch or a_branch()
    until = until or MONDAY.date()
    DayRollup.objects.bulk_create(
        DayRollup(
            generation=current,
            series="received",
            day=until - timedelta(weeks=week, days=1 + day),
            branch=branch,
            request_type="complaint",
            category=Category.objects.get(code=category),
            channel=channel,
            key="",
            bucket=0,
            n=1,
            total=0,
        )
        for week in range(weeks)
        for day in range(each_week)
    )


def a_week(number, branch=None, **fields):
    """Real complaints of the week that has just ended."""
    for one in range(number):
        a_complaint(branch=branch or a_branch(), at=MONDAY + timedelta(days=one % 5), **fields)
    refresh()


def look():
    return looking.look(NOW)


def test_a_week_beyond_its_limit_is_found_with_the_list_that_makes_it(desk, supervisor):
    a_past()
    a_week(18)
    assert look().found == 1
    signal = Signal.objects.get()
    assert (signal.kind, signal.rule, signal.per, signal.number) == ("rate", "beyond", "week", 18)
    assert signal.first_day == MONDAY.date()
    assert signal.last_day == MONDAY.date() + timedelta(days=6)
    assert signal.expected == pytest.approx(6, abs=0.3)
    assert signal.high < 18
    page = desk.get(f"/signals/{signal.pk}/")
    assert page.context["number"] == how_many(desk, supervisor, page.context["address"]) == 18
    assert page.context["chart"]["option"]["labels"][-1] == MONDAY.date().isoformat()
    assert len(page.context["chart"]["rows"]) == 27


def test_an_ordinary_week_is_no_signal(desk):
    a_past()
    a_week(6)
    found = look()
    assert (found.found, found.charted) == (0, 1)
    assert "Nothing stands out" in desk.get("/signals/").content.decode()


def test_with_fewer_than_five_a_month_nothing_is_charted_and_the_page_says_so(desk):
    a_past(each_week=1)
    found = look()
    assert (found.charted, found.too_few) == (0, 1)
    assert "1 series have fewer than five" in desk.get("/signals/").content.decode()


def test_storm_weeks_make_no_difference_to_what_is_usual():
    a_past()
    a_past(each_week=7, weeks=1, until=MONDAY.date() - timedelta(weeks=3), channel="web")
    start = MONDAY - timedelta(weeks=4)
    Storm.objects.create(
        branch=a_branch(),
        reason="台风",
        began_at=start,
        ended_at=start + timedelta(days=7),
        declared_at=start,
        changed_at=start,
    )
    a_week(18)
    look()
    signal = Signal.objects.get()
    assert signal.evidence["left_out"] >= 7
    assert signal.expected == pytest.approx(6, abs=0.3)


def test_looking_again_doubles_nothing_and_follows_the_figures(desk):
    a_past()
    a_week(18)
    look()
    a_week(2)
    assert look().found == 0
    assert [signal.number for signal in Signal.objects.all()] == [20]


def test_a_closed_signal_stays_silent_until_its_days_have_passed(supervisor):
    area = an_account().premise.transformer_area
    first, then = NOW - timedelta(days=61), NOW - timedelta(days=1)
    for _one in range(3):
        a_complaint(transformer_area=area, at=first)
    refresh()
    assert looking.look(first).found == 1
    closed = {"state": "closed", "acknowledged_by": supervisor, "acknowledged_at": first, "note": "x"}
    Signal.objects.update(**closed, closed_by=supervisor, closed_at=first, result="x")
    assert looking.look(first + timedelta(days=30)).found == 0
    for _one in range(3):
        a_complaint(transformer_area=area, at=then)
    refresh()
    assert look().found == 1


def test_today_is_found_too_high_before_it_is_over():
    a_past(each_week=7, weeks=30)
    for one in range(40):
        a_complaint(at=NOW - timedelta(minutes=one))
    a_past(each_week=6, weeks=1, until=TODAY)
    refresh()
    look()
    signal = Signal.objects.get(first_day=TODAY)
    assert (signal.rule, signal.number, signal.last_day, signal.is_above) == ("beyond", 40, TODAY, True)


def test_a_term_that_rises_is_found_with_its_very_complaints(desk):
    branch = a_branch()
    TermDay.objects.bulk_create(
        TermDay(day=TODAY - timedelta(days=day), branch=branch, term=term, n=n)
        for day in range(10, 90)
        for term, n in (("", 5), ("跳闸", 2))
    )
    for _one in range(8):
        a_complaint("BIL-02", story="充电桩跳闸。", at=NOW - timedelta(days=2))
    a_complaint("BIL-02", story="电费太贵。", at=NOW - timedelta(days=2))
    refresh()
    look()
    signal = Signal.objects.get(term="充电桩")
    assert (signal.term, signal.number, round(signal.expected, 1)) == ("充电桩", 8, 0.0)
    page = desk.get(f"/signals/{signal.pk}/")
    assert page.context["number"] == len(page.context["complaints"]) == 8
    assert "in 8 complaints of 7 days" in page.context["sentence"]


def test_three_complaints_on_one_area_ask_for_improvement(desk):
    accounts = [an_account() for _one in range(5)]
    for account in accounts[:2]:
        a_complaint("OUT-03", account=account, transformer_area=account.premise.transformer_area, at=MONDAY)
    refresh()
    assert look().found == 0
    a_complaint("VOL-01", account=accounts[2], transformer_area=accounts[2].premise.transformer_area, at=MONDAY)
    refresh()
    look()
    signal = Signal.objects.get()
    assert (signal.rule, signal.number, signal.transformer_area.code) == ("area", 3, "T1")
    assert desk.get(f"/signals/{signal.pk}/").context["number"] == 3


def test_five_complaints_on_one_feeder_ask_for_improvement():
    first = an_account()
    area = first.premise.transformer_area
    second = TransformerArea.objects.create(
        code="T2", name_zh="二号台区", name_en="Area 2", feeder=area.feeder, branch=area.branch
    )
    for where in (area, area, second, second):
        a_complaint(transformer_area=where, at=MONDAY)
    refresh()
    assert look().found == 0
    third = TransformerArea.objects.create(
        code="T3", name_zh="三号台区", name_en="Area 3", feeder=area.feeder, branch=area.branch
    )
    a_complaint(transformer_area=third, at=MONDAY)
    refresh()
    look()
    signal = Signal.objects.get()
    assert (signal.rule, signal.number, signal.feeder.code) == ("feeder", 5, "F1")


def a_signal(**fields):
    return Signal.objects.create(
        **{
            "kind": "rate",
            "rule": "beyond",
            "series": "received:1",
            "branch": a_branch(),
            "category": Category.objects.get(code="OUT"),
            "per": "week",
            "first_day": MONDAY.date(),
            "last_day": MONDAY.date() + timedelta(days=6),
            "counted_from": MONDAY.date(),
            "number": 18,
            "expected": 6,
            "low": 0,
            "high": 13,
            "sigma_z": 1,
            "score": 4,
            "found_at": NOW,
            "seen_at": NOW,
            **fields,
        }
    )


def test_a_signal_is_acknowledged_followed_up_and_closed(desk, supervisor):
    signal = a_signal()
    address = f"/signals/{signal.pk}/"
    assert list(desk.get(address).context["forms"]) == ["acknowledge"]
    refused = desk.post(f"{address}acknowledge/", {"note": ""})
    assert refused.status_code == 422
    assert Signal.objects.get().state == "new"
    desk.post(f"{address}acknowledge/", {"note": "新小区入住。"})
    assert list(desk.get(address).context["forms"]) == ["follow-up", "close"]
    late = {"action": "增容", "owner": supervisor.pk, "due_on": (TODAY - timedelta(days=1)).isoformat()}
    refused = desk.post(f"{address}follow-up/", late)
    assert refused.status_code == 422
    assert "增容" in refused.content.decode()
    assert Signal.objects.get().state == "acknowledged"
    desk.post(f"{address}follow-up/", {**late, "due_on": TODAY.isoformat()})
    assert list(desk.get(address).context["forms"]) == ["close", "follow-up"]
    desk.post(f"{address}close/", {"result": "已增容。"})
    settled = Signal.objects.get()
    assert (settled.state, settled.owner, settled.result) == (SignalState.CLOSED, supervisor, "已增容。")
    assert "Nothing stands out" in desk.get("/signals/").content.decode()
    assert "已增容" in desk.get(address).content.decode()


def test_who_is_second_is_told_and_changes_nothing(desk):
    signal = a_signal()
    desk.post(f"/signals/{signal.pk}/acknowledge/", {"note": "one"})
    page = desk.post(f"/signals/{signal.pk}/acknowledge/", {"note": "two"}, follow=True)
    assert "Somebody was quicker" in page.content.decode()
    assert Signal.objects.get().note == "one"
    assert desk.post(f"/signals/{signal.pk}/nonsense/").status_code == 404


def test_signals_are_seen_by_those_who_handle_them_where_they_are(client):
    north, south = a_branch("north", a_branch()), a_branch("south", a_branch())
    signal = a_signal(branch=north)
    address = f"/signals/{signal.pk}/"

    def status(user, path=address):
        client.force_login(user)
        return client.get(path).status_code

    assert status(a_user(Role.ANALYST)) == 200
    assert status(a_user(Role.ADMINISTRATOR, branch=north)) == 200
    assert status(a_user(Role.SUPERVISOR, branch=south)) == 404
    for role in (Role.AGENT, Role.INVESTIGATOR, Role.LIAISON):
        assert status(a_user(role)) == status(a_user(role), "/signals/") == 403
        assert client.post(f"{address}acknowledge/", {"note": "x"}).status_code == 403
    client.force_login(a_user(Role.SUPERVISOR, branch=south))
    assert client.post(f"{address}acknowledge/", {"note": "x"}).status_code == 404
    assert client.get("/signals/").context["rows"] == []
    assert Signal.objects.get().state == "new"


def test_the_list_is_narrowed_by_status_kind_and_category(desk):
    a_signal()
    a_signal(series="term:1:x", kind="term", rule="term", term="充电桩", category=None)

    def shown(**params):
        return [signal.series for signal, _sentence in desk.get("/signals/", params).context["rows"]]

    assert len(shown()) == 2
    assert shown(kind="term") == ["term:1:x"]
    assert shown(category="OUT") == ["received:1"]
    assert shown(state="closed") == []
    assert len(shown(state="nonsense", kind="nonsense")) == 2


def test_the_board_tells_of_new_signals(desk):
    def shown():
        return next(one for one in desk.get("/board/").context["board"].waiting if one.code == "signals")

    assert shown().value == 0
    a_signal()
    assert (shown().value, shown().url) == (1, "/signals/?state=new")


def test_the_list_costs_the_same_for_one_signal_and_for_twenty(desk, django_assert_max_num_queries):
    a_signal()
    desk.catches_up = False
    desk.get("/signals/")
    for number in range(20):
        a_signal(series=f"received:{number + 2}")
    with django_assert_max_num_queries(12):
        desk.get("/signals/")


BROKEN = {
    "signal_kind_is_known": {"kind": "omen"},
    "signal_rule_is_known": {"rule": "feeling"},
    "signal_state_is_known": {"state": "lost", "note": "x"},
    "signal_days_are_in_order": {"last_day": MONDAY.date() - timedelta(days=1)},
    "acknowledged_signal_has_note": {"state": "acknowledged"},
    "followed_signal_has_owner_and_day": {"state": "followed"},
    "closed_signal_says_what_came_of_it": {"state": "closed"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_signal(name, supervisor):
    seen = (
        {"acknowledged_by": supervisor, "acknowledged_at": NOW, "note": "x"}
        if name[0] in "fc" or "state" in name
        else {}
    )
    signal = a_signal(**seen)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        Signal.objects.filter(pk=signal.pk).update(**BROKEN[name])


def test_a_signal_is_one_row():
    a_signal()
    with pytest.raises(IntegrityError, match="signal_is_one_row"), transaction.atomic():
        a_signal()


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_several_workers_look_once_and_find_one_signal(self):
        refresh()
        a_past()
        a_week(16)
        at_once(lambda _number: looking.hourly(), times=3)
        assert SignalLook.objects.count() == 1
        assert looking.hourly() is None
