"""The page of one complaint: what it offers to whom, what a move made from it does, and what a refusal leaves alone."""

import pytest
from django.urls import reverse

from complaints import workflow
from complaints.models import Complaint
from complaints.models.complaint import ADJUSTING
from complaints.states import MOVES, Status
from staff.actors import THE_CUSTOMER, Actor, Role
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.complaints.views.pages import a_photo, filled_in, move_url, moves_on, post, text_of
from tests.factories import MONDAY, a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


def in_status(status: str) -> Complaint:
    return bring(a_complaint(), status)


def refreshed(complaint: Complaint) -> Complaint:
    return Complaint.objects.get(pk=complaint.pk)


@pytest.mark.parametrize("status", Status)
def test_the_page_offers_each_role_the_moves_it_may_make_and_no_others(client, status):
    complaint = in_status(status)
    for role in Role:
        client.force_login(a_user(role))
        page = client.get(complaint.get_absolute_url())
        assert page.status_code == 200
        assert moves_on(page) == {name for name, _move in complaint.moves_for(role)}, role


BY_HAND = sorted(name for name, move in MOVES.items() if move.by_hand and name not in ADJUSTING)
"""Money is given back after a recalculation: tests/complaints/investigation/test_adjustments.py."""


CODES = {"arrive": "OUT-01", "restore": "OUT-01", "strike_off": "VOL-01"}
COMES_AFTER = {"detach": "link", "unassign": "assign", "unmerge": "merge", "release": "hold"}
STATUSES = {"escalate": Status.INVESTIGATING, "release": Status.INVESTIGATING, "strike_off": Status.CLOSED}


def about_to(name: str) -> Complaint:
    """A complaint for which this move can be made."""
    channel = {"channel": "letter", "source": "post"} if name == "acknowledge" else {}
    complaint = a_complaint(CODES.get(name, "OUT-03"), **channel, contact_phone="0315-2345678")
    status = STATUSES.get(name, min(MOVES[name].sources))
    bring(complaint, Status.REGISTERED if name == "unmerge" else status)
    if name in COMES_AFTER:
        first = COMES_AFTER[name]
        workflow.perform(first, complaint, by=Actor.staff(a_user(Role.SUPERVISOR)), **details_for(first, complaint))
    return complaint


@pytest.mark.parametrize("name", BY_HAND)
def test_each_move_can_be_made_from_the_page(client, sign_in, name):
    complaint = about_to(name)
    sign_in(min(MOVES[name].allowed & set(Role), key=lambda role: role != Role.SUPERVISOR))
    form = client.get(complaint.get_absolute_url(), {"move": name})
    assert f'action="{move_url(name, complaint)}"' in text_of(form)
    response = post(client, name, complaint)
    assert response.status_code == 302, text_of(response)
    assert response.url == complaint.get_absolute_url()
    assert complaint.events.filter(move=name).exists()
    assert client.get(response.url).status_code == 200


CHANNELS = {
    "phone": {"source": "hotline"},
    "web": {"source": "website"},
    "letter": {"source": "post", "contact_phone": "", "contact_address": "和平路 1 号"},
    "visit": {"source": "counter"},
    "regulator": {"source": "12398", "source_reference": "NEA-2026-7"},
}


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_whole_life_is_led_from_the_page(client, sign_in, channel):
    complaint = a_complaint(channel=channel, **CHANNELS[channel])
    sign_in(Role.SUPERVISOR)
    answers = ["propose", "approve"] if channel == "regulator" else ["resolve"]
    for name in ["dispatch", "accept", "contact", *answers]:
        assert post(client, name, complaint).status_code == 302, name
        complaint = refreshed(complaint)
    assert complaint.status == Status.RESOLVED
    if channel == "regulator":
        said = {"language": "zh-hans", "findings": "配变过载。", "measures": "已更换配变。", "dated_on": "2026-03-05"}
        assert client.post(f"{complaint.get_absolute_url()}reply/", said).status_code == 302
        complaint = refreshed(complaint)
    done = post(client, "feedback", complaint, answered_by="call", score="5", attitude="4", comment="谢谢")
    assert done.status_code == 302, text_of(done)
    complaint = refreshed(complaint)
    assert complaint.status == Status.CLOSED
    assert complaint.outcome == "upheld"
    answer = complaint.feedback.get()
    assert (answer.solved, answer.score, answer.attitude, answer.answered_by) == (True, 5, 4, "call")


