"""Staff write down calls, letters, visits and what the regulator hands over."""

import io
from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from complaints.models import Complaint
from staff.actors import Role
from tests.factories import a_branch, a_team, a_user, an_account

pytestmark = pytest.mark.django_db

CHANNELS = ["phone", "letter", "visit", "regulator"]


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def filled(channel, **changes):
    """A form as somebody fills it, valid for its channel."""
    now = timezone.now()
    common = {
        "form_id": str(uuid4()), "contact_name": "李四", "contact_phone": "13800001234", "contact_method": "phone",
        "language": "zh-hans", "category": "SVC", "subcategory": "SVC-06", "request_type": "complaint",
        "story": "报装三个月没有回音。", "SVC-happened_at": local(now - timedelta(days=90)), "SVC-what_was_said": "让我等通知。",
    }  # fmt: skip
    extra = {
        "phone": {"caller_number": "13800009999", "call_id": "R-7"},
        "letter": {
            "received_at": local(now - timedelta(days=2)), "letter_on": str(timezone.localdate() - timedelta(days=5)),
            "letter_reference": "L-12", "signatories": "1", "contact_address": "和平路 3 号",
        },
        "visit": {"received_at": local(now - timedelta(hours=1)), "counter": "城东营业厅", "identity": "id_card", "visitors": "2"},
        "regulator": {
            "received_at": local(now - timedelta(hours=1)), "regulator": "12398", "source_reference": "12398-77",
            "due_on": str(timezone.localdate() + timedelta(days=6)),
        },
    }[channel]  # fmt: skip
    return common | extra | changes


@pytest.fixture(autouse=True)
def desk(profile):
    a_branch()
    a_team("dispatch")


@pytest.fixture
def liaison(client):
    user = a_user(Role.LIAISON)
    client.force_login(user)
    client.cookies["language"] = "en"
    return user


def page(response):
    return response.content.decode()


@pytest.mark.parametrize("channel", CHANNELS)
def test_each_channel_gives_a_complaint_with_clocks_history_and_reference(client, liaison, channel):
    response = client.post(f"/desk/new/{channel}/", filled(channel), follow=True)
    complaint = Complaint.objects.get()
    assert complaint.channel == channel
    assert complaint.entered_by == liaison
    assert complaint.clocks.exists()
    assert complaint.events.get(number=1).user == liaison
    assert complaint.notices.get().is_to_customer
    assert complaint.reference in page(response)
    assert "Log another" in page(response)
    assert complaint.answers["what_was_said"] == "让我等通知。"


def test_each_channel_keeps_what_only_it_knows(client, liaison):
    for channel in CHANNELS:
        client.post(f"/desk/new/{channel}/", filled(channel))
    got = {complaint.channel: complaint for complaint in Complaint.objects.all()}
    assert got["phone"].channel_details == {"caller_number": "13800009999", "call_id": "R-7"}
    assert got["letter"].channel_details["signatories"] == 1
    assert got["letter"].source_reference == "L-12"
    assert got["letter"].entered_at - got["letter"].received_at > timedelta(days=1)
    assert got["visit"].channel_details == {"counter": "城东营业厅", "identity": "id_card", "visitors": 2}
    assert got["regulator"].source == "12398"
    assert got["regulator"].severity == "important"
    last_day = timezone.localdate() + timedelta(days=6)
    assert timezone.localtime(got["regulator"].external_due_at - timedelta(seconds=1)).date() == last_day
    assert got["regulator"].clocks.filter(tier="external").exists()


def test_the_same_form_sent_twice_shows_the_same_complaint(client, liaison):
    form = filled("phone")
    answers = [client.post("/desk/new/phone/", form).url for _ in range(2)]
    assert answers[0] == answers[1]
    assert Complaint.objects.count() == 1


@pytest.mark.parametrize(
    ("channel", "field", "sentence"),
    [
        ("phone", "category", "Choose one of the five."),
        ("phone", "story", "Write down what happened."),
        ("phone", "contact_name", "Write who complains, or mark it as anonymous."),
        ("phone", "contact_phone", "Write how we can answer: a phone, an e-mail or an address."),
        ("phone", "SVC-happened_at", "Say when, as well as you can."),
        ("phone", "SVC-what_was_said", "Write an answer."),
        ("letter", "received_at", "Write when it reached us: the deadlines run from then."),
        ("letter", "letter_on", "Write the date on the letter; if it has none, the postmark."),
        ("letter", "contact_address", "Write where the answer goes."),
        ("letter", "signatories", "Write how many; 1 if in doubt."),
        ("visit", "counter", "Write at which counter."),
        ("visit", "identity", "Choose how you know who it is."),
        ("visit", "visitors", "Write how many; 1 if in doubt."),
        ("regulator", "regulator", "Choose who handed it over."),
        ("regulator", "source_reference", "Write the reference they gave it."),
        ("regulator", "due_on", "Write the last day on which they want our answer."),
    ],
)
def test_every_missing_field_gets_its_sentence_and_keeps_what_was_typed(client, liaison, channel, field, sentence):
    response = client.post(f"/desk/new/{channel}/", filled(channel, **{field: "", "remedy_sought": "尽快装电"}))
    assert response.status_code == 422
    assert response.context["form"].errors[field] == [sentence]
    assert "尽快装电" in page(response)
    assert "error-summary" in page(response)
    assert not Complaint.objects.exists()


