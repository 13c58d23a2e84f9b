"""Call-backs: who is called and when, one agent a person, what came of each try, and the answer on the call."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from complaints import call_backs, call_times, calling, feedback, workflow
from complaints.models import (
    Calendar,
    CallAttempt,
    CallBack,
    CallOutcome,
    CallQuota,
    CallState,
    Complaint,
    DeskSettings,
    FollowUp,
    SampleDraw,
)
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import THE_CUSTOMER, Role
from tests.at_once import at_once
from tests.complaints.test_moves import bring, details_for, everything_about
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, SHANGHAI, a_branch, a_complaint, a_user, an_account, an_actor

pytestmark = pytest.mark.usefixtures("profile")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LANDLINE = "0315-2345678"
NOW = MONDAY + HOUR


@pytest.fixture
def morning():
    with time_machine.travel(NOW) as traveller:
        yield traveller


def resolved(**fields):
    return bring(a_complaint(**fields), Status.RESOLVED)


def planned(at=NOW, **fields) -> CallBack | None:
    """The call that is planned for a complaint that was just resolved, if any."""
    asked = resolved(**fields).feedback.get()
    call_backs.plan(asked, at=at)
    return CallBack.objects.filter(feedback=asked).first()


def an_agent(**fields):
    return a_user(Role.AGENT, **fields)


def taken(agent=None, *, at=NOW, **fields):
    call = planned(contact_phone=fields.pop("contact_phone", LANDLINE), **fields)
    return calling.claim(call, agent or an_agent(), at=at)


# who


def test_who_gets_no_link_is_called_at_once_and_whoever_has_one_gets_time_for_it(morning):
    no_link, has_link = planned(contact_phone=LANDLINE), planned()
    assert (no_link.reason, no_link.next_try_at) == ("no_link", NOW)
    assert (has_link.reason, has_link.next_try_at) == ("all", NOW.replace(hour=9, minute=4) + DAY)
    assert no_link.phone == "03152345678"


@pytest.mark.parametrize(
    ("fields", "is_called"),
    [
        ({"request_type": "complaint"}, True),
        ({"request_type": "report"}, True),
        ({"request_type": "suggestion"}, False),
        ({"request_type": "suggestion", "channel": "regulator", "source": "12398"}, True),
        ({"request_type": "suggestion", "contact_phone": LANDLINE}, True),
        ({"contact_phone": "", "contact_email": "w@example.org"}, False),
    ],
)
def test_the_rows_decide_who_is_called_and_no_number_is_no_call(fields, is_called, morning):
    complaint = a_complaint(**fields)
    Complaint.objects.filter(pk=complaint.pk).update(request_type=fields.get("request_type", "complaint"))
    complaint.refresh_from_db()
    if fields.get("channel") == "regulator":
        for name in ("dispatch", "accept", "contact"):
            bring_one(name, complaint)
        bring_one("resolve", complaint)
    else:
        bring(complaint, Status.RESOLVED)
    asked = complaint.feedback.get()
    assert call_backs.plan(asked, at=NOW) == is_called
    assert not call_backs.plan(asked, at=NOW)
    assert CallBack.objects.count() == is_called


def bring_one(name, complaint):
    workflow.perform(name, complaint, by=an_actor(Role.SUPERVISOR), at=MONDAY, **details_for(name, complaint))


def test_nobody_who_asked_not_to_be_contacted_is_called(morning):
    account = an_account(do_not_contact=True)
    assert planned(customer=account.customer, contact_phone=LANDLINE) is None
    call = planned(customer=an_account().customer, contact_phone=LANDLINE)
    customer = call.feedback.complaint.customer
    customer.do_not_contact = True
    customer.save()
    assert calling.claim_next(an_agent(), at=NOW) is None


def test_the_row_that_names_most_wins():
    rows = [
        CallQuota(pk=1, share="sample"),
        CallQuota(pk=2, request_type="complaint", share="all"),
        CallQuota(pk=3, channel="web", share="none"),
        CallQuota(pk=4, request_type="complaint", channel="web", share="sample"),
    ]
    found = [
        call_backs.quota_for(call_backs.Kind(*kind), rows).pk
        for kind in [("fault", "phone", 1), ("complaint", "phone", 1), ("fault", "web", 1), ("complaint", "web", 1)]
    ]
    assert found == [1, 2, 3, 4]
    assert call_backs.quota_for(call_backs.Kind("fault", "phone", 1), []) is None


# one agent a person


def test_two_agents_never_call_the_same_person(morning):
    first = planned(contact_phone=LANDLINE)
    planned(contact_phone="0315 2345678")
    one, other = an_agent(), an_agent()
    assert calling.claim_next(one, at=NOW) == first
    assert calling.claim_next(one, at=NOW) == first
    assert calling.claim_next(other, at=NOW) is None
    with pytest.raises(IntegrityError, match='"nobody_is_called_by_two"'), transaction.atomic():
        CallBack.objects.exclude(pk=first.pk).update(claimed_by=other, claimed_at=NOW)
    calling.give_back(first, one)
    assert calling.claim_next(other, at=NOW) is not None


def test_a_call_that_was_left_alone_goes_to_others(morning):
    call = taken()
    other = an_agent()
    assert calling.claim_next(other, at=NOW + calling.CLAIM_LASTS - HOUR / 60) is None
    assert calling.claim_next(other, at=NOW + calling.CLAIM_LASTS) == call


def test_nobody_calls_about_their_own_answer(morning):
    call = planned(contact_phone=LANDLINE)
    complaint = call.feedback.complaint
    investigator = complaint.assignee
    answered_it = complaint.events.get(move="resolve").user
    for user in (investigator, answered_it):
        assert calling.claim_next(user, at=NOW) is None
    assert calling.claim_next(an_agent(), at=NOW) == call


def test_only_the_branch_calls(morning):
    planned(contact_phone=LANDLINE)
    away = a_branch("elsewhere", a_branch())
    assert calling.claim_next(an_agent(branch=away), at=NOW) is None


@pytest.mark.django_db(transaction=True)
def test_many_agents_at_once_get_a_person_each(profile):
    for number in range(6):
        planned(contact_phone=f"0315-234567{number % 3}")
    agents = [an_agent() for _number in range(6)]
    got = at_once(lambda number: calling.claim_next(agents[number], at=NOW), 6)
    phones = [call.phone for call in got if call is not None]
    assert len(phones) == len(set(phones)) == 3


# tries


def test_tries_on_enough_half_days_are_needed_before_nobody_was_reached(morning):
    agent = an_agent()
    call = taken(agent)
    moments = []
    for number in range(3):
        at = call.next_try_at
        moments.append(timezone.localtime(at, SHANGHAI))
        call = calling.claim(call, agent, at=at)
        call = calling.tried(call, CallOutcome.NO_ANSWER, by=agent, at=at)
        assert (call.state == CallState.UNREACHED) == (number == 2)
    assert [moment.strftime("%a %H:%M") for moment in moments] == ["Mon 10:00", "Mon 13:30", "Tue 08:30"]
    assert call.claimed_by is None
    contacts = call.feedback.complaint.events.filter(move="contact", details__reached=False)
    assert contacts.count() == 3


def test_two_tries_on_one_half_day_count_once(morning):
    agent = an_agent()
    call = taken(agent)
    for minute in range(4):
        at = NOW + minute * HOUR / 60
        call = calling.claim(call, agent, at=at)
        call = calling.tried(call, CallOutcome.NO_ANSWER, by=agent, at=at)
    assert (call.state, call.attempts.count()) == (CallState.OPEN, 4)


@pytest.mark.parametrize(
    ("outcome", "state"), [(CallOutcome.REFUSED, "refused"), (CallOutcome.WRONG_NUMBER, "wrong_number")]
)
def test_a_refusal_and_a_wrong_number_end_the_call(outcome, state, morning):
    agent = an_agent()
    call = calling.tried(taken(agent), outcome, by=agent, at=NOW, note="不方便")
    assert (call.state, call.ended_at) == (state, NOW)
    assert calling.claim_next(agent, at=NOW + DAY) is None


def test_an_appointment_is_kept_and_comes_first(morning):
    agent = an_agent()
    call = taken(agent)
    at = datetime(2026, 3, 3, 19, 0, tzinfo=SHANGHAI)
    call = calling.tried(call, CallOutcome.LATER, by=agent, at=NOW, again_at=at)
    planned(contact_phone="0315-2345679")
    assert (call.next_try_at, call.is_appointment) == (at, True)
    assert calling.claim_next(agent, at=at) == call


@pytest.mark.parametrize("again", [None, NOW - HOUR, datetime(2026, 3, 2, 23, 0, tzinfo=SHANGHAI)])
def test_an_appointment_in_the_past_or_at_night_is_refused_and_changes_nothing(again, morning):
    agent = an_agent()
    call = taken(agent)
    before = everything_about(call.feedback.complaint)
    with pytest.raises(MoveRefused):
        calling.tried(call, CallOutcome.LATER, by=agent, at=NOW, again_at=again)
    call.refresh_from_db()
    assert (call.claimed_by, CallAttempt.objects.count()) == (agent, 0)
    assert everything_about(call.feedback.complaint) == before


@pytest.mark.parametrize(
    ("after", "tries", "expected"),
    [
        ("03-02 10:00", [], "03-02 10:00"),
        ("03-02 07:00", [], "03-02 08:30"),
        ("03-02 10:00", ["03-02 10:00"], "03-02 13:30"),
        ("03-02 12:30", [], "03-02 13:30"),
        ("03-02 15:00", ["03-02 15:00"], "03-03 08:30"),
        ("03-06 17:40", ["03-06 16:00"], "03-09 08:30"),
        ("02-14 10:00", [], "02-14 10:00"),
        ("02-15 10:00", [], "02-24 08:30"),
    ],
)
def test_the_next_try_is_in_working_time_on_another_half_day(after, tries, expected):
    def moment(text):
        return datetime.strptime(f"2026-{text}", "%Y-%m-%d %H:%M").replace(tzinfo=SHANGHAI)

    calendar = Calendar.objects.filter(code="office").latest("version").working_calendar()
    desk = DeskSettings.current()
    found = call_times.next_try(
        moment(after),
        [moment(one) for one in tries],
        calendar=calendar,
        quiet_from=desk.quiet_from,
        quiet_until=desk.quiet_until,
        zone=SHANGHAI,
    )
    assert found.astimezone(SHANGHAI).strftime("%m-%d %H:%M") == expected


# answers


def test_the_answer_on_the_call_is_the_answer(morning):
    agent = an_agent()
    call = calling.answered(taken(agent), by=agent, at=NOW, solved=True, score=5, attitude=4, contacted=True)
    asked = call.feedback
    asked.refresh_from_db()
    assert (asked.answered_by, asked.solved, asked.score, asked.contacted) == ("call", True, 5, True)
    assert (asked.recorded_by, call.state) == (agent, CallState.ANSWERED)
    assert call.attempts.get().outcome == CallOutcome.REACHED


def test_not_solved_on_the_call_takes_it_up_again(morning):
    agent = an_agent()
    call = calling.answered(taken(agent), by=agent, at=NOW, solved=False, comment="还是低电压")
    complaint = Complaint.objects.get(pk=call.feedback.complaint_id)
    assert complaint.status == Status.INVESTIGATING
    assert FollowUp.objects.open().filter(complaint=complaint).count() == 1


def test_who_answers_by_the_link_is_not_called_any_more(morning):
    agent = an_agent()
    call = taken(agent)
    workflow.perform("feedback", call.feedback.complaint, by=THE_CUSTOMER, at=NOW, solved=True)
    call.refresh_from_db()
    assert (call.state, call.claimed_by) == (CallState.BY_LINK, None)
    before = everything_about(Complaint.objects.get(pk=call.feedback.complaint_id))
    with pytest.raises(MoveRefused, match="answered by the link"):
        calling.answered(call, by=agent, at=NOW, solved=False)
    with pytest.raises(MoveRefused, match="answered by the link"):
        calling.tried(call, CallOutcome.NO_ANSWER, by=agent, at=NOW)
    assert everything_about(Complaint.objects.get(pk=call.feedback.complaint_id)) == before


def test_taking_it_up_again_ends_the_call(morning):
    call = planned(contact_phone=LANDLINE)
    workflow.perform("reopen", call.feedback.complaint, by=THE_CUSTOMER, at=NOW, reason="没有解决")
    call.refresh_from_db()
    assert call.state == CallState.ENDED


def test_after_its_days_the_question_closes_and_so_does_the_call(morning):
    call = planned(contact_phone=LANDLINE)
    late = NOW + (DeskSettings.current().call_back_days + 1) * DAY
    assert feedback.close_unanswered(call.feedback.complaint, at=late)
    call.refresh_from_db()
    assert call.state == CallState.ENDED


# the weekly draw


def test_a_week_is_drawn_once_by_the_formula_with_its_seed_and_size(morning):
    CallQuota.objects.filter(share="sample").update(most=3)
    for _number in range(5):
        complaint = resolved()
        Complaint.objects.filter(pk=complaint.pk).update(request_type="suggestion")
    next_monday = MONDAY + 7 * DAY
    assert call_backs.draw_week(next_monday) == 3
    row = SampleDraw.objects.get()
    assert (row.population, row.size, row.week.isoformat()) == (5, 3, "2026-03-02")
    assert row.call_backs.count() == CallBack.objects.filter(reason="sample").count() == 3
    assert call_backs.draw_week(next_monday) == 0
    assert SampleDraw.objects.count() == 1


def test_of_those_drawn_who_has_answered_is_not_called(morning):
    complaint = resolved()
    Complaint.objects.filter(pk=complaint.pk).update(request_type="suggestion")
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=NOW, solved=True)
    assert call_backs.draw_week(MONDAY + 7 * DAY) == 0
    assert SampleDraw.objects.get().size == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_draw_a_week_once(profile):
    for _number in range(3):
        complaint = resolved()
        Complaint.objects.filter(pk=complaint.pk).update(request_type="suggestion")
    drawn = at_once(lambda _number: call_backs.draw_week(MONDAY + 7 * DAY), 4)
    assert sorted(drawn) == [0, 0, 0, 3]
    assert (SampleDraw.objects.count(), CallBack.objects.count()) == (1, 3)


# the pages


def test_an_agent_takes_the_next_call_and_writes_down_the_answer(sign_in, reader, morning):
    planned(contact_phone=LANDLINE)
    agent = sign_in(Role.AGENT)
    assert "1 person can be called now" in text_of(reader.get(reverse("complaints:calls")))
    page = reader.post(reverse("complaints:call-next"), follow=True)
    said = text_of(page)
    assert "I am calling from Binhe Power Supply" in said
    assert "Let the caller finish" in said
    assert 'href="tel:03152345678"' in page.content.decode()
    call = CallBack.objects.get(claimed_by=agent)
    sent = reader.post(
        reverse("complaints:call", args=[call.pk]), {"outcome": "reached", "solved": "yes", "score": "4"}
    )
    assert sent.status_code == 302
    call.feedback.refresh_from_db()
    assert (call.feedback.score, call.feedback.answered_by) == (4, "call")


@pytest.mark.parametrize(
    ("typed", "what"),
    [
        ({}, "required"),
        ({"outcome": "reached", "score": "4"}, "without it there is no answer"),
        ({"outcome": "later"}, "Write the time"),
    ],
)
def test_a_call_without_its_outcome_comes_back_as_it_was_typed(sign_in, reader, morning, typed, what):
    call = planned(contact_phone=LANDLINE)
    calling.claim(call, sign_in(Role.AGENT), at=NOW)
    page = reader.post(reverse("complaints:call", args=[call.pk]), typed | {"comment": "原话"})
    assert page.status_code == 422
    assert what in text_of(page)
    assert "原话" in text_of(page)
    call.refresh_from_db()
    assert (call.state, call.attempts.count()) == (CallState.OPEN, 0)


def test_a_call_that_another_has_shows_no_number(sign_in, reader, morning):
    call = taken()
    sign_in(Role.AGENT)
    page = reader.get(reverse("complaints:call", args=[call.pk]))
    assert "tel:" not in page.content.decode().split("<main")[1]
    sent = reader.post(reverse("complaints:call", args=[call.pk]), {"outcome": "reached", "solved": "yes"})
    assert sent.status_code == 422
    call.refresh_from_db()
    assert call.state == CallState.OPEN


@pytest.mark.parametrize("role", [Role.ANALYST, Role.INVESTIGATOR, Role.ADMINISTRATOR])
def test_others_do_not_call(sign_in, reader, role, morning):
    sign_in(role)
    assert reader.get(reverse("complaints:calls")).status_code == 403
    assert reader.post(reverse("complaints:call-next")).status_code == 403


def test_a_call_of_another_branch_does_not_exist(sign_in, reader, morning):
    call = planned(contact_phone=LANDLINE)
    sign_in(Role.AGENT, branch=a_branch("elsewhere", a_branch()))
    for name in ("call", "call-take", "call-give-back"):
        send = reader.get if name == "call" else reader.post
        assert send(reverse(f"complaints:{name}", args=[call.pk])).status_code == 404


def test_the_list_costs_the_same_for_few_and_many(sign_in, reader, morning, django_assert_max_num_queries):
    for number in range(8):
        planned(contact_phone=f"0315-234567{number}")
    sign_in(Role.SUPERVISOR)
    with django_assert_max_num_queries(16):
        reader.get(reverse("complaints:calls"))


def test_a_supervisor_looks_at_a_row_before_saving_it(sign_in, reader, morning):
    for _number in range(4):
        resolved()
    morning.move_to(NOW + 7 * DAY)
    sign_in(Role.SUPERVISOR)
    assert "Who is called back" in text_of(reader.get(reverse("complaints:call-quotas")))
    row = CallQuota.objects.get(request_type="complaint")
    address = reverse("complaints:call-quota", args=[row.pk])
    typed = {"request_type": "complaint", "share": "sample", "expected": "0.90", "margin": "0.03", "most": "2"}
    said = text_of(reader.post(address, typed | {"look": "1"}))
    assert "Last week 4 fell under this row: 2 calls. All rows together: 2 calls." in said
    row.refresh_from_db()
    assert row.share == "all"
    assert reader.post(address, typed).status_code == 302
    row.refresh_from_db()
    assert (row.share, row.most) == ("sample", 2)
    twin = reader.post(reverse("complaints:call-quota-new"), typed)
    assert twin.status_code == 422
    bad = reader.post(address, typed | {"margin": "0.9"})
    assert bad.status_code == 422
    assert reader.post(reverse("complaints:call-quota-remove", args=[row.pk])).status_code == 302


def test_a_supervisor_settles_an_answer(sign_in, reader, morning):
    complaint = resolved()
    workflow.perform("feedback", complaint, by=THE_CUSTOMER, at=NOW, solved="partly", comment="差一块电表")
    row = FollowUp.objects.get()
    address = reverse("complaints:follow-up-settle", args=[row.pk])
    sign_in(Role.AGENT)
    assert "差一块电表" in text_of(reader.get(reverse("complaints:follow-ups")))
    reader.post(address, {"note": "x"})
    assert FollowUp.objects.open().exists()
    supervisor = sign_in(Role.SUPERVISOR)
    reader.post(address, {"note": "明天换表"})
    row.refresh_from_db()
    assert (row.settled_by, row.note) == (supervisor, "明天换表")
    sign_in(Role.SUPERVISOR, branch=a_branch("elsewhere", a_branch()))
    assert reader.post(address).status_code == 404


def test_the_questions_are_changed_as_a_new_version_and_can_be_put_back(sign_in, reader, morning):
    sign_in(Role.SUPERVISOR)
    address = reverse("complaints:question-set")
    form = reader.get(address).context["form"]
    typed = {name: form[name].value() for name in form.fields}
    reader.post(address, typed | {"score_en": "How was the result?", "scale": "three"})
    complaint = resolved()
    link = reverse("complaints:feedback", args=[complaint.feedback.get().token])
    reader.post(link, {"solved": "yes", "score": "3"})
    asked = complaint.feedback.get()
    assert (asked.scale, asked.rating, asked.score, asked.questions.number) == ("three", 3, None, 2)
    assert "How was the result?" in text_of(reader.get(link))
    stale = reader.post(address, typed)
    assert stale.status_code == 422
    assert "meanwhile" in text_of(stale)
    broken = typed | {"seen": 2, "greeting_en": "Hello {nobody}"}
    assert "{nobody}" in text_of(reader.post(address, broken))
    assert reader.post(reverse("complaints:question-set-restore", args=[1])).status_code == 302
    assert "How content are you with the result?" in text_of(reader.get(address))
    sign_in(Role.AGENT)
    assert reader.get(address).status_code == 403


# the database has the last word


def test_the_database_refuses_a_broken_call(morning):
    agent = an_agent()
    call = taken(agent)
    other = planned(contact_phone="0315-7654321")
    broken = {
        "call_back_is_about_one_thing": {"feedback": None},
        "call_back_state_is_known": {"state": "lost", "claimed_by": None, "claimed_at": None, "ended_at": NOW},
        "call_back_reason_is_known": {"reason": "whim"},
        "call_back_that_ended_is_nobodys": {"state": "refused", "ended_at": NOW},
        "call_back_is_claimed_at_a_time": {"claimed_at": None},
    }
    for name, values in broken.items():
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            CallBack.objects.filter(pk=call.pk).update(**values)
    with pytest.raises(IntegrityError, match='"agent_calls_one_at_a_time"'), transaction.atomic():
        CallBack.objects.filter(pk=other.pk).update(claimed_by=agent, claimed_at=NOW)


def test_the_database_refuses_a_try_written_twice_or_rewritten(morning):
    agent = an_agent()
    calling.tried(taken(agent), CallOutcome.NO_ANSWER, by=agent, at=NOW)
    row = CallAttempt.objects.get()
    row.pk, row._state.adding = None, True
    with pytest.raises(IntegrityError, match='"call_attempt_is_numbered_once"'), transaction.atomic():
        row.save(force_insert=True)
    with pytest.raises(DatabaseError, match="never changed or deleted"), transaction.atomic():
        CallAttempt.objects.update(note="x")


def test_the_database_refuses_a_broken_quota_and_a_second_draw(morning):
    for name, values in {
        "call_quota_share_is_known": {"share": "half"},
        "call_quota_share_and_margin_fit": {"expected": "1.00"},
        "call_quota_is_unique": {"request_type": "complaint", "channel": "", "category": None},
    }.items():
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            CallQuota.objects.filter(request_type="report").update(**values)
    complaint = resolved()
    Complaint.objects.filter(pk=complaint.pk).update(request_type="suggestion")
    call_backs.draw_week(MONDAY + 7 * DAY)
    for name, values in {"week_is_drawn_once": {}, "draw_is_no_more_than_there_are": {"size": 9, "what": "x"}}.items():
        row = SampleDraw.objects.get()
        row.pk, row._state.adding = None, True
        for field, value in values.items():
            setattr(row, field, value)
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            row.save(force_insert=True)
