"""What is known of each complaint for figures: one row per complaint, event, promise and question; nothing about persons."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import Q

from complaints.models import Category, Complaint, RequestType, RootCause, Subcategory
from complaints.models.complaint import seen_by
from customers.models import TransformerArea
from staff.models import Branch, Team, User


class Key(models.ForeignKey[Any, Any]):
    """A reference that the database neither checks nor indexes: facts are derived, and rewritten as a whole."""

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **more: Any) -> None:
        super().__init__(
            to, on_delete=on_delete, **{"db_constraint": False, "db_index": False, "related_name": "+", **more}
        )


class ComplaintFactQuerySet(models.QuerySet["ComplaintFact"]):
    def visible_to(self, user: User) -> ComplaintFactQuerySet:
        """Facts of the complaints that this person may see; the same rule as for the complaints themselves."""
        return self.filter(seen_by(user))

    def complaints(self) -> ComplaintFactQuerySet:
        return self.filter(request_type=RequestType.COMPLAINT)


class ComplaintFact(models.Model):
    """One complaint as figures know it. `…_on` are local days, `…_seconds` whole seconds since it reached us, `…_days` working
    days after the day of receipt.

    `repeat_of` is the complaint of the same account, customer or phone about the same subcategory that had been closed at
    most 30 days (enquiries: 7) before this one came; `repeated_at` is when the first such one came after this was closed.
    """

    complaint = models.OneToOneField(
        Complaint, on_delete=models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="fact"
    )
    branch = Key(Branch)
    request_type = models.CharField(max_length=20)
    category = Key(Category)
    subcategory = Key(Subcategory, null=True)
    channel = models.CharField(max_length=12)
    source = models.CharField(max_length=12)
    area_class = models.CharField(max_length=10)
    transformer_area = Key(TransformerArea, null=True)
    segment = models.CharField(max_length=20)
    severity = models.CharField(max_length=10)
    priority = models.PositiveSmallIntegerField()
    team = Key(Team, null=True)
    assignee = Key(User, null=True)
    status = models.CharField(max_length=15)
    outcome = models.CharField(max_length=15)
    responsibility = models.CharField(max_length=15)
    root_cause = Key(RootCause, null=True)
    is_duplicate = models.BooleanField()

    received_at = models.DateTimeField()
    entered_at = models.DateTimeField()
    dispatched_at = models.DateTimeField(null=True)
    contacted_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)
    restored_at = models.DateTimeField(null=True)
    first_resolved_at = models.DateTimeField(null=True)
    resolved_at = models.DateTimeField(null=True)
    first_closed_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    received_on = models.DateField()
    dispatched_on = models.DateField(null=True)
    contacted_on = models.DateField(null=True)
    first_resolved_on = models.DateField(null=True)
    resolved_on = models.DateField(null=True)
    closed_on = models.DateField(null=True)

    entry_seconds = models.BigIntegerField()
    dispatch_seconds = models.BigIntegerField(null=True)
    contact_seconds = models.BigIntegerField(null=True)
    contact_days = models.BigIntegerField(null=True)
    first_resolution_seconds = models.BigIntegerField(null=True)
    resolution_seconds = models.BigIntegerField(null=True)
    resolution_days = models.BigIntegerField(null=True)

    urged = models.PositiveSmallIntegerField()
    reopened = models.PositiveSmallIntegerField()
    transferred = models.PositiveSmallIntegerField()
    returned = models.PositiveSmallIntegerField()
    escalated = models.PositiveSmallIntegerField()
    contacts = models.PositiveSmallIntegerField()
    supplements = models.PositiveSmallIntegerField()
    repeat_of = models.BigIntegerField(null=True)
    repeated_by = models.BigIntegerField(null=True)
    repeated_at = models.DateTimeField(null=True)
    is_solved_at_once = models.BooleanField()
    is_solved_in_one_go = models.BooleanField()

    objects = ComplaintFactQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(name="fact_by_received", fields=["received_on"]),
            models.Index(name="fact_by_resolved", fields=["resolved_on"], condition=Q(resolved_on__isnull=False)),
            models.Index(name="fact_by_first_resolved", fields=["first_resolved_on"]),
            models.Index(name="fact_by_closed", fields=["closed_on"], condition=Q(closed_on__isnull=False)),
            models.Index(name="fact_by_dispatched", fields=["dispatched_on"]),
            models.Index(name="fact_by_contacted", fields=["contacted_on"]),
            models.Index(name="fact_by_area", fields=["transformer_area", "received_on"]),
            models.Index(name="fact_of_repeat", fields=["repeat_of"], condition=Q(repeat_of__isnull=False)),
            models.Index(name="fact_repeated_by", fields=["repeated_by"], condition=Q(repeated_by__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"fact of {self.pk}"


class TransitionFact(models.Model):
    """One event. `dwell_seconds` is how long the complaint had been in the status that this event ended."""

    fact = Key(ComplaintFact, db_column="complaint_id")
    number = models.PositiveIntegerField()
    move = models.CharField(max_length=20)
    from_status = models.CharField(max_length=15)
    to_status = models.CharField(max_length=15)
    role = models.CharField(max_length=20)
    at = models.DateTimeField()
    happened_on = models.DateField()
    dwell_seconds = models.BigIntegerField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="transition_fact_is_one_event", fields=["fact", "number"])]
        indexes = [models.Index(name="transition_fact_by_day", fields=["happened_on", "move"])]

    def __str__(self) -> str:
        return f"{self.fact_id}.{self.number} {self.move}"


class Result(models.TextChoices):
    """What became of a promise, apart from what only time tells: whether one that still runs is overdue."""

    MET = "met"
    LATE = "late"
    TICKING = "ticking"
    PAUSED = "paused"
    EXCUSED = "excused"
    CANCELLED = "cancelled"


class ClockFact(models.Model):
    """One promise. LATE also covers what was cancelled after it was due; PAUSED has no due moment."""

    clock_id = models.BigIntegerField(primary_key=True)
    fact = Key(ComplaintFact, db_column="complaint_id")
    kind = models.CharField(max_length=20)
    tier = models.CharField(max_length=12)
    round = models.PositiveSmallIntegerField()
    statistic = models.CharField(max_length=6)
    limit = models.CharField(max_length=20)
    result = models.CharField(max_length=10, choices=Result)
    is_excused = models.BooleanField()
    started_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    stopped_at = models.DateTimeField(null=True)
    started_on = models.DateField()
    due_on = models.DateField(null=True)
    arrival_seconds = models.BigIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(name="clock_fact_of_complaint", fields=["fact"]),
            models.Index(name="clock_fact_by_due", fields=["due_on", "kind", "tier"]),
            models.Index(name="clock_fact_ticking", fields=["due_at"], condition=Q(result=Result.TICKING.value)),
            models.Index(name="clock_fact_paused", fields=["fact"], condition=Q(result=Result.PAUSED.value)),
            models.Index(name="clock_fact_arrivals", fields=["started_on"], condition=Q(kind="arrive")),
        ]

    def __str__(self) -> str:
        return f"{self.fact_id}: {self.kind} {self.tier}"


class FeedbackFact(models.Model):
    """One time a customer was asked, and what they answered; never in which words."""

    feedback_id = models.BigIntegerField(primary_key=True)
    fact = Key(ComplaintFact, db_column="complaint_id")
    round = models.PositiveSmallIntegerField()
    asked_at = models.DateTimeField()
    asked_on = models.DateField()
    answered_at = models.DateTimeField(null=True)
    answered_by = models.CharField(max_length=10)
    solved = models.BooleanField(null=True)
    score = models.PositiveSmallIntegerField(null=True)
    attitude = models.PositiveSmallIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(name="feedback_fact_of_complaint", fields=["fact"]),
            models.Index(name="feedback_fact_by_day", fields=["asked_on"]),
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} round {self.round}"


class OpenSpan(models.Model):
    """A stretch of days on whose evenings a complaint was open: from `opened_on` to the day before `left_on`."""

    fact = Key(ComplaintFact, db_column="complaint_id")
    received_on = models.DateField()
    opened_on = models.DateField()
    left_on = models.DateField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(name="open_span_begins_once", fields=["fact", "opened_on"])]
        indexes = [
            models.Index(name="open_span_by_end", fields=["left_on", "opened_on"]),
            models.Index(name="open_span_by_begin", fields=["opened_on"]),
        ]

    def __str__(self) -> str:
        return f"{self.fact_id} open from {self.opened_on}"


class WorkingDay(models.Model):
    """Each day of the calendar with the number of working days up to it, so that working days are a subtraction."""

    day = models.DateField(primary_key=True)
    number = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.day}: {self.number}"


class OpenDay(models.Model):
    """A view: every evening on which a complaint was open, with its age in working days since it reached us, and the stretch.

    Whoever asks for some days says of the stretch, too, that it reaches into them (`during`): its index finds few, the view has
    to look at all.
    """

    fact = models.OneToOneField(
        ComplaintFact, on_delete=models.DO_NOTHING, primary_key=True, db_column="complaint_id", related_name="+"
    )
    day = models.DateField()
    age = models.CharField(max_length=5)
    opened_on = models.DateField()
    left_on = models.DateField(null=True)

    class Meta:
        managed = False
        db_table = "analytics_openday"

    def __str__(self) -> str:
        return f"{self.pk} open on {self.day}"

    @staticmethod
    def during(first: date, last: date) -> Q:
        """The evenings of these days."""
        reaches = Q(opened_on__lte=last) & (Q(left_on__gt=first) | Q(left_on__isnull=True))
        return Q(day__gte=first, day__lte=last) & reaches
