"""Early warnings: what stands out, what was done about it, and the words of complaints that some of them come from."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analytics.models.facts import Key
from complaints.models import Category
from customers.models import Feeder, TransformerArea
from staff.models import Branch, User
from staff.scope import within_branches


class SignalKind(models.TextChoices):
    RATE = "rate", _("Unusual number")
    TERM = "term", _("Rising term")
    PLACE = "place", _("Trouble at one place")


class SignalRule(models.TextChoices):
    BEYOND = "beyond", _("beyond the limit (3 σ)")
    TWO_OF_THREE = "two_of_three", _("two of three beyond 2 σ")
    SIDE = "side", _("eight in a row on one side")
    RISING = "rising", _("six in a row rising")
    TERM = "term", _("more often than before")
    AREA = "area", _("one transformer area")
    FEEDER = "feeder", _("one feeder")


class SignalState(models.TextChoices):
    NEW = "new", pgettext_lazy("signal", "New")
    ACKNOWLEDGED = "acknowledged", pgettext_lazy("signal", "Acknowledged")
    FOLLOWED = "followed", pgettext_lazy("signal", "Followed up")
    CLOSED = "closed", pgettext_lazy("signal", "Closed")


class Per(models.TextChoices):
    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")


class SignalQuerySet(models.QuerySet["Signal"]):
    def visible_to(self, user: User) -> SignalQuerySet:
        """Those of the branches this person sees. They count complaints only, never reports of wrongdoing."""
        return self.filter(within_branches(user))

    def new(self) -> SignalQuerySet:
        return self.filter(state=SignalState.NEW)

    def unfinished(self) -> SignalQuerySet:
        return self.exclude(state=SignalState.CLOSED)


class Signal(models.Model):
    """Something that stands out in a branch and those below it. One row for each series, rule and stretch of days.

    `number` was counted from `counted_from` to `last_day`; `evidence` is what was seen then: the points of the chart with their
    limits. `complaint_keys` are the complaints behind a term or a place; those behind a number are a list of the desk. `told_at`
    is when those on duty were told of it by notice.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=SignalKind)
    rule = models.CharField(_("rule"), max_length=15, choices=SignalRule)
    series = models.CharField(max_length=120)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+", verbose_name=_("branch"))
    category = models.ForeignKey(Category, on_delete=models.PROTECT, null=True, related_name="+")
    transformer_area = models.ForeignKey(TransformerArea, on_delete=models.PROTECT, null=True, related_name="+")
    feeder = models.ForeignKey(Feeder, on_delete=models.PROTECT, null=True, related_name="+")
    term = models.CharField(max_length=40, blank=True)
    per = models.CharField(max_length=5, choices=Per, blank=True)
    first_day = models.DateField()
    last_day = models.DateField()
    counted_from = models.DateField()
    number = models.PositiveIntegerField()
    expected = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    sigma_z = models.FloatField(null=True)
    is_above = models.BooleanField(default=True)
    score = models.FloatField()
    evidence = models.JSONField(default=dict)
    complaint_keys = ArrayField(models.BigIntegerField(), default=list)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    state = models.CharField(_("status"), max_length=15, choices=SignalState, default=SignalState.NEW)
    acknowledged_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    acknowledged_at = models.DateTimeField(null=True)
    note = models.CharField(_("what you think of it"), max_length=500, blank=True)
    action = models.CharField(_("what is to be done"), max_length=500, blank=True)
    owner = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("who does it")
    )
    due_on = models.DateField(_("by when"), null=True)
    followed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    followed_at = models.DateTimeField(null=True)
    result = models.CharField(_("what came of it"), max_length=500, blank=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)

    objects = SignalQuerySet.as_manager()

    class Meta:
        verbose_name = _("signal")
        verbose_name_plural = _("signals")
        ordering = ["-is_above", "-score", "pk"]
        constraints = [
            models.UniqueConstraint(name="signal_is_one_row", fields=["series", "rule", "first_day"]),
            models.CheckConstraint(name="signal_kind_is_known", condition=Q(kind__in=sorted(SignalKind.values))),
            models.CheckConstraint(name="signal_rule_is_known", condition=Q(rule__in=sorted(SignalRule.values))),
            models.CheckConstraint(name="signal_state_is_known", condition=Q(state__in=sorted(SignalState.values))),
            models.CheckConstraint(name="signal_days_are_in_order", condition=Q(last_day__gte=F("first_day"))),
            models.CheckConstraint(
                name="acknowledged_signal_has_note",
                condition=Q(state=SignalState.NEW.value)
                | (Q(acknowledged_by__isnull=False, acknowledged_at__isnull=False) & ~Q(note="")),
            ),
            models.CheckConstraint(
                name="followed_signal_has_owner_and_day",
                condition=~Q(state=SignalState.FOLLOWED.value)
                | (Q(owner__isnull=False, due_on__isnull=False, followed_at__isnull=False) & ~Q(action="")),
            ),
            models.CheckConstraint(
                name="closed_signal_says_what_came_of_it",
                condition=~Q(state=SignalState.CLOSED.value)
                | (Q(closed_by__isnull=False, closed_at__isnull=False) & ~Q(result="")),
            ),
        ]
        indexes = [models.Index(name="signal_by_state", fields=["state", "branch"])]

    def __str__(self) -> str:
        return self.subject

    @property
    def subject(self) -> str:
        """What stands out, without where and when."""
        if self.kind == SignalKind.TERM:
            return f"“{self.term}”"
        if self.transformer_area or self.feeder:
            return str((self.transformer_area or self.feeder).name)  # type: ignore[union-attr]
        return str(self.category.name) if self.category else ""

    @property
    def is_overdue(self) -> bool:
        return self.state == SignalState.FOLLOWED and self.due_on is not None and self.due_on < timezone.localdate()


class SignalLook(models.Model):
    """One look for signals, so that a page can say how fresh they are and how much could not be charted."""

    at = models.DateTimeField()
    finished_at = models.DateTimeField()
    charted = models.PositiveIntegerField(default=0)
    too_few = models.PositiveIntegerField(default=0)
    terms = models.PositiveIntegerField(default=0)
    found = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"look of {self.at:%Y-%m-%d %H:%M}"


class TermChange(models.Model):
    """A complaint whose words have to be counted anew. A database trigger writes it in the transaction that changed something."""

    complaint_id = models.BigIntegerField()
    xact = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(name="term_change_is_noted_once", fields=["complaint_id", "xact"])]

    def __str__(self) -> str:
        return f"words of {self.complaint_id}"


class ComplaintTerms(models.Model):
    """Which terms of trade a recent complaint has: what it adds to the days, and how the complaints of a term are found."""

    complaint_id = models.BigIntegerField(primary_key=True)
    day = models.DateField(db_index=True)
    branch = Key(Branch)
    terms = ArrayField(models.CharField(max_length=40))

    class Meta:
        indexes = [GinIndex(name="complaint_by_term", fields=["terms"])]

    def __str__(self) -> str:
        return f"terms of {self.complaint_id}"


class TermDay(models.Model):
    """In how many complaints of a branch and day a term stands; the empty term counts the complaints themselves."""

    day = models.DateField()
    branch: Any = Key(Branch)
    term = models.CharField(max_length=40)
    n = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="term_day_is_one_row", fields=["day", "branch", "term"], include=["n"])
        ]

    def __str__(self) -> str:
        return f"{self.term} on {self.day}: {self.n}"
