"""Many workers, kills and late commits: each change is counted once, and nothing drifts."""

import pytest
from django.db import connection, transaction

from analytics.board import whole_of
from analytics.grains import refresh as refreshing
from analytics.grains.check import check
from analytics.grains.refresh import rebuild, refresh
from analytics.models import Change, Generation
from analytics.periods import Period
from analytics.reading import whole
from complaints import workflow
from staff.actors import THE_CUSTOMER, Role
from tests.at_once import at_once
from tests.factories import MONDAY, a_complaint, a_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("profile")]

MARCH = whole_of(Period(MONDAY.date(), MONDAY.date()))


class Killed(BaseException):
    pass


def received(user):
    return whole("received", MARCH, user).n


def test_several_workers_count_each_change_once():
    user = a_user(Role.SUPERVISOR)
    refresh()
    for _one in range(4):
        a_complaint()
    at_once(lambda _number: refresh(), times=4)
    refresh()
    assert received(user) == 4
    assert not Change.objects.exists()


def test_movers_and_counting_do_not_wait_for_each_other():
    user = a_user(Role.SUPERVISOR)
    complaint = a_complaint()
    refresh()
    with transaction.atomic():
        workflow.perform("urge", complaint, by=THE_CUSTOMER, at=MONDAY)

        def count(_number):
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '3s'")
            return refresh()

        assert at_once(count, times=1) == [0]
    assert refresh() == 1
    assert received(user) == 1
    assert check().findings == []


def test_what_commits_late_is_counted_although_later_numbers_were_before():
    user = a_user(Role.SUPERVISOR)
    a_complaint()
    refresh()
    with transaction.atomic():
        a_complaint()
        at_once(lambda _number: a_complaint(channel="web", source="website"), times=1)
        at_once(lambda _number: refresh(), times=1)
        assert at_once(lambda _number: received(user), times=1) == [2]
    refresh()
    assert received(user) == 3


@pytest.mark.parametrize("where", ["_add", "_add_all", "_build"])
def test_a_kill_anywhere_leaves_no_trace(monkeypatch, where):
    user = a_user(Role.SUPERVISOR)
    a_complaint()
    refresh()
    rebuild()
    a_complaint()
    whole_step = getattr(refreshing, where)

    def killed(*args, **kwargs):
        whole_step(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(refreshing, where, killed)
    with pytest.raises(Killed):
        refresh()
    monkeypatch.undo()
    refresh()
    assert received(user) == 2
    assert check().findings == []
    assert Generation.objects.filter(state="building").count() == 0


def test_a_rebuild_takes_in_what_happens_meanwhile(monkeypatch):
    user = a_user(Role.SUPERVISOR)
    complaints = [a_complaint() for _one in range(3)]
    refresh()
    monkeypatch.setattr(refreshing, "PART", 1)
    rebuild()
    steps = 0
    while Generation.objects.filter(state="building").exists():
        workflow.perform("urge", complaints[steps % 3], by=THE_CUSTOMER, at=MONDAY)
        a_complaint() if steps < 2 else None
        refreshing._step()
        steps += 1
        assert received(user) >= 3
    refresh()
    assert received(user) == 5
    assert check().findings == []


def test_another_formula_builds_anew_by_itself_and_leaves_the_old_figures_until_then(monkeypatch):
    user = a_user(Role.SUPERVISOR)
    a_complaint()
    refresh()
    before = Generation.objects.get(state="current")
    monkeypatch.setattr(refreshing, "FORMULA", "next")
    a_complaint()
    refreshing._step()
    assert received(user) == 1
    refresh()
    assert received(user) == 2
    assert Generation.objects.get(state="current") != before
    assert check().findings == []
