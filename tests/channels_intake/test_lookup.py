"""People are found by what they say on the telephone, and only by staff who may see them."""

import pytest

from customers.models import Meter
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(profile):
    account = an_account(name="欧阳锋", phone="138 1234 5678")
    account.premise.address = "青山路 8 号"
    account.premise.save()
    Meter.objects.create(number="M9900123", account=account)
    return account


@pytest.mark.parametrize("said", ["欧阳", "1381234", "number", "M9900", "青山"])
def test_name_phone_account_meter_and_address_lead_to_the_person(client, account, said):
    client.force_login(a_user())
    q = account.number[:6] if said == "number" else said
    assert account.number in client.get("/customers/look-up/", {"q": q}).content.decode()


def test_one_character_finds_nobody(client, account):
    client.force_login(a_user())
    assert account.number not in client.get("/customers/look-up/", {"q": "欧"}).content.decode()


def test_people_of_another_branch_are_not_found(client, account):
    client.force_login(a_user(branch=a_branch("west", a_branch())))
    assert account.number not in client.get("/customers/look-up/", {"q": "欧阳"}).content.decode()
    assert account.number not in client.post("/desk/new/known/", {"account_number": account.number}).content.decode()


def test_open_complaints_are_counted_beside_the_name(client, account):
    a_complaint(customer=account.customer)
    client.force_login(a_user())
    assert [row.open_complaints for row in client.get("/customers/look-up/", {"q": "欧阳"}).context["found"]] == [1]


def test_strangers_look_nobody_up(client, account):
    assert client.get("/customers/look-up/", {"q": "欧阳"}).status_code == 302
