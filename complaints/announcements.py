"""Planned outages and changes of the tariff are said in advance to the customers they touch, and corrected when they change.

Releasing writes one row for each occasion. A task writes the notices of an occasion in batches, each batch one transaction that
also notes how far it came: no request waits, and a killed worker leaves none out and tells none twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from complaints import issues, outbox, turn
from complaints.issues import TELLING
from complaints.models import (
    Announcement,
    AnnouncementKind,
    DeskSettings,
    IssueKind,
    Medium,
    MessageTemplate,
    Notice,
    NoticeState,
    Saying,
    SayingKind,
    ServiceIssue,
)
from complaints.refusals import MoveRefused
from customers.models import Account, Customer
from customers.models.people import KEY, ContactMethod
from staff.models import User

ANNOUNCING = TELLING
"""Who announces."""
CODES = {
    (AnnouncementKind.PLANNED_OUTAGE, SayingKind.AHEAD): "outage_announced",
    (AnnouncementKind.PLANNED_OUTAGE, SayingKind.MOVED): "outage_moved",
    (AnnouncementKind.PLANNED_OUTAGE, SayingKind.CANCELLED): "outage_cancelled",
    (AnnouncementKind.TARIFF, SayingKind.AHEAD): "tariff_announced",
    (AnnouncementKind.TARIFF, SayingKind.MOVED): "tariff_moved",
    (AnnouncementKind.TARIFF, SayingKind.CANCELLED): "tariff_cancelled",
}
OCCASIONS = frozenset(CODES.values())
"""The texts of announcements."""
BATCH = 500
NOBODY = "××"
"""Stands for the name in a sample."""
OPEN_ACCOUNT = Q(closed_on__isnull=True)


# whom it touches


def touched(announcement: Announcement) -> QuerySet[Customer]:
    """The customers with an open account at a premise of the asset, or in the branch; of one segment where one is named."""
    rows = Customer.objects.current().filter(Exists(_accounts(announcement).filter(customer=OuterRef("pk"))))
    if announcement.segment == KEY:
        return rows.filter(is_key=True)
    return rows.filter(kind=announcement.segment) if announcement.segment else rows


def _accounts(announcement: Announcement) -> QuerySet[Account]:
    day = timezone.localdate(announcement.starts_at)
    rows = Account.objects.filter(OPEN_ACCOUNT | Q(closed_on__gt=day))
    if announcement.transformer_area_id is not None:
        return rows.filter(premise__transformer_area=announcement.transformer_area_id)
    if announcement.feeder_id is not None:
        return rows.filter(premise__transformer_area__feeder=announcement.feeder_id)
    return rows.filter(premise__branch__path__startswith=announcement.branch.path)


class Reach(NamedTuple):
    """How many customers it touches, and of those how many we may not and cannot write to."""

    customers: int
    asked_not_to: int
    without_a_way: int

    @property
    def told(self) -> int:
        return self.customers - self.asked_not_to - self.without_a_way


def reach(announcement: Announcement) -> Reach:
    may = Q(do_not_contact=False)
    counted = touched(announcement).aggregate(
        n=Count("pk"), silent=Count("pk", filter=~may), mute=Count("pk", filter=may & Q(phone="", email=""))
    )
    return Reach(counted["n"], counted["silent"], counted["mute"])


def way_to(customer: Customer) -> tuple[str, str] | None:
    """Medium and address by which this customer prefers to hear, else by one we have; None when they asked not to be.

    The law asks for a notice or a public announcement: who asked not to be contacted finds it on the portal.
    """
    if customer.do_not_contact:
        return None
    ways = {}
    if customer.email:
        ways[Medium.EMAIL] = customer.email
    if outbox.is_mobile(customer.phone):
        ways[Medium.SMS] = customer.phone
    preferred = Medium.EMAIL if customer.contact_method == ContactMethod.EMAIL else Medium.SMS
    medium = preferred if preferred in ways else next(iter(ways), None)
    return (medium, ways[medium]) if medium is not None else None


# releasing, moving, cancelling


@transaction.atomic
def release(announcement: Announcement, *, by: User, at: datetime) -> Announcement:
    """Say it at each of its times that is still to come, and now in place of those that are past. Raises MoveRefused."""
    row = _locked(announcement)
    if row.released_at is not None:
        raise MoveRefused(_("It is released already."))
    if row.starts_at <= at:
        raise MoveRefused(_("It begins in the past. Change when it begins first."), fields=["starts_at"])
    row.released_at, row.released_by = at, by
    if row.kind == AnnouncementKind.PLANNED_OUTAGE:
        row.issue = ServiceIssue.objects.create(
            kind=IssueKind.PLANNED_OUTAGE,
            title=str(row),
            branch_id=row.branch_id,
            feeder_id=row.feeder_id,
            transformer_area_id=row.transformer_area_id,
            started_at=row.starts_at,
            expected_at=row.ends_at,
            cause=row.text_zh or row.text_en,
            created_by=by,
        )
    row.save()
    _plan(row, at)
    return row


@transaction.atomic
def save_draft(draft: Announcement) -> bool:
    """Keep what was changed on a draft; false when somebody has released it meanwhile, and then it stays as it is."""
    if Announcement.objects.select_for_update().get(pk=draft.pk).released_at is not None:
        return False
    draft.save()
    return True


def _plan(row: Announcement, at: datetime) -> None:
    """The occasions of this revision. Times that are past become one, now; one hour is the least between two."""
    past = [days for days in row.days_before if row.say_at(days) <= at]
    coming = [days for days in row.days_before if row.say_at(days) > at]
    moments = {days: row.say_at(days) for days in coming}
    if past and not any(when <= at + timedelta(hours=1) for when in moments.values()):
        moments[min(past)] = at
    if not moments:
        moments[0] = at
    Saying.objects.bulk_create(
        Saying(announcement=row, kind=SayingKind.AHEAD, revision=row.revision, days=days, say_at=when)
        for days, when in moments.items()
    )


@transaction.atomic
def move(
    announcement: Announcement, starts_at: datetime, ends_at: datetime | None, *, by: User, at: datetime
) -> Announcement:
    """It takes place at another time: who has been told is told that, all are told again ahead of it. Raises MoveRefused."""
    row = _going_on(announcement)
    if starts_at <= at:
        raise MoveRefused(_("That is in the past."), fields=["starts_at"])
    if row.kind == AnnouncementKind.PLANNED_OUTAGE and (ends_at is None or ends_at <= starts_at):
        raise MoveRefused(_("That is before it begins."), fields=["ends_at"])
    is_told = _stop(row, at)
    row.starts_at, row.ends_at, row.revision = starts_at, ends_at, row.revision + 1
    row.save()
    if is_told:
        Saying.objects.create(announcement=row, kind=SayingKind.MOVED, revision=row.revision, say_at=at)
        later = [days for days in row.days_before if row.say_at(days) > at]
        Saying.objects.bulk_create(
            Saying(announcement=row, kind=SayingKind.AHEAD, revision=row.revision, days=days, say_at=row.say_at(days))
            for days in later
        )
    else:
        _plan(row, at)
    if row.issue is not None:
        ServiceIssue.objects.filter(pk=row.issue.pk).update(started_at=starts_at)
        issues.say(row.issue, by=by, expected_at=ends_at, **_said_of_issue(row, "moved"))
    return row


@transaction.atomic
def cancel(announcement: Announcement, *, by: User, at: datetime) -> Announcement:
    """It does not take place: who has been told is told that. Raises MoveRefused."""
    row = _going_on(announcement)
    is_told = _stop(row, at)
    row.cancelled_at, row.cancelled_by = at, by
    row.save()
    if is_told:
        Saying.objects.create(announcement=row, kind=SayingKind.CANCELLED, revision=row.revision, say_at=at)
    if row.issue is not None:
        issues.say(row.issue, by=by, **_said_of_issue(row, "cancelled"))
        ServiceIssue.objects.filter(pk=row.issue.pk).update(restored_at=max(at, row.starts_at), is_public=False)
    return row


def _said_of_issue(row: Announcement, what: str) -> dict[str, Any]:
    """What those hear who follow or complained about the planned outage."""
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            words = {"starts": outbox.spoken(row.starts_at), "ends": outbox.spoken(row.ends_at)}
            text = (
                _("The planned outage is moved: %(starts)s to %(ends)s.")
                if what == "moved"
                else _("The planned outage is cancelled.")
            )
            said[f"text_{language[:2]}"] = text % words if what == "moved" else text
    return said


def _locked(announcement: Announcement) -> Announcement:
    rows = Announcement.objects.select_for_update(of=("self",)).select_related(
        "branch", "feeder", "transformer_area", "issue"
    )
    return rows.get(pk=announcement.pk)


def _going_on(announcement: Announcement) -> Announcement:
    row = _locked(announcement)
    if row.released_at is None or row.cancelled_at is not None:
        raise MoveRefused(_("It is not released, or cancelled already."))
    return row


def _stop(row: Announcement, at: datetime) -> bool:
    """End what is still to be said, and take back what was written and not sent; whether anybody has been told.

    The occasions are locked, so a batch under way is either finished and taken back, or finds that it is stopped.
    """
    list(row.sayings.select_for_update().filter(finished_at__isnull=True).order_by("pk"))
    row.sayings.filter(finished_at__isnull=True).update(finished_at=at, is_stopped=True)
    unsent = Notice.objects.filter(saying__announcement=row, state=NoticeState.QUEUED, attempts=0)
    Notice.objects.filter(pk__in=unsent.select_for_update(skip_locked=True).values("pk")).delete()
    return Notice.objects.filter(saying__announcement=row).exists()


# saying it


def due(now: datetime) -> QuerySet[Saying]:
    return Saying.objects.filter(finished_at__isnull=True, say_at__lte=now).order_by("say_at", "pk")


def say(saying: Saying) -> int:
    """Write the notices of this occasion to its end, batch by batch; how many. Raises LookupError without a text for it."""
    total = 0
    while (written := say_batch(saying)) is not None:
        total += written
    return total


@transaction.atomic
def say_batch(saying: Saying) -> int | None:
    """Write the next notices and note how far it came; None when it is finished, stopped, or in another worker's hands."""
    row = due(turn.now()).select_for_update(skip_locked=True, of=("self",)).filter(pk=saying.pk).first()
    if row is None:
        return None
    announcement = Announcement.objects.select_related("branch", "feeder", "transformer_area").get(
        pk=row.announcement_id
    )
    people = list(_to_tell(announcement, row).filter(pk__gt=row.reached).order_by("pk")[:BATCH])
    if not people:
        row.finished_at = turn.now()
        row.save(update_fields=["finished_at"])
        return None
    writing = Writing(announcement, SayingKind(row.kind))
    notices = [notice for one in people if (notice := writing.notice(one, row)) is not None]
    outbox.try_at(turn.now(), notices, writing.desk)
    before = row.notices.count()
    # two customers may share a telephone, and it need not ring twice
    Notice.objects.bulk_create(notices, ignore_conflicts=True)
    written = row.notices.count() - before
    row.reached, row.looked_at, row.told = people[-1].pk, row.looked_at + len(people), row.told + written
    row.save(update_fields=["reached", "looked_at", "told"])
    return written


