"""What is known to be wrong, for customers: found by place or account, followed instead of complaining, heard to its end."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from channels_intake.models import UnsentForm
from complaints import issues
from complaints.models import Complaint, IssueFollower, IssueUpdate, MessageTemplate, Notice, ServiceIssue
from complaints.tasks import send_notices, tell_updates
from staff.actors import Role
from tests.at_once import at_once
from tests.channels_intake.test_desk_forms import filled, local
from tests.factories import a_branch, a_complaint, a_user, an_account, an_issue

pytestmark = pytest.mark.usefixtures("profile")
STORY = {"story": "整栋楼都没电了。", "place": "和平路", "OUT-supply_on": "no"}


@pytest.fixture(autouse=True)
def own_outbox(settings, tmp_path):
    settings.SMS_URL = f"log:{tmp_path / 'sms.log'}"
    settings.EMAIL_URL = f"file:{tmp_path / 'email'}"


def on_the_network(**fields) -> ServiceIssue:
    """A fault of the feeder that supplies every account of the factories."""
    feeder = an_account().premise.transformer_area.feeder
    return an_issue(feeder=feeder, started_at=timezone.now() - timedelta(hours=1), **fields)


@pytest.fixture(autouse=True)
def in_english(profile, client):
    a_branch()
    client.cookies["language"] = "en"


def begin(client, category="OUT", kind="-"):
    """A form up to its story; its id."""
    form_id = uuid4()
    client.post("/complain/", {"form_id": form_id, "category": category})
    client.post(f"/complain/{form_id}/safety/")
    go(client, form_id, "kind", kind=kind)
    return form_id


def go(client, form_id, step, **typed):
    return client.post(f"/complain/{form_id}/{step}/", typed)


def follow(client, issue, **typed):
    return client.post(reverse("channels_intake:follow", args=[issue.pk]), {f"follow-{k}": v for k, v in typed.items()})


def told(issue) -> list[tuple[str, str]]:
    return sorted(Notice.objects.filter(update__issue=issue).values_list("medium", "address"))


def test_what_is_known_is_listed_without_our_words(client):
    issue = on_the_network(title="10kV 512 开关跳闸", cause="施工外破")
    on_the_network(kind="conduct", title="收费员", is_public=False)
    over = on_the_network(restored_at=timezone.now())
    page = client.get("/known/").content.decode()
    assert "East 1" in page
    assert "Fault" in page
    assert issue.title not in page
    assert issue.cause not in page
    assert "Conduct" not in page
    assert page.count('id="issue-') == 1
    assert f'id="issue-{over.pk}"' not in page


@pytest.mark.parametrize("place", ["和平路", "{account}", "城东一线", "唐山 城东一线 旁边"])
def test_it_is_found_by_street_by_account_and_by_name(client, place):
    account = an_account()
    on_the_network()
    assert 'id="issue-' in client.get("/known/", {"q": place.format(account=account.number)}).content.decode()


@pytest.mark.parametrize("place", ["新华道", "3999999999", "李", "%", "\u202e", "和" * 500])
def test_nothing_known_is_said_plainly(client, place):
    on_the_network()
    page = client.get("/known/", {"q": place})
    assert page.status_code == 200
    assert "We know of nothing wrong there" in page.content.decode()


def test_following_greets_once_and_can_be_stopped(client):
    issue = on_the_network()
    answer = follow(client, issue, phone="138 0000 1234")
    follower = IssueFollower.objects.get()
    assert answer.url == f"/following/{follower.token}/"
    assert follow(client, issue, phone="138 0000 1234").url == answer.url
    assert Notice.objects.get(follower=follower).code == "issue_following"
    assert send_notices() == 1
    assert client.post(f"/following/{follower.token}/stop/").status_code == 302
    issues.say(issue, by=a_user(Role.SUPERVISOR), text_zh="已派人抢修。")
    tell_updates()
    assert told(issue) == []
    assert "You get no more messages" in client.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ({}, "Write a mobile number or an e-mail address"),
        ({"phone": "0315 222 3333"}, "We can only text mobile numbers"),
        ({"phone": "12"}, "Write the number in digits"),
        ({"email": "nobody"}, "valid email"),
    ],
)
def test_nobody_is_followed_without_a_way_to_tell_them(client, typed, why):
    answer = follow(client, on_the_network(), **typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert why in page
    assert all(value in page for value in typed.values())
    assert not IssueFollower.objects.exists()
    assert not Notice.objects.exists()


def test_what_is_over_or_not_public_is_not_followed(client):
    hidden, over = on_the_network(is_public=False), on_the_network(restored_at=timezone.now())
    assert follow(client, hidden, phone="13800001234").status_code == 404
    answer = follow(client, over, phone="13800001234")
    assert (answer.status_code, "This is over" in answer.content.decode()) == (422, True)
    assert not IssueFollower.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_followed_from_ten_threads_it_is_one_follower(profile):
    issue = on_the_network()
    at_once(lambda _number: issues.follow(issue, "sms", "13800001234", language="en"))
    assert (IssueFollower.objects.count(), Notice.objects.count()) == (1, 1)


def test_the_form_offers_what_is_known_before_it_asks_who(client):
    issue = on_the_network()
    form_id = begin(client)
    answer = go(client, form_id, "story", **STORY)
    assert answer.url == f"/complain/{form_id}/known/"
    assert "East 1" in client.get(answer.url).content.decode()
    refused = client.post(answer.url, {"issue": issue.pk})
    assert refused.status_code == 422
    assert not IssueFollower.objects.exists()
    assert UnsentForm.objects.filter(pk=form_id).exists()
    followed = client.post(answer.url, {"issue": issue.pk, "follow-phone": "13800001234"})
    assert followed.url == f"/following/{IssueFollower.objects.get().token}/"
    assert IssueFollower.objects.get().note == STORY["story"]
    assert not UnsentForm.objects.filter(pk=form_id).exists()
    assert not Complaint.objects.exists()


def test_who_goes_on_is_not_asked_again(client):
    on_the_network()
    form_id = begin(client)
    known = go(client, form_id, "story", **STORY).url
    assert client.post(known, {"on": "1"}).url.endswith("/who/")
    assert go(client, form_id, "story", **STORY).url.endswith("/who/")


def test_the_account_number_finds_it_too(client):
    account = an_account()
    on_the_network()
    form_id = begin(client)
    go(client, form_id, "story", **STORY | {"place": "家里"})
    who = {"is_anonymous": "no", "contact_name": "李四", "contact_phone": "13800001234", "language": "zh-hans"}
    answer = go(client, form_id, "who", account_number=account.number, **who)
    assert answer.url == f"/complain/{form_id}/known/"
    assert "13800001234" in client.get(answer.url).content.decode()


@pytest.mark.parametrize(
    ("category", "kind", "said"),
    [
        ("OUT", "-", {"OUT-life_support": "yes"}),
        ("OUT", "OUT-08", {}),
        ("OUT", "OUT-03", {"OUT-notice_received": "no"}),
        ("SAF", "-", {"SAF-place": "和平路", "SAF-immediate_danger": "yes"}),
        ("SVC", "-", {}),
    ],
)
def test_nobody_in_danger_or_with_a_complaint_about_us_is_sent_away(client, category, kind, said):
    on_the_network(kind="hazard")
    on_the_network()
    form_id = begin(client, category, kind)
    assert "/known/" not in getattr(go(client, form_id, "story", **STORY | said), "url", "")
    assert "/known/" not in getattr(client.get(f"/complain/{form_id}/known/"), "url", "")


def test_one_update_reaches_everybody_in_their_language_once(client):
    issue, staff = on_the_network(), a_user(Role.SUPERVISOR)
    first = a_complaint(contact_phone="13800005555", language="en")
    a_complaint(contact_phone="13800006666")
    Complaint.objects.filter(pk=first.pk).update(service_issue=issue)
    for phone in ("13800005555", "13800007777"):  # the first complained too, and hears it once
        issues.follow(issue, "sms", phone, language="zh-hans")
    issues.follow(issue, "email", "ma@example.org", language="en")
    assert Notice.objects.filter(code="issue_following").count() == 3
    back = timezone.now() + timedelta(hours=2)
    issues.say(issue, by=staff, text_zh="已查明故障点。", text_en="We found it.", expected_at=back)
    assert tell_updates() == 3
    assert tell_updates() == 0
    assert told(issue) == [("email", "ma@example.org"), ("sms", "13800005555"), ("sms", "13800007777")]
    texts = dict(Notice.objects.filter(update__issue=issue).values_list("address", "body"))
    assert "We found it." in texts["13800005555"]
    assert first.token in texts["13800005555"]
    assert "已查明故障点。" in texts["13800007777"]
    issue.refresh_from_db()
    assert issue.expected_at == back
    assert "We found it." in client.get(f"/track/{first.token}/").content.decode()


def test_the_end_is_told_to_all_and_leads_back_to_the_form(client):
    issue = on_the_network()
    token = issues.follow(issue, "sms", "13800007777", language="en").token
    issues.restored(issue, timezone.now(), by=a_user(Role.SUPERVISOR))
    assert tell_updates() == 1
    assert "Not so at your place?" in Notice.objects.get(update__is_last=True).body
    page = client.get(f"/following/{token}/")
    assert "It is over." in page.content.decode()
    begun = client.post("/complain/", {"form_id": page.context["form_id"], "category": "OUT"})
    assert begun.status_code == 302
    assert begun.url.startswith("/complain/")


def test_an_update_goes_to_nobody_twice_whatever_the_database_is_asked():
    issue = on_the_network()
    follower = issues.follow(issue, "email", "ma@example.org", language="en")
    update = issues.say(issue, by=a_user(Role.SUPERVISOR), text_en="Soon.")
    tell_updates()
    notice = Notice.objects.get(update=update)
    notice.pk, notice.uuid, notice.address = None, uuid4(), "MA@example.org"
    with pytest.raises(IntegrityError), transaction.atomic():
        notice.save(force_insert=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Notice.objects.filter(follower=follower, update=None).update(follower=None)


def test_without_a_text_it_waits_and_the_task_is_seen_to_fail(profile):
    issue = on_the_network()
    issues.follow(issue, "sms", "13800007777", language="en")
    issues.say(issue, by=a_user(Role.SUPERVISOR), text_en="Soon.")
    MessageTemplate.objects.filter(code="issue_update").delete()
    with pytest.raises(ExceptionGroup):
        tell_updates()
    assert told(issue) == []
    edited = MessageTemplate.objects.filter(code="acknowledged").first()
    MessageTemplate.objects.filter(pk=edited.pk).update(body="edited")
    call_command("load_profile", "cn-95598", if_empty=True, verbosity=0)
    assert MessageTemplate.objects.get(pk=edited.pk).body == "edited"
    assert tell_updates() == 1


def test_by_night_text_messages_of_updates_wait_and_mails_go(monkeypatch):
    issue = on_the_network()
    for medium, address in (("sms", "13800007777"), ("email", "ma@example.org")):
        issues.follow(issue, medium, address, language="en")
    issues.say(issue, by=a_user(Role.SUPERVISOR), text_en="Soon.")
    night = timezone.localtime().replace(hour=2, minute=0) + timedelta(days=1)
    monkeypatch.setattr("complaints.turn.now", lambda: night)
    tell_updates()
    tries = dict(Notice.objects.exclude(update=None).values_list("medium", "next_try_at"))
    assert tries["email"] == night < tries["sms"]


@pytest.mark.django_db(transaction=True)
def test_told_by_ten_workers_each_hears_it_once(profile):
    issue = on_the_network()
    for number in range(40):
        issues.follow(issue, "sms", f"138000{number:05d}", language="en")
    issues.say(issue, by=a_user(Role.SUPERVISOR), text_en="Soon.")
    at_once(lambda _number: tell_updates())
    assert len(told(issue)) == 40 == len(set(told(issue)))
    assert IssueUpdate.objects.filter(told_at=None).count() == 0


def test_an_agent_does_not_speak_to_all_and_nothing_is_said(client):
    issue = on_the_network()
    client.force_login(a_user(Role.AGENT))
    assert client.post(reverse("complaints:issue-tell", args=[issue.pk]), {"text_en": "Soon."}).status_code == 403
    assert client.post(reverse("complaints:issue-restored", args=[issue.pk]), {}).status_code == 403
    assert not IssueUpdate.objects.exists()
    client.force_login(a_user(Role.INVESTIGATOR))
    empty = client.post(reverse("complaints:issue-tell", args=[issue.pk]), {})
    assert (empty.status_code, IssueUpdate.objects.exists()) == (422, False)
    assert client.post(reverse("complaints:issue-tell", args=[issue.pk]), {"text_en": "Soon."}).status_code == 302
    page = client.get(reverse("complaints:issue", args=[issue.pk])).content.decode()
    assert "Soon." in page
    assert "being told" in page


def test_the_agent_ticks_what_it_is_part_of_and_it_hangs_on_it_once(client):
    issue, account = on_the_network(), an_account()
    client.force_login(a_user(Role.AGENT))
    typed = filled("phone", account_number=account.number, category="OUT", service_issue=str(issue.pk))
    known = client.post("/desk/new/known/", typed).content.decode()
    assert f'value="{issue.pk}" checked' in known
    for _ in range(2):
        assert client.post("/desk/new/phone/", filled_outage(typed)).status_code == 302
    complaint = Complaint.objects.get()
    assert complaint.service_issue == issue
    assert complaint.events.filter(move="link").count() == 1


@pytest.mark.parametrize("key", ["0", "x", "９", "99999999999"])
def test_a_trouble_that_is_not_there_or_over_keeps_nobody_from_registering(client, key):
    over = on_the_network(restored_at=timezone.now())
    client.force_login(a_user(Role.AGENT))
    for one in (key, str(over.pk)):
        assert client.post("/desk/new/phone/", filled("phone", service_issue=one)).status_code == 302
    assert not Complaint.objects.exclude(service_issue=None).exists()


def filled_outage(typed):
    return typed | {
        "subcategory": "OUT-02",
        "OUT-supply_on": "no",
        "OUT-life_support": "no",
        "OUT-extent": "neighbours",
        "OUT-outage_since": local(timezone.now() - timedelta(hours=1)),
        "place": "和平路",
    }


def test_whole_branches_are_hit_and_their_neighbours_not(client):
    west = a_branch("west", parent=a_branch())
    account = an_account()
    an_issue(kind="billing_run", branch=a_branch(), started_at=timezone.now() - timedelta(hours=1))
    an_issue(kind="billing_run", branch=west, started_at=timezone.now() - timedelta(hours=1))
    (found,) = issues.near("", account, about="BIL")
    assert found.branch == a_branch()
    assert issues.near("", account, about="OUT") == []
