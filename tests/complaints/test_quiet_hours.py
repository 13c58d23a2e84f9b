"""Quiet hours: what can wait waits for the morning, in any zone, and what cannot wait does not."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from complaints import outbox, workflow
from complaints.models import DeskSettings, NoticeState
from complaints.quiet import is_quiet, next_allowed
from staff.actors import THE_CLOCK, Role
from staff.models import Duty, User
from tests.factories import MONDAY, SHANGHAI, a_complaint, a_user, an_actor

NIGHT = datetime(2026, 3, 2, 23, 30, tzinfo=SHANGHAI)
MORNING = datetime(2026, 3, 3, 8, 0, tzinfo=SHANGHAI)
LONDON = ZoneInfo("Europe/London")

zones = st.sampled_from([ZoneInfo(n) for n in ("Asia/Shanghai", "Europe/London", "America/St_Johns", "Pacific/Apia", "Australia/Lord_Howe")])  # fmt: skip
moments = st.integers(1_230_000_000, 1_890_000_000).map(lambda second: datetime.fromtimestamp(second, UTC))
walls = st.times().map(lambda wall: wall.replace(microsecond=0))


@given(moments, st.none() | walls, st.none() | walls, zones)
def test_what_is_allowed_is_not_quiet_not_earlier_and_stays_allowed(moment, quiet_from, quiet_until, zone):
    allowed = next_allowed(moment, quiet_from, quiet_until, zone)
    assert allowed >= moment
    assert not is_quiet(allowed, quiet_from, quiet_until, zone)
    assert next_allowed(allowed, quiet_from, quiet_until, zone) == allowed
    assert allowed - moment < timedelta(days=3)


@given(moments, st.just(time(21)), st.just(time(8)), zones)
def test_the_night_ends_on_the_next_morning(moment, quiet_from, quiet_until, zone):
    allowed = next_allowed(moment, quiet_from, quiet_until, zone).astimezone(zone)
    assert allowed == moment or allowed.time() == quiet_until


@pytest.mark.parametrize(
    ("moment", "quiet_from", "quiet_until", "allowed"),
    [
        (NIGHT, time(21), time(8), MORNING),
        (MORNING - timedelta(seconds=1), time(21), time(8), MORNING),
        (MORNING, time(21), time(8), MORNING),
        (NIGHT, None, time(8), NIGHT),
        (NIGHT, time(21), None, NIGHT),
        (NIGHT, time(8), time(8), NIGHT),
        (MONDAY, time(8), time(10), MONDAY.replace(hour=10)),
    ],
)
def test_the_ends_of_quiet_hours(moment, quiet_from, quiet_until, allowed):
    assert next_allowed(moment, quiet_from, quiet_until, SHANGHAI) == allowed


def test_when_clocks_turn_the_end_is_the_end_on_the_wall():
    spring = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)  # 01:00 becomes 02:00
    assert next_allowed(spring, time(21), time(8), LONDON) == datetime(2026, 3, 29, 7, 0, tzinfo=UTC)
    second_half_past_one = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 01:10 for the second time
    assert next_allowed(second_half_past_one, time(21), time(1, 30), LONDON) == datetime(
        2026, 10, 25, 1, 30, tzinfo=UTC
    )


@pytest.fixture
def at_night(profile):
    DeskSettings.objects.update(quiet_from=time(21), quiet_until=time(8))
    with time_machine.travel(NIGHT, tick=False) as traveller:
        yield traveller


def waiting(complaint, code):
    return set(complaint.notices.filter(code=code).values_list("next_try_at", flat=True))


def asked(**fields):
    complaint = a_complaint(**fields)
    workflow.perform("message", complaint, by=an_actor(Role.AGENT), message="明早到。")
    return complaint


def test_a_text_message_to_a_customer_waits_and_an_e_mail_does_not(at_night):
    assert waiting(asked(), "message") == {MORNING}
    assert waiting(asked(contact_email="li@example.org", contact_method="email"), "message") == {NIGHT}


@pytest.mark.parametrize(
    "fields",
    [
        {"code": "SAF-01"},
        {"priority": 1},
        {"channel": "regulator", "source": "12398"},
    ],
)
def test_safety_and_the_regulator_never_wait(at_night, fields):
    assert waiting(asked(**fields), "message") == {NIGHT}


def test_the_acknowledgement_answers_whoever_just_wrote_to_us(at_night, settings):
    complaint = a_complaint(at=NIGHT)
    notice = complaint.notices.get(code="acknowledged")
    assert notice.next_try_at == NIGHT
    settings.SMS_URL = "https://gateway.invalid/"
    outbox.send(notice, now=NIGHT)
    notice.refresh_from_db()
    assert notice.next_try_at == NIGHT + outbox.BACK_OFF[0]
    at_night.shift(outbox.BACK_OFF[3])
    outbox.send(notice, now=NIGHT + outbox.BACK_OFF[3])
    notice.refresh_from_db()
    assert (notice.state, notice.next_try_at) == (NoticeState.QUEUED, MORNING)


def test_the_acknowledgement_of_a_letter_waits(at_night):
    letter = a_complaint(at=NIGHT, channel="letter", source="post", received_at=NIGHT - timedelta(days=2))
    assert waiting(letter, "acknowledged") == {MORNING}


def test_a_later_try_that_falls_into_the_night_waits_for_the_morning(profile, settings):
    settings.SMS_URL = "https://gateway.invalid/"
    DeskSettings.objects.update(quiet_from=time(21), quiet_until=time(8))
    evening = NIGHT.replace(hour=20, minute=59, second=30)
    with time_machine.travel(evening, tick=False):
        notice = asked().notices.get(code="message")
        assert notice.next_try_at == evening
        outbox.send(notice, now=evening)
    notice.refresh_from_db()
    assert notice.next_try_at == MORNING


def test_an_alarm_wakes_whoever_is_on_the_roster_and_nobody_else(at_night):
    working, asleep = a_user(Role.SUPERVISOR), a_user(Role.INVESTIGATOR)
    complaint = a_complaint(at=NIGHT - timedelta(hours=2), assignee=asleep)
    Duty.objects.create(
        user=working, branch=working.branch, role=working.role, starts_at=NIGHT, ends_at=NIGHT + timedelta(hours=8)
    )
    breach = complaint.alarms.get(clock__kind="dispatch", level="breach")
    complaint.alarms.exclude(pk=breach.pk).delete()
    workflow.ring(breach)
    assert waiting(complaint, "breach") == {NIGHT}
    Duty.objects.all().delete()
    escalated = workflow.perform("escalate", complaint, by=an_actor(Role.AGENT), reason="客户着急")
    assert set(escalated.notices.values_list("next_try_at", flat=True)) == {MORNING}


def test_the_address_of_last_resort_is_told_at_once(at_night):
    DeskSettings.objects.update(last_resort_email="Duty@example.org")
    complaint = a_complaint(at=NIGHT)
    User.objects.update(email="")
    escalated = workflow.perform("escalate", complaint, by=THE_CLOCK, reason="客户着急")
    assert list(escalated.notices.values_list("address", "next_try_at")) == [("Duty@example.org", NIGHT)]


def test_without_quiet_hours_nothing_waits(at_night):
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)
    assert waiting(asked(), "message") == {NIGHT}
