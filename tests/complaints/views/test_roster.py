"""The roster page: who works when, who hears what nobody covers, and who may change it."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from staff.actors import Role
from staff.models import Duty
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_branch, a_user

ROSTER = "/desk/roster/"
THIS_WEEK = "2026-03-02"
pytestmark = pytest.mark.usefixtures("monday_morning")


@pytest.fixture
def station():
    return a_branch("station", parent=a_branch("county", parent=a_branch()))


def a_shift(user, branch=None, *, start=MONDAY, hours=8, role=None):
    return Duty.objects.create(
        user=user, branch=branch or user.branch, role=role or user.role, starts_at=start, ends_at=start + timedelta(hours=hours)
    )  # fmt: skip


def typed(person, start="2026-03-03T08:30", end="2026-03-03T17:30", **more):
    return {"person": person.pk, "role": "", "starts_at": start, "ends_at": end, **more}


def at(branch, week=THIS_WEEK):
    return f"{ROSTER}?branch={branch.code}&week={week}"


def test_a_visitor_is_sent_to_the_sign_in(reader):
    assert reader.get(ROSTER).status_code == 302


@pytest.mark.parametrize("role", Role.values)
def test_everybody_at_the_desk_sees_it(reader, sign_in, role):
    user = sign_in(role)
    page = text_of(reader.get(at(user.branch)))
    assert "On duty now" in page
    assert ("Put on the roster" in page) == (role in (Role.SUPERVISOR, Role.ADMINISTRATOR))


def test_who_belongs_to_no_branch_is_told_so_and_an_administrator_without_one_sees_all(reader, sign_in, station):
    sign_in(Role.AGENT, branch=None)
    assert "You belong to no branch" in text_of(reader.get(ROSTER))
    sign_in(Role.ADMINISTRATOR, branch=None)
    assert "Put on the roster" in text_of(reader.get(at(station)))


def test_a_shift_is_entered_in_the_persons_own_role_and_shown_with_the_gaps_around_it(reader, sign_in, station):
    boss = sign_in()
    person = a_user(Role.SUPERVISOR, branch=station)
    answer = reader.post(at(station), typed(person), follow=True)
    shift = Duty.objects.get()
    assert (shift.user, shift.branch, shift.role, shift.entered_by) == (person, station, Role.SUPERVISOR, boss)
    assert shift.ends_at - shift.starts_at == timedelta(hours=9)
    page = text_of(answer)
    assert "08:30–17:30" in page
    assert "00:00–08:30" in page
    assert "17:30–24:00" in page


def test_a_gap_says_who_hears_alarms_in_it_and_changes_where_the_branch_above_changes(reader, sign_in, station):
    sign_in()
    night, by_day = a_user(Role.SUPERVISOR, branch=station.parent), a_user(Role.SUPERVISOR, branch=station)
    a_shift(by_day, hours=9)
    a_shift(night, start=MONDAY + timedelta(hours=9), hours=4)
    page = " ".join(text_of(reader.get(at(station))).split())
    assert by_day.display_name in page
    assert f'18:00–22:00</span> <span>nobody</span> <span class="small">→ {night.display_name}' in page
    assert "on the roster of county Power" in page


def test_overlapping_shifts_are_refused_with_a_sentence_and_what_was_typed_stays(reader, sign_in):
    person = sign_in()
    a_shift(person, start=MONDAY + timedelta(days=1))
    answer = reader.post(at(person.branch), typed(person, start="2026-03-03T10:00", end="2026-03-03T20:00"))
    assert answer.status_code == 422
    assert "is already on duty then" in text_of(answer)
    assert "2026-03-03T20:00" in text_of(answer)
    assert Duty.objects.count() == 1


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"end": "2026-03-03T08:00"}, "ends after it begins"),
        ({"end": "2026-05-03T08:00"}, "longer than a month"),
        ({"start": "2026-03-01T08:00", "end": "2026-03-01T16:00"}, "over already"),
        ({"role": "king"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_a_shift_is_refused(reader, sign_in, wrong, words):
    person = sign_in()
    answer = reader.post(at(person.branch), typed(person, **wrong))
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not Duty.objects.exists()


@pytest.mark.parametrize("unfit", [{"email": ""}, {"is_active": False}])
def test_who_cannot_be_told_or_may_not_see_the_branch_is_not_offered(reader, sign_in, station, unfit):
    user = sign_in()
    below = a_user(Role.SUPERVISOR, branch=station)
    gone = a_user(Role.SUPERVISOR, **unfit)
    for person in (below, gone):
        assert reader.post(at(user.branch), typed(person)).status_code == 422
    assert not Duty.objects.exists()


@pytest.mark.parametrize("role", sorted(set(Role.values) - {Role.SUPERVISOR, Role.ADMINISTRATOR}))
def test_nobody_else_plans(reader, sign_in, role):
    user = sign_in(role)
    shift = a_shift(user, start=MONDAY + timedelta(days=1))
    assert (
        reader.post(at(user.branch), typed(user, start="2026-03-05T08:00", end="2026-03-05T09:00")).status_code == 403
    )
    assert reader.post(reverse("complaints:roster-copy") + f"?branch=company&week={THIS_WEEK}").status_code == 403
    assert reader.post(reverse("complaints:roster-remove", args=[shift.pk])).status_code == 403
    assert list(Duty.objects.all()) == [shift]


def test_a_supervisor_looks_up_but_plans_only_downwards(reader, sign_in, station):
    user = sign_in(branch=station.parent)
    above = a_shift(a_user(Role.SUPERVISOR), start=MONDAY + timedelta(days=1))
    beside = a_branch("beside", parent=station.parent.parent)
    assert reader.get(at(station)).status_code == 200
    page = reader.get(at(station.parent.parent))
    assert page.status_code == 200
    assert "Put on the roster" not in text_of(page)
    assert reader.post(at(station.parent.parent), typed(above.user)).status_code == 403
    assert reader.post(reverse("complaints:roster-remove", args=[above.pk])).status_code == 403
    assert reader.get(at(beside)).status_code == 404
    assert reader.post(at(station), typed(user)).status_code == 302
    assert Duty.objects.count() == 2


def test_a_shift_to_come_is_removed_one_going_on_ends_and_one_that_is_over_stays(reader, sign_in):
    user = sign_in()
    over = a_shift(user, start=MONDAY - timedelta(days=1))
    going_on = a_shift(user)
    to_come = a_shift(user, start=MONDAY + timedelta(days=1))
    for shift in (over, going_on, to_come):
        assert reader.post(reverse("complaints:roster-remove", args=[shift.pk])).status_code == 302
    going_on.refresh_from_db()
    assert going_on.ends_at - MONDAY < timedelta(minutes=11)
    assert list(Duty.objects.all()) == [over, going_on]


def test_copying_a_week_repeats_it_and_names_what_it_leaves_out(reader, sign_in):
    user = sign_in()
    busy, left = a_user(Role.LIAISON), a_user(Role.SUPERVISOR, is_active=False)
    a_shift(user, hours=12)
    a_shift(busy)
    a_shift(busy, start=MONDAY + timedelta(days=7, hours=4))
    a_shift(left)
    answer = reader.post(reverse("complaints:roster-copy") + f"?branch=company&week={THIS_WEEK}", follow=True)
    page = text_of(answer)
    assert "1 shift was copied" in page
    assert busy.display_name in page
    assert left.display_name in page
    copied = Duty.objects.get(user=user, starts_at=MONDAY + timedelta(days=7))
    assert copied.ends_at - copied.starts_at == timedelta(hours=12)
    assert Duty.objects.count() == 5
    again = reader.post(reverse("complaints:roster-copy") + f"?branch=company&week={THIS_WEEK}", follow=True)
    assert Duty.objects.count() == 5
    assert "Left out" in text_of(again)


@pytest.mark.parametrize("week", ["", "yesterday", "2026-99-99", "0001-01-01", "9999-12-31"])
def test_a_mangled_week_is_this_week(reader, sign_in, week):
    user = sign_in()
    assert "2026-03-02" in text_of(reader.get(at(user.branch, week)))


def test_a_full_week_costs_no_more_queries_than_an_empty_one(reader, sign_in, station):
    user = sign_in()
    reader.get(at(station))
    with CaptureQueriesContext(connection) as empty:
        reader.get(at(station))
    for day in range(7):
        for branch in (station, station.parent, user.branch):
            for role in (Role.SUPERVISOR, Role.LIAISON, Role.INVESTIGATOR):
                a_shift(a_user(role, branch=branch), start=MONDAY + timedelta(days=day))
    with CaptureQueriesContext(connection) as full:
        assert reader.get(at(station)).status_code == 200
    assert len(full) <= len(empty) <= 25


def test_the_what_if_page_says_who_is_on_duty(reader, sign_in):
    user = sign_in()
    a_shift(user)
    page = text_of(reader.get(reverse("complaints:deadlines")))
    assert "On duty now" in page
    assert "on the roster of company Power" in page
