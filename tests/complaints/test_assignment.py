"""Within a team: whoever is on duty and has least gets it, by rule, in turn and never twice."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from complaints import assignment, claiming, workflow
from complaints.assignment import CLOSE, Candidate, choose, weight
from complaints.models import Complaint, Notice
from complaints.states import MOVES
from staff.actors import THE_CLOCK, Actor, Role
from staff.models import Duty, Team, TeamKind
from tests.at_once import at_once
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user, an_account

LATER = MONDAY + timedelta(hours=1)


@pytest.fixture
def team(profile):
    found = a_team(TeamKind.OUTAGE)
    Team.objects.filter(pk=found.pk).update(assigns_itself=True)
    found.refresh_from_db()
    return found


def a_member(team, **fields):
    return a_user(Role.INVESTIGATOR, team=team, **fields)


def dispatched(team, code="OUT-03", *, by=None, at=LATER, **fields):
    complaint = a_complaint(code, **fields)
    workflow.perform("dispatch", complaint, by=by or Actor.staff(a_user(Role.SUPERVISOR)), at=at, team=team)
    return complaint


def moves(complaint):
    return list(complaint.events.order_by("number").values_list("move", "role"))


# the pure rule

people = st.lists(
    st.builds(
        Candidate,
        key=st.integers(1, 50),
        load=st.floats(0, 60),
        count=st.integers(0, 12),
        last=st.none() | st.datetimes().map(lambda d: d.replace(tzinfo=MONDAY.tzinfo)),
        knows=st.booleans(),
        is_skilled=st.booleans(),
    ),
    unique_by=lambda one: one.key,
    max_size=8,
)


@given(people, st.none() | st.integers(1, 12), st.booleans())
def test_the_choice_is_never_over_the_cap_and_nearly_the_least(candidates, cap, is_urgent):
    chosen = choose(candidates, cap=cap, is_urgent=is_urgent)
    able = [one for one in candidates if one.is_skilled and (cap is None or one.count < cap)]
    if chosen is None:
        assert not able
        assert not (is_urgent and candidates)
    else:
        assert able or is_urgent
        pool = able or candidates
        least = min(one.load for one in pool)
        assert chosen in pool
        assert chosen.load == least or (chosen.knows and chosen.load <= least + CLOSE)
    assert choose(candidates[::-1], cap=cap, is_urgent=is_urgent) == chosen


@given(st.sampled_from([1, 2, 3, 4]), st.floats(-100, 200), st.floats(0, 100))
def test_what_is_due_sooner_or_matters_more_never_weighs_less(priority, hours, more):
    assert weight(priority, hours) >= weight(priority, hours + more)
    assert weight(priority, hours) >= weight(priority, None)
    assert weight(1, hours) >= weight(priority, hours)


def test_of_equals_whoever_was_given_one_longest_ago():
    early, late, never = Candidate(1, last=MONDAY), Candidate(2, last=LATER), Candidate(3)
    assert choose([early, late, never]) == never
    assert choose([late, early]) == early


# through the workflow


def test_dispatching_assigns_by_the_clock_and_says_why(team):
    busy, free = a_member(team), a_member(team)
    for _ in range(2):
        workflow.perform("assign", dispatched(team), by=THE_CLOCK, at=LATER, assignee=busy)
    Notice.objects.all().delete()
    complaint = dispatched(team)
    assert complaint.assignee == free
    assert moves(complaint)[-2:] == [("dispatch", "supervisor"), ("assign", "clock")]
    event = complaint.events.get(move="assign")
    assert event.details["note"] == f"{free.display_name} has 0 open, the least load of 2 on duty."
    assert Notice.objects.get(code="given").address == free.email


def test_a_team_that_does_not_assign_by_itself_leaves_it_to_people(team):
    Team.objects.update(assigns_itself=False)
    team.refresh_from_db()
    a_member(team)
    complaint = dispatched(team)
    assert complaint.assignee is None
    assert "assign" not in dict(moves(complaint))


def test_who_was_chosen_by_hand_keeps_it(team):
    chosen, _free = a_member(team), a_member(team)
    workflow.perform("dispatch", (first := a_complaint()), by=THE_CLOCK, at=LATER, team=team, assignee=chosen)
    workflow.perform("dispatch", (second := a_complaint()), by=THE_CLOCK, at=LATER, team=team, assignee=chosen)
    assert first.assignee == second.assignee == chosen
    assert "assign" not in dict(moves(second))


def test_a_transfer_assigns_in_the_new_team(team):
    other = a_team(TeamKind.SERVICE)
    Team.objects.filter(pk=other.pk).update(assigns_itself=True)
    other.refresh_from_db()
    a_member(team)
    theirs = a_member(other)
    complaint = dispatched(team)
    workflow.perform("transfer", complaint, by=Actor.staff(a_user(Role.SUPERVISOR)), at=LATER, team=other, reason="x")
    assert complaint.assignee == theirs


def test_nobody_on_duty_gets_nothing_and_the_roster_goes_before_the_mark(team):
    off = a_member(team, is_on_duty=False)
    assert dispatched(team).assignee is None
    marked = a_member(team)
    Duty.objects.create(
        user=off, branch=a_branch(), role=off.role, starts_at=MONDAY, ends_at=MONDAY + timedelta(hours=8)
    )
    assert dispatched(team).assignee == off
    assert dispatched(team, at=MONDAY + timedelta(hours=9)).assignee == marked


def test_nobody_above_the_cap_but_a_life_in_danger_goes_to_somebody(team):
    Team.objects.filter(pk=team.pk).update(cap=1)
    team.refresh_from_db()
    member = a_member(team)
    assert dispatched(team).assignee == member
    assert dispatched(team).assignee is None
    assert a_complaint("SAF-01", at=LATER).assignee == member


def test_skills_are_asked_for_where_somebody_has_said_them(team):
    a_member(team, skills=["BIL"])
    skilled = a_member(team, skills=["OUT", "VOL"])
    assert [dispatched(team).assignee for _ in range(3)] == [skilled] * 3


def test_who_knows_the_customer_gets_it_if_nearly_as_free(team):
    account = an_account()
    theirs = {"customer": account.customer, "account": account}
    first, second = a_member(team), a_member(team)
    before = dispatched(team, "OUT-06", priority=4, **theirs)
    knowing = before.assignee
    other = second if knowing == first else first
    again = dispatched(team, "OUT-06", priority=4, **theirs)
    assert again.assignee == knowing
    assert "knows this customer" in again.events.get(move="assign").details["note"]
    for _ in range(3):
        workflow.perform("assign", dispatched(team), by=THE_CLOCK, at=LATER, assignee=knowing)
    assert dispatched(team, "OUT-06", priority=4, **theirs).assignee == other


def test_a_report_of_wrongdoing_goes_to_nobody_who_may_not_see_it(team):
    a_member(team)
    assert dispatched(team, request_type="report").assignee is None


@pytest.mark.django_db(transaction=True)
def test_ten_at_once_are_spread_evenly(team):
    members = [a_member(team) for _ in range(3)]
    supervisor = Actor.staff(a_user(Role.SUPERVISOR))
    waiting = [a_complaint() for _ in range(10)]
    at_once(lambda n: workflow.perform("dispatch", waiting[n], by=supervisor, at=LATER, team=team))
    counts = sorted(Complaint.objects.filter(assignee=one).count() for one in members)
    assert counts == [3, 3, 4]


# the next one


@pytest.mark.django_db(transaction=True)
def test_ten_ask_for_the_next_at_once_and_nobody_gets_the_same(team):
    Team.objects.update(assigns_itself=False)
    team.refresh_from_db()
    waiting = [dispatched(team) for _ in range(4)]
    members = [a_member(team) for _ in range(10)]
    got = [one.pk for one in at_once(lambda n: claiming.claim_next(members[n], at=LATER)) if one]
    assert sorted(got) == sorted(one.pk for one in waiting)
    assert Complaint.objects.filter(pk__in=got, assignee__isnull=True).count() == 0
    assert {one.events.filter(move="assign").count() for one in waiting} == {1}


@pytest.fixture
def by_hand(team, client):
    client.cookies["language"] = "en"
    Team.objects.update(assigns_itself=False)
    team.refresh_from_db()
    return team


def test_the_button_gives_the_most_urgent_of_ones_own_team(client, by_hand):
    me = a_member(by_hand)
    client.force_login(me)
    ordinary, urgent = dispatched(by_hand, priority=3), dispatched(by_hand, priority=2)
    dispatched(a_team(TeamKind.SERVICE), priority=2)
    assert "Give me the next" in text_of(client.get("/desk/"))
    assert client.post("/desk/next/").url == urgent.get_absolute_url()
    assert client.post("/desk/next/").url == ordinary.get_absolute_url()
    assert "Nothing waits" in text_of(client.post("/desk/next/", follow=True))
    assert Complaint.objects.filter(assignee=me).count() == 2


@pytest.mark.parametrize("role", [Role.AGENT, Role.ANALYST, Role.ADMINISTRATOR])
def test_others_take_no_next(client, by_hand, role):
    client.force_login(a_user(role, team=by_hand))
    complaint = dispatched(by_hand)
    assert client.post("/desk/next/").status_code == 403
    assert "Give me the next" not in text_of(client.get("/desk/"))
    complaint.refresh_from_db()
    assert complaint.assignee is None
    assert "assign" in MOVES


def test_the_form_lists_people_with_their_load_and_proposes(client, by_hand):
    busy, free = a_member(by_hand), a_member(by_hand)
    workflow.perform("assign", dispatched(by_hand), by=THE_CLOCK, at=LATER, assignee=busy)
    Duty.objects.create(
        user=free, branch=a_branch(), role=free.role, starts_at=MONDAY - timedelta(days=900), ends_at=MONDAY + timedelta(days=900)
    )  # fmt: skip
    complaint = dispatched(by_hand)
    client.force_login(a_user(Role.SUPERVISOR))
    page = text_of(client.get(complaint.get_absolute_url() + "?move=assign"))
    assert f"{busy.display_name} · 1 open" in page
    assert f"{free.display_name} · 0 open" in page
    assert f"Proposed: {free.display_name}" in page


@pytest.mark.parametrize(("language", "label"), [("en", "Person"), ("zh-hans", "处理人")])
def test_the_form_asks_for_a_colleague_and_not_for_a_customer(client, by_hand, language, label):
    client.force_login(a_user(Role.SUPERVISOR, language=language))
    client.cookies["language"] = language
    page = client.get(dispatched(by_hand).get_absolute_url() + "?move=assign").content.decode()
    assert re.search(rf'<label[^>]* for="[^"]*assignee"[^>]*>\s*{label}', page)


# the page of a team


def test_the_page_shows_members_duty_and_load_and_switches(client, by_hand):
    member = a_member(by_hand)
    workflow.perform("assign", dispatched(by_hand), by=THE_CLOCK, at=LATER, assignee=member)
    client.force_login(a_user(Role.SUPERVISOR))
    address = reverse("complaints:team", args=[by_hand.code])
    page = text_of(client.get(address))
    assert member.display_name in page
    assert "1 open" in page
    assert by_hand.name in text_of(client.get("/desk/teams/"))
    typed = {"assigns_itself": "on", "cap": "5", f"skills-{member.pk}": ["OUT", "SAF"]}
    assert client.post(address, typed).status_code == 302
    by_hand.refresh_from_db()
    member.refresh_from_db()
    assert (by_hand.assigns_itself, by_hand.cap, member.skills) == (True, 5, ["OUT", "SAF"])
    assert client.post(address, {"cap": ""}).status_code == 302
    by_hand.refresh_from_db()
    member.refresh_from_db()
    assert (by_hand.assigns_itself, by_hand.cap, member.skills) == (False, None, [])


@pytest.mark.parametrize("wrong", [{"cap": "0"}, {"cap": "-3"}, {"cap": "many"}, {"cap": "1001"}])
def test_a_cap_that_makes_no_sense_changes_nothing(client, by_hand, wrong):
    client.force_login(a_user(Role.SUPERVISOR))
    answer = client.post(reverse("complaints:team", args=[by_hand.code]), {"assigns_itself": "on"} | wrong)
    assert answer.status_code == 422
    by_hand.refresh_from_db()
    assert (by_hand.assigns_itself, by_hand.cap) == (False, None)


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.LIAISON, Role.ANALYST])
def test_others_see_the_page_and_switch_nothing(client, by_hand, role):
    client.force_login(a_user(role))
    address = reverse("complaints:team", args=[by_hand.code])
    assert "How it assigns" not in text_of(client.get(address))
    assert client.post(address, {"assigns_itself": "on"}).status_code == 403
    by_hand.refresh_from_db()
    assert not by_hand.assigns_itself


def test_a_team_out_of_sight_is_not_there(client, by_hand):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("elsewhere")))
    assert client.get(reverse("complaints:team", args=[by_hand.code])).status_code == 404
    assert by_hand.name not in text_of(client.get("/desk/teams/"))


def test_proposing_writes_nothing(by_hand):
    member = a_member(by_hand)
    complaint = dispatched(by_hand)
    version = complaint.version
    proposal = assignment.propose(complaint, LATER)
    assert proposal is not None
    assert proposal.person == member
    complaint.refresh_from_db()
    assert (complaint.assignee, complaint.version) == (None, version)
