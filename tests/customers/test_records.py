"""Changing, merging and exporting customers: who may, against which version, undone exactly, and written down for good."""

import io
import threading

import openpyxl
import pytest
from django.db import DatabaseError, connections, transaction

from complaints import customer_merging
from complaints.refusals import Refusal
from customers.lookup import look_up
from customers.models import Account, Customer, CustomerEvent, CustomerExport, CustomerMerge
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")


@pytest.fixture
def boss(client):
    client.user = a_user(Role.SUPERVISOR)
    client.force_login(client.user)
    client.cookies["language"] = "en"
    return client


def form_of(client, customer) -> dict:
    context = client.get(f"/customers/{customer.number}/edit/").context
    values = {name: context["form"][name].value() for name in context["form"].fields}
    return {name: value for name, value in values.items() if value not in (None, False)} | {"seen": context["seen"]}


def save(client, customer, said):
    return client.post(f"/customers/{customer.number}/edit/", said)


# changing


def test_a_change_is_saved_written_down_and_shown(boss):
    customer = an_account(name="欧阳海燕").customer
    manager = a_user(Role.AGENT)
    said = form_of(boss, customer) | {"name": "欧阳海雁", "is_key": "on", "account_manager": manager.pk}
    assert save(boss, customer, said).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.is_key, customer.account_manager, customer.version) == (
        "欧阳海雁",
        True,
        manager,
        2,
    )
    event = CustomerEvent.objects.get()
    assert event.details["changed"]["name"] == ["欧阳海燕", "欧阳海雁"]
    body = boss.get(f"/customers/{customer.number}/").content.decode()
    assert "欧阳海燕 → 欧阳海雁" in body
    assert [account.customer for account in look_up("海雁", boss.user)] == [customer]
    assert boss.get("/customers/", {"only": "key"}).context["found"][0][0] == customer
    assert boss.get("/customers/", {"only": "vulnerable"}).context["found"] == []


def test_the_second_of_two_sees_what_the_first_changed_and_keeps_what_was_typed(boss):
    customer = an_account(name="欧阳海燕").customer
    first, second = form_of(boss, customer), form_of(boss, customer)
    save(boss, customer, first | {"address": "和平路"})
    answer = save(boss, customer, second | {"name": "新名"})
    assert answer.status_code == 409
    assert "和平路" in answer.content.decode()
    assert "新名" in answer.content.decode()
    customer.refresh_from_db()
    assert (customer.name, customer.address) == ("欧阳海燕", "和平路")
    again = second | {"name": "新名", "address": "和平路", "seen": answer.context["seen"]}
    assert save(boss, customer, again).status_code == 302


@pytest.mark.parametrize("phone", ["12", "电话", "999999999999999999", "+99 123"])
def test_a_phone_that_is_none_is_refused_beside_the_field(boss, phone):
    customer = an_account().customer
    answer = save(boss, customer, form_of(boss, customer) | {"phone": phone})
    assert answer.status_code == 422
    assert "phone" in answer.context["form"].errors
    assert CustomerEvent.objects.count() == 0


@pytest.mark.parametrize("phone", ["0315 222 3333", "138-0000-1111", "+44 20 7946 0000", ""])
def test_phones_are_written_as_people_write_them(boss, phone):
    customer = an_account().customer
    assert save(boss, customer, form_of(boss, customer) | {"phone": phone}).status_code == 302


def test_agents_change_contact_details_but_do_not_say_who_is_key(client):
    customer = an_account(name="欧阳").customer
    client.force_login(a_user(Role.AGENT))
    assert save(client, customer, form_of(client, customer) | {"name": "欧", "is_key": "on"}).status_code == 302
    customer.refresh_from_db()
    assert (customer.name, customer.is_key) == ("欧", False)
    for role in (Role.ANALYST, Role.INVESTIGATOR):
        client.force_login(a_user(role))
        assert client.get(f"/customers/{customer.number}/edit/").status_code == 403


# merging


def two(**fields):
    survivor, merged = an_account(name="欧阳海燕"), an_account(name="欧阳海雁", is_vulnerable=True)
    return survivor, merged, a_complaint(account=merged, customer=merged.customer)


