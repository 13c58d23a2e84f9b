"""Figures per day, what still has to be counted into them, and whether they are right."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.models.facts import Key
from complaints.models import Category
from staff.models import Branch, User


class Change(models.Model):
    """A complaint whose facts are out of date. Database triggers write it in the transaction that changed something.

    Only inserted, and deleted by whoever has counted it, so that no move waits for another or for the counting; `xact` is
    the transaction, of which one row for each complaint is enough.
    """

    complaint_id = models.BigIntegerField()
    xact = models.BigIntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="change_is_noted_once", fields=["complaint_id", "xact"])]

    def __str__(self) -> str:
        return f"change of {self.complaint_id}"


class GenerationState(models.TextChoices):
    BUILDING = "building", _("being built")
    CURRENT = "current", _("in use")
    RETIRED = "retired", _("replaced")


class Generation(models.Model):
    """One complete set of day rollups. A new one is built beside the one in use and takes its place in one statement.

    It holds the complaints up to `reached`, and evenings up to `horizon`; `formula` is what it was computed with.
    """

    state = models.CharField(max_length=10, choices=GenerationState, default=GenerationState.BUILDING)
    formula = models.CharField(max_length=40)
    reached = models.BigIntegerField(default=0)
    horizon = models.DateField()
    as_of = models.DateTimeField(null=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    complaints = models.BigIntegerField(default=0)
    counted = models.BigIntegerField(default=0)
    is_swept = models.BooleanField(default=False)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_generation_in_use", fields=["state"], condition=Q(state=GenerationState.CURRENT.value)
            ),
            models.UniqueConstraint(
                name="one_generation_being_built", fields=["state"], condition=Q(state=GenerationState.BUILDING.value)
            ),
            models.CheckConstraint(
                name="generation_in_use_is_finished",
                condition=Q(state=GenerationState.BUILDING.value) | Q(finished_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"generation {self.pk}"

    @property
    def share(self) -> float:
        """How much of it is built, between 0 and 1."""
        return min(1.0, self.counted / self.complaints) if self.complaints else 0.0


class DayRollupQuerySet(models.QuerySet["DayRollup"]):
    def in_use(self) -> DayRollupQuerySet:
        # Asked for as a subquery, so that switching generations is one statement for readers as well; as one value, which the
        # index begins with, so that it is known before the rows are looked for.
        current = Generation.objects.filter(state=GenerationState.CURRENT).order_by()
        return self.filter(generation=current.values("pk")[:1], n__gt=0)


class DayRollup(models.Model):
    """How often something happened on a local day in a branch and all below it, and the sum of its values.

    Whoever looks at a company, a city or a station reads the rows of that one branch, however many there are below. There is one
    row for each bucket of values; they are the distribution and add and subtract like any count. `bucket` is NO_VALUE where
    nothing is measured. `key` tells apart what a series counts side by side: outcomes, clocks, answers.
    """

    generation = Key(Generation)
    series = models.CharField(max_length=20)
    day = models.DateField()
    branch = Key(Branch)
    request_type = models.CharField(max_length=20)
    category = Key(Category)
    channel = models.CharField(max_length=12)
    key = models.CharField(max_length=60)
    bucket = models.SmallIntegerField()
    n = models.BigIntegerField()
    total = models.BigIntegerField()

    objects = DayRollupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="day_rollup_of_a_branch",
                fields=[
                    "generation",
                    "branch",
                    "series",
                    "day",
                    "request_type",
                    "category",
                    "channel",
                    "key",
                    "bucket",
                ],
                include=["n", "total"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.series} on {self.day}: {self.n}"


class Check(models.Model):
    """One comparison of the figures with the rows they come from; `findings` are the differences, the first hundred."""

    at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    first_day = models.DateField()
    last_day = models.DateField()
    compared = models.BigIntegerField(default=0)
    sampled = models.BigIntegerField(default=0)
    differences = models.BigIntegerField(default=0)
    findings = models.JSONField(default=list)
    told_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"check of {self.at:%Y-%m-%d}: {self.differences}"

    @property
    def is_right(self) -> bool:
        return self.finished_at is not None and not self.differences
