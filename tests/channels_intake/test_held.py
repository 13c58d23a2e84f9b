"""What looks like a machine's is taken and looked at by a person; nothing is refused for looking odd, nothing waits for ever."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from channels_intake import held, throttle
from channels_intake.models import Suspicion, UnsentForm
from channels_intake.tasks import forget_unsent, register_held
from complaints.models import Complaint, Priority
from staff.actors import Role
from tests.at_once import at_once
from tests.channels_intake.test_public_form import STORY, photo, walk
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def desk(profile, client):
    a_branch()
    a_team("dispatch")
    client.cookies["language"] = "en"


@pytest.fixture
def strict(monkeypatch):
    """Whoever sends a second time sends much."""
    monkeypatch.setattr(throttle, "PER_HOUR", 0)


@pytest.fixture
def reader():
    client = Client()
    client.force_login(a_user(Role.SUPERVISOR))
    client.cookies["language"] = "en"
    return client


def send(client, **changes):
    form_id = walk(client, **changes)
    return form_id, client.post(f"/complain/{form_id}/check/")


def test_very_many_from_one_address_are_taken_and_held(client, strict, reader):
    form_id, answer = send(client)
    assert answer.url == f"/complain/{form_id}/sent/"
    assert "We have what you sent" in client.get(answer.url).content.decode()
    row = UnsentForm.objects.get(pk=form_id)
    assert (row.held_for, Complaint.objects.exists()) == (Suspicion.MANY, False)
    assert client.post(f"/complain/{form_id}/check/").url == answer.url  # sent twice, held once
    assert client.get("/").context["begun"] == []  # it is no longer theirs to change
    page = reader.get("/desk/held/").content.decode()
    assert STORY["story"] in page
    assert "1 form from the portal waits" in reader.get("/desk/").content.decode()


def test_registered_it_counts_from_when_it_was_sent_and_the_customer_gets_their_reference(client, strict, reader):
    form_id = walk(client, until="photos")
    client.post(f"/complain/{form_id}/photos/", {"files": [photo()]})
    client.post(f"/complain/{form_id}/check/")
    sent = timezone.now() - timedelta(hours=5)
    UnsentForm.objects.filter(pk=form_id).update(held_at=sent)
    assert reader.post(f"/desk/held/{form_id}/register/").status_code == 302
    complaint = Complaint.objects.get()
    assert (complaint.received_at, complaint.attachments.count()) == (sent, 1)
    assert client.get(f"/complain/{form_id}/sent/").url == f"/complain/received/{complaint.token}/"
    assert not UnsentForm.objects.filter(pk=form_id).exists()
    assert reader.post(f"/desk/held/{form_id}/register/").status_code == 404


def test_danger_is_never_held(client, strict):
    story = {"story": "电线掉在路上。", "SAF-place": "桥头", "SAF-immediate_danger": "yes", "SAF-injured": "no"}
    form_id = walk(client, category={"category": "SAF"}, kind={"kind": "-"}, story=story)
    for _ in range(2):  # the topic says danger, and so does the answer
        client.post(f"/complain/{form_id}/safety/")
    assert "/received/" in client.post(f"/complain/{form_id}/check/").url
    assert not UnsentForm.objects.held().exists()
    assert Complaint.objects.get().priority == Priority.P1


def test_the_hidden_field_filled_twice_is_held(client):
    form_id = walk(client)
    assert client.post(f"/complain/{form_id}/check/", {"website": "http://buy.example"}).status_code == 422
    answer = client.post(f"/complain/{form_id}/check/", {"website": "http://buy.example"})
    assert answer.url == f"/complain/{form_id}/sent/"
    assert UnsentForm.objects.get(pk=form_id).held_for == Suspicion.TRAP
    assert not Complaint.objects.exists()


def test_a_person_who_empties_it_is_not_held(client):
    form_id = walk(client)
    client.post(f"/complain/{form_id}/check/", {"website": "filled by a browser"})
    assert "/received/" in client.post(f"/complain/{form_id}/check/", {"website": ""}).url
    assert Complaint.objects.count() == 1


def test_nobody_looked_so_after_two_hours_it_is_registered_but_floods_are_not(client, strict, monkeypatch):
    many, _answer = send(client)
    monkeypatch.setattr(throttle, "FLOOD", 0)
    flood, _answer = send(client)
    assert register_held() == 0
    UnsentForm.objects.update(held_at=timezone.now() - held.LONGEST_WAIT - timedelta(seconds=1))
    assert register_held() == 1
    assert register_held() == 0
    assert [row.pk for row in UnsentForm.objects.held()] == [flood]
    assert Complaint.objects.get().inbound_records.get().external_id == str(many)


def test_only_endless_sending_is_refused_with_a_way_out(client, monkeypatch):
    monkeypatch.setattr(throttle, "MOST", 0)
    form_id = walk(client)
    answer = client.post(f"/complain/{form_id}/check/")
    assert (answer.status_code, answer["Retry-After"], "95598" in answer.content.decode()) == (429, "3600", True)
    row = UnsentForm.objects.get(pk=form_id)
    assert (row.held_at, Complaint.objects.exists()) == (None, False)


def test_machines_are_put_away_brought_back_and_forgotten_after_a_month(client, strict, reader):
    form_id, _answer = send(client)
    assert reader.post("/desk/held/judge/", {"form": "nonsense"}).status_code == 302
    assert UnsentForm.objects.held().count() == 1
    reader.post("/desk/held/judge/", {"form": str(form_id)})
    assert UnsentForm.objects.held().count() == 0
    reader.post(f"/desk/held/{form_id}/back/")
    assert UnsentForm.objects.held().count() == 1
    forget_unsent()
    UnsentForm.objects.update(saved_at=timezone.now() - timedelta(days=20))
    forget_unsent()
    assert UnsentForm.objects.held().count() == 1  # who waits for a look is not forgotten
    reader.post("/desk/held/judge/", {"form": str(form_id)})
    UnsentForm.objects.update(discarded_at=timezone.now() - timedelta(days=31))
    forget_unsent()
    assert not UnsentForm.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.ANALYST])
def test_others_do_not_see_what_is_held(client, strict, role):
    form_id, _answer = send(client)
    other = Client()
    other.force_login(a_user(role))
    assert other.get("/desk/held/").status_code == 403
    assert other.post(f"/desk/held/{form_id}/register/").status_code == 403
    assert other.post("/desk/held/judge/", {"form": str(form_id)}).status_code == 403
    assert UnsentForm.objects.held().count() == 1


def test_a_form_that_can_no_longer_be_sent_stays_and_says_what_to_do(client, strict, reader):
    form_id, _answer = send(client)
    row = UnsentForm.objects.get(pk=form_id)
    del row.content["who"]["contact_name"]
    row.save()
    answer = reader.post(f"/desk/held/{form_id}/register/", follow=True)
    assert "Enter it by hand" in answer.content.decode()
    assert (UnsentForm.objects.held().count(), Complaint.objects.exists()) == (1, False)


@pytest.mark.django_db(transaction=True)
def test_registered_by_ten_at_once_it_is_one_complaint(profile, client, strict):
    form_id, _answer = send(client)
    row = UnsentForm.objects.get(pk=form_id)
    made = at_once(lambda _number: held.register(row))
    assert len([one for one in made if one]) == 1 == Complaint.objects.count()
