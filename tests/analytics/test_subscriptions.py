"""Reports that come by themselves: once for each moment that is due, with what the receiver may see, whoever dies meanwhile."""

from contextlib import suppress
from datetime import date, datetime, timedelta
from email import message_from_bytes

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pypdfium2 import PdfDocument

from analytics import schedule, subscriptions, tasks
from analytics.models import Posting, Rhythm, Span, Subscription
from complaints import notice_files
from complaints.delivery import email
from complaints.models import Notice, NoticeFile
from complaints.tasks import send_notices
from staff.actors import Role
from tests.at_once import at_once
from tests.factories import MONDAY, SHANGHAI, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]


@pytest.fixture(autouse=True)
def files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.EMAIL_URL = f"file:{tmp_path / 'mail'}"
    return tmp_path


@pytest.fixture
def boss():
    return a_user(Role.SUPERVISOR, email="boss@example.org")


@pytest.fixture
def desk(client, boss):
    client.force_login(boss)
    client.cookies["language"] = "en"
    return client


def a_subscription(to, **fields) -> Subscription:
    fields = {
        "reports": ["trend"],
        "span": Span.LAST_MONTH,
        "language": "en",
        "rhythm": Rhythm.MONTHLY,
        "day": 2,
        "hour": 8,
        "starts_on": date(2026, 1, 1),
        "made_by": to,
        **fields,
    }
    made = Subscription(subscriber=to, **fields)
    subscriptions.keep(made)
    return made


def due_now(row: Subscription, at: datetime | None = None) -> None:
    Subscription.objects.filter(pk=row.pk).update(next_at=at or timezone.now() - timedelta(minutes=1))


def read(kept: NoticeFile) -> bytes:
    with kept.file.open() as file:
        return file.read()


def text_of(data: bytes) -> str:
    return "".join(page.get_textpage().get_text_range() for page in PdfDocument(data))


def form(desk, **more):
    said = {
        "subscriber": desk.get("/reports/subscriptions/new/").context["user"].pk,
        "reports": ["trend"],
        "span": "last_month",
        "granularity": "week",
        "rhythm": "weekly",
        "weekday": 1,
        "day": 1,
        "hour": 7,
        "starts_on": timezone.localdate().isoformat(),
        "stops_on": "",
        "language": "zh-hans",
    }
    return {**said, **more}


def test_a_report_becomes_a_subscription_with_its_filters(desk, boss):
    page = desk.get("/reports/trend/?category=OUT&by=channel&from=2026-03-01&to=2026-03-31").content.decode()
    assert "/reports/subscriptions/new/?from=2026-03-01" in page
    new = desk.get("/reports/subscriptions/new/?category=OUT&by=channel&report=trend").context["form"]
    assert (new.initial["reports"], new.initial["category"], new.initial["by"]) == (["trend"], "OUT", "channel")
    answer = desk.post("/reports/subscriptions/new/", form(desk, category="OUT", by="channel"))
    made = Subscription.objects.get()
    assert answer.url == f"/reports/subscriptions/{made.pk}/"
    assert made.filters == {"category": "OUT", "by": "channel", "granularity": "week"}
    local = made.next_at.astimezone(SHANGHAI)
    assert (local.isoweekday(), local.hour) == (1, 7)
    assert "Every week on Monday at 07:00" in desk.get("/reports/subscriptions/").content.decode()


def test_the_days_of_the_address_are_remembered_by_their_name(desk):
    with time_machine.travel(datetime(2026, 4, 7, 9, tzinfo=SHANGHAI), tick=False):
        page = desk.get("/reports/subscriptions/new/?report=trend&from=2026-01-01&to=2026-03-31")
    assert page.context["form"].initial["span"] == "last_quarter"


def test_what_is_due_goes_out_once_as_a_pdf_and_the_next_is_set(desk, boss, files):
    a_complaint(at=MONDAY)
    desk.get("/reports/")
    row = a_subscription(boss, reports=["trend", "causes"])
    due_now(row, datetime(2026, 4, 2, 8, tzinfo=SHANGHAI))
    Subscription.objects.filter(pk=row.pk).update(rhythm="daily", stops_on=date(2026, 4, 2))
    assert tasks.post_reports() == 1
    assert tasks.post_reports() == 0
    notice = Notice.objects.get(code="report_posted")
    assert (notice.address, notice.state) == ("boss@example.org", "queued")
    assert notice.subject == "Complaints received, Root causes: 1 Mar 2026 to 31 Mar 2026"
    send_notices()
    message = message_from_bytes((files / "mail" / f"{notice.uuid}.eml").read_bytes())
    text, paper = message.get_payload()
    assert "/reports/subscriptions/" in text.get_payload(decode=True).decode()
    assert paper.get_filename() == "trend-causes-2026-04-02.pdf"
    said = text_of(paper.get_payload(decode=True))
    assert "1 complaint was received" in said
    assert "Root causes" in said
    again = Subscription.objects.get()
    assert again.next_at is None  # its last day is over
    assert again.is_over


