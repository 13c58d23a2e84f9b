"""What is announced in advance reaches every customer it touches once, in time, and is corrected when it changes."""

import html
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from complaints import announcements, turn
from complaints.models import Announcement, DeskSettings, Notice, Saying, ServiceIssue
from complaints.tasks import say_announcements
from customers.models import Account, Customer
from staff.actors import Role
from tests.at_once import at_once
from tests.complaints.test_proposals import an_area
from tests.factories import a_branch, a_user, an_account, an_announcement

pytestmark = pytest.mark.usefixtures("profile")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def english(client, profile):
    client.cookies["language"] = "en"
    DeskSettings.objects.update_or_create(pk=1, defaults={"quiet_from": None, "quiet_until": None})


def planned(*, days=10, **fields) -> Announcement:
    starts_at = timezone.now() + days * DAY
    return an_announcement(starts_at=starts_at, ends_at=starts_at + DAY / 4, **fields)


def released(**fields) -> Announcement:
    return announcements.release(planned(**fields), by=a_user(Role.SUPERVISOR), at=timezone.now())


def at_the_time(moment) -> None:
    """What is to be said by then is said; the database's clock cannot be put forward, so its moments are put back."""
    Saying.objects.filter(say_at__lte=moment, finished_at=None).update(say_at=timezone.now())
    say_announcements()


def told(announcement) -> list[str]:
    return sorted(Notice.objects.filter(saying__announcement=announcement).values_list("address", flat=True))


def local(moment):
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def typed(**more):
    starts_at = timezone.now() + 10 * DAY
    return {
        "kind": "planned_outage",
        "branch": a_branch().pk,
        "starts_at": local(starts_at),
        "ends_at": local(starts_at + DAY),
        "text_zh": "线路检修。",
        "text_en": "The line is mended.",
        "days_before": "7, 1",
        **more,
    }


def test_it_is_written_looked_at_and_released_in_the_browser(client):
    an_account(language="en", contact_method="email", email="a@example.org")
    an_account(do_not_contact=True)
    an_account(phone="")
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    assert client.get(reverse("complaints:announcement-new")).status_code == 200
    answer = client.post(reverse("complaints:announcement-new"), typed())
    draft = Announcement.objects.get()
    assert answer.url == reverse("complaints:announcement", args=[draft.pk])
    page = html.unescape(client.get(answer.url).content.decode())
    for words in ("1 customer is written to", "线路检修。", "The line is mended.", "asked not to be contacted"):
        assert words in page
    say_announcements()
    assert not Notice.objects.exists()
    assert client.post(reverse("complaints:announcement-release", args=[draft.pk])).status_code == 302
    assert list(draft.sayings.values_list("days", flat=True)) == [7, 1]
    issue = ServiceIssue.objects.get(announcement=draft)
    assert (issue.kind, issue.is_public, issue.started_at) == (
        "planned_outage",
        True,
        Announcement.objects.get().starts_at,
    )
    assert client.post(reverse("complaints:announcement-release", args=[draft.pk])).status_code == 422
    assert Saying.objects.count() == 2
    assert "Released" in client.get(reverse("complaints:announcements")).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"ends_at": ""},
        {"ends_at": "2020-01-01T00:00"},
        {"starts_at": "2020-01-01T00:00"},
        {"text_zh": "", "text_en": ""},
        {"days_before": "soon"},
        {"days_before": "1,2,3,4,5,6"},
        {"days_before": "9" * 40},
        {"kind": "party"},
        {"branch": 0},
    ],
)
def test_what_cannot_be_comes_back_as_it_was_typed(client, wrong):
    client.force_login(a_user(Role.SUPERVISOR))
    answer = client.post(reverse("complaints:announcement-new"), typed(text_zh="检修二号杆。") | wrong)
    assert answer.status_code == 422
    assert "error-summary" in answer.content.decode()
    assert wrong.get("text_zh", "检修二号杆。") in answer.content.decode()
    assert not Announcement.objects.exists()


@pytest.mark.parametrize("role", [Role.AGENT, Role.LIAISON, Role.ANALYST])
def test_others_read_the_list_and_announce_nothing(client, role):
    draft = planned()
    client.force_login(a_user(role))
    assert client.get(reverse("complaints:announcements")).status_code == 200
    for name in ("release", "move", "cancel"):
        assert client.post(reverse(f"complaints:announcement-{name}", args=[draft.pk])).status_code == 403
    assert client.post(reverse("complaints:announcement-new"), typed()).status_code == 403
    draft.refresh_from_db()
    assert draft.released_at is None
    assert Announcement.objects.count() == 1


def test_another_branchs_announcement_does_not_exist(client):
    draft = planned()
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch("west", parent=a_branch())))
    assert client.get(reverse("complaints:announcement", args=[draft.pk])).status_code == 404
    assert client.post(reverse("complaints:announcement-release", args=[draft.pk])).status_code == 404


