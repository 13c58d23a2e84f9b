"""Nothing typed is lost: forms are kept on the server while they are typed, by staff and by customers."""

import threading
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.db import connections
from django.test import Client
from django.utils import timezone

from channels_intake.models import UnsentForm
from channels_intake.tasks import forget_unsent
from complaints.models import Complaint
from staff.actors import Role
from tests.channels_intake.test_desk_forms import filled
from tests.channels_intake.test_public_form import STORY, WHO, photo, walk
from tests.factories import a_branch, a_team, a_user

pytestmark = pytest.mark.django_db

TYPED = {"contact_name": "欧阳锋", "contact_phone": "", "story": "昨晚八点停", "category": "OUT", "flags": ["media"]}


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


@pytest.fixture
def agent(client):
    user = a_user(Role.AGENT)
    client.force_login(user)
    return user


def keep(client, form_id, channel="phone", **typed):
    return client.post(f"/desk/new/{channel}/keep/{form_id}/", {"form_id": form_id, **TYPED, **typed})


def page(response):
    return response.content.decode()


# staff


def test_what_an_agent_types_is_kept_as_it_is_and_opens_again(client, agent):
    form_id = uuid4()
    answer = keep(client, form_id)
    assert answer.status_code == 200
    assert answer.json()["said"]
    assert "欧阳锋" in page(client.get("/desk/unsent/"))
    form = client.get(f"/desk/new/phone/?draft={form_id}").context["form"]
    assert {name: form[name].value() for name in TYPED} == TYPED
    assert str(form["form_id"].value()) == str(form_id)
    assert not Complaint.objects.exists()


def test_a_form_that_says_nothing_yet_is_not_kept(client, agent):
    assert client.post(f"/desk/new/phone/keep/{uuid4()}/", {"language": "en", "q": "欧阳"}).status_code == 204
    assert not UnsentForm.objects.exists()


def test_registering_ends_it_and_a_late_save_does_not_bring_it_back(client, agent):
    form_id = uuid4()
    keep(client, form_id)
    assert client.post("/desk/new/phone/", filled("phone", form_id=form_id)).status_code == 302
    reference = Complaint.objects.get().reference
    assert not UnsentForm.objects.exists()
    late = keep(client, form_id)
    assert late.status_code == 409
    assert reference in late.json()["said"]
    assert not UnsentForm.objects.exists()
    assert client.get(f"/desk/new/phone/?draft={form_id}").url == f"/desk/registered/{reference}/"


def test_without_scripts_a_refused_form_is_kept_too(client, agent):
    form_id = uuid4()
    assert client.post("/desk/new/phone/", {"form_id": form_id, "contact_name": "欧阳锋"}).status_code == 422
    assert UnsentForm.objects.get().content["contact_name"] == "欧阳锋"


def test_a_colleague_takes_it_over_and_the_old_tab_is_told(client, agent):
    form_id, colleague = uuid4(), a_user(Role.AGENT)
    keep(client, form_id)
    client.post(f"/desk/unsent/{form_id}/hand-over/", {"to": colleague.pk})
    assert "欧阳锋" not in page(client.get("/desk/unsent/"))
    old = keep(client, form_id, story="schreibt weiter")
    assert old.status_code == 409
    assert colleague.display_name in old.json()["said"]
    other = Client()
    other.force_login(colleague)
    assert agent.display_name in page(other.get("/desk/unsent/"))
    assert other.get(f"/desk/new/phone/?draft={form_id}").context["form"]["story"].value() == TYPED["story"]


def test_nobody_opens_throws_away_or_gives_away_what_is_not_theirs(client, agent):
    form_id, other = uuid4(), Client()
    keep(client, form_id)
    other.force_login(a_user(Role.AGENT))
    before = UnsentForm.objects.values().get()
    assert other.get(f"/desk/new/phone/?draft={form_id}").url == "/desk/unsent/"
    assert other.post(f"/desk/unsent/{form_id}/discard/").status_code == 409
    assert other.post(f"/desk/unsent/{form_id}/hand-over/", {"to": agent.pk}).status_code == 409
    assert keep(other, form_id).status_code == 409
    assert UnsentForm.objects.values().get() == before


def test_whom_it_cannot_be_handed_to(client, agent):
    form_id = uuid4()
    keep(client, form_id)
    for person in (a_user(Role.INVESTIGATOR), a_user(Role.AGENT, is_active=False), agent):
        assert client.post(f"/desk/unsent/{form_id}/hand-over/", {"to": person.pk}).status_code == 404
    assert UnsentForm.objects.get().owner == agent


def test_what_was_thrown_away_can_be_brought_back(client, agent):
    form_id = uuid4()
    keep(client, form_id)
    client.post(f"/desk/unsent/{form_id}/discard/")
    assert client.get("/desk/unsent/").context["rows"] == []
    client.post(f"/desk/unsent/{form_id}/discard/", {"bring_back": "1"})
    assert len(client.get("/desk/unsent/").context["rows"]) == 1


def test_those_who_enter_nothing_keep_nothing(client):
    client.force_login(a_user(Role.ANALYST))
    assert keep(client, uuid4()).status_code == 403
    assert not UnsentForm.objects.exists()


def test_what_nobody_sends_is_forgotten_in_time(client, agent):
    old, fresh, gone = uuid4(), uuid4(), uuid4()
    for form_id in (old, fresh, gone):
        keep(client, form_id)
    UnsentForm.objects.filter(pk=old).update(saved_at=timezone.now() - timedelta(days=31))
    UnsentForm.objects.filter(pk=gone).update(discarded_at=timezone.now() - timedelta(days=2))
    assert forget_unsent() == 2
    assert UnsentForm.objects.get().pk == fresh