def test_after_an_outage_only_the_newest_is_sent_and_it_says_so(boss):
    row = a_subscription(boss, rhythm=Rhythm.DAILY, span=Span.YESTERDAY)
    due_now(row, timezone.now() - timedelta(days=5, minutes=1))
    assert tasks.post_reports() == 1
    posting = Posting.objects.get()
    assert posting.missed in (4, 5)
    assert f"{posting.missed} earlier ones were not sent in time" in posting.notice.body
    fresh = Subscription.objects.get()
    assert posting.due_at <= timezone.now() < fresh.next_at
    assert tasks.post_reports() == 0


def test_the_figures_are_those_of_who_receives_them(desk, boss):
    west = a_branch("west", parent=a_branch())
    a_complaint(at=MONDAY, branch=west)
    for _ in range(2):
        a_complaint(at=MONDAY)
    desk.get("/reports/")
    theirs = a_user(Role.SUPERVISOR, branch=west)
    for to in (theirs, boss):
        due_now(a_subscription(to, made_by=boss), datetime(2026, 4, 2, 8, tzinfo=SHANGHAI))
        Subscription.objects.update(rhythm="daily", stops_on=date(2026, 4, 2))
    assert tasks.post_reports() == 2
    said = {file.notice.address: text_of(read(file)) for file in NoticeFile.objects.all()}
    assert "1 complaint was received" in said[theirs.email]
    assert "3 complaints were received" in said[boss.email]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"is_active": False}, "does not work here"),
        ({"role": Role.AGENT}, "does not read reports"),
        ({"email": ""}, "no e-mail address"),
    ],
)
def test_who_may_not_get_it_gets_nothing_and_it_is_paused_with_the_reason(desk, boss, files, change, why):
    gone = a_user(Role.SUPERVISOR)
    row = a_subscription(gone, made_by=boss)
    due_now(row)
    for name, value in change.items():
        setattr(gone, name, value)
    gone.save()
    assert tasks.post_reports() == 0
    fresh = Subscription.objects.get()
    assert why in fresh.pause_reason
    assert fresh.next_at is None
    assert not Notice.objects.exists()
    assert not NoticeFile.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []
    page = desk.get(f"/reports/subscriptions/{row.pk}/").content.decode()
    assert why in page
    assert desk.post(f"/reports/subscriptions/{row.pk}/resume/").status_code in (409, 422)
    assert Subscription.objects.get().paused_at is not None


def test_a_branch_that_the_receiver_does_not_see_is_refused_when_made_and_when_sent(desk, boss):
    west, east = (a_branch(code, parent=a_branch()) for code in ("west", "east"))
    theirs = a_user(Role.SUPERVISOR, branch=west)
    answer = desk.post("/reports/subscriptions/new/", form(desk, subscriber=theirs.pk, branch="east"))
    assert answer.status_code == 422
    assert "does not see what the filters name" in str(answer.context["form"].errors["subscriber"])
    assert not Subscription.objects.exists()
    row = a_subscription(theirs, made_by=boss, filters={"branch": "west"})
    theirs.branch = east
    theirs.save()
    due_now(row)
    assert tasks.post_reports() == 0
    assert "branch" in Subscription.objects.get().pause_reason
    assert not Notice.objects.exists()


def test_one_now_goes_to_whoever_asks_and_changes_nothing_of_the_plan(client, desk, boss):
    row = a_subscription(a_user(Role.ANALYST), made_by=boss)
    planned = Subscription.objects.get().next_at
    for _press in range(2):
        desk.post(f"/reports/subscriptions/{row.pk}/now/")
    assert not Notice.objects.exists()  # nothing is made in a request
    assert tasks.post_reports() == 1
    assert Notice.objects.get().address == "boss@example.org"
    assert Subscription.objects.get().next_at == planned
    assert "to try it out" in desk.get(f"/reports/subscriptions/{row.pk}/").content.decode()


def test_it_is_paused_goes_on_is_deleted_and_brought_back(desk, boss):
    row = a_subscription(boss)
    address = f"/reports/subscriptions/{row.pk}/"
    desk.post(f"{address}pause/")
    paused = Subscription.objects.get()
    assert paused.next_at is None
    assert "Nothing comes until somebody lets it go on" in desk.get(address).content.decode()
    desk.post(f"{address}resume/")
    assert Subscription.objects.get().next_at > timezone.now()
    gone = desk.post(f"{address}delete/").url
    assert desk.get(address).status_code == 404
    page = desk.get(gone).content.decode()
    assert "Bring it back" in page
    assert "No report comes by itself yet" in page
    desk.post(f"{address}restore/")
    assert Subscription.objects.get().next_at > timezone.now()
    assert desk.get(address).status_code == 200


