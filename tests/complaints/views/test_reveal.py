"""What tells how to reach a person is masked until somebody asks for it, and then it is on record who did and why."""

import pytest

from customers import masks
from customers.models import Reading
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user, an_account, an_issue

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
PHONE, MAIL = "13812345678", "zhangsan@example.org"
HTMX = {"HX-Request": "true"}


@pytest.fixture
def account(db):
    return an_account(name="张三", phone=PHONE, email=MAIL)


@pytest.fixture
def complaint(account):
    return a_complaint(account=account, customer=account.customer, contact_phone=PHONE, contact_email=MAIL)


@pytest.fixture
def as_role(client):
    def sign_in(role, **fields):
        user = a_user(role, **fields)
        client.force_login(user)
        client.cookies["language"] = "en"
        return user

    return sign_in


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("13812345678", "138****5678"),
        ("95598", "****"),
        ("zhangsan@example.org", "z***@example.org"),
    ],
)
def test_a_number_and_an_address_are_known_again_but_of_no_use(address, shown):
    assert masks.masked(address) == shown


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("和平路 12 号 3 栋 2 单元 502 室", "和平路 12 号 ****"),
        ("阳光花园 3 栋 502", "阳光花园 ****"),
        ("和平路 3 号楼 502", "和平路 ****"),
        ("12 Elm Street, Flat 3", "12 Elm Street ****"),
        ("柳树村", "柳树村"),
        ("3", "****"),
        ("", ""),
    ],
)
def test_a_place_keeps_its_street_and_loses_building_and_door(place, shown):
    assert masks.masked_place(place).strip() == shown


@pytest.mark.parametrize("role", Role.values)
def test_pages_show_nobody_more_than_they_asked_for(client, as_role, complaint, role):
    as_role(role)
    customer = complaint.customer
    pages = ("/desk/?view=all", f"/complaints/{complaint.reference}/", f"/complaints/{complaint.reference}/?print=1")
    pages += ("/customers/", f"/customers/{customer.number}/")
    for page in pages:
        text = client.get(page).content.decode()
        assert PHONE not in text, page
        assert MAIL not in text, page


def test_asking_shows_it_and_writes_down_who_and_why(client, as_role, complaint):
    user = as_role(Role.INVESTIGATOR)
    page = f"/complaints/{complaint.reference}/"
    card = client.post(f"{page}reveal/", {"reason": "identify"}, headers=HTMX).content.decode()
    assert "<html" not in card
    assert f"tel:{PHONE}" in card
    assert MAIL in card
    assert complaint.premise is None or complaint.premise.address in card
    row = Reading.objects.get(kind="reveal")
    assert (row.user, row.complaint, row.customer, row.reason) == (user, complaint.pk, complaint.customer, "identify")
    assert PHONE not in client.get(page).content.decode()


def test_without_a_script_the_whole_page_comes_with_it(client, as_role, complaint):
    as_role(Role.AGENT)
    answer = client.post(f"/complaints/{complaint.reference}/reveal/", {"reason": "reach"})
    assert PHONE in answer.content.decode()
    assert complaint.story in answer.content.decode()
    whole = client.post(f"/customers/{complaint.customer.number}/reveal/", {"reason": "correct"}).content.decode()
    assert PHONE in whole
    assert sorted(Reading.objects.values_list("kind", "reason")) == [("reveal", "correct"), ("reveal", "reach")]


def test_a_customer_is_shown_with_where_they_are_supplied(client, as_role, account):
    as_role(Role.SUPERVISOR)
    card = client.post(f"/customers/{account.customer.number}/reveal/", {"reason": "x"}, headers=HTMX).content.decode()
    assert PHONE in card
    assert account.premise.address in card
    assert Reading.objects.get().reason == "reach"


def test_nobody_reveals_whom_they_may_not_see_nor_by_a_mere_link(client, as_role, complaint):
    as_role(Role.SUPERVISOR, branch=a_branch("far", a_branch()))
    assert client.post(f"/complaints/{complaint.reference}/reveal/").status_code == 404
    assert client.post(f"/customers/{complaint.customer.number}/reveal/").status_code == 404
    as_role(Role.SUPERVISOR)
    assert client.get(f"/complaints/{complaint.reference}/reveal/").status_code == 405
    assert client.get(f"/customers/{complaint.customer.number}/reveal/").status_code == 405
    assert not Reading.objects.exists()


def test_the_report_of_who_read_what_says_why(client, as_role, complaint):
    as_role(Role.AGENT)
    client.post(f"/complaints/{complaint.reference}/reveal/", {"reason": "correct"})
    as_role(Role.ADMINISTRATOR)
    page = client.get("/desk/access-log/", {"kind": "reveal"}).content.decode()
    assert "Hidden data shown" in page
    assert "to check or correct what we hold" in page
    assert "correct" in b"".join(client.get("/desk/access-log/", {"format": "csv"})).decode()


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("/customers/", "customers"),
        ("/desk/letters/", "letters"),
        ("/desk/notices/", "notices"),
        ("/desk/call-backs/", "calls"),
        ("/inspections/", "inspections"),
        ("/desk/mail/", "mail"),
        ("/reports/times/list/?pick=x", "list times"),
    ],
)
def test_a_list_of_people_is_written_down_once(client, as_role, complaint, address, subject):
    as_role(Role.SUPERVISOR)
    for _twice in range(2):
        answer = client.get(address)
    assert answer.status_code in (200, 404)
    kept = list(Reading.objects.values_list("kind", "subject"))
    assert kept == ([("list", subject)] if answer.status_code == 200 else [])


def test_the_page_of_a_service_issue_is_a_list_of_people(client, as_role):
    issue = an_issue()
    as_role(Role.SUPERVISOR)
    assert client.get(f"/issues/{issue.pk}/").status_code == 200
    assert Reading.objects.get().subject == f"issue {issue.pk}"
