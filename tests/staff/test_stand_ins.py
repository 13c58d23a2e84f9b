"""Who acts and who is told for somebody who is away: the chain ends, and somebody hears it whenever anybody can."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from staff import absences, duty
from staff.actors import Role
from staff.models import Absence, Duty
from staff.stand_ins import Away, acting_for, is_away, stand_in, told_for
from tests.at_once import at_once
from tests.factories import MONDAY, a_branch, a_user

PEOPLE = st.integers(0, 7)
DEPUTIES = st.dictionaries(PEOPLE, st.none() | PEOPLE, max_size=8)
ABLE = st.sets(PEOPLE)


@given(PEOPLE, DEPUTIES, ABLE)
def test_whoever_acts_is_there_and_able_and_whoever_is_there_acts_for_themselves(person, deputies, able):
    acting = stand_in(person, deputies, able.__contains__)
    assert acting is None or (acting in able and acting not in deputies)
    if person not in deputies:
        assert acting == (person if person in able else None)


@given(PEOPLE, DEPUTIES, st.lists(PEOPLE, max_size=4), ABLE)
def test_somebody_is_told_whenever_anybody_can_and_the_absent_only_when_all_are_away(person, deputies, others, able):
    told = told_for(person, deputies, lambda: others, able.__contains__)
    assert len(set(told)) == len(told)
    assert all(one in able for one in told)
    assert bool(told) or not acting_for([person, *others], deputies, able.__contains__)
    assert bool(told) or not any(one in able for one in [person, *others])
    if any(one in deputies for one in told):
        assert not any(one in able and one not in deputies for one in [person, *others])


def test_a_circle_and_a_deputy_who_is_away_without_one_lead_to_the_others():
    assert told_for("A", {"A": "B", "B": "A"}, lambda: ["S"], lambda one: True) == ("S",)
    assert told_for("A", {"A": "B", "B": None}, lambda: ["S"], lambda one: True) == ("S",)
    assert told_for("A", {"A": "B", "B": "C"}, lambda: ["S"], lambda one: True) == ("C",)
    assert told_for("A", {"A": None, "S": None}, lambda: ["S"], lambda one: True) == ("A", "S")


# the rows


def an_absence(user, *, start=MONDAY, days=5, **fields):
    ends_at = start + timedelta(days=days) if days else None
    return Absence.objects.create(user=user, starts_at=start, ends_at=ends_at, entered_at=MONDAY, **fields)


@pytest.fixture
def person(db):
    return a_user(Role.INVESTIGATOR)


BROKEN = {
    "absence_ends_after_it_starts": {"ends_at": MONDAY},
    "absence_kind_is_known": {"kind": "bored"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_absence(person, name):
    absence = an_absence(person)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        Absence.objects.filter(pk=absence.pk).update(**BROKEN[name])


def test_nobody_is_their_own_deputy(person):
    with pytest.raises(IntegrityError, match='"absence_deputy_is_somebody_else"'), transaction.atomic():
        an_absence(person, deputy=person)


def test_two_absences_of_one_person_never_overlap_but_one_that_was_taken_back_is_none(person):
    first = an_absence(person, days=None)
    with pytest.raises(IntegrityError, match='"absence_of_a_person_does_not_overlap"'), transaction.atomic():
        an_absence(person, start=MONDAY + timedelta(days=90))
    absences.cancel(first, MONDAY)
    an_absence(person)
    an_absence(person, start=MONDAY + timedelta(days=5))
    assert Absence.objects.standing().count() == 2


@pytest.mark.django_db(transaction=True)
def test_entered_ten_times_at_once_it_is_there_once():
    person = a_user(Role.INVESTIGATOR)

    def enter(number):
        try:
            absences.enter(Absence(user=person, starts_at=MONDAY, entered_at=MONDAY))
        except absences.OverlapsAbsence as clash:
            return clash.absence
        return None

    assert at_once(enter).count(None) == 1
    assert Absence.objects.count() == 1


def test_an_absence_without_an_end_lasts_until_it_is_ended(person):
    absence = an_absence(person, days=None)
    assert is_away(person, MONDAY + timedelta(days=400)) == absence
    assert is_away(person, MONDAY - timedelta(minutes=1)) is None
    absences.end(absence, MONDAY + timedelta(days=2))
    assert is_away(person, MONDAY + timedelta(days=2)) is None
    assert Away.between(MONDAY, MONDAY + timedelta(days=7)).of(person.pk, MONDAY + timedelta(days=1)) == absence


# who answers for a role


@pytest.mark.django_db
def test_the_deputy_answers_on_the_roster_and_works_the_shift():
    boss, deputy = a_user(Role.SUPERVISOR), a_user(Role.SUPERVISOR, is_on_duty=False)
    Duty.objects.create(
        user=boss, branch=a_branch(), role=boss.role, starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=8)
    )
    an_absence(boss, deputy=deputy)
    assert duty.on_duty(Role.SUPERVISOR, a_branch(), MONDAY) == [deputy]
    assert duty.at_work(MONDAY) == {deputy.email}


@pytest.mark.django_db
def test_without_a_deputy_the_next_of_the_role_answers_and_when_all_are_away_they_do_themselves():
    boss, other = a_user(Role.SUPERVISOR), a_user(Role.SUPERVISOR, is_on_duty=False)
    an_absence(boss)
    assert duty.on_duty(Role.SUPERVISOR, a_branch(), MONDAY) == [other]
    an_absence(other)
    assert duty.on_duty(Role.SUPERVISOR, a_branch(), MONDAY) == [boss]
    administrator = a_user(Role.ADMINISTRATOR)
    assert duty.on_duty(Role.SUPERVISOR, a_branch(), MONDAY) == [administrator]


@pytest.mark.django_db
def test_a_deputy_of_a_branch_that_does_not_see_the_complaint_does_not_answer():
    station = a_branch("station", parent=a_branch())
    boss, other = a_user(Role.SUPERVISOR), a_user(Role.SUPERVISOR, is_on_duty=False)
    an_absence(boss, deputy=a_user(Role.SUPERVISOR, branch=station))
    assert duty.on_duty(Role.SUPERVISOR, a_branch(), MONDAY) == [other]


# who may enter it


def test_people_enter_their_own_supervisors_those_below_them_administrators_all(person):
    station = a_branch("station", parent=a_branch())
    below, boss, admin = (
        a_user(Role.INVESTIGATOR, branch=station),
        a_user(Role.SUPERVISOR),
        a_user(Role.ADMINISTRATOR, branch=station),
    )
    little_boss = a_user(Role.SUPERVISOR, branch=station)
    for by, whom, may in [
        (person, person, True),
        (person, below, False),
        (boss, below, True),
        (boss, person, True),
        (little_boss, person, False),
        (admin, person, True),
    ]:
        assert absences.may_enter(by, whom) is may
        assert absences.entered_by(by).filter(pk=whom.pk).exists() is may


def test_a_deputy_sees_what_the_person_sees(person):
    station = a_branch("station", parent=a_branch())
    below, colleague = a_user(Role.INVESTIGATOR, branch=station), a_user(Role.LIAISON)
    a_user(Role.AGENT)
    handlers = (Role.INVESTIGATOR, Role.LIAISON)
    assert set(absences.could_deputise(person, roles=handlers)) == {colleague}
    assert set(absences.could_deputise(below, roles=handlers)) == {person, colleague}
