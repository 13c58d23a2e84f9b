"""Finding customers, and everything about one, through the pages."""

import pytest
from django.urls import reverse

from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def desk(client):
    client.force_login(a_user(Role.AGENT))
    client.cookies["language"] = "en"
    return client


def names(response) -> list[str]:
    return [customer.name for customer, _complaints in response.context["found"]]


@pytest.mark.parametrize("by", ["name", "phone", "account", "address"])
def test_a_customer_is_found_by_whatever_the_caller_says(desk, by):
    account = an_account(name="欧阳海燕", phone="138 0000 7777")
    other = an_account(name="王五").premise
    other.address = "南湖大道甲楼"
    other.save()
    said = {
        "name": "欧阳",
        "phone": "13800007777",
        "account": account.number,
        "address": account.premise.address,
    }
    assert names(desk.get("/customers/", {"q": said[by]})) == ["欧阳海燕"]


def test_nobody_found_is_said_kindly(desk):
    an_account()
    response = desk.get("/customers/", {"q": "没有这个人"})
    assert names(response) == []
    assert "Nobody found" in response.content.decode()


def test_the_list_costs_the_same_for_5_and_50(desk, django_assert_num_queries):
    def five_more(times):
        for _ in range(5 * times):
            an_account()

    five_more(1)
    desk.get("/customers/")
    with django_assert_num_queries(8):
        desk.get("/customers/")
    five_more(9)
    with django_assert_num_queries(8):
        desk.get("/customers/")


def test_one_customer_shows_accounts_and_the_complaints_one_may_see(desk):
    account = an_account(name="欧阳海燕", is_vulnerable=True, vulnerability="家中有呼吸机")
    ours = a_complaint(account=account, customer=account.customer)
    secret = a_complaint("SVC-14", account=account, customer=account.customer)
    body = desk.get(reverse("customers:customer", args=[account.customer.number])).content.decode()
    assert account.number in body
    assert "家中有呼吸机" in body
    assert ours.reference in body
    assert secret.reference not in body


def test_another_branchs_customer_does_not_exist(client):
    account = an_account()
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("county-c", parent=a_branch())))
    assert client.get(reverse("customers:customer", args=[account.customer.number])).status_code == 404
    assert names(client.get("/customers/", {"q": account.customer.name})) == []
