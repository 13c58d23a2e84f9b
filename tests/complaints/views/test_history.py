"""The history on the page: what is filtered, folded, remembered and printed, and which complaints hang together."""

from datetime import timedelta

import pytest
from django.utils import timezone

from complaints import reach, related, workflow
from complaints.models import Complaint
from complaints.states import Status
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.complaints.test_moves import bring, details_for
from tests.complaints.views.pages import a_photo, moves_on, post, text_of
from tests.factories import MONDAY, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


@pytest.fixture
def complaint(profile):
    return bring(a_complaint(contact_phone="13812345678"), Status.INVESTIGATING)


def entries(page) -> list[str]:
    """The anchors of the entries as they stand on the page."""
    return [part.split('"')[0] for part in text_of(page).split('id="event-')[1:]]


def does(complaint, name, role=Role.SUPERVISOR, **details):
    by = THE_CUSTOMER if role == "customer" else Actor.staff(a_user(role))
    details = details or details_for(name, complaint)
    return str(workflow.perform(name, Complaint.objects.get(pk=complaint.pk), by=by, **details).number)


def test_each_chip_shows_its_own_entries(client, sign_in, complaint):
    note = does(complaint, "note", note="电话没人接")
    said = does(complaint, "supplement", "customer", message="又停了")
    pause = does(complaint, "hold", Role.SUPERVISOR)
    sign_in(Role.AGENT)
    post(client, "attach", Complaint.objects.get(pk=complaint.pk), files=a_photo())
    file = str(complaint.events.latest("number").number)
    url = complaint.get_absolute_url()
    found = {show: set(entries(client.get(url, {"show": show}))) for show in ("words", "customer", "clocks", "files")}
    assert {note, said, pause} <= found["words"]
    assert said in found["customer"]
    assert note not in found["customer"]
    assert pause in found["clocks"]
    assert {note, said, file}.isdisjoint(found["clocks"])
    assert found["files"] == {file}
    everything = [str(number) for number in range(complaint.events.count(), 0, -1)]
    assert entries(client.get(url)) == entries(client.get(url, {"show": "nonsense"})) == everything


def test_the_order_is_remembered_for_each_person(client, sign_in, complaint):
    url = complaint.get_absolute_url()
    mine = sign_in(Role.AGENT)
    newest = entries(client.get(url))
    assert entries(client.get(url, {"order": "oldest"})) == newest[::-1]
    assert entries(client.get(url)) == newest[::-1]
    sign_in(Role.AGENT)
    assert entries(client.get(url)) == newest
    client.force_login(mine)
    assert entries(client.get(url)) == newest[::-1]


def test_a_pause_says_its_reason_and_a_file_hangs_on_its_entry(client, sign_in, complaint):
    sign_in(Role.SUPERVISOR)
    details = details_for("hold", complaint)
    does(complaint, "hold")
    post(client, "attach", Complaint.objects.get(pk=complaint.pk), files=a_photo("spark.png"))
    page = text_of(client.get(complaint.get_absolute_url()))
    assert details["pause_reason"].name in page
    newest = page.split(f'id="event-{complaint.events.count()}"', 1)[1].split("</li>\n<li")[0]
    assert 'data-photo="spark.png"' in newest


def test_long_words_are_folded_and_whole_on_paper(client, sign_in, complaint):
    does(complaint, "note", note="很长 " * 400)
    sign_in(Role.AGENT)
    page = text_of(client.get(complaint.get_absolute_url()))
    assert page.count('class="entry-text folded"') == 1
    paper = text_of(client.get(complaint.get_absolute_url(), {"print": "1"}))
    assert "folded" not in paper
    assert ("很长 " * 400).strip() in paper


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_paper_has_everything_and_no_desk_around(client, sign_in, complaint, language):
    sign_in(Role.AGENT)
    client.cookies["language"] = language
    page = client.get(complaint.get_absolute_url(), {"print": "1"})
    paper = text_of(page)
    assert complaint.story in paper
    assert entries(page) == [str(number) for number in range(1, complaint.events.count() + 1)]
    assert paper.count("<tr>") == complaint.clocks.count() + 1
    assert "topbar" not in paper
    assert not moves_on(page)


