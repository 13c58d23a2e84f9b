"""Reports that come by themselves: to whom, of what, when, and each one that was due."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.models import Notice
from staff.actors import Role
from staff.models import User


class Rhythm(models.TextChoices):
    DAILY = "daily", pgettext_lazy("subscription", "Every day")
    WEEKLY = "weekly", pgettext_lazy("subscription", "Every week")
    MONTHLY = "monthly", pgettext_lazy("subscription", "Every month")


class Span(models.TextChoices):
    """Which days a report is about, seen from the day on which it comes."""

    YESTERDAY = "yesterday", _("yesterday")
    LAST_WEEK = "last_week", _("last week")
    LAST_MONTH = "last_month", _("last month")
    LAST_QUARTER = "last_quarter", _("last quarter")
    THIS_MONTH = "this_month", _("this month up to yesterday")
    DAYS_30 = "days_30", _("the last 30 days")
    DAYS_90 = "days_90", _("the last 90 days")
    DAYS_365 = "days_365", _("the last 365 days")


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def visible_to(self, user: User) -> SubscriptionQuerySet:
        """Those that come to them and those that they made; administrators look after all."""
        if not user.is_active:
            return self.none()
        if user.role == Role.ADMINISTRATOR:
            return self.all()
        return self.filter(Q(subscriber=user.pk) | Q(made_by=user.pk))

    def kept(self) -> SubscriptionQuerySet:
        return self.filter(deleted_at__isnull=True)

    def due(self, at: datetime) -> SubscriptionQuerySet:
        """Those whose next moment has come; a paused or ended one has none."""
        return self.filter(next_at__lte=at).order_by("next_at", "pk")


class Subscription(models.Model):
    """Some reports as a PDF, by e-mail to one person, with what that person may see. `filters` are as in a report's address.

    `day` of a month that is too short is its last day. `next_at` is the stored moment of the next one.
    """

    subscriber = models.ForeignKey(
        User, on_delete=models.PROTECT, related_name="subscriptions", verbose_name=_("who gets it")
    )
    reports = ArrayField(models.CharField(max_length=40), verbose_name=_("reports"))
    span = models.CharField(_("of which days"), max_length=12, choices=Span, default=Span.LAST_MONTH)
    filters = models.JSONField(default=dict)
    language = models.CharField(_("language"), max_length=10)
    rhythm = models.CharField(_("how often"), max_length=8, choices=Rhythm, default=Rhythm.MONTHLY)
    weekday = models.PositiveSmallIntegerField(
        _("on"), default=1, validators=[MinValueValidator(1), MaxValueValidator(7)]
    )
    day = models.PositiveSmallIntegerField(
        _("on the day of the month"), default=1, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    hour = models.PositiveSmallIntegerField(_("at"), default=8, validators=[MaxValueValidator(23)])
    starts_on = models.DateField(_("from"))
    stops_on = models.DateField(_("until"), null=True, blank=True)
    next_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)
    paused_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)
    pause_reason = models.CharField(max_length=200, blank=True)
    made_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    deleted_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("subscription")
        verbose_name_plural = _("subscriptions")
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.CheckConstraint(name="subscription_has_a_report", condition=Q(reports__len__gte=1)),
            models.CheckConstraint(name="subscription_rhythm_is_known", condition=Q(rhythm__in=sorted(Rhythm.values))),
            models.CheckConstraint(name="subscription_span_is_known", condition=Q(span__in=sorted(Span.values))),
            models.CheckConstraint(
                name="subscription_time_is_a_time",
                condition=Q(hour__lte=23, weekday__gte=1, weekday__lte=7, day__gte=1, day__lte=31),
            ),
            models.CheckConstraint(
                name="subscription_stops_after_it_starts",
                condition=Q(stops_on__isnull=True) | Q(stops_on__gte=F("starts_on")),
            ),
            models.CheckConstraint(
                name="resting_subscription_is_never_due",
                condition=Q(next_at__isnull=True) | Q(paused_at__isnull=True, deleted_at__isnull=True),
            ),
        ]
        indexes = [
            models.Index(name="subscription_due_next", fields=["next_at"], condition=Q(next_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.subscriber}: {', '.join(self.reports)}"

    @property
    def is_over(self) -> bool:
        return self.next_at is None and self.paused_at is None and self.deleted_at is None


class Posting(models.Model):
    """One time that a subscription came due, or that somebody asked to be sent one now (`asked_by`).

    Written before anything is made: `done_at` says that the mail lies in the outbox, or why there is none (`refused`).
    `missed` is how many earlier moments passed unused before this one.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="postings")
    due_at = models.DateTimeField()
    missed = models.PositiveSmallIntegerField(default=0)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    done_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)
    notice = models.OneToOneField(Notice, on_delete=models.PROTECT, null=True, related_name="+")
    refused = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("report sent by subscription")
        verbose_name_plural = _("reports sent by subscription")
        ordering = ["-due_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                name="subscription_is_posted_once_when_due",
                fields=["subscription", "due_at"],
                condition=Q(asked_by__isnull=True),
            ),
            models.UniqueConstraint(
                name="one_now_at_a_time",
                fields=["subscription", "asked_by"],
                condition=Q(asked_by__isnull=False, done_at__isnull=True),
            ),
            models.CheckConstraint(
                name="posting_is_sent_or_says_why_not",
                condition=Q(done_at__isnull=True, notice__isnull=True, refused="")
                | Q(done_at__isnull=False, notice__isnull=False, refused="")
                | Q(done_at__isnull=False, notice__isnull=True) & ~Q(refused=""),
            ),
        ]
        indexes = [
            models.Index(name="posting_to_make", fields=["due_at", "id"], condition=Q(done_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.subscription} {self.due_at:%Y-%m-%d %H:%M}"
