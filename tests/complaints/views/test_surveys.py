"""Surveys of customers who did not complain: whom they are about, asked once whatever dies, answered once, and what was found."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.urls import reverse

from complaints import database_clock, outbox, surveys
from complaints.models import (
    CallBack,
    CallState,
    DeskSettings,
    Notice,
    NoticeState,
    Survey,
    SurveyAnswer,
    SurveyInvite,
    SurveyState,
)
from complaints.refusals import MoveRefused
from complaints.tasks import carry_on_surveys
from customers.models import Customer
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.views.pages import text_of
from tests.factories import MONDAY, SHANGHAI, a_branch, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")
NOW = MONDAY + timedelta(hours=1)
DAY = timedelta(days=1)
MOBILE = "1380013{:04d}"


@pytest.fixture(autouse=True)
def morning():
    with time_machine.travel(NOW) as traveller:
        yield traveller


def a_survey(**fields) -> Survey:
    fields = {
        "name": "年度满意度",
        "branch": a_branch(),
        "result_zh": "供电？",
        "result_en": "How is the supply?",
        "service_zh": "服务？",
        "service_en": "How is the service?",
        "closes_at": NOW + 20 * DAY,
        **fields,
    }
    return Survey.objects.create(**{"created_by": a_user(Role.SUPERVISOR), **fields})


def people(count: int, **fields) -> list[Customer]:
    return [an_account(phone=MOBILE.format(number), **fields).customer for number in range(count)]


def drawn(**fields) -> Survey:
    survey = a_survey(**fields)
    surveys.ask_to_draw(survey, at=NOW)
    surveys.draw(survey, at=NOW)
    survey.refresh_from_db()
    return survey


def running(**fields) -> Survey:
    survey = drawn(**fields)
    surveys.start(survey, by=survey.created_by, at=NOW)
    surveys.carry_on(NOW)
    survey.refresh_from_db()
    return survey


def link(invite) -> str:
    return reverse("complaints:survey-answer", args=[invite.token])


# whom


def test_who_complained_wants_quiet_or_was_asked_lately_is_not_asked():
    content, complained, quiet, closed, asked = people(5)
    a_complaint(customer=complained)
    Customer.objects.filter(pk=quiet.pk).update(do_not_contact=True)
    closed.accounts.update(closed_on="2025-01-01")
    before = drawn(size=1)
    before.invites.update(customer=asked)
    survey = a_survey()
    found = set(surveys.population(survey, NOW))
    assert found == {content}
    later = NOW + survey.quiet_days * DAY + 2 * DAY
    assert set(surveys.population(survey, later)) == {content, complained}
    assert asked in set(surveys.population(survey, NOW + 400 * DAY))


def test_only_the_branch_and_its_segments_are_asked():
    household, firm = people(2)
    Customer.objects.filter(pk=firm.pk).update(kind="commercial")
    away = an_account(branch=a_branch("elsewhere")).customer
    assert set(surveys.population(a_survey(segments=["commercial"]), NOW)) == {firm}
    assert set(surveys.population(a_survey(), NOW)) == {household, firm}
    assert away in set(surveys.population(a_survey(branch=away.branch), NOW))


def test_the_draw_is_by_kind_keeps_its_numbers_and_can_be_repeated():
    for kind, count in (("household", 12), ("commercial", 3)):
        for customer in people(count):
            Customer.objects.filter(pk=customer.pk).update(kind=kind)
    survey = a_survey(size=5)
    assert surveys.draw(survey, at=NOW, seed=7) == 5
    strata = list(survey.strata.values_list("kind", "population", "drawn"))
    assert sorted(strata) == [("commercial", 3, 1), ("household", 12, 4)]
    chosen = set(survey.invites.values_list("customer", flat=True))
    surveys.draw_again(survey)
    assert not survey.invites.exists()
    surveys.draw(survey, at=NOW, seed=7)
    assert set(survey.invites.values_list("customer", flat=True)) == chosen
    assert surveys.draw(survey, at=NOW) == 0


def test_stations_count_under_the_county_that_lies_next_below():
    company = a_branch()
    county = a_branch("county", company)
    for number in range(3):
        an_account(branch=a_branch(f"station{number}", county))
    an_account()
    survey = drawn()
    assert sorted(survey.strata.values_list("branch__code", "population")) == [("company", 1), ("county", 3)]


# asking


def test_nothing_is_sent_before_it_is_started_and_then_each_is_written_to_once():
    people(3)
    survey = drawn()
    assert Notice.objects.filter(invite__survey=survey).count() == 0
    surveys.start(survey, by=survey.created_by, at=NOW)
    assert Notice.objects.filter(invite__survey=survey).count() == 0
    for _turn in range(2):
        surveys.carry_on(NOW)
    notices = Notice.objects.filter(invite__survey=survey)
    assert notices.count() == 3
    assert all(notice.invite.token in notice.body for notice in notices)


def test_at_night_the_messages_wait_for_the_morning(morning):
    people(1)
    night = NOW.replace(hour=23)
    survey = drawn()
    morning.move_to(night)
    surveys.start(survey, by=survey.created_by, at=night)
    surveys.carry_on(night)
    notice = Notice.objects.get(invite__survey=survey)
    assert notice.next_try_at.astimezone(SHANGHAI).strftime("%d %H:%M") == "03 08:00"


def test_whoever_no_message_reaches_is_called_if_the_survey_says_so():
    an_account(phone="0315-2345678")
    survey = running()
    call = CallBack.objects.get()
    assert (call.invite.survey, call.reason) == (survey, "survey")
    assert not Notice.objects.filter(invite__survey=survey).exists()
    surveys.stop(survey, by=survey.created_by, at=NOW)
    call.refresh_from_db()
    assert call.state == CallState.ENDED


@transaction.atomic
def dies_in_a_batch(survey):
    surveys.invite_batch(survey, at=NOW)
    raise RuntimeError


def test_a_worker_that_dies_in_a_batch_leaves_nobody_out_and_asks_nobody_twice(monkeypatch):
    people(5)
    survey = drawn()
    surveys.start(survey, by=survey.created_by, at=NOW)
    monkeypatch.setattr(surveys, "BATCH", 2)
    assert surveys.invite_batch(survey, at=NOW) == 2
    with pytest.raises(RuntimeError):
        dies_in_a_batch(survey)
    surveys.carry_on(NOW)
    notices = Notice.objects.filter(invite__survey=survey)
    assert notices.count() == notices.values("invite").distinct().count() == 5


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_ask_each_once(profile):
    people(8)
    survey = drawn()
    surveys.start(survey, by=survey.created_by, at=NOW)
    at_once(lambda _number: surveys.carry_on(NOW), 4)
    notices = Notice.objects.filter(invite__survey=survey)
    assert notices.count() == notices.values("invite").distinct().count() == 8


def test_one_reminder_to_those_who_were_written_to_and_did_not_answer():
    people(3)
    survey = running(remind_days=5)
    first, second, third = survey.invites.order_by("pk")
    Notice.objects.filter(invite__in=[first, second]).update(state=NoticeState.SENT, sent_at=NOW)
    surveys.answer(first, rating=5, at=NOW, seen=0)
    for day in (4, 5, 6):
        surveys.carry_on(NOW + day * DAY)
    reminded = Notice.objects.filter(code=surveys.REMINDED)
    assert [notice.invite for notice in reminded] == [second]
    third.refresh_from_db()
    assert third.reminded_at is not None


def test_a_reminder_that_waited_for_the_morning_is_not_sent_to_who_has_answered_meanwhile():
    people(1)
    survey = running()
    notice = Notice.objects.get(invite__survey=survey)
    surveys.answer(notice.invite, rating=5, at=NOW, seen=0)
    assert not outbox.send(notice, now=notice.next_try_at)
    notice.refresh_from_db()
    assert notice.state == NoticeState.OVERTAKEN


def test_it_ends_by_its_day_and_takes_back_what_was_not_sent():
    people(2)
    survey = running()
    sent = Notice.objects.filter(invite__survey=survey).first()
    Notice.objects.filter(pk=sent.pk).update(state=NoticeState.SENT, sent_at=NOW)
    surveys.carry_on(survey.closes_at)
    survey.refresh_from_db()
    assert survey.state == SurveyState.CLOSED
    assert list(Notice.objects.filter(invite__survey=survey)) == [sent]
    assert surveys.invite_batch(survey, at=NOW) == 0


def test_what_is_stopped_cannot_be_started_or_drawn_again():
    people(1)
    survey = running()
    surveys.stop(survey, by=survey.created_by, at=NOW)
    for act in (
        lambda: surveys.start(survey, by=survey.created_by, at=NOW),
        lambda: surveys.ask_to_draw(survey, at=NOW),
        lambda: surveys.draw_again(survey),
        lambda: surveys.stop(survey, by=survey.created_by, at=NOW),
    ):
        with pytest.raises(MoveRefused):
            act()
    survey.refresh_from_db()
    assert survey.state == SurveyState.CLOSED


def test_the_task_turns_the_whole_crank():
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    people(2)
    now = database_clock.now()
    survey = a_survey(closes_at=now + DAY)
    surveys.ask_to_draw(survey, at=now)
    carry_on_surveys()
    survey.refresh_from_db()
    assert (survey.state, survey.population) == (SurveyState.DRAWN, 2)
    surveys.start(survey, by=survey.created_by, at=now)
    carry_on_surveys()
    assert Notice.objects.filter(invite__survey=survey).count() == 2


# answering


def test_opening_the_link_records_nothing_and_one_answer_counts(reader):
    people(1)
    invite = running().invites.get()
    for _look in range(2):
        assert reader.get(link(invite), {"rating": "5"}).status_code == 200
        assert reader.head(link(invite)).status_code == 200
    assert SurveyAnswer.objects.count() == 0
    assert reader.post(link(invite), {"comment": "好"}).status_code == 422
    page = {"rating": "4", "service_rating": "5", "comment": "好", "seen": "0"}
    assert reader.post(link(invite), page).status_code == 302
    assert reader.post(link(invite), page).status_code == 302
    invite.refresh_from_db()
    assert (invite.rating, invite.service_rating, invite.answered_by) == (4, 5, "link")
    assert SurveyAnswer.objects.count() == 1


def test_an_answer_may_be_changed_for_its_hours_and_not_after(reader, morning):
    people(1)
    invite = running().invites.get()
    reader.post(link(invite), {"rating": "4", "seen": "0"})
    assert reader.post(link(invite), {"rating": "1", "seen": "0"}).status_code == 409
    assert reader.post(link(invite), {"rating": "2", "seen": "1"}).status_code == 302
    morning.move_to(NOW + timedelta(hours=13))
    said = text_of(reader.post(link(invite), {"rating": "5", "seen": "2"}))
    assert "Thank you for your answer" in said
    invite.refresh_from_db()
    assert (invite.rating, [one.rating for one in invite.versions.all()]) == (2, [4, 2])


def test_after_the_end_the_link_says_so_kindly(reader, morning):
    people(1)
    survey = running()
    morning.move_to(survey.closes_at + DAY)
    invite = survey.invites.get()
    assert "This survey is over" in text_of(reader.post(link(invite), {"rating": "5", "seen": "0"}))
    invite.refresh_from_db()
    assert invite.answered_at is None


@pytest.mark.parametrize("rating", ["0", "6", "4", "x"])
def test_a_rating_that_was_not_offered_is_not_taken(reader, rating):
    people(1)
    invite = running(scale="three").invites.get()
    assert reader.post(link(invite), {"rating": rating, "seen": "0"}).status_code == 422
    with pytest.raises(MoveRefused):
        surveys.answer(invite, rating=4, at=NOW, seen=0)
    assert SurveyAnswer.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_two_devices_at_once_give_one_answer(profile):
    people(1)
    invite = running().invites.get()

    def send(number):
        try:
            surveys.answer(invite, rating=number + 1, at=NOW, seen=0)
        except MoveRefused:
            return False
        return True

    assert sum(at_once(send, 4)) == 1
    assert SurveyAnswer.objects.count() == 1


def test_an_answer_on_the_call_counts_as_one(sign_in, reader):
    an_account(phone="0315-2345678")
    survey = running()
    sign_in(Role.AGENT)
    page = reader.post(reverse("complaints:call-next"), follow=True)
    assert "How is the supply?" in text_of(page)
    call = CallBack.objects.get()
    sent = reader.post(
        reverse("complaints:call", args=[call.pk]), {"outcome": "reached", "score": "5", "attitude": "4"}
    )
    assert sent.status_code == 302
    invite = survey.invites.get()
    call.refresh_from_db()
    assert (invite.rating, invite.service_rating, invite.answered_by, call.state) == (5, 4, "call", "answered")


def test_the_database_refuses_a_broken_round():
    people(1)
    survey = running()
    broken = {
        "survey_state_is_known": {"state": "lost"},
        "survey_running_was_started": {"started_at": None},
        "survey_drawn_has_seed": {"seed": None},
        "survey_share_and_margin_fit": {"margin": "0.60"},
    }
    for name, values in broken.items():
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            Survey.objects.filter(pk=survey.pk).update(**values)
    for name, values in {
        "survey_answer_is_complete": {"rating": 5},
        "survey_ratings_are_one_to_five": {"service_rating": 6},
    }.items():
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            SurveyInvite.objects.update(**values)
    notice = Notice.objects.get(invite__survey=survey)
    notice.pk, notice.uuid, notice._state.adding = None, "00000000-0000-4000-8000-000000000000", True
    with pytest.raises(IntegrityError, match='"invited_once_on_each_occasion"'), transaction.atomic():
        notice.save(force_insert=True)


# the pages


def typed(**more):
    return {
        "name": "年度",
        "branch": a_branch().pk,
        "quiet_days": "180",
        "rest_months": "12",
        "expected": "0.90",
        "margin": "0.03",
        "scale": "five",
        "result_zh": "a",
        "result_en": "b",
        "service_zh": "c",
        "service_en": "d",
        "remind_days": "5",
        "calls": "on",
        "closes_at": (NOW + 10 * DAY).strftime("%Y-%m-%dT%H:%M"),
        **more,
    }


def test_a_supervisor_writes_looks_draws_starts_and_reads_the_results(sign_in, reader):
    people(6)
    sign_in(Role.SUPERVISOR)
    assert "No survey yet" in text_of(reader.get(reverse("complaints:surveys")))
    assert reader.get(reverse("complaints:survey-new")).status_code == 200
    page = reader.post(reverse("complaints:survey-new"), typed(), follow=True)
    assert "6 of 6 customers would be asked." in text_of(page)
    survey = Survey.objects.get()
    act = {name: reverse("complaints:survey-act", args=[survey.pk, name]) for name in ("draw", "start", "stop")}
    assert "The system is drawing" in text_of(reader.post(act["draw"], follow=True))
    surveys.carry_on(NOW)
    assert "Ask these 6 customers" in text_of(reader.get(reverse("complaints:survey", args=[survey.pk])))
    reader.post(act["start"])
    surveys.carry_on(NOW)
    assert "6 of 6 asked" in text_of(reader.get(reverse("complaints:survey", args=[survey.pk])))
    for invite, rating in zip(survey.invites.all(), (5, 5, 4, 4, 2), strict=False):
        surveys.answer(invite, rating=rating, comment="=1+1", at=NOW, seen=0)
    results = reverse("analytics:survey", args=[survey.pk])
    said = text_of(reader.get(results))
    assert "5 of 6 who were drawn answered (83%). 4 of them are satisfied: 80.0% (95% range 37.6–96.4%)." in said
    assert "satisfaction would lie within 66.7–83.3%" in said
    assert "Low base" in said
    csv = b"".join(reader.get(results, {"format": "csv", "table": "answers"}).streaming_content).decode()
    assert csv.count("household") == 5
    assert ",=1+1" not in csv
    assert reader.get(results, {"format": "csv", "table": "strata"}).status_code == 200
    assert reader.get(results, {"format": "csv", "table": "nothing"}).status_code == 404
    reader.post(act["stop"])
    assert "Stopped by" in text_of(reader.get(reverse("complaints:survey", args=[survey.pk])))


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"closes_at": "2026-01-01T08:00"}, "in the past"),
        ({"margin": "0.9"}, "Write a number"),
        ({"size": "0"}, "Ask at least one"),
        ({"name": ""}, "required"),
    ],
)
def test_a_survey_that_makes_no_sense_comes_back_as_typed(sign_in, reader, wrong, what):
    sign_in(Role.SUPERVISOR)
    page = reader.post(reverse("complaints:survey-new"), typed(result_en="My own words") | wrong)
    assert page.status_code == 422
    assert what in text_of(page)
    assert "My own words" in page.content.decode()
    assert not Survey.objects.exists()


def test_other_branches_and_other_roles_do_not_see_it(sign_in, reader):
    people(1)
    survey = running()
    addresses = [reverse("complaints:survey", args=[survey.pk]), reverse("analytics:survey", args=[survey.pk])]
    sign_in(Role.SUPERVISOR, branch=a_branch("elsewhere", a_branch()))
    assert [reader.get(address).status_code for address in addresses] == [404, 404]
    assert reader.post(reverse("complaints:survey-act", args=[survey.pk, "stop"])).status_code == 404
    sign_in(Role.AGENT)
    assert [reader.get(address).status_code for address in addresses] == [403, 403]
    survey.refresh_from_db()
    assert survey.state == SurveyState.RUNNING


def test_rounds_are_compared_with_each_other_and_with_complainants(sign_in, reader, morning):
    people(6)
    first = running()
    surveys.stop(first, by=first.created_by, at=NOW)
    morning.move_to(NOW + 400 * DAY)
    later = NOW + 400 * DAY
    second = a_survey(closes_at=later + 9 * DAY)
    surveys.draw(second, at=later)
    second.refresh_from_db()
    surveys.start(second, by=second.created_by, at=later)
    sign_in(Role.ANALYST)
    said = text_of(reader.get(reverse("analytics:survey", args=[second.pk])))
    assert "this round" in said
    assert "complainants meanwhile" in said
    assert said.count("too few") + said.count("–") >= 3


def test_the_texts_of_surveys_are_edited_like_the_others(sign_in, reader):
    people(1)
    running()
    sign_in(Role.SUPERVISOR)
    page = text_of(reader.get(reverse("complaints:text", args=["survey_invited", "sms", "en"])))
    assert "/survey/" in page
