"""Coaching because of a complaint: given, done, looked at again, reminded of once; and read by those whom it concerns."""

from datetime import timedelta
from html import unescape

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from complaints.models import CoachingAction, ConductFinding, ConductRule, Notice, StaffPart
from complaints.models.append_only import HistoryIsPermanent
from complaints.states import Status
from complaints.tasks import remind_of_actions
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring, everything_about
from tests.factories import MONDAY, a_branch, a_complaint, a_team, a_user

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture(autouse=True)
def english(client):
    client.cookies["language"] = "en"


def a_finding(**fields) -> ConductFinding:
    complaint = fields.pop("complaint", None) or bring(a_complaint("SVC-01"), Status.INVESTIGATING)
    said = {"verdict": "substantiated", "because": "录音", "rule": ConductRule.objects.get(code="no-6"), **fields}
    by = a_user(Role.INVESTIGATOR)
    return ConductFinding.objects.create(complaint=complaint, entered_by=by, entered_at=MONDAY, **said)


def an_action(*, due_in=3, **fields) -> CoachingAction:
    complaint = fields.pop("complaint", None) or a_finding().complaint
    return CoachingAction.objects.create(
        **{
            "complaint": complaint,
            "branch": complaint.branch,
            "kind": "refresher",
            "what": "文明用语复训",
            "person": a_user(Role.AGENT),
            "owner": a_user(Role.INVESTIGATOR),
            "due_on": timezone.localdate() + timedelta(days=due_in),
            "created_by": a_user(Role.INVESTIGATOR),
            **fields,
        }
    )


def give(client, complaint, role=Role.SUPERVISOR, **more):
    client.force_login(a_user(role))
    said = {
        "kind": "talk",
        "what": "谈话提醒",
        "owner": a_user(Role.INVESTIGATOR).pk,
        "due_on": str(timezone.localdate()),
    }
    return client.post(reverse("complaints:coaching-new", args=[complaint.reference]), said | more)


def page_of(action):
    return reverse("complaints:coaching-action", args=[action.pk])


def test_one_is_given_to_a_person_and_the_history_does_not_say_to_whom(client):
    complaint, team = a_finding().complaint, a_team("call_centre")
    person = a_user(Role.AGENT, team=team)
    assert give(client, complaint, person=person.pk).status_code == 302
    action = CoachingAction.objects.get()
    assert (action.person, action.team, action.branch) == (person, team, person.branch)
    event = complaint.events.latest("number")
    assert (event.move, event.details["part"]) == ("investigate", "coaching")
    assert person.full_name not in str(event.details)
    assert "谈话提醒" not in str(event.details)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"what": ""}, "what"),
        ({}, "person"),
        ({"owner": 0}, "owner"),
        ({"due_on": "2020-01-01"}, "due_on"),
        ({"check_on": "2020-01-01"}, "check_on"),
        ({"kind": "magic"}, "kind"),
    ],
)
def test_what_cannot_be_comes_back(client, wrong, field):
    complaint = a_finding().complaint
    before = everything_about(complaint)
    response = give(client, complaint, **wrong)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not CoachingAction.objects.exists()
    assert everything_about(complaint) == before


def test_nobody_sees_to_their_own_coaching(client):
    person = a_user(Role.INVESTIGATOR)
    response = give(client, a_finding().complaint, person=person.pk, owner=person.pk)
    assert "owner" in response.context["form"].errors
    assert not CoachingAction.objects.exists()


def test_coaching_follows_from_a_finding(client):
    complaint = bring(a_complaint("SVC-01"), Status.INVESTIGATING)
    assert give(client, complaint, team=a_team().pk).status_code == 422
    assert not CoachingAction.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.ANALYST, Role.ADMINISTRATOR])
def test_others_give_none(client, role):
    assert give(client, a_finding().complaint, role, team=a_team().pk).status_code == 403
    assert not CoachingAction.objects.exists()


def test_the_owner_says_that_it_is_done_once_and_then_whether_it_works(client):
    action = an_action(check_on=timezone.localdate() + timedelta(days=30))
    client.force_login(action.owner)
    assert action.what in client.get(reverse("complaints:coaching")).content.decode()
    assert client.post(page_of(action), {"result": ""}).status_code == 422
    assert client.post(page_of(action), {"result": "已培训，考核合格。"}).status_code == 302
    action.refresh_from_db()
    assert (action.done_by, action.result) == (action.owner, "已培训，考核合格。")
    assert action.what in client.get(reverse("complaints:coaching") + "?view=check").content.decode()
    assert client.post(page_of(action), {"effect": ""}).status_code == 422
    assert client.post(page_of(action), {"effect": "works", "effect_note": "三周无投诉"}).status_code == 302
    action.refresh_from_db()
    assert (action.effect, action.checked_by) == ("works", action.owner)
    assert action.what not in client.get(reverse("complaints:coaching") + "?view=check").content.decode()


def test_the_person_coached_reads_their_own_and_nothing_of_the_complaint_and_does_not_finish_it(client):
    action = an_action()
    client.force_login(action.person)
    page = unescape(client.get(page_of(action)).content.decode())
    assert action.what in page
    assert action.complaint.reference not in page
    assert action.complaint.contact_name not in page
    assert action.what in client.get(reverse("complaints:coaching")).content.decode()
    assert client.post(page_of(action), {"result": "我自己说完成了"}).status_code == 403
    action.refresh_from_db()
    assert action.done_at is None


