"""Sending costs a known number of statements, whichever way it comes, and leaves out nothing for it."""

from uuid import uuid4

import pytest

from channels_intake.drafts import KEY, MOST_DRAFTS
from channels_intake.models import InboundRecord, UnsentForm
from complaints.models import Complaint
from staff.actors import Role
from tests.api.test_complaints import SAID, URL, caller
from tests.channels_intake.test_desk_forms import filled
from tests.channels_intake.test_public_form import walk
from tests.factories import a_branch, a_complaint, a_team, a_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


def test_the_public_form(client, django_assert_num_queries):
    form_id = walk(client)
    with django_assert_num_queries(11):  # two of them begin and end what is a transaction outside of tests
        client.post(f"/complain/{form_id}/check/")
    record = InboundRecord.objects.get()
    assert record.complaint == Complaint.objects.get()
    assert not UnsentForm.objects.exists()


def test_the_api(django_assert_num_queries):
    client = caller()
    client.post(URL, SAID, format="json", headers={"Idempotency-Key": "crm-1"})
    with django_assert_num_queries(15):
        answer = client.post(URL, SAID, format="json", headers={"Idempotency-Key": "crm-2"})
    whole = client.get(f"{URL}{answer.json()['reference']}/").json()
    assert answer.json() == whole
    again = client.post(URL, SAID, format="json", headers={"Idempotency-Key": "crm-2"})
    assert (again.status_code, again.json()) == (200, whole)


def test_an_agent(client, django_assert_num_queries):
    client.force_login(a_user(Role.AGENT))
    client.post("/desk/new/phone/", filled("phone"))
    with django_assert_num_queries(12):
        client.post("/desk/new/phone/", filled("phone"))
    assert Complaint.objects.count() == 2


def test_a_note(client, django_assert_num_queries):
    complaint = a_complaint()
    client.force_login(a_user(Role.SUPERVISOR))
    client.post(f"/complaints/{complaint.reference}/moves/note/", {"note": "One."})
    with django_assert_num_queries(11):
        client.post(f"/complaints/{complaint.reference}/moves/note/", {"note": "Two."})
    assert complaint.events.filter(move="note").count() == 2


def test_what_was_sent_makes_room_before_what_is_being_written(client):
    sent = walk(client)
    client.post(f"/complain/{sent}/check/")
    begun = [walk(client, until="kind", form_id=uuid4()) for _ in range(MOST_DRAFTS)]
    assert set(client.session[KEY]) == {str(form_id) for form_id in begun}
    assert UnsentForm.objects.count() == MOST_DRAFTS
    walk(client, until="kind")
    assert UnsentForm.objects.count() == MOST_DRAFTS
    assert not UnsentForm.objects.filter(pk=begun[0]).exists()
