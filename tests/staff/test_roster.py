"""The roster as a plan: gaps between shifts, what may not overlap, and weeks that are copied over a turn of the clocks."""

import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connections

from staff import roster
from staff.actors import Role
from staff.duty import Found
from staff.models import Duty
from tests.factories import MONDAY, a_branch, a_user

LONDON = ZoneInfo("Europe/London")
WEEK = date(2026, 3, 2)
HOUR = timedelta(hours=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def station():
    return a_branch("station", parent=a_branch("county", parent=a_branch()))


def shift(user, start, hours, branch=None):
    return roster.add(user, branch or user.branch, user.role, start, start + hours * HOUR, by=user)


def supervisors(branch, day=0):
    """The gaps among the supervisors on one day of the week, as hours of the day and who answers."""
    (row,) = [row for row in roster.week(branch, WEEK) if row.role == Role.SUPERVISOR]
    found = row.days[day]
    return [((g.start - found.start) / HOUR, (g.end - found.start) / HOUR, g.answer.found) for g in found.gaps]


def test_a_gap_is_parted_where_the_branch_above_changes_and_only_there(station):
    user, above = a_user(Role.SUPERVISOR, branch=station), a_user(Role.SUPERVISOR, branch=station.parent)
    shift(user, MONDAY, 3)
    shift(user, MONDAY + 3 * HOUR, 3)
    shift(above, MONDAY + 8 * HOUR, 2)
    shift(above, MONDAY + 10 * HOUR, 2)
    assert supervisors(station) == [
        (0, 9, Found.MARKED),
        (15, 17, Found.MARKED),
        (17, 21, Found.ROSTER),
        (21, 24, Found.MARKED),
    ]
    assert supervisors(station, day=1) == [(0, 24, Found.MARKED)]


def test_a_shift_across_midnight_covers_both_days(station):
    shift(a_user(Role.SUPERVISOR, branch=station), MONDAY, 24)
    assert supervisors(station) == [(0, 9, Found.MARKED)]
    assert supervisors(station, day=1) == [(9, 24, Found.MARKED)]


def test_a_shift_of_somebody_who_cannot_be_told_covers_nothing(station):
    a_user(Role.SUPERVISOR)
    shift(a_user(Role.SUPERVISOR, branch=station, email=""), MONDAY, 8)
    assert supervisors(station) == [(0, 24, Found.MARKED)]


def test_a_second_shift_at_the_same_time_is_refused_and_names_the_first():
    user = a_user(Role.SUPERVISOR)
    first = shift(user, MONDAY, 8)
    with pytest.raises(roster.Overlaps) as refused:
        shift(user, MONDAY + 7 * HOUR, 8, branch=a_branch("county", parent=a_branch()))
    assert refused.value.shift == first
    assert list(Duty.objects.all()) == [first]


@pytest.mark.django_db(transaction=True)
def test_two_planners_at_once_cannot_give_a_person_two_shifts():
    user, start, refused = a_user(Role.SUPERVISOR), threading.Barrier(2), []

    def plan():
        start.wait()
        try:
            shift(user, MONDAY, 8)
        except roster.Overlaps as clash:
            refused.append(clash)
        finally:
            connections.close_all()

    planners = [threading.Thread(target=plan) for _ in range(2)]
    for planner in planners:
        planner.start()
    for planner in planners:
        planner.join()
    assert Duty.objects.count() == len(refused) == 1


def test_a_copied_shift_keeps_its_hours_on_the_wall_when_the_clocks_turn(settings):
    settings.TIME_ZONE = "Europe/London"
    user = a_user(Role.SUPERVISOR)
    shift(user, datetime(2026, 3, 23, 9, 0, tzinfo=LONDON), 8)
    made, left_out = roster.copy_to_next_week(user.branch, date(2026, 3, 23), by=user, at=MONDAY)
    assert (made, left_out) == (1, [])
    copied = Duty.objects.latest("starts_at")
    assert copied.starts_at == datetime(2026, 3, 30, 9, 0, tzinfo=LONDON)
    assert copied.starts_at.utcoffset() == timedelta(0)
    assert copied.starts_at - user.duties.earliest("starts_at").starts_at == timedelta(days=7) - HOUR


def test_supervisors_plan_downwards_and_administrators_everywhere(station):
    county = station.parent
    supervisor = a_user(Role.SUPERVISOR, branch=county)
    assert [roster.may_plan(supervisor, b) for b in (county.parent, county, station)] == [False, True, True]
    assert set(roster.branches_shown_to(supervisor)) == {county.parent, county, station}
    assert roster.may_plan(a_user(Role.ADMINISTRATOR, branch=None), station)
    assert not roster.may_plan(a_user(Role.SUPERVISOR, branch=None), station)
    assert not roster.branches_shown_to(a_user(Role.AGENT, branch=None)).exists()
