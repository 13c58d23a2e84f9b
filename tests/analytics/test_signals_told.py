"""An early warning is told by notice once, to the supervisors on duty where it was found, unless somebody has seen it first."""

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction

from analytics.grains.refresh import refresh
from analytics.models import Signal
from analytics.signals import handling, looking, telling
from complaints import signals_told
from complaints.models import MessageTemplate, Notice, NoticeState, TellingHabit
from complaints.tasks import send_notices
from staff.actors import Role
from staff.models import Duty
from tests.analytics.test_signals import a_past, a_week
from tests.at_once import at_once
from tests.factories import MONDAY, a_branch, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

NOW = MONDAY + timedelta(days=7)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def monday():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def supervisor():
    return a_user(Role.SUPERVISOR, email="wang@example.org", language="en")


def a_signal(branch=None, **fields):
    days = {"first_day": MONDAY.date(), "last_day": MONDAY.date(), "counted_from": MONDAY.date()}
    known = {"kind": "term", "rule": "term", "series": "term:1:x", "term": "充电桩", "number": 9, "score": 4.0}
    seen = {"found_at": NOW, "seen_at": NOW, "expected": 2.0}
    return Signal.objects.create(branch=branch or a_branch(), **{**days, **known, **seen, **fields})


def told(**what):
    return sorted(Notice.objects.filter(code="signal_found", **what).values_list("address", flat=True))


def test_what_a_look_finds_is_told_to_the_supervisor_with_a_link_to_it(supervisor):
    a_past()
    a_week(18)
    assert looking.look(NOW).found == 1
    signal, notice = Signal.objects.get(), Notice.objects.get(code="signal_found")
    assert (signal.told_at, notice.signal, notice.address) == (NOW, signal.pk, "wang@example.org")
    assert "18 complaints" in notice.body
    assert f"/signals/{signal.pk}/" in notice.body
    assert notice.subject.startswith("Early warning: ")


def test_it_is_told_once_however_often_it_is_found(supervisor):
    a_past()
    a_week(18)
    looking.look(NOW)
    with time_machine.travel(NOW + HOUR, tick=False):
        looking.look(NOW + HOUR)
    assert told() == ["wang@example.org"]


def test_it_is_told_in_the_language_of_whoever_reads_it(supervisor):
    a_user(Role.SUPERVISOR, email="li@example.org", language="zh-hans")
    a_signal()
    telling.tell(NOW)
    texts = dict(Notice.objects.values_list("address", "body"))
    assert "Term “充电桩”" in texts["wang@example.org"]
    assert "Term" not in texts["li@example.org"]


def test_the_roster_says_who_hears_it_and_nobody_of_another_branch_does(supervisor):
    north, south = a_branch("north", a_branch()), a_branch("south", a_branch())
    on_duty = a_user(Role.SUPERVISOR, branch=north, email="north@example.org")
    a_user(Role.SUPERVISOR, branch=north, email="asleep@example.org")
    a_user(Role.SUPERVISOR, branch=south, email="south@example.org")
    Duty.objects.create(user=on_duty, branch=north, role=Role.SUPERVISOR, starts_at=NOW - HOUR, ends_at=NOW + HOUR)
    a_signal(north)
    telling.tell(NOW)
    assert told() == ["north@example.org"]


def test_acknowledged_before_it_is_sent_it_is_not_sent(supervisor):
    signal = a_signal()
    telling.tell(NOW)
    handling.acknowledge(signal, "The storm of Monday.", by=supervisor, at=NOW)
    assert Notice.objects.get(signal=signal.pk).state == NoticeState.OVERTAKEN
    send_notices()
    assert not told(state=NoticeState.SENT)


def test_what_was_sent_stays_sent_when_it_is_acknowledged(supervisor):
    signal = a_signal()
    telling.tell(NOW)
    send_notices()
    handling.acknowledge(signal, "Seen.", by=supervisor, at=NOW)
    assert told(state=NoticeState.SENT) == ["wang@example.org"]


