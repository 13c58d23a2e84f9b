"""A complaint finds its customer later: by number, phone or name, once it is one person whom the desk may see."""

import pytest

from customers.models import Customer
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.AGENT))
    client.cookies["language"] = "en"
    return client


def match(client, complaint, **said):
    return client.post(f"/complaints/{complaint.reference}/moves/match/", {"seen": complaint.version, **said})


@pytest.mark.parametrize("by", ["account", "phone", "name", "customer"])
def test_an_unmatched_complaint_is_matched_from_its_page(desk, by):
    account = an_account(name="欧阳海燕", phone="13800007777", is_vulnerable=True)
    an_account(name="欧阳海燕北")
    complaint = a_complaint()
    assert "Not matched to a customer" in desk.get(complaint.get_absolute_url()).content.decode()
    said = {
        "account": account.number,
        "phone": "138 0000 7777",
        "name": "欧阳海燕",
        "customer": account.customer.number,
    }
    assert match(desk, complaint, customer=said[by]).status_code == 302
    complaint.refresh_from_db()
    assert (complaint.customer, complaint.account) == (account.customer, account)
    assert complaint.premise == account.premise
    assert complaint.transformer_area == account.premise.transformer_area
    assert "vulnerable" in complaint.flags
    body = desk.get(complaint.get_absolute_url()).content.decode()
    assert f"Matched to 欧阳海燕, account {account.number}" in body
    assert "Not matched" not in body


@pytest.mark.parametrize(("said", "why"), [("没有这个人", "Nobody is found"), ("王伟", "Several are meant"), ("", "")])
def test_nobody_and_several_are_said_beside_the_field_and_change_nothing(desk, said, why):
    an_account(name="王伟"), an_account(name="王伟")
    complaint = a_complaint()
    answer = match(desk, complaint, customer=said)
    assert answer.status_code == 422
    assert why in answer.content.decode()
    complaint.refresh_from_db()
    assert (complaint.customer, complaint.events.count()) == (None, 1)


def test_another_customers_account_and_another_branchs_customer_are_refused(desk):
    one, other = an_account(name="王伟"), an_account(name="李四")
    far = an_account(name="赵六", branch=a_branch("west", a_branch()))
    complaint = a_complaint()
    assert match(desk, complaint, customer="王伟", account=other.number).status_code == 409
    desk.force_login(a_user(Role.AGENT, branch=a_branch("east", a_branch())))
    assert match(desk, complaint, customer=far.number).status_code == 404
    complaint.refresh_from_db()
    assert complaint.customer is None
    assert one


def test_an_anonymous_complaint_stays_anonymous(desk):
    an_account(name="王伟")
    complaint = a_complaint(is_anonymous=True, contact_phone="", contact_name="")
    assert match(desk, complaint, customer="王伟").status_code == 409
    complaint.refresh_from_db()
    assert complaint.customer is None
    assert Customer.objects.count() == 1
