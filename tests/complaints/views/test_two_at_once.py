"""Two people write on the same complaint: neither loses anything, and nothing is done twice."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from complaints import workflow
from complaints.models import Complaint, UnsentMove
from complaints.states import Status
from complaints.tasks import forget_unsent_moves
from staff.actors import Actor, Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.complaints.views.pages import a_photo, filled_in, move_url, text_of
from tests.factories import a_complaint, a_user, an_answer

pytestmark = pytest.mark.usefixtures("profile", "monday_morning")


def in_status(status: str) -> Complaint:
    return bring(a_complaint(), status)


def refreshed(complaint: Complaint) -> Complaint:
    return Complaint.objects.get(pk=complaint.pk)


def by_colleague(name, complaint, **details):
    colleague = a_user(Role.SUPERVISOR)
    workflow.perform(name, refreshed(complaint), by=Actor.staff(colleague), **(details or details_for(name, complaint)))
    return colleague


def hidden(page, name) -> str:
    """The value of a hidden field of the form."""
    return text_of(page).split(f'name="{name}" value="', 1)[1].split('"', 1)[0]


def drawn(client, complaint, name) -> dict:
    """The hidden fields that the form of a move is drawn with."""
    page = client.get(complaint.get_absolute_url(), {"move": name}, headers={"HX-Request": "true"})
    names = [part.split('"')[0] for part in text_of(page).split('type="hidden" name="')[1:]]
    return {name: hidden(page, name) for name in names if name != "csrfmiddlewaretoken"}


def keep(client, complaint, name, **typed):
    return client.post(f"{move_url(name, complaint)}keep/", typed)


def test_a_field_that_changed_meanwhile_is_shown_with_both_values(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "prioritise")
    colleague = by_colleague("prioritise", complaint, priority=2, severity="ordinary", reason="医院附近")
    typed = form | {"priority": "4", "severity": "ordinary", "reason": "不急"}
    refused = client.post(move_url("prioritise", complaint), typed)
    assert refused.status_code == 409
    page = text_of(refused)
    assert "While you were writing" in page
    assert colleague.full_name in page
    assert "医院附近" in page
    assert "不急" in page
    row = page.split("meanwhile-table", 1)[1].split("</table>")[0]
    fresh = refreshed(complaint)
    assert fresh.priority == 2
    assert f"<td>{fresh.get_priority_display()}</td>" in row
    assert "Severity" not in row
    again = client.post(move_url("prioritise", complaint), typed | {"seen": hidden(refused, "seen")})
    assert again.status_code == 302
    assert refreshed(complaint).priority == 4


def test_a_save_that_was_overtaken_on_its_way_changes_nothing(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "note")
    keep(client, complaint, "note", **form, note="变压器有异响，已通知", typed_at="page 2")
    row = UnsentMove.objects.get()
    assert keep(client, complaint, "note", **form, note="变压器", typed_at="page 1").status_code == 200
    after = UnsentMove.objects.get()
    assert (after.content, after.saved_at) == (row.content, row.saved_at)
    keep(client, complaint, "note", **form, note="变压器有异响，已派人", typed_at="page 3")
    assert UnsentMove.objects.get().content["note"] == "变压器有异响，已派人"


def test_a_form_nobody_typed_in_is_not_kept_for_the_name_of_its_page(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "note")
    assert keep(client, complaint, "note", **form, note="", typed_at="page 1").status_code == 204
    assert not UnsentMove.objects.exists()


def test_a_form_that_lacks_something_still_tells_what_changed(client, sign_in):
    """A refusal for another reason must not count as having seen what is new."""
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "transfer")
    colleague = by_colleague("recategorise", complaint)
    refused = client.post(move_url("transfer", complaint), form | {"reason": "归城西班"})
    assert refused.status_code == 422
    assert f"<strong>{colleague.full_name}</strong>" in text_of(refused)


def test_a_move_that_came_too_late_leaves_its_words_as_a_note(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    user = sign_in(Role.INVESTIGATOR)
    form = drawn(client, complaint, "resolve")
    workflow.perform("contact", complaint, by=Actor.staff(a_user()), reached=True, method="phone")
    by_colleague("resolve", complaint, **an_answer())
    words = "已更换熔断器，" * 500
    answer = an_answer()
    typed = form | {"outcome": "upheld", "root_cause": answer["root_cause"].code, "resolution": words}
    refused = client.post(move_url("resolve", complaint), typed)
    assert refused.status_code == 409
    page = text_of(refused)
    assert "can no longer be done" in page
    assert words in page
    kept = client.post(f"{move_url('resolve', complaint)}as-note/", typed)
    assert kept.status_code == 302
    note = complaint.events.get(move="note")
    assert words in note.details["note"]
    assert note.user == user
    assert refreshed(complaint).resolution == answer["resolution"]
    client.post(f"{move_url('resolve', complaint)}as-note/", typed)
    assert complaint.events.filter(move="note").count() == 1


def test_who_may_not_write_notes_is_not_offered_one(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.ANALYST)
    before = everything_about(complaint)
    refused = client.post(move_url("message", complaint), {"message": "您好"})
    assert refused.status_code == 409
    assert "as-note" not in text_of(refused)
    assert client.post(f"{move_url('message', complaint)}as-note/", {"message": "您好"}).status_code == 409
    assert everything_about(refreshed(complaint)) == before


def test_files_cannot_be_kept_by_a_browser_and_the_form_says_so(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.INVESTIGATOR)
    refused = client.post(move_url("hold", complaint), {"note": "x", "files": a_photo()})
    assert refused.status_code == 422
    assert "choose the files again" in text_of(refused)


def test_what_is_typed_is_kept_and_offered_again(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "transfer")
    said = keep(client, complaint, "transfer", **form, reason="归城西班处理")
    assert said.json()["said"].startswith("Saved ")
    page = text_of(client.get(complaint.get_absolute_url()))
    assert "You have begun “Transfer”" in page
    again = client.get(complaint.get_absolute_url(), {"move": "transfer"})
    assert "归城西班处理" in text_of(again)
    assert hidden(again, "draft") == form["draft"]
    done = client.post(move_url("transfer", complaint), filled_in("transfer", complaint, draft=form["draft"]))
    assert done.status_code == 302
    assert "You have begun" not in text_of(client.get(complaint.get_absolute_url()))


def test_a_form_taken_up_again_still_knows_what_was_looked_at(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "prioritise")
    keep(client, complaint, "prioritise", **form, priority="4", reason="不急")
    by_colleague("prioritise", complaint, priority=2, severity="ordinary", reason="x")
    again = drawn(client, complaint, "prioritise")
    assert (again["seen"], again["was-priority"]) == (form["seen"], form["was-priority"])
    sent = again | {"priority": "4", "severity": "ordinary", "reason": "不急"}
    assert client.post(move_url("prioritise", complaint), sent).status_code == 409


def test_an_empty_form_is_not_kept(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    assert keep(client, complaint, "note", **drawn(client, complaint, "note"), note=" ").status_code == 204
    assert not UnsentMove.objects.exists()


def test_what_was_refused_is_kept_even_if_the_browser_dies(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR)
    form = drawn(client, complaint, "transfer")
    client.post(move_url("transfer", complaint), form | {"reason": "归城西班处理"})
    assert "归城西班处理" in text_of(client.get(complaint.get_absolute_url(), {"move": "transfer"}))


def test_a_late_save_does_not_bring_back_what_was_sent(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.AGENT)
    form = drawn(client, complaint, "note")
    client.post(move_url("note", complaint), form | {"note": "查过了"})
    assert keep(client, complaint, "note", **form, note="查过了").status_code == 409
    assert "You have begun" not in text_of(client.get(complaint.get_absolute_url()))


def test_thrown_away_stays_away(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.AGENT)
    form = drawn(client, complaint, "note")
    keep(client, complaint, "note", **form, note="查过了")
    assert client.post(f"{move_url('note', complaint)}discard/", form).status_code == 302
    assert keep(client, complaint, "note", **form, note="查过了").status_code == 409
    assert "查过了" not in text_of(client.get(complaint.get_absolute_url(), {"move": "note"}))


def test_a_colleague_neither_sees_nor_overwrites_what_i_began(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.AGENT)
    form = drawn(client, complaint, "note")
    keep(client, complaint, "note", **form, note="我的草稿")
    sign_in(Role.AGENT)
    assert "我的草稿" not in text_of(client.get(complaint.get_absolute_url(), {"move": "note"}))
    keep(client, complaint, "note", **form, note="同事的")
    assert client.post(move_url("note", complaint), form | {"note": "同事的"}).status_code == 302
    assert complaint.events.get(move="note").details["note"] == "同事的"
    assert UnsentMove.objects.get(pk=form["draft"]).content["note"] == "我的草稿"


def test_out_of_scope_nothing_is_kept(client, sign_in):
    complaint = in_status(Status.INVESTIGATING)
    sign_in(Role.SUPERVISOR, branch=None)
    for name in ("keep", "discard", "as-note"):
        answer = client.post(f"{move_url('note', complaint)}{name}/", {"draft": str(uuid4()), "note": "x"})
        assert answer.status_code == 404
    assert not UnsentMove.objects.exists()


def test_what_nobody_touches_for_a_month_is_forgotten(client, sign_in, monday_morning):
    complaint = in_status(Status.INVESTIGATING)
    user = sign_in(Role.AGENT)
    for days, sent in ((31, False), (29, False), (3, True), (1, True)):
        at = timezone.now() - timedelta(days=days)
        UnsentMove.objects.create(
            form_id=uuid4(), complaint=complaint, user=user, move="note", saved_at=at, sent_at=at if sent else None
        )
    assert forget_unsent_moves() == 2
    assert UnsentMove.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_pressed_ten_times_at_once_it_is_sent_once(profile):
    complaint = in_status(Status.INVESTIGATING)
    user = a_user(Role.AGENT)
    typed = {"draft": str(uuid4()), "message": "今天下午来修。", "seen": complaint.version}

    def press(number):
        client = Client()
        client.force_login(user)
        return client.post(move_url("message", complaint), typed).status_code

    assert set(at_once(press)) == {302}
    assert complaint.events.filter(move="message").count() == 1
    assert complaint.notices.filter(code="message").count() == 1
