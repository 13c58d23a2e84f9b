"""Working together, through the pages: mention, follow, read, ask, answer, hand over."""

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from complaints import attention, workflow
from complaints.models import Attachment, BulkRun, Complaint, Concern, Follow, InternalRequest, TellingHabit
from staff.actors import Actor, Role
from staff.models import TeamKind
from tests.complaints.test_moves import a_file, bring
from tests.complaints.views.pages import moves_on, post, text_of
from tests.factories import a_branch, a_complaint, a_team, a_user

pytestmark = pytest.mark.usefixtures("profile")


def fresh(code="BIL-01", **fields):
    return a_complaint(code, at=timezone.now() - timedelta(minutes=5), **fields)


def tell(complaint, words, by=None):
    return workflow.perform("note", complaint, by=Actor.staff(by or a_user(Role.AGENT)), note=words)


def ask(complaint, team, by, **details):
    return workflow.perform(
        "request", complaint, by=Actor.staff(by), asked_team=team, question="请校验电表。", **details
    )


@pytest.fixture
def far_team():
    return a_team(TeamKind.BILLING, a_branch("far", parent=a_branch("elsewhere")))


# mentions


def test_a_mention_stands_as_a_chip_in_the_history_and_nothing_else_becomes_markup(reader, sign_in):
    me, complaint = sign_in(Role.AGENT), fresh()
    other = a_user(Role.INVESTIGATOR)
    answer = post(reader, "note", complaint, note=f"<b>@{other.username}</b> please")
    assert answer.status_code == 302
    page = reader.get(complaint.get_absolute_url()).content.decode()
    assert f'&lt;b&gt;<span class="mention">@{other.username}</span>&lt;/b&gt; please' in page
    assert me.pk != other.pk


def test_a_mention_of_somebody_who_cannot_see_it_is_refused_beside_the_field_and_kept(reader, sign_in, far_team):
    sign_in(Role.AGENT)
    complaint, far = fresh(), a_user(Role.AGENT, branch=far_team.branch)
    answer = post(reader, "note", complaint, note=f"All I typed @{far.username}")
    assert answer.status_code == 409
    page = text_of(answer)
    assert f"{far.username} may not see this complaint" in page
    assert f"All I typed @{far.username}" in page
    assert not complaint.events.filter(move="note").exists()


def test_the_picker_offers_only_who_may_see_the_complaint(reader, sign_in, far_team):
    sign_in(Role.AGENT)
    complaint, near = fresh(), a_user(Role.INVESTIGATOR)
    a_user(Role.INVESTIGATOR, branch=far_team.branch)
    address = reverse("complaints:people", args=[complaint.reference])
    offered = reader.get(address, {"q": "investigator"}).json()["people"]
    assert [one["username"] for one in offered] == [near.username]
    sign_in(Role.AGENT, branch=far_team.branch)
    assert reader.get(address).status_code == 404


def test_a_name_that_is_typed_whole_is_offered_first(reader, sign_in):
    sign_in(Role.AGENT)
    complaint, meant = fresh(), a_user(Role.INVESTIGATOR)
    for number in range(10):
        a_user(Role.INVESTIGATOR, first_name=str(number))
    address = reverse("complaints:people", args=[complaint.reference])
    assert reader.get(address, {"q": meant.username}).json()["people"][0]["username"] == meant.username
    assert len(reader.get(address).json()["people"]) == 8, "with nothing typed a few are offered all the same"


# following


def test_one_follows_sees_oneself_among_the_followers_and_stops(reader, sign_in):
    me, complaint = sign_in(Role.AGENT), fresh()
    reader.post(reverse("complaints:follow", args=[complaint.reference]))
    page = reader.get(complaint.get_absolute_url()).content.decode()
    assert f'<li class="mention">{me.display_name}</li>' in page
    assert complaint.reference in text_of(reader.get("/desk/?view=followed"))
    fragment = reader.post(reverse("complaints:unfollow", args=[complaint.reference]), headers={"HX-Request": "true"})
    assert "Nobody follows it." in text_of(fragment)
    assert not Follow.objects.exists()


def test_what_one_cannot_see_one_cannot_follow(reader, sign_in, far_team):
    complaint = fresh()
    sign_in(Role.AGENT, branch=far_team.branch)
    assert reader.post(reverse("complaints:follow", args=[complaint.reference])).status_code == 404
    reader.post("/desk/chosen/follow/", {"chosen": f"{complaint.reference}@1"})
    assert not Follow.objects.exists()


