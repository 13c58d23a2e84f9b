"""Importing customers through the pages: seen before it is written, by administrators, with what was rejected to take away."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from customers.models import Account, Customer, CustomerImport
from customers.tasks import carry_on_imports
from staff.actors import Role
from tests.customers.test_importing import BAD, HEADER, ROW
from tests.factories import a_branch, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def admin(client):
    an_account()
    client.force_login(a_user(Role.ADMINISTRATOR))
    client.cookies["language"] = "en"
    return client


def sent(client, text=HEADER + ROW, name="客户.csv"):
    return client.post("/customers/import/", {"file": SimpleUploadedFile(name, text.encode("gb18030"))})


def confirmed(client, page, **changes):
    form = client.get(page).context["form"]
    said = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    return client.post(page, {**said, "into": a_branch().pk, **changes})


def test_a_file_is_seen_matched_taken_over_and_reported(admin):
    page = sent(admin, HEADER + ROW + BAD["phone"] + "\n").url
    body = admin.get(page).content.decode()
    assert "欧阳海燕" in body
    assert not Customer.objects.filter(number="K1").exists()
    carry_on_imports()
    assert not Customer.objects.filter(number="K1").exists()
    assert confirmed(admin, page).status_code == 302
    assert "Look again" in admin.get(page).content.decode()
    carry_on_imports()
    body = admin.get(page).content.decode()
    assert "2 of 2 rows looked at, 1 rejected" in body
    assert "phone has fewer" in body
    assert Account.objects.get(number="5100000001").customer.name == "欧阳海燕"
    rejected = b"".join(admin.get(f"{page}rejected/").streaming_content).decode("utf-8-sig")
    assert rejected.splitlines()[1].startswith('2,"phone has fewer')
    assert sent(admin, HEADER + ROW + BAD["phone"] + "\n").url == page
    assert CustomerImport.objects.count() == 1


def test_two_columns_for_one_thing_and_a_missing_number_are_said_beside_the_field(admin):
    page = sent(admin).url
    answer = confirmed(admin, page, phone="1", name="1", customer_number="")
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"customer_number", "phone"}
    assert CustomerImport.objects.get().confirmed_at is None


def test_what_is_no_table_is_refused_beside_the_field(admin):
    answer = admin.post("/customers/import/", {"file": SimpleUploadedFile("x.csv", b"\xff\xfe\x00\x80\xff\xff")})
    assert answer.status_code == 422
    assert "neither UTF-8" in answer.content.decode()
    assert admin.post("/customers/import/").status_code == 422


@pytest.mark.parametrize("role", [role for role in Role.values if role != Role.ADMINISTRATOR])
def test_only_administrators_import(client, role):
    client.force_login(a_user(role))
    assert client.get("/customers/import/").status_code == 403
    assert sent(client).status_code == 403
    assert not CustomerImport.objects.exists()


def test_another_branchs_import_does_not_exist(admin, client):
    page = sent(admin).url
    client.force_login(a_user(Role.ADMINISTRATOR, branch=a_branch("west", a_branch())))
    assert client.get(page).status_code == 404
    assert client.get(f"{page}rejected/").status_code == 404
