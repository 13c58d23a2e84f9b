"""A customer complains in a few steps, with or without scripts, and gets a reference they can keep."""

import io
import threading
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from PIL import Image

from complaints.models import Complaint
from tests.factories import a_branch, a_team

pytestmark = pytest.mark.django_db

STORY = {
    "story": "昨晚停电，事先没有通知。", "place": "和平路 3 号", "OUT-supply_on": "yes", "OUT-notice_received": "no",
}  # fmt: skip
WHO = {
    "is_anonymous": "no",
    "contact_name": "王五",
    "contact_phone": "13700001111",
    "contact_email": "",
    "account_number": "",
    "language": "en",
}
ANSWERS = {"category": {"category": "OUT"}, "kind": {"kind": "OUT-03"}, "story": STORY, "who": WHO, "photos": {}}


@pytest.fixture(autouse=True)
def desk(profile, client):
    a_branch()
    a_team("dispatch")
    client.cookies["language"] = "en"


def photo(name="meter.png", colour="red"):
    content = io.BytesIO()
    Image.new("RGB", (20, 20), colour).save(content, "PNG")
    return SimpleUploadedFile(name, content.getvalue(), "image/png")


def walk(client, *, until="check", form_id=None, **changes):
    """Answer step by step up to `until`; the form's one-time id."""
    form_id = form_id or uuid4()
    answers = ANSWERS | changes
    client.post("/complain/", {"form_id": form_id, **answers["category"]})
    for step in list(answers)[1:]:
        if step == until:
            break
        client.post(f"/complain/{form_id}/{step}/", answers[step])
    return form_id


def page(response):
    return response.content.decode()


def test_a_complaint_is_filed_step_by_step_and_confirmed(client):
    form_id = walk(client)
    check = client.get(f"/complain/{form_id}/check/")
    assert "昨晚停电" in page(check)
    assert "王五" in page(check)
    assert not Complaint.objects.exists()
    response = client.post(f"/complain/{form_id}/check/", follow=True)
    complaint = Complaint.objects.get()
    assert (complaint.channel, complaint.source, complaint.language, complaint.place) == (
        "web",
        "website",
        "en",
        "和平路 3 号",
    )
    assert complaint.answers == {"supply_on": "yes", "notice_received": "no"}
    assert complaint.clocks.exists()
    assert complaint.events.get().is_by_customer
    assert complaint.notices.exists()
    assert response.redirect_chain[-1][0] == f"/complain/received/{complaint.token}/"
    assert complaint.reference in page(response)
    assert f"/track/{complaint.token}/" in page(response)
    assert "<svg" in page(response)


def test_each_step_leads_to_the_next(client):
    form_id = uuid4()
    response = client.post("/complain/", {"form_id": form_id, "category": "OUT"})
    for step in ["kind", "story", "who", "photos", "check"]:
        assert response.url == f"/complain/{form_id}/{step}/"
        assert client.get(response.url).status_code == 200
        response = client.post(response.url, ANSWERS.get(step, {}))
    assert response.url.startswith("/complain/received/")


def test_sending_twice_shows_the_same_confirmation(client):
    form_id = walk(client)
    first, second = (client.post(f"/complain/{form_id}/check/").url for _ in range(2))
    assert first == second
    assert Complaint.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_make_one_complaint(client, profile):
    form_id = walk(client, photos={"files": photo()})
    together, got = threading.Barrier(2), []

    def send():
        impatient = Client()
        impatient.cookies = client.cookies
        try:
            together.wait()
            got.append(impatient.post(f"/complain/{form_id}/check/").url)
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 2
    assert len(set(got)) == 1
    assert Complaint.objects.get().attachments.count() == 1


@pytest.mark.parametrize(
    ("step", "field", "sentence"),
    [
        ("kind", "kind", "Choose the closest, or “I am not sure”."),
        ("story", "story", "Write what happened. One sentence is enough."),
        ("story", "place", "Write where it is, so that we can find it."),
        ("story", "OUT-supply_on", "Choose an answer."),
        ("who", "contact_name", "Write your name, or choose to stay anonymous."),
        ("who", "contact_phone", "Write a phone number or an e-mail address, so that we can answer."),
    ],
)
def test_every_missing_answer_gets_its_sentence_and_keeps_the_rest(client, step, field, sentence):
    form_id = walk(client, until=step)
    answers = ANSWERS[step] | {field: ""}
    response = client.post(f"/complain/{form_id}/{step}/", answers)
    assert response.status_code == 422
    assert response.context["form"].errors == {field: [sentence]}
    for value in answers.values():
        assert value in page(response)


def test_a_topic_must_be_chosen(client):
    response = client.post("/complain/", {"form_id": uuid4()})
    assert response.status_code == 422
    assert "Choose one of the five." in page(response)


def test_going_back_loses_nothing_not_even_what_is_wrong(client):
    form_id = walk(client, until="story")
    back = client.post(f"/complain/{form_id}/story/", {"story": "Half a sen", "place": "", "back": "1"})
    assert back.url == f"/complain/{form_id}/kind/"
    assert client.post(back.url, {"kind": "OUT-05"}).url == f"/complain/{form_id}/story/"
    assert "Half a sen" in page(client.get(f"/complain/{form_id}/story/"))


def test_a_change_after_checking_comes_straight_back_to_the_check(client):
    form_id = walk(client)
    response = client.post(f"/complain/{form_id}/who/", WHO | {"contact_name": "赵六"})
    assert response.url == f"/complain/{form_id}/check/"
    assert "赵六" in page(client.get(response.url))


