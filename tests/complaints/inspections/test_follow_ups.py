"""A mended hazard is looked at again: as an inspection of its own, whose result the complaint follows."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints import workflow
from complaints.investigation import safety
from complaints.models import Inspection, SafetyFinding
from complaints.refusals import MoveRefused
from complaints.states import Status
from complaints.tasks import remind_of_inspections
from staff.actors import Role
from tests.complaints.inspections.things import record, today
from tests.complaints.test_moves import bring, everything_about
from tests.factories import a_complaint, a_user, an_actor, an_answer

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

NOT_IN_ORDER = {"result": "not_in_order", "note": "接头又烧红"}


@pytest.fixture
def crew(client):
    client.force_login(a_user(Role.SUPERVISOR))
    client.cookies["language"] = "en"
    return client


def mend(complaint, *, days_ago=0, by=None, **said):
    finding = complaint.safety_findings.first() or SafetyFinding(complaint=complaint)
    seen = finding.pk
    fields = {"grade": "II", "measure": "换线", "mended_on": today() - timedelta(days=days_ago), **said}
    for name, value in fields.items():
        setattr(finding, name, value)
    return safety.save(finding, by=by or a_user(Role.INVESTIGATOR), seen=seen)


@pytest.fixture
def mended():
    complaint = bring(a_complaint("SAF-05"), Status.INVESTIGATING)
    mend(complaint)
    return complaint


def answered(complaint):
    """Resolved, and closed by the customer."""
    if complaint.contacted_at is None:
        workflow.perform("contact", complaint, by=an_actor(Role.SUPERVISOR), reached=True, method="phone", note="x")
    workflow.perform("restore", complaint, by=an_actor(Role.SUPERVISOR))
    workflow.perform("resolve", complaint, by=an_actor(Role.SUPERVISOR), **an_answer())
    workflow.perform("close", complaint, by=an_actor(Role.SUPERVISOR))
    return complaint


def test_mending_makes_a_follow_up_that_stands_in_the_list_and_on_the_complaint(crew, mended):
    follow_up = mended.inspections.get()
    assert (follow_up.purpose, follow_up.due_on, follow_up.team) == (
        "follow_up",
        today() + timedelta(days=30),
        mended.team,
    )
    rows = crew.get(reverse("complaints:inspections"), {"view": "open"}).context["rows"]
    assert list(rows) == [follow_up]
    page = crew.get(mended.get_absolute_url()).content.decode()
    assert reverse("complaints:inspection", args=[follow_up.pk]) in page


def test_findings_said_again_leave_it_alone_and_another_day_moves_it(mended):
    mend(mended, owner="utility")
    follow_up = mended.inspections.get()
    mend(mended, days_ago=3)
    moved = mended.inspections.get()
    assert moved.pk == follow_up.pk
    assert moved.due_on == today() + timedelta(days=27)


def test_not_mended_after_all_it_is_cancelled_with_the_reason(mended):
    mend(mended, mended_on=None)
    follow_up = mended.inspections.get()
    assert (follow_up.state, follow_up.cancelled_because) == ("cancelled", "The hazard is no longer said to be mended.")
    mend(mended)
    assert mended.inspections.open().count() == 1


def test_in_order_is_noted_on_the_complaint_also_when_it_is_closed(crew, mended):
    answered(mended)
    assert record(crew, mended.inspections.get(), note="牢固").status_code == 302
    mended.refresh_from_db()
    finding = mended.safety_findings.first()
    assert (mended.status, finding.inspected_on, finding.inspection_result) == ("closed", today(), "牢固")
    assert "牢固" in str(mended.events.latest("number").details)
    assert "Mended and inspected again." in crew.get(mended.get_absolute_url()).content.decode()
    assert not mended.inspections.open().exists()


@pytest.mark.parametrize("is_closed", [True, False])
def test_not_in_order_opens_the_complaint_again(crew, mended, is_closed):
    if is_closed:
        answered(mended)
    assert record(crew, mended.inspections.get(), **NOT_IN_ORDER).status_code == 302
    mended.refresh_from_db()
    finding = mended.safety_findings.first()
    assert (mended.status, finding.mended_on) == ("investigating", None)
    assert ("reopen" in mended.events.values_list("move", flat=True)) == is_closed
    mend(mended)
    again = mended.inspections.open().get()
    assert (again.due_on, mended.safety_findings.first().inspected_on) == (today() + timedelta(days=30), None)


def test_not_in_order_opens_it_again_however_long_it_is_closed(crew, mended):
    answered(mended)
    type(mended).objects.filter(pk=mended.pk).update(closed_at=timezone.now() - timedelta(days=90))
    record(crew, mended.inspections.get(), **NOT_IN_ORDER)
    mended.refresh_from_db()
    assert mended.status == "investigating"


def test_a_follow_up_without_words_is_refused_and_changes_nothing(crew, mended):
    before = everything_about(mended)
    assert record(crew, mended.inspections.get(), note="").status_code == 422
    assert mended.inspections.get().state == "open"
    assert everything_about(mended) == before


def test_a_follow_up_is_moved_but_never_cancelled(crew, mended):
    follow_up = mended.inspections.get()
    assert crew.post(reverse("complaints:inspection-cancel", args=[follow_up.pk]), {"why": "x"}).status_code == 409
    assert mended.inspections.get().state == "open"


def test_an_overdue_follow_up_is_reminded_of_and_stands_out_on_the_complaint(crew, mended):
    workflow.perform("restore", mended, by=an_actor(Role.SUPERVISOR))
    Inspection.objects.update(due_on=today() - timedelta(days=1))
    remind_of_inspections()
    assert mended.inspections.get().notices.count() == 1
    assert "the follow-up inspection is overdue" in crew.get(mended.get_absolute_url()).content.decode()


def test_only_a_hazard_found_again_reopens_by_itself(mended):
    answered(mended)
    before = everything_about(mended)
    with pytest.raises(MoveRefused):
        workflow.perform("reopen", mended, by=an_actor(Role.INVESTIGATOR), reason="x")
    assert everything_about(mended) == before
