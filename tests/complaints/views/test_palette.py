"""The command palette: what a few letters offer, and to whom."""

import pytest
from django.utils import timezone

from complaints.models import SavedView
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def ask(client):
    client.cookies["language"] = "en"

    def ask(text, at="", status=200):
        response = client.get("/desk/palette/", {"q": text, "at": at})
        assert response.status_code == status
        return {group: [hit.url for hit in hits] for group, hits in response.context["groups"]}

    return ask


def new(**fields):
    return a_complaint(at=timezone.now(), **fields)


def test_complaints_customers_views_and_pages_are_found_by_a_few_letters(client, ask):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    account = an_account(name="赵铁柱")
    ours = new(contact_name="赵铁柱", account=account, customer=account.customer)
    view = SavedView.objects.create(owner=user, name="赵家的投诉", query={"q": "赵铁柱"})
    found = ask("赵铁柱")
    assert found["Complaints"] == [ours.get_absolute_url()]
    assert found["Customers"] == [f"/customers/{account.customer.number}/"]
    assert ask("赵家")["Saved views"] == [f"/desk/?saved={view.pk}"]
    assert ask(ours.reference)["Complaints"] == [ours.get_absolute_url()]
    assert "/desk/roster/" in ask("rost")["Queues and pages"]
    assert "/desk/?view=breached" in ask("missed deadline")["Queues and pages"]


def test_the_moves_of_the_open_complaint_are_those_its_page_offers(client, ask):
    client.force_login(a_user(Role.SUPERVISOR))
    complaint = new()
    assert ask("assig", complaint.reference)["This complaint"] == [f"{complaint.get_absolute_url()}?move=assign"]
    assert "This complaint" not in ask("approve", complaint.reference)
    client.force_login(a_user(Role.AGENT))
    assert "This complaint" not in ask("assig", complaint.reference)


def test_nobody_finds_what_they_may_not_see(client, ask):
    county = a_branch("county-a", parent=a_branch())
    account = an_account(name="赵铁柱")
    hidden = new(contact_name="赵铁柱", account=account, customer=account.customer)
    SavedView.objects.create(owner=a_user(Role.SUPERVISOR), name="赵铁柱", query={"view": "all"})
    client.force_login(a_user(Role.AGENT, branch=county))
    assert ask("赵铁柱") == {}
    assert ask(hidden.reference) == {}
    assert ask("assign", hidden.reference) == {}
    assert "Queues and pages" not in ask("rost")
    client.logout()
    assert client.get("/desk/palette/", {"q": "赵铁柱"}).status_code == 302


def test_it_costs_six_queries_beside_the_sign_in(client, ask, django_assert_num_queries):
    client.force_login(a_user(Role.SUPERVISOR))
    for number in range(8):
        account = an_account(name=f"赵铁柱 {number}")
        new(contact_name="赵铁柱", account=account, customer=account.customer)
    who_asks = 2  # session, person with their branch
    with django_assert_num_queries(who_asks + 6):  # the last writes down who looked
        ask("赵铁柱")


def test_the_field_still_searches_without_scripts(client):
    client.force_login(a_user(Role.SUPERVISOR))
    page = client.get("/desk/").content.decode()
    assert '<form class="search" action="/desk/" method="get" role="search">' in page
    assert 'role="combobox"' in page
    assert 'id="palette" role="listbox"' in page