def test_a_change_sets_the_next_moment_anew(desk, boss):
    row = a_subscription(boss)
    answer = desk.post(f"/reports/subscriptions/{row.pk}/", form(desk, rhythm="daily", hour=23))
    assert answer.status_code == 302
    fresh = Subscription.objects.get()
    assert (fresh.rhythm, fresh.next_at.astimezone(SHANGHAI).hour) == ("daily", 23)
    assert fresh.next_at - timezone.now() <= timedelta(days=1)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("reports", {"reports": []}),
        ("reports", {"reports": ["none"]}),
        ("subscriber", {"subscriber": 0}),
        ("hour", {"hour": 24}),
        ("starts_on", {"starts_on": "soon"}),
        ("stops_on", {"stops_on": "2020-01-01"}),
        ("stops_on", {"rhythm": "monthly", "day": 31, "starts_on": "2099-05-01", "stops_on": "2099-05-02"}),
    ],
)
def test_what_cannot_be_a_subscription_comes_back_beside_its_field(desk, field, wrong):
    answer = desk.post("/reports/subscriptions/new/", form(desk, **wrong))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Subscription.objects.exists()


def test_subscriptions_are_seen_by_both_ends_and_administrators_and_nobody_else(client, desk, boss):
    to = a_user(Role.LIAISON)
    row = a_subscription(to, made_by=boss)
    address = f"/reports/subscriptions/{row.pk}/"
    for user, status in ((to, 200), (a_user(Role.ADMINISTRATOR), 200), (a_user(Role.SUPERVISOR), 404), (a_user(), 403)):
        client.force_login(user)
        assert client.get(address).status_code == status
        if status != 200:
            assert client.post(f"{address}delete/").status_code == status
    assert Subscription.objects.get().deleted_at is None


def test_a_worker_that_dies_half_way_leaves_it_to_be_done_once(boss, files, monkeypatch):
    row = a_subscription(boss)
    due_now(row)
    assert subscriptions.come_due(row, now=timezone.now()) == 1
    attach = notice_files.attach

    def dies(*args, **kwargs):
        attach(*args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(notice_files, "attach", dies)
    with suppress(KeyboardInterrupt), transaction.atomic():
        tasks.post_reports()
    assert not Notice.objects.exists()
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1
    monkeypatch.setattr(notice_files, "attach", attach)
    assert tasks.post_reports() == 1
    assert Notice.objects.count() == Posting.objects.count() == 1
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1


@pytest.mark.django_db(transaction=True)
def test_many_beats_at_once_send_each_once(boss):
    rows = [a_subscription(boss, day=day) for day in (1, 2, 3)]
    for row in rows:
        due_now(row)
    made = at_once(lambda _number: tasks.post_reports(), 5)
    assert sum(made) == 3
    assert Posting.objects.count() == Notice.objects.filter(code="report_posted").count() == 3


def test_a_mail_whose_file_is_gone_is_not_sent(boss, files):
    due_now(a_subscription(boss))
    tasks.post_reports()
    NoticeFile.objects.get().file.delete()
    assert send_notices() == 0
    notice = Notice.objects.get()
    assert notice.state == "dead"
    assert "not kept any more" in notice.error


def test_a_file_is_forgotten_a_month_after_it_was_sent_and_not_before(boss, files):
    due_now(a_subscription(boss))
    tasks.post_reports()
    later = timezone.now() + timedelta(days=31)
    assert notice_files.forget(later) == 0  # it still waits
    send_notices()
    assert notice_files.forget(timezone.now()) == 0
    assert notice_files.forget(later) == 1
    kept = NoticeFile.objects.get()
    assert (kept.file.name, kept.size > 0) == ("", True)


def test_too_large_a_file_is_refused_and_nothing_is_written(boss, monkeypatch):
    due_now(a_subscription(boss))
    monkeypatch.setattr(notice_files, "MOST_FILE_BYTES", 10)
    assert tasks.post_reports() == 0
    assert not Notice.objects.exists()
    assert "larger than" in Subscription.objects.get().pause_reason


def test_a_notice_without_files_is_composed_as_before(boss):
    due_now(a_subscription(boss))
    tasks.post_reports()
    NoticeFile.objects.all().delete()
    assert not email.compose(Notice.objects.get()).is_multipart()


def test_the_list_costs_the_same_for_many(desk, boss, django_assert_max_num_queries):
    desk.catches_up = False
    costs = []
    for _time in range(2):
        a_subscription(boss)
        with django_assert_max_num_queries(20) as queries:
            desk.get("/reports/subscriptions/")
        costs.append(len(queries))
    assert costs[0] == costs[1]


BROKEN = {
    "subscription_has_a_report": {"reports": []},
    "subscription_rhythm_is_known": {"rhythm": "never"},
    "subscription_span_is_known": {"span": "ever"},
    "subscription_time_is_a_time": {"hour": 24},
    "subscription_stops_after_it_starts": {"stops_on": date(2025, 1, 1)},
    "resting_subscription_is_never_due": {"paused_at": MONDAY},
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_database_refuses_a_broken_subscription(boss, name):
    a_subscription(boss)
    with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
        Subscription.objects.update(**BROKEN[name])


def test_the_database_refuses_a_second_posting_of_a_moment_and_a_second_mail_of_a_posting(boss):
    row = a_subscription(boss)
    due_now(row)
    tasks.post_reports()
    posting = Posting.objects.get()
    with pytest.raises(IntegrityError, match="subscription_is_posted_once_when_due"), transaction.atomic():
        Posting.objects.create(subscription=row, due_at=posting.due_at)
    with pytest.raises(IntegrityError, match="posting_is_sent_or_says_why_not"), transaction.atomic():
        Posting.objects.update(notice=None)
    twin = Notice.objects.get()
    twin.pk, twin.uuid = None, "00000000-0000-0000-0000-000000000001"
    with pytest.raises(IntegrityError, match="posting"), transaction.atomic():
        twin.save(force_insert=True)
    subscriptions.send_now(row, by=boss)
    with pytest.raises(IntegrityError, match="one_now_at_a_time"), transaction.atomic():
        Posting.objects.create(subscription=row, due_at=MONDAY, asked_by=boss)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("notice_file_is_of_a_size", {"size": 0}),
        ("notice_file_has_a_type", {"content_type": "pdf"}),
    ],
)
def test_the_database_refuses_a_broken_file_of_a_notice(boss, name, wrong):
    due_now(a_subscription(boss))
    tasks.post_reports()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        NoticeFile.objects.update(**wrong)