def test_it_is_said_at_its_times_in_each_ones_language_by_the_way_they_prefer():
    english = an_account(language="en", contact_method="email", email="a@example.org")
    chinese = an_account(phone="13800001234")
    for fields in ({"do_not_contact": True}, {"phone": "", "email": ""}, {"phone": "0315 222 3333"}):
        an_account(**fields)
    announcement = released()
    say_announcements()
    assert told(announcement) == []
    at_the_time(announcement.say_at(7) + timedelta(minutes=1))
    say_announcements()
    assert told(announcement) == ["13800001234", "a@example.org"]
    notice = Notice.objects.get(customer=english.customer)
    assert notice.language == "en"
    assert "The line is mended." in notice.body
    assert "线路检修。" in Notice.objects.get(customer=chinese.customer).body
    assert "8000/known/" in notice.body
    at_the_time(announcement.say_at(1) + timedelta(minutes=1))
    assert Notice.objects.filter(customer=english.customer).count() == 2
    assert [one.told for one in announcement.sayings.all()] == [2, 2]


def test_whom_it_touches_is_a_matter_of_the_asset_the_segment_and_an_open_account():
    near, key = an_account(), an_account(is_key=True, kind="industrial")
    far = an_account()
    far.premise.transformer_area = an_area("T8")
    far.premise.save()
    gone = an_account()
    Account.objects.filter(pk=gone.pk).update(closed_on=timezone.localdate())
    area = near.premise.transformer_area

    def reached(**fields):
        return set(announcements.touched(planned(**fields)))

    assert reached(transformer_area=area) == {near.customer, key.customer}
    assert reached(feeder=area.feeder) == {near.customer, key.customer}
    assert reached(feeder=an_area("T8").feeder) == {far.customer}
    assert reached() == {near.customer, key.customer, far.customer}
    assert reached(segment="key") == {key.customer}
    assert reached(segment="industrial") == {key.customer}
    assert reached(branch=a_branch("west", parent=a_branch())) == set()


def test_when_the_times_are_past_it_is_said_now_and_again_the_day_before():
    an_account()
    announcement = released(days=3)
    assert list(announcement.sayings.values_list("days", flat=True)) == [7, 1]
    say_announcements()
    assert Notice.objects.count() == 1
    soon = released(days=0.5)
    assert list(soon.sayings.values_list("days", flat=True)) == [1]


def test_moved_whoever_was_told_gets_one_correction_and_what_was_not_sent_is_taken_back():
    sent, unsent = an_account(phone="13800001111"), an_account(phone="13800002222")
    announcement = released(days=3)
    say_announcements()
    Notice.objects.filter(customer=sent.customer).update(state="sent", sent_at=timezone.now(), attempts=1)
    later = announcement.starts_at + 20 * DAY
    by = a_user(Role.SUPERVISOR)
    announcements.move(announcement, later, later + DAY, by=by, at=timezone.now())
    say_announcements()
    codes = Notice.objects.filter(saying__announcement=announcement).values_list("address", "code")
    assert sorted(codes) == [("13800001111", "outage_announced"), ("13800001111", "outage_moved")]
    announcement.refresh_from_db()
    assert announcement.issue.started_at == later
    assert "moved" in announcement.issue.updates.get().text_en
    at_the_time(announcement.say_at(7) + timedelta(minutes=1))
    assert Notice.objects.filter(customer=unsent.customer, code="outage_announced").count() == 1


def test_cancelled_whoever_was_told_hears_it_and_nobody_else_hears_anything(client):
    told_one = an_account(phone="13800001111")
    announcement = released(days=3)
    say_announcements()
    Notice.objects.update(state="sent", sent_at=timezone.now(), attempts=1)
    an_account(phone="13800002222")
    client.force_login(a_user(Role.SUPERVISOR))
    assert client.post(reverse("complaints:announcement-cancel", args=[announcement.pk])).status_code == 302
    say_announcements()
    at_the_time(announcement.starts_at)
    assert Notice.objects.filter(customer=told_one.customer, code="outage_cancelled").count() == 1
    assert told(announcement) == ["13800001111", "13800001111"]
    announcement.refresh_from_db()
    assert announcement.issue.restored_at is not None
    assert announcement.issue not in ServiceIssue.objects.public()
    assert client.post(reverse("complaints:announcement-cancel", args=[announcement.pk])).status_code == 422


def test_cancelled_before_anybody_was_told_nobody_is():
    an_account()
    announcement = released()
    announcements.cancel(announcement, by=a_user(Role.SUPERVISOR), at=timezone.now())
    at_the_time(announcement.starts_at)
    assert not Notice.objects.exists()


def test_a_change_of_the_tariff_has_no_issue_and_reaches_its_segment(client):
    an_account(phone="13800001111")
    an_account(kind="commercial", phone="13800002222")
    client.force_login(a_user(Role.SUPERVISOR))
    client.post(reverse("complaints:announcement-new"), typed(kind="tariff", ends_at="", segment="commercial"))
    draft = Announcement.objects.get()
    client.post(reverse("complaints:announcement-release", args=[draft.pk]))
    at_the_time(draft.say_at(7) + timedelta(minutes=1))
    assert told(draft) == ["13800002222"]
    assert Notice.objects.get().code == "tariff_announced"
    assert not ServiceIssue.objects.exists()