def test_another_topic_asks_its_own_questions_and_keeps_the_story(client):
    form_id = walk(client)
    response = client.post("/complain/", {"form_id": form_id, "category": "BIL"})
    assert response.url == f"/complain/{form_id}/kind/"
    assert client.post(response.url, {"kind": "BIL-01"}).url == f"/complain/{form_id}/story/"
    again = page(client.get(f"/complain/{form_id}/story/"))
    assert "昨晚停电" in again
    assert "BIL-disputed" in again


def test_two_tabs_are_two_complaints(client):
    one, two = walk(client), walk(client, story=STORY | {"story": "第二件事。"})
    client.post(f"/complain/{one}/check/")
    client.post(f"/complain/{two}/check/")
    assert {complaint.story for complaint in Complaint.objects.all()} == {"昨晚停电，事先没有通知。", "第二件事。"}


def test_nobody_jumps_ahead_or_into_a_form_that_is_not_theirs(client):
    form_id = walk(client, until="story")
    assert client.get(f"/complain/{form_id}/check/").url == f"/complain/{form_id}/story/"
    assert client.post(f"/complain/{form_id}/check/").url == f"/complain/{form_id}/story/"
    assert Client().get(f"/complain/{form_id}/story/").url == "/complain/"
    assert not Complaint.objects.exists()


def test_danger_is_answered_with_advice_before_anything_else(client):
    form_id = uuid4()
    response = client.post("/complain/", {"form_id": form_id, "category": "SAF"})
    assert response.url == f"/complain/{form_id}/safety/"
    advice = page(client.get(response.url))
    assert "8 metres" in advice
    assert 'href="tel:95598"' in advice
    assert client.post(response.url).url == f"/complain/{form_id}/kind/"
    client.post(f"/complain/{form_id}/kind/", {"kind": "SAF-08"})
    story = {"story": "电箱开着。", "SAF-place": "和平路口", "SAF-immediate_danger": "yes", "SAF-injured": "no"}
    assert client.post(f"/complain/{form_id}/story/", story).url == f"/complain/{form_id}/safety/"
    client.post(f"/complain/{form_id}/safety/")
    assert "Call 95598 now" in page(client.get(f"/complain/{form_id}/who/"))
    client.post(f"/complain/{form_id}/who/", WHO)
    client.post(f"/complain/{form_id}/photos/", {})
    client.post(f"/complain/{form_id}/check/")
    complaint = Complaint.objects.get()
    assert (complaint.priority, complaint.status, complaint.place) == (1, "dispatched", "和平路口")


def test_a_dangerous_kind_of_another_topic_warns_too(client):
    form_id = walk(client, until="kind", category={"category": "VOL"})
    assert client.post(f"/complain/{form_id}/kind/", {"kind": "VOL-03"}).url == f"/complain/{form_id}/safety/"


def test_staying_anonymous_needs_neither_name_nor_number(client):
    form_id = walk(client, who=WHO | {"is_anonymous": "yes", "contact_name": "", "contact_phone": ""})
    client.post(f"/complain/{form_id}/check/")
    assert Complaint.objects.get().is_anonymous


def test_photos_are_added_removed_and_sent_along_and_nothing_stays_behind(client):
    form_id = walk(client, until="photos")
    address = f"/complain/{form_id}/photos/"
    assert client.post(address, {"files": [photo(), photo("bill.png", "blue")], "add": "1"}).url == address
    response = client.get(address)
    assert "meter.png" in page(response)
    assert "bill.png" in page(response)
    client.post(address, {"remove": response.context["files"][1]["sha256"]})
    assert "bill.png" not in page(client.get(address))
    client.post(address, {})
    client.post(f"/complain/{form_id}/check/")
    assert [file.name for file in Complaint.objects.get().attachments.all()] == ["meter.png"]
    assert default_storage.listdir(f"drafts/{form_id}")[1] == []


def test_a_file_that_is_no_photo_is_refused_by_name(client):
    form_id = walk(client, until="photos")
    response = client.post(f"/complain/{form_id}/photos/", {"files": SimpleUploadedFile("me.jpg", b"MZ program")})
    assert response.status_code == 422
    assert "me.jpg" in response.context["form"].errors["files"][0]


def test_a_machine_that_fills_the_hidden_field_sends_nothing_and_a_person_sees_why(client):
    form_id = walk(client)
    response = client.post(f"/complain/{form_id}/check/", {"website": "http://buy.example"})
    assert response.status_code == 422
    assert "empty the last field" in page(response)
    assert not Complaint.objects.exists()


def test_without_the_cache_people_can_still_complain(client, settings):
    broken = settings.CACHES["default"] | {"LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": broken}
    form_id = walk(client)
    assert client.post(f"/complain/{form_id}/check/").status_code == 302
    assert Complaint.objects.count() == 1


def test_the_language_of_the_page_is_offered_as_the_language_of_the_answer(client):
    client.cookies["language"] = "zh-hans"
    form_id = walk(client, until="who")
    assert client.get(f"/complain/{form_id}/who/").context["form"]["language"].value() == "zh-hans"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_front_page_offers_the_five_topics_danger_first(client, language):
    client.cookies["language"] = language
    response = client.get("/")
    assert [topic["category"].code for topic in response.context["topics"]] == ["SAF", "OUT", "VOL", "BIL", "SVC"]
    assert len(response.content) < 60_000
