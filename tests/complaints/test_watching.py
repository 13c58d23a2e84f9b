"""Watches on views: a crossing is told once, a digest once per period, whoever looks and however late."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from complaints import tasks, watching
from complaints.models import Complaint, Notice, SavedView, ViewWatch
from staff.actors import Role
from tests.at_once import at_once
from tests.factories import MONDAY, SHANGHAI, a_branch, a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile")


def a_watch(user=None, *, query=None, **fields):
    user = user or a_user(Role.SUPERVISOR)
    view = SavedView.objects.create(owner=user, name="Open", query=query or {"view": "unfinished"})
    return ViewWatch.objects.create(user=user, view=view, **fields)


def told(code=None):
    notices = Notice.objects.filter(watch__isnull=False).order_by("pk")
    return list(notices.filter(code=code) if code else notices)


def close(*complaints):
    now = timezone.now()
    keys = [complaint.pk for complaint in complaints]
    Complaint.objects.filter(pk__in=keys).update(status="closed", outcome="withdrawn", closed_at=now)


def test_a_crossing_is_told_once_and_again_only_after_it_came_back():
    a_watch(at_least=5)
    made = [a_complaint(at=timezone.now()) for _ in range(4)]
    assert tasks.watch_views() == 0
    made.append(a_complaint(at=timezone.now()))
    assert tasks.watch_views() == 1
    assert tasks.watch_views() == 0
    notice = told("view_full")[0]
    assert "5 complaints" in notice.subject
    assert "/desk/?saved=" in notice.body
    close(made[0])  # four of five is 80 %: back below
    assert tasks.watch_views() == 0
    a_complaint(at=timezone.now())
    assert tasks.watch_views() == 1
    assert len(told()) == 2


def test_it_does_not_flutter_around_the_threshold():
    a_watch(at_least=10)
    made = [a_complaint(at=timezone.now()) for _ in range(10)]
    assert tasks.watch_views() == 1
    close(made[0])
    assert tasks.watch_views() == 0
    a_complaint(at=timezone.now())
    assert tasks.watch_views() == 0
    assert len(told()) == 1


def test_the_age_of_the_oldest_is_told():
    a_watch(older_than_hours=10)
    old = a_complaint(at=timezone.now() - timedelta(hours=11))
    a_complaint(at=timezone.now())
    assert tasks.watch_views() == 1
    assert tasks.watch_views() == 0
    assert told("view_old")[0].subject == "The oldest in “Open” is older than 10 hours"
    close(old)
    assert tasks.watch_views() == 0
    a_complaint(at=timezone.now() - timedelta(hours=12))
    assert tasks.watch_views() == 1


def test_what_i_may_not_see_is_not_counted_for_me():
    county = a_branch("county-a", parent=a_branch())
    owner = a_user(Role.SUPERVISOR)
    view = SavedView.objects.create(owner=owner, name="All", query={"view": "unfinished"}, shared="everybody")
    ViewWatch.objects.create(user=a_user(Role.AGENT, branch=county), view=view, at_least=1)
    a_complaint(at=timezone.now())
    assert tasks.watch_views() == 0
    a_complaint(at=timezone.now(), branch=county)
    assert tasks.watch_views() == 1


def test_a_digest_says_the_most_urgent_in_the_persons_language():
    user = a_user(Role.SUPERVISOR, language="zh-hans")
    complaint = a_complaint(at=timezone.now())
    a_watch(user, digest="daily", hour=8, next_at=timezone.now() - timedelta(minutes=1))
    assert tasks.send_digests() == 1
    assert tasks.send_digests() == 0
    notice = told("view_digest")[0]
    assert notice.language == "zh-hans"
    assert notice.subject == "Open：1 件投诉"
    assert complaint.reference in notice.body
    assert "已受理" in notice.body or "登记" in notice.body


def test_an_empty_view_is_mailed_only_to_who_wants_that():
    due = timezone.now() - timedelta(minutes=1)
    a_watch(digest="daily", skips_empty=True, next_at=due)
    a_watch(digest="daily", skips_empty=False, next_at=due)
    assert tasks.send_digests() == 1
    assert not ViewWatch.objects.due(timezone.now()).exists()
    assert len(told()) == 1


def test_after_days_without_a_worker_one_digest_is_sent():
    a_complaint(at=MONDAY)
    watch = a_watch(digest="daily", hour=8, next_at=MONDAY)
    assert watching.send_digest(watch, at=MONDAY + timedelta(days=5, hours=3))
    assert not watching.send_digest(watch, at=MONDAY + timedelta(days=5, hours=3))
    watch.refresh_from_db()
    assert watch.next_at == (MONDAY + timedelta(days=6)).replace(hour=8)


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_tell_everything_once():
    a_complaint(at=timezone.now())
    a_watch(at_least=1, digest="daily", next_at=timezone.now() - timedelta(hours=1))
    a_watch(at_least=1, digest="weekly", next_at=timezone.now() - timedelta(days=20))

    def turn(number):
        tasks.watch_views()
        tasks.send_digests()

    at_once(turn, times=4)
    assert sorted(notice.code for notice in told()) == ["view_digest"] * 2 + ["view_full"] * 2


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    after=st.datetimes(min_value=MONDAY.replace(tzinfo=None), timezones=st.just(SHANGHAI)),
    digest=st.sampled_from(["daily", "weekly"]),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
)
def test_the_next_digest_is_the_first_moment_that_fits(after, digest, hour, weekday):
    moment = watching.next_moment(ViewWatch(digest=digest, hour=hour, weekday=weekday), after=after)
    step = timedelta(days=1 if digest == "daily" else 7)
    assert after < moment <= after + step
    assert moment.hour == hour
    assert digest == "daily" or moment.isoweekday() == weekday


def test_the_page_takes_wishes_and_says_what_is_wrong(client):
    client.cookies["language"] = "en"
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    view = SavedView.objects.create(owner=user, name="Open", query={"view": "unfinished"})
    wish = {"part": "watch", "watch-at_least": "0", "watch-digest": "daily", "watch-hour": "7", "watch-weekday": "1"}
    refused = client.post(f"/desk/views/{view.pk}/", wish)
    assert refused.status_code == 422
    assert not ViewWatch.objects.exists()
    with time_machine.travel(MONDAY, tick=False):
        client.force_login(user)
        client.post(f"/desk/views/{view.pk}/", wish | {"watch-at_least": "20", "watch-skips_empty": "on"})
    watch = ViewWatch.objects.get()
    assert (watch.at_least, watch.skips_empty) == (20, True)
    assert watch.next_at == (MONDAY + timedelta(days=1)).replace(hour=7)
    client.force_login(user)
    client.post(f"/desk/views/{view.pk}/", wish | {"watch-at_least": "", "watch-digest": ""})
    watch.refresh_from_db()
    assert (watch.at_least, watch.next_at) == (None, None)


def test_who_left_and_what_was_put_away_is_told_nothing():
    a_complaint(at=timezone.now())
    due = timezone.now() - timedelta(minutes=1)
    gone = a_watch(at_least=1, digest="daily", next_at=due)
    gone.user.is_active = False
    gone.user.save()
    away = a_watch(at_least=1, digest="daily", next_at=due)
    SavedView.objects.filter(pk=away.view_id).update(deleted_at=timezone.now())
    assert (tasks.watch_views(), tasks.send_digests()) == (0, 0)
    assert told() == []