def test_a_released_one_is_not_edited_but_moved(client):
    announcement = released()
    client.force_login(a_user(Role.SUPERVISOR))
    assert client.post(reverse("complaints:announcement-edit", args=[announcement.pk]), typed()).status_code == 302
    before = announcement.starts_at
    wrong = client.post(reverse("complaints:announcement-move", args=[announcement.pk]), {"starts_at": local(before)})
    assert wrong.status_code == 422
    announcement.refresh_from_db()
    assert (announcement.starts_at, announcement.revision) == (before, 0)
    later = before + DAY
    moved = {"starts_at": local(later), "ends_at": local(later + DAY)}
    assert client.post(reverse("complaints:announcement-move", args=[announcement.pk]), moved).status_code == 302
    announcement.refresh_from_db()
    assert announcement.revision == 1


def test_two_customers_with_one_telephone_hear_it_once_and_the_database_says_so():
    for _number in range(2):
        an_account(phone="13800001111")
    announcement = released(days=3)
    say_announcements()
    assert told(announcement) == ["13800001111"]
    twin = Notice.objects.get()
    twin.pk, twin.uuid = None, None
    twin = Notice(**{f: getattr(twin, f) for f in ("saying", "customer", "code", "medium", "language", "body")})
    twin.address, twin.next_try_at = "other", timezone.now()
    with pytest.raises(IntegrityError, match="announced_once_to_each_customer"), transaction.atomic():
        twin.save()


def many(number: int) -> None:
    """So many customers at one premise; every third is written to by e-mail."""
    premise = an_account(do_not_contact=True).premise
    made = Customer.objects.bulk_create(
        (
            Customer(
                number=f"K{n:08d}",
                name=f"王 {n}",
                branch=premise.branch,
                phone=f"139{n:08d}",
                email=f"k{n}@example.org" if n % 3 == 0 else "",
                contact_method="email" if n % 3 == 0 else "phone",
                language="en" if n % 5 == 0 else "zh-hans",
            )
            for n in range(number)
        ),
        batch_size=5000,
    )
    Account.objects.bulk_create(
        (Account(number=f"9{n:09d}", customer=one, premise=premise) for n, one in enumerate(made)), batch_size=5000
    )


def test_twenty_thousand_are_told_once_each_and_no_request_waits(client, django_assert_max_num_queries):
    many(20_000)
    draft = planned(days=3)
    client.force_login(a_user(Role.SUPERVISOR))
    with django_assert_max_num_queries(30):
        client.post(reverse("complaints:announcement-release", args=[draft.pk]))
    assert not Notice.objects.exists()
    assert say_announcements() == 20_000
    assert Notice.objects.values("customer").distinct().count() == 20_000
    assert Notice.objects.filter(medium="email").count() == 6667
    saying = draft.sayings.get(days=7)
    assert (saying.looked_at, saying.told) == (20_001, 20_000)
    assert saying.finished_at is not None
    assert say_announcements() == 0


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_dies_half_way_is_followed_by_one_that_goes_on(profile, monkeypatch):
    monkeypatch.setattr(announcements, "BATCH", 50)
    many(220)
    released(days=3)

    class Killed(BaseException):
        pass

    real, written = announcements.Writing.notice, []

    def dies(self, customer, saying=None):
        written.append(customer)
        if len(written) == 120:
            raise Killed
        return real(self, customer, saying)

    with monkeypatch.context() as patched:
        patched.setattr(announcements.Writing, "notice", dies)
        with pytest.raises(Killed):
            say_announcements()
    assert Notice.objects.count() == 99  # two whole batches, the first with one who asked not to be written to
    say_announcements()
    assert Notice.objects.values("customer").distinct().count() == Notice.objects.count() == 220


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_tell_each_once(profile, monkeypatch):
    monkeypatch.setattr(announcements, "BATCH", 20)
    many(150)
    released(days=3)

    def work(_number):
        with turn.begun() as now:
            return sum(announcements.say(saying) for saying in announcements.due(now))

    assert sum(at_once(work, times=4)) <= 150
    say_announcements()
    assert Notice.objects.values("address").distinct().count() == Notice.objects.count() == 150


def test_how_far_it_is_can_be_looked_at(client):
    an_account()
    announcement = released(days=3)
    client.force_login(a_user(Role.SUPERVISOR))
    url = reverse("complaints:announcement", args=[announcement.pk])
    assert "hx-get" in client.get(url, headers={"HX-Request": "true"}).content.decode()
    say_announcements()
    page = client.get(url, headers={"HX-Request": "true"}).content.decode()
    assert "1 message" in page
    assert "hx-get" not in page
