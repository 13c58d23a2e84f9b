"""In the morning only the newest news of an issue goes out, and what it has overtaken says so."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from complaints import issues, outbox
from complaints.models import IssueUpdate, Notice, NoticeState
from complaints.tasks import send_notices, tell_updates
from staff.actors import Role
from tests.at_once import at_once
from tests.factories import SHANGHAI, a_branch, a_complaint, a_user, an_issue

pytestmark = pytest.mark.usefixtures("profile")
EVENING = datetime(2026, 3, 2, 23, 0, tzinfo=SHANGHAI)
MORNING = datetime(2026, 3, 3, 8, 0, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def log(settings, tmp_path):
    settings.SMS_URL = f"log:{tmp_path / 'sms.log'}"
    return tmp_path / "sms.log"


def texts_in(log: Path) -> list[str]:
    return [json.loads(line)["text"] for line in log.read_text().splitlines()] if log.exists() else []


def said(issue, text, at=EVENING):
    update = issues.say(issue, by=a_user(Role.SUPERVISOR), text_en=text)
    IssueUpdate.objects.filter(pk=update.pk).update(at=at)
    update.refresh_from_db()
    issues.tell(update)
    return update


def everybody_waits():
    """What greets and acknowledges is out of the way; the news waits for the morning."""
    Notice.objects.filter(update=None).delete()
    Notice.objects.update(next_try_at=MORNING)


def a_followed_issue(**fields):
    issue = an_issue(**fields)
    issues.follow(issue, "sms", "13800001234", language="en")
    return issue


def sweep(now=MORNING):
    for notice in Notice.objects.due(now):
        outbox.send(notice, now=now)


def test_of_three_that_waited_for_the_morning_the_newest_goes(log):
    issue = a_followed_issue()
    updates = [said(issue, f"News {n}", EVENING + timedelta(hours=n)) for n in range(3)]
    everybody_waits()
    sweep()
    (text,) = texts_in(log)
    assert "News 2" in text
    states = [Notice.objects.get(update=update).state for update in updates]
    assert states == [NoticeState.OVERTAKEN, NoticeState.OVERTAKEN, NoticeState.SENT]
    assert Notice.objects.get(update=updates[0]).attempts == 0


def test_that_it_is_over_overtakes_what_was_said_before(log):
    issue = a_followed_issue()
    old = said(issue, "A crew is on its way.")
    last = issues.restored(issue, EVENING + timedelta(hours=2), by=a_user(Role.SUPERVISOR))
    issues.tell(last)
    everybody_waits()
    sweep()
    assert len(texts_in(log)) == 1
    assert Notice.objects.get(update=old).state == NoticeState.OVERTAKEN


def test_other_issues_other_people_and_what_failed_overtake_nothing(log):
    issue, other = a_followed_issue(), a_followed_issue(title="Feeder 2")
    old, of_other = said(issue, "News of one"), said(other, "News of two", EVENING + timedelta(hours=1))
    issues.follow(issue, "sms", "13800009999", language="en")
    newer = said(issue, "Newer", EVENING + timedelta(hours=2))
    everybody_waits()
    Notice.objects.filter(update=newer, address="13800001234").update(state=NoticeState.DEAD)
    sweep()
    assert Notice.objects.get(update=old).state == NoticeState.SENT
    assert Notice.objects.get(update=of_other).state == NoticeState.SENT
    assert Notice.objects.get(update=newer, address="13800009999").state == NoticeState.SENT


def test_the_complaint_shows_what_was_overtaken(client, log):
    client.cookies["language"] = "en"
    issue = an_issue()
    complaint = a_complaint(service_issue=issue, branch=a_branch())
    said(issue, "Old")
    said(issue, "New", EVENING + timedelta(hours=1))
    Notice.objects.exclude(update=None).update(next_try_at=MORNING)
    sweep()
    client.force_login(a_user(Role.AGENT))
    assert "Overtaken by something newer" in client.get(complaint.get_absolute_url()).content.decode()


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=some.permutations(range(4)))
def test_in_whatever_order_they_are_tried_only_the_newest_is_sent(order):
    issue = a_followed_issue(title=f"Issue {IssueUpdate.objects.count()}")
    updates = [said(issue, f"News {n}", EVENING + timedelta(minutes=n // 2)) for n in range(4)]
    Notice.objects.exclude(update=None).filter(state=NoticeState.QUEUED).update(next_try_at=MORNING)
    for n in order:
        outbox.send(Notice.objects.get(update=updates[n]), now=MORNING)
    states = [Notice.objects.get(update=update).state for update in updates]
    assert states == [NoticeState.OVERTAKEN] * 3 + [NoticeState.SENT]


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_send_one(log):
    issue = a_followed_issue()
    for n in range(4):
        issues.say(issue, by=a_user(Role.SUPERVISOR), text_en=f"News {n}")
    tell_updates()
    Notice.objects.filter(update=None).delete()
    Notice.objects.update(next_try_at=EVENING)
    at_once(lambda _number: send_notices(), 4)
    assert len(texts_in(log)) == 1
