"""Who read what is written down and shown; holds, periods and erasure are decided on pages."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from complaints.erasing import deciding
from complaints.models import Attachment, Complaint, Erasure, LegalHold, RetentionRule
from complaints.tasks import carry_out_erasures
from customers.models import Customer, Reading
from staff.actors import Role
from tests.complaints.test_erasure import MAIL, NAME, PHONE, closed
from tests.factories import a_branch, a_complaint, a_user, an_account

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


@pytest.fixture
def account(db):
    return an_account(name=NAME, phone=PHONE, email=MAIL)


@pytest.fixture
def as_role(client):
    def sign_in(role, **fields):
        user = a_user(role, **fields)
        client.force_login(user)
        client.cookies["language"] = "en"
        return user

    return sign_in


def kinds():
    return sorted(Reading.objects.values_list("kind", flat=True))


def test_each_way_of_reading_is_written_down_once_in_five_minutes(client, as_role, account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    user = as_role(Role.SUPERVISOR)
    file = Attachment.objects.get()
    for _twice in range(2):
        client.get(f"/complaints/{complaint.reference}/", REMOTE_ADDR="192.0.2.9", headers={"X-Request-Id": "abc"})
        client.get(f"/customers/{account.customer.number}/")
        client.get("/customers/", {"q": NAME})
        client.get("/desk/", {"q": NAME, "view": "all"})
        b"".join(client.get(f"/complaints/{complaint.reference}/files/{file.uuid}/"))
        b"".join(client.get("/customers/export.csv"))
        client.get(f"/api/v1/complaints/{complaint.reference}/")
    assert kinds() == ["api", "complaint", "customer", "export", "file", "search"]
    row = Reading.objects.get(kind="complaint")
    assert (row.user, row.customer, row.complaint) == (user, account.customer, complaint.pk)
    assert (row.address, row.request_id) == ("192.0.2.9", "abc")


def test_what_somebody_may_not_see_is_not_written_down_as_seen(client, as_role, account):
    complaint = a_complaint(account=account, customer=account.customer)
    as_role(Role.SUPERVISOR, branch=a_branch("far", a_branch()))
    assert client.get(f"/complaints/{complaint.reference}/").status_code == 404
    assert client.get(f"/customers/{account.customer.number}/").status_code == 404
    assert not Reading.objects.exists()


def test_rows_of_who_read_what_are_never_changed(client, as_role, account):
    as_role(Role.SUPERVISOR)
    client.get(f"/customers/{account.customer.number}/")
    for statement in ("UPDATE customers_reading SET kind = 'file'", "DELETE FROM customers_reading"):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    values = Reading.objects.values().get()
    with pytest.raises(IntegrityError, match="reading_is_noted_once_in_five_minutes"), transaction.atomic():
        Reading.objects.create(**{**values, "id": None})
    with pytest.raises(IntegrityError, match="reading_kind_is_known"), transaction.atomic():
        Reading.objects.create(**{**values, "id": None, "kind": "guess"})


def test_administrators_see_who_has_seen_a_person_and_take_it_along(client, as_role, account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    other = a_complaint(contact_name="别人")
    reader = as_role(Role.AGENT)
    client.get(f"/complaints/{complaint.reference}/")
    client.get(f"/complaints/{other.reference}/")
    assert client.get("/desk/access-log/").status_code == 403
    as_role(Role.ADMINISTRATOR)
    page = client.get("/desk/access-log/", {"about": account.customer.number}).content.decode()
    assert reader.display_name in page
    assert complaint.reference in page
    assert other.reference not in page
    by_file = client.get("/desk/access-log/", {"reader": reader.username, "kind": "complaint", "format": "csv"})
    rows = b"".join(by_file).decode().splitlines()
    assert len(rows) == 3
    assert "no customer and no complaint" in client.get("/desk/access-log/", {"about": "nobody"}).content.decode()
    later = timezone.localdate() + timedelta(days=1)
    assert "Nobody has read" in client.get("/desk/access-log/", {"since": later.isoformat()}).content.decode()
    assert "This is no day" in client.get("/desk/access-log/", {"since": "2026-02-31"}).content.decode()


def test_the_record_of_who_read_what_has_its_own_period(client, as_role, account):
    as_role(Role.SUPERVISOR)
    client.get(f"/customers/{account.customer.number}/")
    RetentionRule.objects.filter(of="readings").update(months=1)
    today = timezone.localdate()
    assert deciding.forget_readings(today) == 0
    assert deciding.forget_readings(today + timedelta(days=40)) == 1


def test_a_customer_is_erased_by_two_people_on_pages(client, as_role, account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    number = account.customer.number
    as_role(Role.LIAISON)
    assert "Erase on request" in client.get(f"/customers/{number}/").content.decode()
    refused = client.post(f"/customers/{number}/erase/", {"reason": ""})
    assert (refused.status_code, Erasure.objects.count()) == (422, 0)
    assert client.post(f"/customers/{number}/erase/", {"reason": "by letter"}).status_code == 302
    wish = Erasure.objects.get()
    assert client.post(f"/desk/erasures/{wish.pk}/confirm/").status_code == 403
    as_role(Role.ADMINISTRATOR)
    assert "Erase for good" in client.get("/desk/erasures/").content.decode()
    client.post(f"/desk/erasures/{wish.pk}/confirm/")
    assert carry_out_erasures() == 1
    assert "erased" in client.get("/desk/erasures/").content.decode()
    page = client.get(f"/complaints/{complaint.reference}/").content.decode()
    assert "was erased on" in page
    assert NAME not in page
    assert Customer.objects.get().name not in (NAME, "")


def test_what_stands_in_the_way_is_said_before_anybody_types(client, as_role, account):
    complaint = a_complaint(account=account, customer=account.customer)
    as_role(Role.ADMINISTRATOR)
    page = client.get(f"/customers/{account.customer.number}/erase/").content.decode()
    assert f"{complaint.reference} is not closed" in page
    assert "Ask for the erasure" not in page
    as_role(Role.AGENT)
    assert client.get(f"/customers/{account.customer.number}/erase/").status_code == 403


def test_a_hold_is_placed_shown_and_lifted(client, as_role, account):
    complaint = a_complaint(account=account, customer=account.customer)
    as_role(Role.ADMINISTRATOR)
    place = f"/desk/holds/complaint/{complaint.reference}/"
    assert client.post(place, {"reason": ""}).status_code == 422
    assert client.post(place, {"reason": "lawsuit", "until": "2020-01-01"}).status_code == 422
    assert not LegalHold.objects.exists()
    assert client.post(place, {"reason": "lawsuit"}).status_code == 302
    again = client.post(place, {"reason": " lawsuit "})
    assert (again.status_code, LegalHold.objects.count()) == (422, 1)
    assert "It is held for this reason already." in again.content.decode()
    assert "lawsuit" in client.get(f"/complaints/{complaint.reference}/").content.decode()
    assert "lawsuit" in client.get("/desk/holds/").content.decode()
    client.post(f"/desk/holds/{LegalHold.objects.get().pk}/lift/")
    assert "lawsuit" not in client.get(f"/complaints/{complaint.reference}/").content.decode()
    assert client.post(place, {"reason": "lawsuit"}).status_code == 302
    as_role(Role.SUPERVISOR)
    assert client.get(place).status_code == 403


def test_a_period_is_changed_after_its_effect_was_shown(client, as_role, account):
    closed(account, at=timezone.now() - timedelta(days=500), code="SVC-01")
    as_role(Role.ADMINISTRATOR)
    assert "36" in client.get("/desk/retention/").content.decode()
    page = client.post("/desk/retention/complaints/", {"months": "12", "source": "x", "is_active": "on"})
    assert "It would erase 1 complaint closed before" in page.content.decode()
    assert RetentionRule.objects.get(code="complaints").months == 36
    sure = {"months": "12", "source": "x", "is_active": "on", "sure": "1"}
    assert client.post("/desk/retention/complaints/", sure).status_code == 302
    assert RetentionRule.objects.get(code="complaints").months == 12
    assert client.post("/desk/retention/complaints/", {"months": "0"}).status_code == 422


def test_everything_about_a_customer_is_handed_out_and_that_is_written_down(client, as_role, account):
    complaint = closed(account, at=timezone.now() - timedelta(days=2))
    as_role(Role.LIAISON)
    answer = client.post(f"/customers/{account.customer.number}/everything/")
    archive = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    rows = json.loads(archive.read("everything.json"))
    assert rows["complaints.Complaint"][0]["reference"] == complaint.reference
    assert len(rows["complaints.Event"]) == complaint.version
    assert NAME in archive.read("everything.html").decode()
    assert any(name.startswith("files/") for name in archive.namelist())
    assert "token" not in rows["complaints.Complaint"][0]
    assert kinds() == ["access"]
    as_role(Role.AGENT)
    assert client.post(f"/customers/{account.customer.number}/everything/").status_code == 403
    assert Complaint.objects.count() == 1