def test_not_solved_on_the_call_reopens_it(client, sign_in):
    complaint = in_status(Status.RESOLVED)
    sign_in(Role.AGENT)
    assert post(client, "feedback", complaint, solved="no", comment="晚上还是停电").status_code == 302
    complaint = refreshed(complaint)
    assert complaint.status == Status.INVESTIGATING
    assert complaint.reopened_count == 1


def test_the_call_back_form_shows_what_to_say(client, sign_in):
    complaint = in_status(Status.RESOLVED)
    sign_in(Role.AGENT)
    page = text_of(client.get(complaint.get_absolute_url(), {"move": "feedback"}))
    assert complaint.reference in page
    assert page.count("<li>") >= 3


def test_a_move_that_the_table_refuses_says_why_keeps_the_words_and_changes_nothing(client, sign_in):
    complaint = bring(a_complaint(), Status.DISPATCHED)
    workflow.perform("accept", complaint, by=Actor.staff(a_user(Role.INVESTIGATOR)), at=MONDAY)
    before = everything_about(complaint)
    sign_in(Role.INVESTIGATOR)
    response = post(client, "resolve", complaint, resolution="换了熔断器")
    assert response.status_code == 409
    page = text_of(response)
    assert "Nobody has spoken with the customer yet" in page
    assert "换了熔断器" in page
    assert everything_about(refreshed(complaint)) == before


