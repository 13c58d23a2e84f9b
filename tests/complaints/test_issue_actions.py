"""Actions on a service issue: decided, done by their owner, and reminded of once when their day has passed."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints.models import IssueAction, Notice
from complaints.tasks import remind_of_actions
from staff.actors import Role
from tests.at_once import at_once
from tests.factories import a_branch, a_cause, a_user, an_issue

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture(autouse=True)
def english(client):
    client.cookies["language"] = "en"


def an_action(owner=None, *, due_in=3, **fields) -> IssueAction:
    owner = owner or a_user(Role.INVESTIGATOR)
    return IssueAction.objects.create(
        **{
            "issue": an_issue(),
            "kind": "preventive",
            "what": "更换老化熔断器",
            "owner": owner,
            "due_on": timezone.localdate() + timedelta(days=due_in),
            "created_by": owner,
            **fields,
        }
    )


def give(client, issue, role=Role.SUPERVISOR, **more):
    client.force_login(a_user(role))
    owner = a_user(Role.INVESTIGATOR)
    said = {"kind": "corrective", "what": "清理树障", "owner": owner.pk, "due_on": str(timezone.localdate()), **more}
    return client.post(reverse("complaints:issue-action-new", args=[issue.pk]), said)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.INVESTIGATOR, Role.ADMINISTRATOR])
def test_one_is_decided_and_stands_on_the_issues_page(client, role):
    issue = an_issue()
    assert give(client, issue, role, root_cause=a_cause().code).status_code == 302
    action = IssueAction.objects.get()
    assert (action.issue, action.what, action.root_cause) == (issue, "清理树障", a_cause())
    assert "清理树障" in client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()


@pytest.mark.parametrize("wrong", [{"what": ""}, {"owner": 0}, {"due_on": "2020-01-01"}, {"kind": "magic"}])
def test_what_cannot_be_comes_back(client, wrong):
    assert give(client, an_issue(), **wrong).status_code == 422
    assert not IssueAction.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.LIAISON, Role.ANALYST])
def test_others_decide_on_none(client, role):
    assert give(client, an_issue(), role).status_code == 403
    assert not IssueAction.objects.exists()


def test_the_owner_finds_it_and_says_that_it_is_done_once(client):
    action = an_action()
    client.force_login(action.owner)
    assert action.what in client.get(reverse("complaints:issue-actions")).content.decode()
    url = reverse("complaints:issue-action", args=[action.pk])
    assert client.post(url, {"note": ""}).status_code == 422
    assert client.post(url, {"note": "已全部更换。"}).status_code == 302
    action.refresh_from_db()
    assert (action.done_by, action.note) == (action.owner, "已全部更换。")
    client.post(url, {"note": "又一次"})
    action.refresh_from_db()
    assert action.note == "已全部更换。"
    assert action.what not in client.get(reverse("complaints:issue-actions")).content.decode()
    assert "已全部更换。" in client.get(url).content.decode()


def test_somebody_else_does_not_say_so_and_another_branch_does_not_see_it(client):
    action = an_action()
    url = reverse("complaints:issue-action", args=[action.pk])
    client.force_login(a_user(Role.AGENT))
    assert client.post(url, {"note": "x"}).status_code == 403
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert client.get(url).status_code == 404
    action.refresh_from_db()
    assert action.done_at is None


def test_what_is_overdue_is_listed_and_its_owner_reminded_once(client):
    late, due_today, done = an_action(due_in=-1), an_action(due_in=0), an_action(due_in=-1)
    IssueAction.objects.filter(pk=done.pk).update(done_at=timezone.now(), done_by=done.owner)
    remind_of_actions()
    remind_of_actions()
    notice = Notice.objects.get()
    assert (notice.action, notice.address, notice.is_to_customer) == (late, late.owner.email, False)
    assert late.what in notice.body
    client.force_login(a_user(Role.SUPERVISOR))
    page = client.get(reverse("complaints:issue-actions") + "?view=overdue").content.decode()
    assert f"/issues/actions/{late.pk}/" in page
    assert f"/issues/actions/{due_today.pk}/" not in page


def test_where_the_owner_is_gone_a_supervisor_hears_it():
    supervisor = a_user(Role.SUPERVISOR)
    late = an_action(due_in=-1)
    late.owner.is_active = False
    late.owner.save()
    remind_of_actions()
    assert Notice.objects.get().address == supervisor.email


@pytest.mark.django_db(transaction=True)
def test_many_workers_remind_once(profile):
    an_action(due_in=-1)
    at_once(lambda _number: remind_of_actions(), times=5)
    assert Notice.objects.count() == 1
