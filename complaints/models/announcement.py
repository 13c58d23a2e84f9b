"""What customers are told in advance: a planned outage, a change of the tariff; when it is said, and how far the saying is."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from complaints.models.service_issue import ServiceIssue
from customers.models import Feeder, TransformerArea
from customers.models.people import KEY, CustomerKind
from staff.models import Branch, User
from staff.scope import within_branches


class AnnouncementKind(models.TextChoices):
    PLANNED_OUTAGE = "planned_outage", _("Planned outage")
    TARIFF = "tariff", _("Change of the tariff")


SEGMENTS = [*CustomerKind.choices, (KEY, _("Key customers"))]


def two_reminders() -> list[int]:
    """A week before, as the regulation on power supply asks (domain 4.4), and the day before."""
    return [7, 1]


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def visible_to(self, user: User) -> AnnouncementQuerySet:
        return self.filter(within_branches(user))


class Announcement(models.Model):
    """It is a draft until it is released; then it is said at its times, may be moved, and may be cancelled.

    `revision` counts the moves. A planned outage has a public service issue from its release on.
    """

    kind = models.CharField(_("kind"), max_length=20, choices=AnnouncementKind)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+", verbose_name=_("branch"))
    feeder = models.ForeignKey(
        Feeder, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("feeder")
    )
    transformer_area = models.ForeignKey(
        TransformerArea,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("transformer area"),
    )
    segment = models.CharField(_("only these customers"), max_length=20, choices=SEGMENTS, blank=True)
    starts_at = models.DateTimeField(_("from"))
    ends_at = models.DateTimeField(_("until"), null=True, blank=True)
    text_zh = models.TextField(_("reason and details in Chinese"), blank=True)
    text_en = models.TextField(_("reason and details in English"), blank=True)
    days_before = ArrayField(
        models.PositiveSmallIntegerField(), verbose_name=_("days before it"), default=two_reminders, size=5
    )
    revision = models.PositiveSmallIntegerField(default=0, editable=False)
    issue = models.OneToOneField(
        ServiceIssue, on_delete=models.PROTECT, null=True, editable=False, related_name="announcement"
    )
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    released_at = models.DateTimeField(null=True, editable=False)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)
    cancelled_at = models.DateTimeField(null=True, editable=False)
    cancelled_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", editable=False)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ["-starts_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="announcement_kind_is_known", condition=Q(kind__in=sorted(AnnouncementKind.values))
            ),
            models.CheckConstraint(
                name="announced_outage_ends_after_it_starts",
                condition=~Q(kind=AnnouncementKind.PLANNED_OUTAGE.value)
                | Q(ends_at__isnull=False, ends_at__gt=F("starts_at")),
            ),
            models.CheckConstraint(name="announcement_says_something", condition=~Q(text_zh="", text_en="")),
            models.CheckConstraint(
                name="cancelled_announcement_was_released",
                condition=Q(cancelled_at__isnull=True) | Q(released_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.where}"

    @property
    def where(self) -> str:
        return str((self.transformer_area or self.feeder or self.branch).name)

    @property
    def text(self) -> str:
        """In the language in use, else in the other: better that than nothing."""
        is_zh = (get_language() or "").startswith("zh")
        return (self.text_zh or self.text_en) if is_zh else (self.text_en or self.text_zh)

    @property
    def state(self) -> str:
        if self.cancelled_at is not None:
            return str(_("Cancelled"))
        return str(_("Released")) if self.released_at is not None else str(_("Draft"))

    def say_at(self, days: int) -> datetime:
        return self.starts_at - timedelta(days=days)


class SayingKind(models.TextChoices):
    AHEAD = "ahead", _("announcement")
    MOVED = "moved", _("correction: moved")
    CANCELLED = "cancelled", _("correction: cancelled")


class Saying(models.Model):
    """One occasion on which everybody whom an announcement touches is written to.

    `reached` is the last customer who was looked at, so that a worker that died is followed by one that goes on from there.
    """

    announcement = models.ForeignKey(Announcement, on_delete=models.PROTECT, related_name="sayings")
    kind = models.CharField(max_length=10, choices=SayingKind)
    revision = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField(default=0)
    say_at = models.DateTimeField()
    reached = models.BigIntegerField(default=0)
    looked_at = models.PositiveIntegerField(default=0)
    told = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    is_stopped = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("occasion of an announcement")
        verbose_name_plural = _("occasions of announcements")
        ordering = ["say_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="said_once_on_each_occasion", fields=["announcement", "kind", "revision", "days"]
            ),
            models.CheckConstraint(name="saying_kind_is_known", condition=Q(kind__in=sorted(SayingKind.values))),
        ]
        indexes = [models.Index(name="saying_due", fields=["say_at", "id"], condition=Q(finished_at__isnull=True))]

    def __str__(self) -> str:
        return f"{self.announcement_id} {self.kind} {self.revision}-{self.days}"