def test_many_are_followed_and_no_longer_followed_at_once(reader, sign_in):
    me, rows = sign_in(Role.AGENT), [fresh(), fresh()]
    chosen = {"chosen": [f"{one.reference}@{one.version}" for one in rows], "back": "/desk/?view=all"}
    said = reader.post("/desk/chosen/follow/", chosen, follow=True)
    assert "You follow 2 complaints." in text_of(said)
    assert Follow.objects.filter(user=me).count() == 2
    reader.post("/desk/chosen/unfollow/", chosen)
    assert not Follow.objects.exists()


# for me


def test_what_concerns_me_is_unread_until_i_have_the_page_open(reader, sign_in):
    me, complaint = sign_in(Role.AGENT), fresh()
    assert "Nothing concerns you yet" in text_of(reader.get("/desk/for-me/"))
    tell(complaint, f"@{me.username} see the bill")
    page = reader.get("/desk/for-me/")
    assert "see the bill" in text_of(page)
    assert [entry["count"] for entry in page.context["rail"] if entry["url"] == "/desk/for-me/"] == ["1"]
    reader.post(reverse("complaints:here", args=[complaint.reference]), {"known": complaint.version})
    assert not Concern.objects.unread().exists()
    assert "You have read everything" in text_of(reader.get("/desk/for-me/?show=unread"))


def test_reading_can_be_taken_back_and_done_for_all(reader, sign_in):
    me, complaint = sign_in(Role.AGENT), fresh()
    tell(complaint, f"@{me.username} one")
    tell(complaint, f"@{me.username} two")
    reader.post("/desk/for-me/mark/", {"what": "all"})
    assert not Concern.objects.unread().exists()
    key = Concern.objects.first().pk
    reader.post("/desk/for-me/mark/", {"what": "unread", "concern": key})
    assert [one.pk for one in Concern.objects.unread()] == [key]
    sign_in(Role.AGENT)
    reader.post("/desk/for-me/mark/", {"what": "all"})
    reader.post("/desk/for-me/mark/", {"what": "read", "concern": key})
    assert [one.pk for one in Concern.objects.unread()] == [key], "of others nobody marks anything"


def test_how_i_am_told_is_chosen_there(reader, sign_in):
    me = sign_in(Role.AGENT)
    reader.post("/desk/for-me/", {"how": "daily", "hour": "9"})
    habit = TellingHabit.objects.get(user=me)
    assert (habit.how, habit.hour, habit.next_at is not None) == ("daily", 9, True)
    wrong = reader.post("/desk/for-me/", {"how": "by pigeon", "hour": "9"})
    assert wrong.status_code == 422
    reader.post("/desk/for-me/", {"how": "each", "hour": "9"})
    assert TellingHabit.objects.get(user=me).next_at is None


def test_for_me_costs_the_same_for_few_and_many(reader, sign_in, django_assert_max_num_queries):
    me, complaint = sign_in(Role.AGENT), fresh()
    tell(complaint, f"@{me.username}")
    reader.get("/desk/for-me/")
    with django_assert_max_num_queries(12) as few:
        reader.get("/desk/for-me/")
    for number in range(10):
        tell(complaint if number % 2 else fresh(), f"@{me.username} {number}")
    with django_assert_max_num_queries(12) as many:
        reader.get("/desk/for-me/")
    assert len(few.captured_queries) == len(many.captured_queries)


def test_the_number_in_the_rail_is_one_small_query(sign_in, reader, django_assert_num_queries):
    me = sign_in(Role.AGENT)
    tell(fresh(), f"@{me.username}")
    with django_assert_num_queries(1):
        assert attention.unread_of(me) == 1


# requests


