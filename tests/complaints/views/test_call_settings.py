"""The hours and days of asking are changed by who decides on call-backs, after looking at what they would do."""

import pytest
from django.urls import reverse

from complaints.models import DeskSettings
from staff.actors import Role
from tests.factories import a_user

pytestmark = [pytest.mark.usefixtures("profile"), pytest.mark.django_db]

TYPED = {"change_hours": "6", "link_hours": "48", "call_attempts": "2", "call_back_days": "10", "call_calendar": ""}


def address():
    return reverse("complaints:call-settings")


def numbers():
    return DeskSettings.objects.values_list(*TYPED).get()


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.ADMINISTRATOR])
def test_they_are_looked_at_then_changed_and_the_quotas_page_says_so(client, role):
    client.force_login(a_user(role))
    client.cookies["language"] = "en"
    DeskSettings.current()
    before = numbers()
    looked = client.post(address(), TYPED | {"look": "1"}).content.decode()
    assert "48 hours before somebody calls" in looked
    assert numbers() == before
    assert client.post(address(), TYPED).status_code == 302
    assert numbers() == (6, 48, 2, 10, "")
    assert "after 10 days the question is closed" in client.get(reverse("complaints:call-quotas")).content.decode()


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"change_hours": "169"}, "change_hours"),
        ({"link_hours": "0"}, "link_hours"),
        ({"link_hours": "240"}, "link_hours"),
        ({"call_attempts": "11"}, "call_attempts"),
        ({"call_back_days": ""}, "call_back_days"),
        ({"call_calendar": "nowhere"}, "call_calendar"),
    ],
)
def test_what_makes_no_sense_is_refused_and_stays_on_the_page(client, said, field):
    client.force_login(a_user(Role.SUPERVISOR))
    DeskSettings.current()
    before = numbers()
    response = client.post(address(), TYPED | said)
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert response.context["form"][field].value() == said[field]
    assert numbers() == before


def test_others_do_not_change_them(client):
    client.force_login(a_user(Role.AGENT))
    DeskSettings.current()
    before = numbers()
    assert client.post(address(), TYPED).status_code == 403
    assert numbers() == before
