"""Who answers: the nearest roster, and somebody all the same when the roster is empty, has gaps or names people who left."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from staff.actors import Role
from staff.duty import Found, Rota, above, at_work, is_on, of_team, on_duty, upwards
from staff.models import Duty
from tests.factories import MONDAY, a_branch, a_team, a_user

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture
def station():
    return a_branch("station", parent=a_branch("county", parent=a_branch()))


def a_shift(user, branch=None, *, start=MONDAY, hours=8, role=None):
    return Duty.objects.create(
        user=user, branch=branch or user.branch, role=role or user.role, starts_at=start, ends_at=start + hours * HOUR
    )


def found(branch, at=MONDAY, role=Role.SUPERVISOR):
    return Rota(branch.path, at, at).who(role, at)


def test_the_shift_of_the_nearest_branch_answers_and_its_end_is_no_longer_part_of_it(station):
    boss = a_user(Role.SUPERVISOR, branch=station.parent)
    own, relief = a_user(Role.SUPERVISOR, branch=station), a_user(Role.SUPERVISOR, branch=station)
    a_shift(boss, hours=24)
    a_shift(own)
    a_shift(relief, start=MONDAY + 8 * HOUR, hours=4)
    assert on_duty(Role.SUPERVISOR, station, MONDAY) == [own]
    assert on_duty(Role.SUPERVISOR, station, MONDAY + 8 * HOUR) == [relief]
    assert on_duty(Role.SUPERVISOR, station, MONDAY + 12 * HOUR) == [boss]
    assert on_duty(Role.SUPERVISOR, station.parent, MONDAY) == [boss]


def test_a_shift_below_or_beside_or_in_another_role_answers_for_nobody_here(station):
    beside = a_branch("beside", parent=station.parent)
    for branch, role in ((station, Role.SUPERVISOR), (beside, Role.SUPERVISOR), (station.parent, Role.LIAISON)):
        a_shift(a_user(role, branch=branch, is_on_duty=False))
    marked = a_user(Role.SUPERVISOR)
    assert on_duty(Role.SUPERVISOR, station.parent, MONDAY) == [marked]


def test_a_branch_whose_code_begins_like_anothers_is_not_below_it():
    county, town = a_branch("B1", parent=a_branch()), a_branch("B12", parent=a_branch())
    a_shift(a_user(Role.SUPERVISOR, branch=county))
    own = a_user(Role.SUPERVISOR, branch=town)
    assert on_duty(Role.SUPERVISOR, town, MONDAY) == [own]


def test_a_shift_in_another_role_than_ones_own_counts_for_that_role(station):
    stand_in = a_user(Role.INVESTIGATOR, branch=station)
    a_shift(stand_in, role=Role.SUPERVISOR)
    assert on_duty(Role.SUPERVISOR, station, MONDAY) == [stand_in]


def test_without_a_roster_those_marked_then_anybody_of_the_role_then_administrators(station):
    administrator = a_user(Role.ADMINISTRATOR)
    assert (list(found(station).people), found(station).found) == ([administrator], Found.ADMINISTRATORS)
    far = a_user(Role.SUPERVISOR, is_on_duty=False)
    assert (list(found(station).people), found(station).found) == ([far], Found.ROLE)
    near = a_user(Role.SUPERVISOR, branch=station, is_on_duty=False)
    assert list(found(station).people) == [near]
    far.is_on_duty = True
    far.save()
    assert (list(found(station).people), found(station).found) == ([far], Found.MARKED)


def test_an_administrator_without_a_branch_is_found_too(station):
    administrator = a_user(Role.ADMINISTRATOR, branch=None)
    assert on_duty(Role.LIAISON, station, MONDAY) == [administrator]


@pytest.mark.parametrize("gone", [{"is_active": False}, {"email": ""}])
def test_who_left_or_has_no_address_never_counts_as_told(station, gone):
    left = a_user(Role.SUPERVISOR, branch=station, **gone)
    a_shift(left)
    there = a_user(Role.SUPERVISOR)
    assert on_duty(Role.SUPERVISOR, station, MONDAY) == [there]
    a_user(Role.ADMINISTRATOR, **gone)
    there.delete()
    assert on_duty(Role.SUPERVISOR, station, MONDAY) == []


def test_the_members_of_a_team_are_those_on_shift_and_without_any_shift_those_marked():
    team = a_team()
    marked, off = a_user(Role.INVESTIGATOR, team=team), a_user(Role.INVESTIGATOR, team=team, is_on_duty=False)
    assert list(of_team(team, MONDAY).people) == [marked]
    a_shift(off)
    assert list(of_team(team, MONDAY).people) == [off]
    assert (is_on(off, MONDAY), is_on(marked, MONDAY)) == (True, False)
    assert is_on(marked, MONDAY + 9 * HOUR)
    assert of_team(team, MONDAY, roles=[Role.AGENT]).people == ()


def test_working_is_having_a_shift():
    user = a_user(Role.SUPERVISOR)
    a_user(Role.SUPERVISOR)
    assert at_work(MONDAY) == set()
    a_shift(user)
    assert at_work(MONDAY) == {user.email}


def test_nobody_has_two_shifts_at_once():
    user = a_user(Role.SUPERVISOR)
    a_shift(user)
    with pytest.raises(IntegrityError), transaction.atomic():
        a_shift(user, start=MONDAY + 7 * HOUR)
    a_shift(user, start=MONDAY + 8 * HOUR)
    assert Duty.objects.count() == 2


def test_paths_go_up_to_the_root():
    assert upwards("a/b/c/") == ["a/b/c/", "a/b/", "a/"]
    assert (above("a/b/c/"), above("a/")) == ("a/b/", "a/")


def test_asking_a_roster_many_times_reads_it_once(station, django_assert_num_queries):
    a_shift(a_user(Role.SUPERVISOR, branch=station))
    with django_assert_num_queries(2):  # shifts and absences
        rota = Rota(station.path, MONDAY, MONDAY + 24 * HOUR)
        for hour in range(8):
            assert rota.who(Role.SUPERVISOR, MONDAY + hour * HOUR).found == Found.ROSTER
    with django_assert_num_queries(1):
        for hour in range(8, 24):
            assert rota.who(Role.SUPERVISOR, MONDAY + hour * HOUR).found == Found.MARKED