def test_colleagues_do_not_read_whom_it_is_for_and_another_branch_sees_nothing(client):
    action = an_action()
    for user, status in {
        a_user(Role.AGENT): 404,
        a_user(Role.INVESTIGATOR): 404,
        a_user(Role.ANALYST): 404,
        a_user(Role.SUPERVISOR): 200,
        a_user(Role.ADMINISTRATOR): 200,
        a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())): 404,
        a_user(Role.SUPERVISOR, branch=None): 404,
    }.items():
        client.force_login(user)
        assert client.get(page_of(action)).status_code == status, user.role
    client.force_login(a_user(Role.INVESTIGATOR))
    page = unescape(client.get(reverse("complaints:investigation", args=[action.complaint.reference])).content.decode())
    assert "Refresher training" in page
    assert action.person.full_name not in page
    assert action.what not in page


def test_what_a_whole_team_learns_is_read_by_the_team(client):
    team = a_team()
    action = an_action(person=None, team=team)
    client.force_login(a_user(Role.AGENT, team=team))
    assert client.get(page_of(action)).status_code == 200


def test_what_is_overdue_is_listed_and_its_owner_reminded_once_without_a_name(client):
    late, due_today = an_action(due_in=-1), an_action(due_in=0)
    remind_of_actions()
    remind_of_actions()
    notice = Notice.objects.get(code="coaching_overdue")
    assert (notice.coaching, notice.address, notice.is_to_customer) == (late, late.owner.email, False)
    assert late.person.full_name not in notice.body
    assert late.what not in notice.body
    client.force_login(a_user(Role.SUPERVISOR))
    page = client.get(reverse("complaints:coaching") + "?view=overdue").content.decode()
    assert page_of(late) in page
    assert page_of(due_today) not in page


def test_where_the_owner_is_gone_another_supervisor_hears_it_than_the_one_coached():
    coached = a_user(Role.SUPERVISOR)
    other = a_user(Role.SUPERVISOR)
    late = an_action(due_in=-1, person=coached)
    late.owner.is_active = False
    late.owner.save()
    remind_of_actions()
    assert Notice.objects.get(code="coaching_overdue").address == other.email


@pytest.mark.django_db(transaction=True)
def test_many_workers_remind_once(profile):
    an_action(due_in=-1)
    at_once(lambda _number: remind_of_actions(), times=5)
    assert Notice.objects.filter(code="coaching_overdue").count() == 1


def test_the_list_costs_the_same_for_one_and_for_many(client, django_assert_num_queries):
    supervisor = a_user(Role.SUPERVISOR)
    client.force_login(supervisor)
    address = reverse("complaints:coaching") + "?view=team"
    complaint = an_action().complaint
    client.get(address)
    with django_assert_num_queries(11):
        client.get(address)
    for _ in range(10):
        an_action(complaint=complaint)
    with django_assert_num_queries(11):
        client.get(address)


# the database has the last word


BROKEN = {
    "coaching_kind_is_known": {"kind": "magic"},
    "coaching_is_for_somebody": {"person": None, "team": None},
    "coaching_is_done_by_somebody": {"done_at": MONDAY},
    "coaching_effect_is_said_once_done": {"effect": "works"},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_broken_coaching(name):
    action = an_action()
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        CoachingAction.objects.filter(pk=action.pk).update(**BROKEN[name])


def test_the_database_lets_nobody_own_their_coaching():
    action = an_action()
    with pytest.raises(IntegrityError, match='"coaching_is_owned_by_another"'), transaction.atomic():
        CoachingAction.objects.filter(pk=action.pk).update(owner=action.person)


BROKEN_FINDINGS = {
    "conduct_words_are_known": {"recording": "lost"},
    "conduct_verdict_says_why": {"because": ""},
    "apology_made_says_how_when_and_by_whom": {"apology": "made"},
    "measured_conduct_is_judged": {"measured": 30},
}


@pytest.mark.parametrize("name", BROKEN_FINDINGS)
def test_the_database_refuses_a_broken_finding(name):
    complaint = a_complaint("SVC-01")
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        a_finding(complaint=complaint, **BROKEN_FINDINGS[name])


def test_the_database_refuses_a_rule_that_limits_nothing_measured_and_a_part_by_the_person_named():
    with pytest.raises(IntegrityError, match='"rule_of_service_measures_what_it_limits"'), transaction.atomic():
        ConductRule.objects.filter(code="no-6").update(limit=3)
    user = a_user()
    with pytest.raises(IntegrityError, match='"staff_part_is_by_another"'), transaction.atomic():
        StaffPart.objects.create(complaint=a_complaint("SVC-01"), person=user, entered_by=user, entered_at=MONDAY)


def test_findings_and_what_concerns_the_employee_are_never_rewritten():
    finding = a_finding()
    part = StaffPart.objects.create(
        complaint=finding.complaint, statement="一", entered_by=finding.entered_by, entered_at=MONDAY
    )
    for row in (finding, part):
        with pytest.raises(HistoryIsPermanent):
            row.save()
        with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
            type(row).objects.filter(pk=row.pk).update(entered_at=MONDAY)