def test_a_team_answers_on_a_page_that_shows_no_way_to_the_customer(reader, sign_in, far_team):
    complaint = bring(fresh(story="表走得快，请打13800001234，李四。"), "investigating")
    asker = sign_in(Role.INVESTIGATOR)
    assert "request" in moves_on(reader.get(complaint.get_absolute_url()))
    post(reader, "request", complaint, asked_team=far_team.code, question="请校验电表。")
    request = InternalRequest.objects.get()
    member = sign_in(Role.INVESTIGATOR, branch=far_team.branch, team=far_team)
    assert reader.get(complaint.get_absolute_url()).status_code == 404
    listed = text_of(reader.get("/desk/requests/"))
    assert request.get_absolute_url() in listed
    page = text_of(reader.get(request.get_absolute_url()))
    assert "请校验电表。" in page
    assert "表走得快" in page
    assert complaint.contact_phone not in page
    assert complaint.contact_name not in page
    answer = reader.post(request.get_absolute_url(), {"move": "answer_request", "answer": "电表合格。"})
    assert answer.status_code == 302
    request.refresh_from_db()
    assert (request.state, request.ended_by) == ("answered", member)
    assert "Nobody waits for an answer" in text_of(reader.get("/desk/requests/"))
    reader.force_login(asker)
    assert "电表合格。" in text_of(reader.get("/desk/for-me/"))
    assert "电表合格。" in text_of(reader.get(complaint.get_absolute_url()))


def test_a_request_is_nobody_elses_to_see(reader, sign_in, far_team):
    complaint = bring(fresh(), "investigating")
    ask(complaint, far_team, a_user(Role.INVESTIGATOR))
    sign_in(Role.INVESTIGATOR, branch=far_team.branch)
    url = InternalRequest.objects.get().get_absolute_url()
    assert reader.get(url).status_code == 404
    assert reader.post(url, {"move": "answer_request", "answer": "x"}).status_code == 404
    assert InternalRequest.objects.open().exists()


def test_of_the_files_the_team_sees_those_that_the_asker_chose(reader, sign_in, far_team):
    complaint = bring(fresh(), "investigating")
    asker = a_user(Role.INVESTIGATOR)
    workflow.perform("attach", complaint, by=Actor.staff(asker), files=[a_file()])
    shown = Attachment.objects.get()
    ask(complaint, far_team, asker, shown=[shown])
    ask(complaint, far_team, asker)
    first, second = InternalRequest.objects.order_by("number")
    sign_in(Role.INVESTIGATOR, branch=far_team.branch, team=far_team)
    assert reader.get(f"{first.get_absolute_url()}files/{shown.uuid}/").status_code == 200
    assert reader.get(f"{second.get_absolute_url()}files/{shown.uuid}/").status_code == 404


def test_an_answer_that_came_too_late_is_refused_and_kept(reader, sign_in, far_team):
    complaint = bring(fresh(), "investigating")
    ask(complaint, far_team, a_user(Role.INVESTIGATOR))
    request = InternalRequest.objects.get()
    first = a_user(Role.INVESTIGATOR, branch=far_team.branch, team=far_team)
    workflow.perform("answer_request", complaint, by=Actor.staff(first), request=request, answer="first")
    sign_in(Role.INVESTIGATOR, branch=far_team.branch, team=far_team)
    late = reader.post(request.get_absolute_url(), {"move": "answer_request", "answer": "I typed this too"})
    assert late.status_code == 422
    assert "I typed this too" in text_of(late)
    assert InternalRequest.objects.get().answer == "first"


def test_an_empty_answer_is_asked_for_beside_its_field(reader, sign_in, far_team):
    complaint = bring(fresh(), "investigating")
    ask(complaint, far_team, a_user(Role.INVESTIGATOR))
    sign_in(Role.INVESTIGATOR, branch=far_team.branch, team=far_team)
    answer = reader.post(InternalRequest.objects.get().get_absolute_url(), {"move": "answer_request", "answer": ""})
    assert answer.status_code == 422
    assert "error-summary" in text_of(answer)
    assert InternalRequest.objects.open().exists()


def test_resolving_lists_open_requests_and_asks_for_the_tick(reader, sign_in, far_team):
    complaint = bring(fresh(), "investigating")
    sign_in(Role.SUPERVISOR)
    assert 'name="not_needed"' not in text_of(reader.get(f"{complaint.get_absolute_url()}?move=resolve"))
    ask(complaint, far_team, a_user(Role.INVESTIGATOR))
    form = text_of(reader.get(f"{complaint.get_absolute_url()}?move=resolve"))
    assert "Other teams have not answered yet" in form
    refused = post(reader, "resolve", complaint)
    assert refused.status_code == 409
    assert complaint.requests.open().exists()
    assert post(reader, "resolve", complaint, not_needed="on").status_code == 302
    assert not complaint.requests.open().exists()