def test_paper_is_only_for_those_who_may_see_it(client, sign_in, complaint):
    sign_in(Role.SUPERVISOR, branch=None)
    assert client.get(complaint.get_absolute_url(), {"print": "1"}).status_code == 404


@pytest.mark.parametrize(
    ("days", "kind", "expected"),
    [(29, "complaint", True), (31, "complaint", False), (6, "enquiry", True), (8, "enquiry", False)],
)
def test_the_same_matter_soon_after_closing_is_a_repeat(client, sign_in, days, kind, expected):
    account = an_account()
    here = {"account": account, "customer": account.customer, "premise": account.premise}
    first = bring(a_complaint(**here), Status.CLOSED)
    closed = timezone.now() - timedelta(days=days)
    Complaint.objects.filter(pk=first.pk).update(
        closed_at=closed, received_at=closed, entered_at=closed, request_type=kind
    )
    later = a_complaint(at=timezone.now(), **here)
    user = sign_in(Role.SUPERVISOR)
    found = related.to(later, user)
    assert [(one.complaint, one.is_repeat) for one in found] == [(first, expected)]
    page = text_of(client.get(later.get_absolute_url()))
    assert ("repeated by this one" in page) == expected
    assert ("same customer" in page) != expected


def test_a_neighbour_of_the_same_premise_is_named_and_a_stranger_is_not(sign_in):
    account, other = an_account(), an_account()
    mine = a_complaint(account=account, customer=account.customer, premise=account.premise, contact_phone="13800000001")
    flat = a_complaint(customer=other.customer, premise=account.premise, contact_phone="13800000002")
    a_complaint(customer=other.customer, premise=other.premise, contact_phone="13800000003", at=MONDAY)
    found = related.to(mine, sign_in(Role.SUPERVISOR))
    assert [(one.complaint, one.why) for one in found] == [(flat, "same premise")]
    assert related.to(mine, sign_in(Role.SUPERVISOR, branch=None)) == []


def test_before_sending_one_reads_where_it_goes(client, sign_in, complaint):
    sign_in(Role.INVESTIGATOR)
    url = complaint.get_absolute_url()
    for name in ("message", "ask", "resolve"):
        page = text_of(client.get(url, {"move": name}))
        assert "by text message to 138****5678" in page, name
    assert "Send to customer by text message to 138****5678" in text_of(client.get(url, {"move": "message"}))
    assert "Nothing is sent" in text_of(client.get(url, {"move": "note"}))
    complaint.contact_method, complaint.contact_address = "letter", "和平路一百号二楼"
    complaint.save()
    page = text_of(client.get(url, {"move": "message"}))
    assert "by letter to" in page
    assert "by text message" not in page


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"contact_phone": "", "contact_email": "li.si@example.org"}, ("l***@example.org", "")),
        ({"contact_phone": "0315-2345678"}, ("", "There is neither a mobile number")),
        ({"contact_phone": "", "is_anonymous": True}, ("", "The complaint is anonymous")),
    ],
)
def test_where_a_message_goes_or_why_it_cannot(fields, expected):
    found = reach.of(a_complaint(**fields))
    assert found.to == expected[0]
    assert found.why_not.startswith(expected[1])


def test_who_asked_not_to_be_contacted_is_not(client, sign_in):
    account = an_account(do_not_contact=True)
    complaint = bring(a_complaint(account=account, customer=account.customer), Status.INVESTIGATING)
    sign_in(Role.AGENT)
    page = text_of(client.get(complaint.get_absolute_url(), {"move": "message"}))
    assert "asked not to be contacted" in page
