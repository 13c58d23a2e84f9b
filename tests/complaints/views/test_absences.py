"""The pages of absences: entering one with its consequences in sight, seeing who is away, and coming back."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from complaints import hand_over, tasks, workflow
from complaints.models import Complaint, HandOver
from staff.actors import THE_CLOCK, Role
from staff.models import Absence, Duty, TeamKind
from tests.complaints.views.pages import move_url, post, text_of
from tests.factories import a_branch, a_complaint, a_team, a_user

PAGE = "/desk/absences/"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def team(profile):
    return a_team(TeamKind.OUTAGE)


def named(name, team):
    user = a_user(Role.INVESTIGATOR, team=team)
    user.full_name = name
    user.save()
    return user


@pytest.fixture
def deputy(team):
    return named("Zhao Deputy", team)


def given_to(user):
    complaint = a_complaint(at=timezone.now() - HOUR)
    workflow.perform("dispatch", complaint, by=THE_CLOCK, team=a_team(TeamKind.OUTAGE), assignee=user)
    return complaint


def typed(person, deputy=None, **more):
    in_a_week = timezone.localtime(timezone.now() + 7 * DAY).strftime("%Y-%m-%dT%H:%M")
    return {
        "person": person.pk,
        "kind": "ill",
        "starts_at": "",
        "ends_at": in_a_week,
        "deputy": deputy.pk if deputy else "",
        "goes": "deputy" if deputy else "team",
        **more,
    }


def away(user, deputy=None, *, goes="deputy", start=-HOUR, days=5):
    now = timezone.now()
    absence = Absence(
        user=user,
        deputy=deputy,
        starts_at=now + start,
        ends_at=now + days * DAY,
        kind="ill",
        entered_by=user,
        entered_at=now,
    )
    return hand_over.enter(absence, HandOver(goes=goes))


def test_a_visitor_is_sent_to_the_sign_in(reader):
    assert reader.get(PAGE).status_code == 302


@pytest.mark.parametrize("role", Role.values)
def test_everybody_enters_their_own_and_sees_the_branch(reader, sign_in, role, deputy):
    away(deputy, goes="keep")
    me = sign_in(role)
    page = text_of(reader.get(PAGE))
    assert "Zhao Deputy" in page
    answer = reader.post(PAGE, typed(me, sure="1", goes="keep"), follow=True)
    assert answer.status_code == 200
    assert Absence.objects.get(user=me).entered_by == me
    assert "I am back" in text_of(answer)


def test_why_somebody_is_away_is_for_themselves_and_their_supervisor(reader, sign_in, deputy):
    absence = away(deputy, goes="keep")
    sign_in(Role.AGENT)
    for page in (PAGE, f"{PAGE}{absence.pk}/"):
        assert "· Ill" not in text_of(reader.get(page))
    sign_in(Role.SUPERVISOR)
    for page in (PAGE, f"{PAGE}{absence.pk}/"):
        assert "· Ill" in text_of(reader.get(page))


def test_it_says_what_would_move_and_moves_nothing_before_it_is_meant(reader, sign_in, team, deputy):
    me = sign_in(Role.INVESTIGATOR, team=team)
    soon, late = given_to(me), given_to(me)
    Complaint.objects.filter(pk=late.pk).update(next_due_at=timezone.now() + 30 * DAY)
    page = text_of(reader.post(PAGE, typed(me, deputy)))
    assert "2 open complaints go to Zhao Deputy." in page
    assert "1 of them is due during the absence." in page
    assert soon.reference in page
    assert not Absence.objects.exists()
    page = text_of(reader.post(PAGE, typed(me, deputy, keeps_later="on")))
    assert "1 open complaint goes to Zhao Deputy." in page
    assert "1 stays and waits." in page


def test_a_supervisor_enters_it_for_somebody_and_the_work_moves(reader, sign_in, team, deputy):
    sign_in(Role.SUPERVISOR)
    person = a_user(Role.INVESTIGATOR, team=team)
    complaint = given_to(person)
    answer = reader.post(PAGE, typed(person, deputy, sure="1"), follow=True)
    assert "1 open complaint goes to Zhao Deputy" in text_of(answer)
    tasks.hand_over_work()
    tasks.move_many()
    complaint.refresh_from_db()
    assert complaint.assignee == deputy
    page = text_of(reader.get(answer.request["PATH_INFO"]))
    assert complaint.reference in page
    assert "They are back" in page


WRONG = {
    "ends_at": ({"ends_at": "2020-01-01T08:00"}, "An absence ends after it begins."),
    "keeps": ({"ends_at": "", "keeps_later": "on"}, "Say until when"),
    "deputy": ({"goes": "deputy", "deputy": ""}, "Choose who takes the complaints over"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(reader, sign_in, team, deputy, what):
    me = sign_in(Role.INVESTIGATOR, team=team)
    more, words = WRONG[what]
    answer = reader.post(PAGE, typed(me, deputy, kind="training", sure="1") | more)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert '<option value="training" selected>' in text_of(answer)
    assert not Absence.objects.exists()


def test_a_second_absence_at_the_same_time_is_refused_with_the_first_named(reader, sign_in, team):
    me = sign_in(Role.INVESTIGATOR, team=team)
    away(me, goes="keep")
    answer = reader.post(PAGE, typed(me, sure="1"))
    assert answer.status_code == 422
    assert "is away then already" in text_of(answer)
    assert Absence.objects.count() == 1


def test_a_deputy_who_is_away_too_is_warned_of_before_it_is_meant(reader, sign_in, team, deputy):
    me = sign_in(Role.INVESTIGATOR, team=team)
    third = named("Third", team)
    away(deputy, third, goes="keep")
    page = text_of(reader.post(PAGE, typed(me, deputy)))
    assert "Zhao Deputy is away too" in page
    assert "Then Third stands in." in page
    Absence.objects.update(deputy=me)
    assert "Then the supervisors on duty are told." in text_of(reader.post(PAGE, typed(me, deputy)))


def test_nobody_enters_it_for_a_colleague_or_names_a_deputy_who_cannot_see_the_work(reader, sign_in, team, deputy):
    sign_in(Role.INVESTIGATOR, team=team)
    assert reader.post(PAGE, typed(deputy, sure="1")).status_code == 422
    sign_in(Role.SUPERVISOR)
    below = a_user(Role.INVESTIGATOR, branch=a_branch("station", parent=a_branch()))
    answer = reader.post(PAGE, typed(deputy, below, sure="1"))
    assert answer.status_code == 422
    assert "does not see all that Zhao Deputy works on" in text_of(answer)
    assert not Absence.objects.exists()


def test_an_absence_elsewhere_does_not_exist_and_one_of_a_colleague_is_not_mine_to_end(reader, sign_in, deputy):
    absence = away(deputy, goes="keep")
    sign_in(Role.SUPERVISOR, branch=a_branch("elsewhere"))
    assert reader.get(f"{PAGE}{absence.pk}/").status_code == 404
    assert reader.post(f"{PAGE}{absence.pk}/end/").status_code == 404
    sign_in(Role.AGENT)
    assert reader.post(f"{PAGE}{absence.pk}/end/").status_code == 403
    assert reader.post(f"{PAGE}{absence.pk}/cancel/").status_code == 403
    absence.refresh_from_db()
    assert absence.cancelled_at is None
    assert absence.ends_at > timezone.now()


def test_coming_back_early_one_sees_what_happened_and_takes_it_back(reader, sign_in, team, deputy):
    me = sign_in(Role.INVESTIGATOR, team=team)
    complaint = given_to(me)
    absence = away(me, deputy)
    tasks.hand_over_work()
    tasks.move_many()
    page = text_of(reader.post(f"{PAGE}{absence.pk}/end/", follow=True))
    assert "is back." in page
    assert "Take back those ticked" in page
    complaint.refresh_from_db()
    chosen = {"chosen": f"{complaint.reference}@{complaint.version}"}
    answer = reader.post(f"{PAGE}{absence.pk}/take-back/", chosen, follow=True)
    assert "1 complaint is back." in text_of(answer)
    complaint.refresh_from_db()
    assert complaint.assignee == me
    assert reader.post(f"{PAGE}{absence.pk}/end/").status_code == 409


def test_entered_by_mistake_it_is_taken_back(reader, sign_in, team, deputy):
    me = sign_in(Role.INVESTIGATOR, team=team)
    absence = away(me, deputy, start=DAY)
    page = text_of(reader.post(f"{PAGE}{absence.pk}/cancel/", follow=True))
    assert "taken back" in page
    assert reader.post(f"{PAGE}{absence.pk}/cancel/").status_code == 409
    away(me, deputy, start=DAY)


# the field that asks who shall have a complaint


def test_who_is_away_is_marked_and_given_it_only_by_who_means_it(reader, sign_in, team, deputy):
    sign_in(Role.SUPERVISOR)
    other = named("Other One", team)
    away(deputy, other, goes="keep")
    complaint = given_to(other)
    page = text_of(reader.get(f"{complaint.get_absolute_url()}?move=assign"))
    assert "Zhao Deputy · 0 open · away until" in page
    assert "deputy Other One" in page
    answer = post(reader, "assign", complaint, assignee=deputy.username)
    assert answer.status_code == 422
    assert "Zhao Deputy shall have it all the same" in text_of(answer)
    complaint.refresh_from_db()
    assert complaint.assignee == other
    post(reader, "assign", complaint, assignee=deputy.username, although_away="on")
    complaint.refresh_from_db()
    assert complaint.assignee == deputy
    assert move_url("assign", complaint)


def test_the_list_costs_the_same_for_few_and_many(reader, sign_in):
    sign_in(Role.SUPERVISOR)

    def cost():
        with CaptureQueriesContext(connection) as caught:
            reader.get(PAGE)
        return len(caught)

    away(a_user(Role.INVESTIGATOR), goes="keep")
    few = cost()
    for _ in range(10):
        away(a_user(Role.INVESTIGATOR), a_user(Role.INVESTIGATOR), goes="keep")
    assert cost() == few


# where else it shows


def test_the_complaint_the_team_and_the_roster_say_who_is_away(reader, sign_in, team, deputy):
    sign_in(Role.SUPERVISOR)
    other = named("Other One", team)
    away(deputy, other, goes="keep")
    complaint = given_to(deputy)
    Duty.objects.create(
        user=deputy, branch=deputy.branch, role=deputy.role, starts_at=timezone.now(), ends_at=timezone.now() + HOUR
    )
    for page in (complaint.get_absolute_url(), f"/desk/teams/{team.code}/", "/desk/roster/"):
        assert "deputy Other One" in text_of(reader.get(page))


# leaving for good


def test_nobody_leaves_with_open_complaints(reader, sign_in, team, deputy):
    sign_in(Role.SUPERVISOR)
    complaint = given_to(deputy)
    page = f"/desk/people/{deputy.username}/leave/"
    assert page in text_of(reader.get(f"/desk/teams/{team.code}/"))
    assert f"assignee={deputy.username}" in text_of(reader.get(page))
    answer = reader.post(page)
    assert answer.status_code == 409
    assert "Zhao Deputy has 1 open complaint. Hand it over first." in text_of(answer)
    deputy.refresh_from_db()
    assert deputy.is_active
    workflow.perform("unassign", complaint, by=THE_CLOCK)
    assert "Zhao Deputy has left." in text_of(reader.post(page, follow=True))
    deputy.refresh_from_db()
    assert not deputy.is_active


def test_only_those_who_answer_for_somebody_let_them_go(reader, sign_in, deputy):
    for role, fields in ((Role.INVESTIGATOR, {}), (Role.SUPERVISOR, {"branch": a_branch("elsewhere")})):
        sign_in(role, **fields)
        assert reader.post(f"/desk/people/{deputy.username}/leave/").status_code == 404
    deputy.refresh_from_db()
    assert deputy.is_active