@pytest.mark.parametrize("channel", ["letter", "visit", "regulator"])
def test_nothing_is_received_in_the_future(client, liaison, channel):
    response = client.post(
        f"/desk/new/{channel}/", filled(channel, received_at=local(timezone.now() + timedelta(hours=1)))
    )
    assert response.context["form"].errors["received_at"] == ["This is in the future. Write when it really was."]
    assert not Complaint.objects.exists()


@pytest.mark.parametrize(
    ("channel", "changes", "field"),
    [
        ("letter", {"letter_on": "2099-01-01"}, "letter_on"),
        ("regulator", {"due_on": "2020-01-01"}, "due_on"),
        ("phone", {"subcategory": "OUT-03"}, "subcategory"),
        ("phone", {"account_number": "4040404"}, "account_number"),
        ("phone", {"contact_phone": "abc"}, "contact_phone"),
        ("phone", {"category": "VOL", "subcategory": "VOL-01"}, "place"),
    ],
)
def test_what_cannot_be_true_is_said_at_its_field(client, liaison, channel, changes, field):
    response = client.post(f"/desk/new/{channel}/", filled(channel, **changes))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert not Complaint.objects.exists()


def test_not_knowing_is_an_answer_too(client, liaison):
    form = filled("phone", category="OUT", subcategory="OUT-01", place="和平路") | {
        "OUT-supply_on": "no", "OUT-outage_since": local(timezone.now()), "OUT-extent": "whole", "OUT-life_support": "unknown",
    }  # fmt: skip
    client.post("/desk/new/phone/", form)
    assert set(Complaint.objects.get().answers) == {"supply_on", "outage_since", "extent"}


def test_an_anonymous_caller_needs_no_name(client, liaison):
    client.post("/desk/new/phone/", filled("phone", contact_name="", contact_phone="", is_anonymous="on"))
    assert Complaint.objects.get().is_anonymous


def test_the_scan_is_kept_and_a_wrong_kind_of_file_is_named(client, liaison):
    content = io.BytesIO()
    Image.new("RGB", (20, 20)).save(content, "PNG")
    wrong = client.post(
        "/desk/new/letter/", filled("letter", files=SimpleUploadedFile("letter.pdf", b"MZ not a letter"))
    )
    assert "letter.pdf" in wrong.context["form"].errors["files"][0]
    assert not Complaint.objects.exists()
    client.post("/desk/new/letter/", filled("letter", files=SimpleUploadedFile("letter.png", content.getvalue())))
    assert Complaint.objects.get().attachments.get().name == "letter.png"


def test_a_form_with_another_mistake_asks_for_its_files_again(client, liaison):
    upload = SimpleUploadedFile("letter.pdf", b"%PDF-1.4 a letter\n%%EOF")
    response = client.post("/desk/new/letter/", filled("letter", story="", files=upload))
    assert "Choose the files again" in response.context["form"].errors["files"][0]


def test_another_channel_keeps_what_was_typed(client, liaison):
    response = client.post("/desk/new/letter/", filled("phone", switch="letter", story=""))
    assert response.status_code == 200
    assert "李四" in page(response)
    assert 'name="letter_on"' in page(response)
    assert not response.context["form"].errors


def test_without_scripts_a_look_up_and_a_pick_fill_the_form_and_keep_the_story(client, liaison):
    account = an_account(name="欧阳锋", email="ou@example.org")
    empty = filled("phone", contact_name="", contact_phone="")
    found = client.post("/desk/new/phone/", empty | {"look": "1", "q": "欧阳"})
    assert account.number in page(found)
    assert "报装三个月没有回音。" in page(found)
    picked = client.post("/desk/new/phone/", empty | {"pick": account.number})
    assert 'value="欧阳锋"' in page(picked)
    assert "报装三个月没有回音。" in page(picked)
    assert account.premise.address in page(picked)


@pytest.mark.parametrize("role", Role.values)
@pytest.mark.parametrize("channel", CHANNELS)
def test_only_those_who_talk_with_customers_enter_complaints(client, role, channel):
    client.force_login(a_user(role))
    may = {"agent", "supervisor", "liaison"} if channel != "regulator" else {"supervisor", "liaison"}
    expected = (200, 302) if role in may else (403, 403)
    got = (
        client.get(f"/desk/new/{channel}/").status_code,
        client.post(f"/desk/new/{channel}/", filled(channel)).status_code,
    )
    assert got == expected
    assert Complaint.objects.exists() == (role in may)


def test_strangers_are_asked_to_sign_in_and_unknown_channels_are_not_there(client):
    assert client.get("/desk/new/phone/").url.startswith("/sign-in/")
    client.force_login(a_user())
    assert client.get("/desk/new/web/").status_code == client.get("/desk/new/fax/").status_code == 404


def test_an_agent_sees_the_reference_of_a_report_they_entered_but_not_of_others(client):
    client.force_login(a_user(Role.AGENT))
    form = filled("phone", subcategory="SVC-14") | {"SVC-who": "某工作人员"}
    response = client.post("/desk/new/phone/", form, follow=True)
    reference = Complaint.objects.get().reference
    assert reference in page(response)
    assert f"/complaints/{reference}/" not in page(response)
    client.force_login(a_user(Role.AGENT))
    assert client.get(f"/desk/registered/{reference}/").status_code == 404