def test_a_form_with_something_missing_comes_back_as_it_was(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    before = everything_about(complaint)
    sign_in(Role.SUPERVISOR)
    response = post(client, "transfer", complaint, reason="")
    assert response.status_code == 422
    assert "error-summary" in text_of(response)
    assert everything_about(refreshed(complaint)) == before


def test_a_move_out_of_turn_is_refused_also_when_posted_by_hand(client, sign_in):
    complaint = in_status(Status.REGISTERED)
    before = everything_about(complaint)
    sign_in(Role.AGENT)
    response = post(client, "dispatch", complaint)
    assert response.status_code == 409
    assert everything_about(refreshed(complaint)) == before


@pytest.mark.parametrize("name", ["warn", "breach", "request_reopening", "register", "nonsense"])
def test_what_is_not_a_persons_move_is_not_found(client, sign_in, name):
    complaint = in_status(Status.CLOSED)
    before = everything_about(complaint)
    sign_in(Role.SUPERVISOR)
    assert client.post(move_url(name, complaint), {"reason": "x"}).status_code == 404
    assert everything_about(refreshed(complaint)) == before


def test_who_was_second_sees_what_changed_and_decides_again(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    typed = filled_in("transfer", complaint, reason="归城西班处理")
    colleague = a_user(Role.SUPERVISOR)
    workflow.perform("recategorise", complaint, by=Actor.staff(colleague), **details_for("recategorise", complaint))
    before = everything_about(complaint)
    sign_in(Role.SUPERVISOR)
    response = client.post(move_url("transfer", complaint), typed)
    assert response.status_code == 409
    page = text_of(response)
    assert colleague.full_name in page
    assert "归城西班处理" in page
    assert f'name="seen" value="{complaint.version}"' in page
    assert everything_about(refreshed(complaint)) == before
    again = client.post(move_url("transfer", complaint), typed | {"seen": complaint.version})
    assert again.status_code == 302
    assert refreshed(complaint).status == Status.DISPATCHED


def test_a_note_needs_no_newest_state(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    typed = filled_in("note", complaint)
    workflow.perform("urge", complaint, by=THE_CUSTOMER)
    sign_in(Role.AGENT)
    assert client.post(move_url("note", complaint), typed).status_code == 302


def test_a_message_and_a_note_cannot_be_taken_for_each_other(client, sign_in):
    words = ["Send to customer", "is-message", "Save internal note", "is-note", "the customer never does"]
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.AGENT)
    message = text_of(client.get(complaint.get_absolute_url(), {"move": "message"}, headers={"HX-Request": "true"}))
    note = text_of(client.get(complaint.get_absolute_url(), {"move": "note"}, headers={"HX-Request": "true"}))
    assert {word for word in words if word in message} == {"Send to customer", "is-message"}
    assert {word for word in words if word in note} == {"Save internal note", "is-note", "the customer never does"}


def test_htmx_gets_the_form_alone_and_is_sent_on_when_it_is_done(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = client.get(complaint.get_absolute_url(), {"move": "transfer"}, headers={"HX-Request": "true"})
    assert "<html" not in text_of(form)
    refused = client.post(move_url("transfer", complaint), {"seen": 1}, headers={"HX-Request": "true"})
    assert refused.status_code == 422
    assert "<html" not in text_of(refused)
    done = client.post(
        move_url("transfer", complaint), filled_in("transfer", complaint), headers={"HX-Request": "true"}
    )
    assert done.headers["HX-Redirect"] == complaint.get_absolute_url()


def test_a_form_of_a_move_that_is_not_allowed_is_not_shown(client, sign_in):
    complaint = in_status(Status.REGISTERED)
    sign_in(Role.AGENT)
    page = client.get(complaint.get_absolute_url(), {"move": "dispatch"})
    assert page.status_code == 200
    assert move_url("dispatch", complaint) not in text_of(page)


def test_the_same_file_twice_is_kept_once_and_said_so(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.AGENT)
    post(client, "attach", complaint, files=a_photo("one.png"))
    post(client, "attach", refreshed(complaint), files=a_photo("two.png"))
    assert complaint.attachments.count() == 1


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_is_out_of_scope_does_not_exist(client, sign_in, method):
    elsewhere = a_branch("west", parent=a_branch())
    complaint = a_complaint(branch=a_branch())
    before = everything_about(complaint)
    sign_in(Role.SUPERVISOR, branch=elsewhere)
    url = complaint.get_absolute_url() if method == "get" else move_url("note", complaint)
    assert getattr(client, method)(url, {"note": "x"}).status_code == 404
    sign_in(Role.SUPERVISOR, branch=None)
    assert getattr(client, method)(url, {"note": "x"}).status_code == 404
    assert everything_about(refreshed(complaint)) == before


def test_reports_of_wrongdoing_are_for_few_eyes(client, sign_in):
    complaint = a_complaint(request_type="report")
    sign_in(Role.INVESTIGATOR)
    assert client.get(complaint.get_absolute_url()).status_code == 404
    sign_in(Role.LIAISON)
    assert client.get(complaint.get_absolute_url()).status_code == 200


def test_nobody_unknown_gets_in(client):
    complaint = a_complaint()
    before = everything_about(complaint)
    page = client.get(complaint.get_absolute_url())
    assert page.status_code == 302
    assert page.url.startswith(reverse("staff:sign-in"))
    assert client.post(move_url("note", complaint), {"note": "x"}).status_code == 302
    assert everything_about(refreshed(complaint)) == before


def test_the_history_says_every_move_in_a_sentence(client, sign_in):
    complaint = in_status(Status.CLOSED)
    sign_in(Role.ANALYST)
    page = text_of(client.get(complaint.get_absolute_url()))
    for event in complaint.events.all():
        assert f'id="event-{event.number}"' in page
    assert "Reached the customer" in page


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("status", Status)
def test_the_page_opens_in_both_languages(client, sign_in, status, language):
    complaint = in_status(status)
    sign_in(Role.SUPERVISOR)
    client.cookies["language"] = language
    page = client.get(complaint.get_absolute_url())
    assert page.status_code == 200
    assert f'lang="{"zh" if language.startswith("zh") else "en"}' in text_of(page)


def test_the_page_costs_the_same_whatever_has_happened(client, sign_in, django_assert_max_num_queries):
    account = an_account()
    complaint = a_complaint(account=account, customer=account.customer, premise=account.premise)
    sign_in(Role.SUPERVISOR)
    url = complaint.get_absolute_url()
    client.get(url)
    with django_assert_max_num_queries(LIMIT) as few:
        client.get(url)
    agent = Actor.staff(a_user(Role.AGENT))
    for number in range(20):
        workflow.perform("note", complaint, by=agent, note=f"{number}")
        a_complaint(account=account, customer=account.customer)
    for number in range(3):
        post(client, "attach", complaint, files=a_photo(f"{number}.png", f"#0000{number}0"))
    with django_assert_max_num_queries(LIMIT) as many:
        client.get(url)
    assert len(many.captured_queries) == len(few.captured_queries)


LIMIT = 24
"""Two more than if all that can be joined were: the days of calendars are read once and not for each clock, and with the kind of
complaint beside it the planner would take seven times as long as the query."""