def test_a_merge_moves_accounts_and_complaints_and_undoing_gives_back_exactly_those(boss):
    survivor, merged, complaint = two()
    gone, stays = merged.customer, survivor.customer
    own = a_complaint(account=survivor, customer=stays)
    page = f"/customers/{gone.number}/merge/"
    assert "complaints 1." in boss.get(page).content.decode()
    assert boss.post(page, {"into": stays.number, "reason": "同一人"}).status_code == 302
    for row in (gone, merged, complaint):
        row.refresh_from_db()
    assert (gone.merged_into, merged.customer, complaint.customer, complaint.account) == (stays, stays, stays, merged)
    assert complaint.events.latest("number").move == "match"
    assert "This record was merged" in boss.get(f"/customers/{gone.number}/").content.decode()
    assert gone not in [row for row, _count in boss.get("/customers/", {"q": "欧阳"}).context["found"]]
    later = a_complaint(customer=stays)
    assert boss.post(f"/customers/merges/{CustomerMerge.objects.get().pk}/undo/").status_code == 302
    for row in (gone, merged, complaint, own, later):
        row.refresh_from_db()
    assert (gone.merged_into, merged.customer, complaint.customer, complaint.account) == (None, gone, gone, merged)
    assert (own.customer, later.customer) == (stays, stays)
    assert sorted(gone.events.values_list("kind", flat=True)) == ["merge", "unmerge"]
    assert look_up("海雁", boss.user) == [merged]


def test_what_cannot_be_merged_is_said_beside_the_field_and_changes_nothing(boss):
    survivor, merged, _complaint = two()
    page = f"/customers/{merged.customer.number}/merge/"
    for into, reason in [(merged.customer.number, "x"), ("没有", "x"), (survivor.customer.number, "")]:
        assert boss.post(page, {"into": into, "reason": reason}).status_code == 422
    assert not CustomerMerge.objects.exists()
    merged.refresh_from_db()
    assert merged.customer.merged_into is None


def test_only_supervisors_and_administrators_merge_and_only_their_own(client):
    survivor, merged, _complaint = two()
    client.force_login(a_user(Role.AGENT))
    page = f"/customers/{merged.customer.number}/merge/"
    assert client.post(page, {"into": survivor.customer.number, "reason": "x"}).status_code == 403
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    assert client.post(page, {"into": survivor.customer.number, "reason": "x"}).status_code == 404
    assert not CustomerMerge.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_who_merge_each_into_the_other_at_once_make_one_merge():
    one, other = an_account().customer, an_account().customer
    boss, start = a_user(Role.SUPERVISOR), threading.Barrier(2)

    def work(merged, survivor):
        try:
            start.wait()
            customer_merging.merge(merged, survivor, by=boss, reason="x")
        except Refusal:
            pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert CustomerMerge.objects.count() == 1
    assert Customer.objects.current().count() == 1
    assert Account.objects.exclude(customer__merged_into=None).count() == 0


# exporting


def test_an_export_is_streamed_safe_and_written_down(boss):
    an_account(name='=HYPERLINK("x")', is_key=True)
    an_account(name="李四")
    answer = boss.get("/customers/export.csv", {"only": "key"})
    assert answer.streaming
    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "'=HYPERLINK" in lines[1]
    taken = CustomerExport.objects.get()
    assert (taken.made_by, taken.format, taken.query, taken.customers) == (boss.user, "csv", "only=key", 1)
    answer = boss.get("/customers/export.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).active
    assert sheet.max_row == 3
    assert {cell.data_type for row in sheet for cell in row} <= {"s", "n", "inlineStr"}


def test_agents_and_other_branches_take_nothing_along(client):
    an_account(name="李四")
    client.force_login(a_user(Role.AGENT))
    assert client.get("/customers/export.csv").status_code == 403
    assert not CustomerExport.objects.exists()
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", a_branch())))
    assert len(list(client.get("/customers/export.csv").streaming_content)) == 1


@pytest.mark.parametrize("model", [CustomerEvent, CustomerExport])
def test_what_was_written_down_is_never_changed(boss, model):
    customer = an_account().customer
    save(boss, customer, form_of(boss, customer) | {"name": "新"})
    boss.get("/customers/export.csv")
    row = model.objects.get()
    for change in (lambda: row.delete(), lambda: model.objects.update(id=row.pk)):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert model.objects.get() == row