def _to_tell(announcement: Announcement, saying: Saying) -> QuerySet[Customer]:
    """Corrections go to those who were told, wherever they live now."""
    if saying.kind == SayingKind.AHEAD:
        return touched(announcement)
    told = Notice.objects.filter(saying__announcement=announcement, customer=OuterRef("pk")).exclude(saying=saying)
    return Customer.objects.filter(Exists(told))


class Writing:
    """One text in both languages, its words looked up once for all who get it."""

    def __init__(self, announcement: Announcement, kind: SayingKind) -> None:
        self.announcement = announcement
        self.code = CODES[AnnouncementKind(announcement.kind), kind]
        self.texts = {(text.medium, text.language): text for text in MessageTemplate.objects.filter(code=self.code)}
        if not self.texts:
            raise LookupError(f"There is no text for {self.code}; load a profile that has one.")
        self.desk = DeskSettings.current()
        self.said: dict[str, dict[str, Any]] = {}

    def notice(self, customer: Customer, saying: Saying | None = None) -> Notice | None:
        """What this customer gets; nothing when there is no way to them, or no text."""
        way = way_to(customer)
        return self.text(*way, language=customer.language, customer=customer, saying=saying) if way else None

    def text(
        self,
        medium: str,
        address: str,
        *,
        language: str,
        customer: Customer | None = None,
        saying: Saying | None = None,
    ) -> Notice | None:
        text = self.texts.get((medium, language)) or self.texts.get((medium, settings.LANGUAGE_CODE))
        if text is None:
            return None
        if text.language not in self.said:
            with translation.override(text.language):
                self.said[text.language] = words_for(self.announcement, self.desk)
        words = self.said[text.language] | {"name": customer.name if customer else NOBODY}
        return Notice(
            saying=saying,
            customer=customer,
            code=self.code,
            medium=medium,
            address=address,
            language=text.language,
            subject=text.subject.format(**words)[:200],
            body=text.body.format(**words),
        )


def samples(announcement: Announcement, kind: SayingKind = SayingKind.AHEAD) -> list[Notice]:
    """What customers would get, in both languages and by both media."""
    writing = Writing(announcement, kind)
    made = [
        writing.text(medium, "", language=language)
        for language in ("zh-hans", "en")
        for medium in (Medium.SMS, Medium.EMAIL)
    ]
    return [notice for notice in made if notice is not None]


def words_for(announcement: Announcement, desk: DeskSettings) -> dict[str, Any]:
    """What the {placeholders} of a text about an announcement stand for, in the language in force."""
    return {
        "kind": announcement.get_kind_display(),
        "place": announcement.where,
        "starts": outbox.spoken(announcement.starts_at),
        "ends": outbox.spoken(announcement.ends_at),
        "message": announcement.text,
        "track_url": settings.BASE_URL + reverse("channels_intake:known-issues"),
        "hotline": desk.hotline,
        "regulator": desk.regulator_hotline,
        "utility": desk.utility_zh if translation.get_language().startswith("zh") else desk.utility_en,
    }
