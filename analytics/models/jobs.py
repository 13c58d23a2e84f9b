"""What a worker does for a person in its own time: who asked, how it stands, and who has it in hand."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import pgettext_lazy

from staff.models import User


class JobState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("job", "Waiting")
    RUNNING = "running", pgettext_lazy("job", "Being prepared")
    DONE = "done", pgettext_lazy("job", "Ready")
    FAILED = "failed", pgettext_lazy("job", "Failed")
    STOPPED = "stopped", pgettext_lazy("job", "Stopped")


UNFINISHED = ("running", "waiting")
FINISHED = ("done", "failed", "stopped")


class Job(models.Model):
    """A row is the queue. `turn` counts the workers that took it: the last has it until `taken_until`, and a job whose worker
    died is taken anew after that.
    """

    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=JobState, default=JobState.WAITING)
    turn = models.PositiveSmallIntegerField(default=0)
    taken_until: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)
    finished_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                name="running_%(class)s_is_in_hand", condition=~Q(state="running") | Q(taken_until__isnull=False)
            ),
            models.CheckConstraint(
                name="%(class)s_is_finished_or_not",
                condition=Q(state__in=UNFINISHED, finished_at__isnull=True)
                | Q(state__in=FINISHED, finished_at__isnull=False),
            ),
            models.CheckConstraint(name="failed_%(class)s_says_why", condition=~Q(state="failed") | ~Q(error="")),
        ]
        indexes = [
            models.Index(name="%(class)s_unfinished", fields=["asked_at", "id"], condition=Q(state__in=UNFINISHED)),
        ]

    @property
    def is_unfinished(self) -> bool:
        return self.state in UNFINISHED