DAYS = st.dates(date(2024, 1, 1), date(2028, 12, 31))
MOMENTS = st.builds(
    lambda day, minute: datetime(day.year, day.month, day.day, tzinfo=SHANGHAI) + timedelta(minutes=minute),
    DAYS,
    st.integers(0, 1439),
)
PLANS = st.builds(
    Subscription,
    rhythm=st.sampled_from(Rhythm.values),
    weekday=st.integers(1, 7),
    day=st.integers(1, 31),
    hour=st.integers(0, 23),
    starts_on=DAYS,
)


@given(plan=PLANS, after=MOMENTS)
def test_the_next_moment_is_the_first_that_fits_and_never_skips_one(plan, after):
    moment = schedule.next_moment(plan, after, SHANGHAI)
    assert moment > after
    assert moment.hour == plan.hour
    assert schedule.falls_on(plan, moment.date())
    most = {"daily": 1, "weekly": 7, "monthly": 31}[plan.rhythm]
    assert moment.date() - max(after.date(), plan.starts_on) <= timedelta(days=most)
    day = max(after.date() + timedelta(days=1), plan.starts_on)
    while day < moment.date():
        assert not schedule.falls_on(plan, day)
        day += timedelta(days=1)


@given(plan=PLANS, slept=st.integers(0, 400))
def test_whatever_was_slept_through_the_newest_is_found_and_the_rest_is_counted(plan, slept):
    plan.next_at = schedule.next_moment(plan, datetime(2025, 1, 1, tzinfo=SHANGHAI), SHANGHAI)
    now = plan.next_at + timedelta(days=slept)
    moment, missed, following = schedule.due_and_next(plan, now, SHANGHAI)
    assert moment <= now < following
    between = 0
    one = plan.next_at
    while one < moment:
        one, between = schedule.next_moment(plan, one, SHANGHAI), between + 1
    assert missed == between


@given(span=st.sampled_from(list(Span)), day=DAYS)
def test_a_span_ends_before_its_day_and_is_whole(span, day):
    period = schedule.period_of(span, day)
    assert period.first <= period.last < day
    if span == Span.LAST_MONTH:
        assert (period.first.day, (period.last + timedelta(days=1)).day) == (1, 1)
    if span == Span.LAST_WEEK:
        assert (period.first.isoweekday(), period.days) == (1, 7)
    if span == Span.LAST_QUARTER:
        assert (period.first.day, period.first.month % 3, (period.last + timedelta(days=1)).month % 3) == (1, 1, 1)
