"""The same thing from ten threads, at the doors that people and programs press twice: one complaint, told to all ten."""

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from channels_intake.models import UnsentForm
from complaints.models import Complaint, Event, Notice
from staff.actors import Role
from tests.api.test_complaints import SAID, URL
from tests.at_once import at_once
from tests.channels_intake.test_desk_forms import CHANNELS, filled
from tests.channels_intake.test_public_form import photo, walk
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


def again(client):
    """Another tab of the same browser."""
    other = Client()
    other.cookies = client.cookies
    return other


def there_is_one():
    complaint = Complaint.objects.get()
    assert Event.objects.filter(move="register").count() == 1
    assert Notice.objects.filter(code="acknowledged").count() == 1
    assert complaint.clocks.filter(kind="dispatch").count() == 1
    return complaint


def test_the_public_form(client):
    form_id = walk(client, photos={"files": photo()})
    answers = at_once(lambda: again(client).post(f"/complain/{form_id}/check/").url)
    complaint = there_is_one()
    assert set(answers) == {f"/complain/received/{complaint.token}/"}
    assert complaint.attachments.count() == 1
    assert not UnsentForm.objects.exists()


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_desks_forms(client, channel):
    client.force_login(a_user(Role.LIAISON))
    typed = filled(channel)
    answers = at_once(lambda: again(client).post(f"/desk/new/{channel}/", typed).url)
    assert set(answers) == {f"/desk/registered/{there_is_one().reference}/"}


def test_a_program():
    token = Token.objects.create(user=a_user(Role.AGENT))
    headers = {"Authorization": f"Token {token.key}", "Idempotency-Key": "crm-1"}
    answers = at_once(lambda: Client().post(URL, SAID, content_type="application/json", headers=headers))
    reference = there_is_one().reference
    assert {answer.json()["reference"] for answer in answers} == {reference}
    assert {answer.status_code for answer in answers} <= {200, 201}


def test_programs_with_the_regulators_own_reference():
    """Ten systems hand over the same case under keys of their own."""
    token = Token.objects.create(user=a_user(Role.LIAISON))
    case = {
        **SAID, "channel": "regulator", "source": "12398", "source_reference": "NEA-77",
        "external_due_at": "2099-01-01T00:00:00+08:00",
    }  # fmt: skip
    keys = iter(range(10))

    def hand_over():
        headers = {"Authorization": f"Token {token.key}", "Idempotency-Key": f"system-{next(keys)}"}
        return Client().post(URL, case, content_type="application/json", headers=headers).json()["reference"]

    assert set(at_once(hand_over)) == {there_is_one().reference}