def test_acknowledged_before_anybody_was_told_nobody_is(supervisor):
    handling.acknowledge(a_signal(), "Seen at the desk.", by=supervisor, at=NOW)
    assert telling.tell(NOW) == 0
    assert told() == []


def test_five_of_a_branch_are_told_at_once_and_the_others_later_unless_they_are_gone(supervisor):
    for number in range(8):
        a_signal(series=f"term:1:{number}", score=float(number))
    assert telling.tell(NOW) == telling.MOST_AT_ONCE == 5
    assert set(Signal.objects.filter(told_at=None).values_list("score", flat=True)) == {0.0, 1.0, 2.0}
    Signal.objects.filter(score__gt=0).update(seen_at=NOW + HOUR)
    assert telling.tell(NOW + HOUR) == 2
    assert Notice.objects.filter(code="signal_found").count() == 7


def test_who_does_not_want_them_is_not_told(client, supervisor):
    a_user(Role.SUPERVISOR, email="li@example.org")
    client.force_login(supervisor)
    client.cookies["language"] = "en"
    assert "Early warnings by e-mail" in client.get("/desk/for-me/").content.decode()
    client.post("/desk/for-me/", {"how": "at_desk", "hour": "8"})
    assert TellingHabit.objects.get(user=supervisor).of_signals is False
    a_signal()
    telling.tell(NOW)
    assert told() == ["li@example.org"]
    client.post("/desk/for-me/", {"how": "at_desk", "hour": "8", "of_signals": "on"})
    assert TellingHabit.objects.get(user=supervisor).of_signals is True


def test_others_are_not_asked_about_what_they_never_get(client):
    client.force_login(a_user(Role.AGENT))
    client.cookies["language"] = "en"
    assert "Early warnings by e-mail" not in client.get("/desk/for-me/").content.decode()


def test_its_text_can_be_changed_and_shown_on_an_example(client):
    client.force_login(a_user(Role.ADMINISTRATOR))
    client.cookies["language"] = "en"
    page = client.get("/desk/texts/signal_found/email/en/").content.decode()
    assert "Early warning" in page
    assert "18 complaints" in page
    text = MessageTemplate.objects.get(code="signal_found", medium="email", language="en")
    address = "/desk/texts/signal_found/email/en/"
    refused = client.post(address, {"subject": "x", "body": "{reference}", "seen": "0"})
    assert refused.status_code == 422
    text.refresh_from_db()
    assert "{message}" in text.body


def test_its_notice_is_seen_by_those_who_see_its_branch(client, supervisor):
    north, south = a_branch("north", a_branch()), a_branch("south", a_branch())
    a_user(Role.SUPERVISOR, branch=north, email="north@example.org")
    a_signal(north)
    telling.tell(NOW)
    seeing = [a_user(role, branch=branch) for role in (Role.SUPERVISOR, Role.AGENT) for branch in (north, south)]
    counts = [Notice.objects.visible_to(user).count() for user in (supervisor, *seeing)]
    assert counts == [1, 1, 0, 0, 0]


def test_the_database_tells_nobody_twice_and_keeps_a_notice_to_one_cause(supervisor):
    signal = a_signal()
    signals_told.tell(signal.pk, signal.branch, lambda: "x", at=NOW)
    with pytest.raises(IntegrityError, match="told_once_of_a_signal"), transaction.atomic():
        signals_told.tell(signal.pk, signal.branch, lambda: "x", at=NOW)
    with pytest.raises(IntegrityError, match="notice_has_one_cause"), transaction.atomic():
        Notice.objects.update(signal_branch=None)


@pytest.mark.django_db(transaction=True)
def test_two_workers_that_look_at_once_tell_once(supervisor):
    refresh()
    a_past()
    a_week(18)
    at_once(lambda _number: looking.look(NOW, unless_since=NOW), times=2)
    assert Signal.objects.count() == 1
    assert told() == ["wang@example.org"]