@pytest.mark.django_db(transaction=True)
def test_saving_and_registering_at_once_leave_one_complaint_and_nothing_to_send(profile, client, agent):
    form_id, together = uuid4(), threading.Barrier(6)
    keep(client, form_id)
    codes = []

    def work(send):
        tab = Client()
        tab.cookies = client.cookies
        try:
            together.wait()
            if send:
                codes.append(tab.post("/desk/new/phone/", filled("phone", form_id=form_id)).status_code)
            else:
                codes.append(keep(tab, form_id).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(n < 2,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Complaint.objects.count() == 1
    assert set(codes) <= {302, 200, 409}, codes
    assert client.get("/desk/unsent/").context["rows"] == []


def test_a_save_that_was_overtaken_on_its_way_changes_nothing(client, agent):
    form_id = uuid4()
    keep(client, form_id, story="昨晚八点停，今早才来", typed_at="page 3")
    row = UnsentForm.objects.get()
    assert keep(client, form_id, story="昨晚", typed_at="page 2").status_code == 200
    after = UnsentForm.objects.get()
    assert (after.content, after.saved_at) == (row.content, row.saved_at)
    keep(client, form_id, story="在另一个窗口接着写", typed_at="another 1")
    assert UnsentForm.objects.get().content["story"] == "在另一个窗口接着写"


def test_what_was_sent_and_refused_is_newer_than_a_save_still_on_its_way(client, agent):
    form_id = uuid4()
    sent = client.post(
        "/desk/new/phone/", filled("phone", form_id=form_id, story="全文", category="", typed_at="page 3")
    )
    assert sent.status_code == 422
    keep(client, form_id, story="全", typed_at="page 2")
    assert UnsentForm.objects.get().content["story"] == "全文"


# customers


def test_what_a_customer_types_is_kept_before_it_is_right(client):
    form_id = walk(client, until="story")
    said = {"story": "昨晚停", "place": ""}
    assert client.post(f"/complain/{form_id}/story/keep/", said).status_code == 204
    assert "昨晚停" in page(client.get(f"/complain/{form_id}/story/"))
    assert client.get(f"/complain/{form_id}/check/").url == f"/complain/{form_id}/story/"


def test_a_save_that_arrives_after_the_step_was_sent_does_not_undo_an_answer(client):
    form_id = walk(client, until="story")
    half = {name: value for name, value in STORY.items() if name != "OUT-supply_on"}
    client.post(f"/complain/{form_id}/story/keep/", half | {"typed_at": "page 1"})
    assert client.post(f"/complain/{form_id}/story/", STORY | {"typed_at": "page 3"}).url == f"/complain/{form_id}/who/"
    assert client.post(f"/complain/{form_id}/story/keep/", half | {"typed_at": "page 2"}).status_code == 204
    assert client.get(f"/complain/{form_id}/who/").status_code == 200
    assert UnsentForm.objects.get().content["story"] == STORY


def test_what_is_typed_after_coming_back_to_a_step_is_kept(client):
    form_id = walk(client, until="story")
    client.post(f"/complain/{form_id}/story/", STORY | {"typed_at": "page 9"})
    client.post(f"/complain/{form_id}/story/keep/", STORY | {"story": "还有一件事", "typed_at": "later 1"})
    assert UnsentForm.objects.get().content["story"]["story"] == "还有一件事"


def test_the_secret_link_goes_on_in_another_browser_and_nothing_else_does(client):
    form_id = walk(client, until="who")
    client.post(f"/complain/{form_id}/who/keep/", {"contact_name": "王五"})
    token = UnsentForm.objects.get().token
    assert f"/complain/resume/{token}/" in page(client.get(f"/complain/{form_id}/who/"))
    phone = Client()
    assert phone.get(f"/complain/{form_id}/who/").url == "/complain/"
    assert phone.post(f"/complain/{form_id}/who/keep/", {"contact_name": "x"}).status_code == 410
    assert phone.get(f"/complain/resume/{token}/").url == f"/complain/{form_id}/who/"
    assert "王五" in page(phone.get(f"/complain/{form_id}/who/"))
    phone.post(f"/complain/{form_id}/who/", WHO)
    phone.post(f"/complain/{form_id}/photos/", {})
    assert phone.post(f"/complain/{form_id}/check/").status_code == 302
    assert Complaint.objects.get().contact_name == "王五"
    assert client.get(f"/complain/resume/{token}/").url == "/complain/"


def test_the_front_page_offers_what_was_begun_and_it_can_be_thrown_away(client):
    form_id = walk(client, photos={"files": photo()})
    assert STORY["story"] in page(client.get("/"))
    path = UnsentForm.objects.get().files[0]["path"]
    client.post(f"/complain/{form_id}/discard/")
    assert STORY["story"] not in page(client.get("/"))
    assert not default_storage.exists(path)
    assert not UnsentForm.objects.exists()


def test_a_sixth_form_makes_the_first_give_way(client):
    forms = [walk(client, until="story") for _ in range(6)]
    assert set(UnsentForm.objects.values_list("pk", flat=True)) == set(forms[1:])


@pytest.mark.django_db(transaction=True)
def test_two_tabs_of_one_form_lose_nothing_of_each_other(profile, client):
    form_id, together = walk(client, until="who"), threading.Barrier(8)

    def work(number):
        tab = Client()
        tab.cookies = client.cookies
        try:
            together.wait()
            step, said = ("who", {"contact_name": "王五"}) if number % 2 else ("story", {"story": "昨晚停电"})
            tab.post(f"/complain/{form_id}/{step}/keep/", said)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    content = UnsentForm.objects.get().content
    assert (content["who"]["contact_name"], content["story"]["story"]) == ("王五", "昨晚停电")
