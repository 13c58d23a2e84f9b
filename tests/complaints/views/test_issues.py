"""Service issues: opened, seen by those they concern, linked by a move, and marked as over."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints.models import Complaint, ServiceIssue
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import bring
from tests.complaints.views.pages import post, text_of
from tests.factories import MONDAY, a_branch, a_complaint, an_issue

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


def local(moment) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_opening_one(reader, sign_in):
    user = sign_in(Role.SUPERVISOR)
    assert reader.get(reverse("complaints:issue-new")).status_code == 200
    typed = {"kind": "fault", "title": "东郊变失电", "branch": user.branch_id, "started_at": local(MONDAY)}
    response = reader.post(reverse("complaints:issue-new"), typed)
    issue = ServiceIssue.objects.get()
    assert response.url == reverse("complaints:issue", args=[issue.pk])
    assert (issue.title, issue.started_at, issue.created_by) == ("东郊变失电", MONDAY, user)
    assert "东郊变失电" in text_of(reader.get(reverse("complaints:issues")))


@pytest.mark.parametrize(
    "wrong", [{"title": ""}, {"started_at": "2027-01-01T00:00"}, {"started_at": "soon"}, {"branch": 0}]
)
def test_what_cannot_be_is_not_opened(reader, sign_in, wrong):
    user = sign_in(Role.SUPERVISOR)
    typed = {"kind": "fault", "title": "东郊变失电", "branch": user.branch_id, "started_at": local(MONDAY), **wrong}
    response = reader.post(reverse("complaints:issue-new"), typed)
    assert response.status_code == 422
    assert "error-summary" in text_of(response)
    assert not ServiceIssue.objects.exists()


def test_another_branchs_issue_does_not_exist(reader, sign_in):
    issue = an_issue()
    sign_in(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch()))
    assert issue.title not in text_of(reader.get(reverse("complaints:issues")))
    assert reader.get(reverse("complaints:issue", args=[issue.pk])).status_code == 404
    assert (
        reader.post(reverse("complaints:issue-restored", args=[issue.pk]), {"restored_at": local(MONDAY)}).status_code
        == 404
    )
    issue.refresh_from_db()
    assert issue.restored_at is None


def test_complaints_are_linked_and_detached_by_moves(reader, sign_in):
    issue, complaint = an_issue(), bring(a_complaint(), Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    url = reverse("complaints:issue", args=[issue.pk])
    assert post(reader, "link", complaint, service_issue=issue.pk).status_code == 302
    assert complaint.reference in text_of(reader.get(url))
    complaint = Complaint.objects.get(pk=complaint.pk)
    assert issue.title in text_of(reader.get(complaint.get_absolute_url()))
    assert post(reader, "detach", complaint).status_code == 302
    assert complaint.reference not in text_of(reader.get(url))


def test_marking_as_restored(reader, sign_in):
    issue = an_issue()
    sign_in(Role.SUPERVISOR)
    end = MONDAY + timedelta(minutes=5)
    response = reader.post(reverse("complaints:issue-restored", args=[issue.pk]), {"restored_at": local(end)})
    assert response.status_code == 302
    issue.refresh_from_db()
    assert issue.restored_at == end
    assert issue.title not in text_of(reader.get(reverse("complaints:issues")))
    assert issue.title in text_of(reader.get(reverse("complaints:issues"), {"view": "past"}))


@pytest.mark.parametrize("wrong", [MONDAY - timedelta(hours=1), MONDAY + timedelta(days=1)])
def test_it_ends_neither_before_it_began_nor_in_the_future(reader, sign_in, wrong):
    issue = an_issue()
    sign_in(Role.SUPERVISOR)
    response = reader.post(reverse("complaints:issue-restored", args=[issue.pk]), {"restored_at": local(wrong)})
    assert response.status_code == 422
    issue.refresh_from_db()
    assert issue.restored_at is None


def test_the_list_costs_the_same_for_many(reader, sign_in, django_assert_max_num_queries):
    sign_in(Role.SUPERVISOR)
    an_issue()
    reader.get(reverse("complaints:issues"))
    with django_assert_max_num_queries(9) as few:
        reader.get(reverse("complaints:issues"))
    for number in range(20):
        an_issue(title=f"{number}")
    with django_assert_max_num_queries(9) as many:
        reader.get(reverse("complaints:issues"))
    assert len(few.captured_queries) == len(many.captured_queries)