def test_the_list_costs_the_same_for_few_and_many(reader, sign_in, far_team, django_assert_max_num_queries):
    me = sign_in(Role.INVESTIGATOR, branch=far_team.branch, team=far_team)
    asker = a_user(Role.INVESTIGATOR)
    ask(bring(fresh(), "investigating"), far_team, asker)
    reader.get("/desk/requests/")
    with django_assert_max_num_queries(10) as few:
        reader.get("/desk/requests/")
    complaint = bring(fresh(), "investigating")
    for _number in range(6):
        ask(complaint, far_team, asker)
    with django_assert_max_num_queries(10) as many:
        reader.get("/desk/requests/")
    assert len(few.captured_queries) == len(many.captured_queries)
    assert Concern.objects.filter(user=me).count() == 7


# handing over


def test_a_hand_over_note_is_pinned_until_somebody_else_has_read_it(reader, sign_in):
    complaint = bring(fresh(), "investigating")
    writer, reads = sign_in(Role.SUPERVISOR), a_user(Role.INVESTIGATOR)
    post(reader, "assign", complaint, assignee=reads.username, stands="已到现场。", watch_for="有狗。")
    pinned = text_of(reader.get(complaint.get_absolute_url()))
    assert 'id="hand-over"' in pinned
    assert "I have read it" not in pinned, "whoever wrote it need not read it"
    reader.force_login(reads)
    page = text_of(reader.get(complaint.get_absolute_url()))
    assert "有狗。" in page
    assert "I have read it" in page
    reader.post(reverse("complaints:hand-over-read", args=[complaint.reference]))
    assert 'id="hand-over"' not in text_of(reader.get(complaint.get_absolute_url()))
    assert "有狗。" in text_of(reader.get(complaint.get_absolute_url()))
    assert writer.follows.exists()


def test_a_shift_is_handed_over_with_a_note_for_each_and_an_answer_for_each(reader, sign_in):
    me, next_one = sign_in(Role.INVESTIGATOR), a_user(Role.INVESTIGATOR)
    assert "nothing open to hand over" in text_of(reader.get("/desk/hand-over/"))
    rows = [bring(fresh(), "investigating") for _number in range(3)]
    for one in rows:
        workflow.perform("assign", one, by=Actor.staff(me), assignee=me)
    page = text_of(reader.get("/desk/hand-over/"))
    key = re.search(r'name="key" value="([^"]+)"', page)[1]
    first, second, changed = rows
    chosen = [f"{one.reference}@{one.version}" for one in rows]
    tell(changed, "meanwhile")
    typed = {"key": key, "chosen": chosen, f"stands@{first.reference}": "等停电窗口。"}
    missing = reader.post("/desk/hand-over/", typed)
    assert missing.status_code == 422
    assert "等停电窗口。" in text_of(missing)
    assert not BulkRun.objects.exists()
    done = reader.post("/desk/hand-over/", {**typed, "assignee": next_one.username})
    assert done.status_code == 302
    reader.post("/desk/hand-over/", {**typed, "assignee": next_one.username})
    assert BulkRun.objects.count() == 1, "sent twice is one hand-over"
    for one in rows:
        one.refresh_from_db()
    assert [one.assignee for one in rows] == [next_one, next_one, me]
    assert first.events.latest("number").details["stands"] == "等停电窗口。"
    assert "stands" not in second.events.latest("number").details
    result = text_of(reader.get(done["Location"]))
    assert changed.reference in result
    assert Concern.objects.filter(user=next_one, why="handed").count() == 2


def test_a_shift_handed_over_without_a_word_comes_back_with_what_is_missing(reader, sign_in):
    me = sign_in(Role.INVESTIGATOR)
    workflow.perform("assign", bring(fresh(), "investigating"), by=Actor.staff(me), assignee=me)
    answer = reader.post("/desk/hand-over/")
    assert answer.status_code == 422
    assert "Tick what you hand over." in text_of(answer)


def test_a_shift_can_be_left_to_the_team(reader, sign_in):
    me, complaint = sign_in(Role.INVESTIGATOR), bring(fresh(), "investigating")
    workflow.perform("assign", complaint, by=Actor.staff(me), assignee=me)
    typed = {"key": uuid.uuid4(), "chosen": [f"{complaint.reference}@{complaint.version}"], "to_team": "on"}
    reader.post("/desk/hand-over/", typed)
    assert Complaint.objects.get(pk=complaint.pk).assignee is None


def test_who_has_no_complaints_hands_none_over(reader, sign_in):
    sign_in(Role.AGENT)
    assert reader.get("/desk/hand-over/").status_code == 403
