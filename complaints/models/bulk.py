"""One move asked of many complaints: what was asked, by whom, and what became of each."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints.models.complaint import Complaint
from complaints.models.history import Event
from staff.models import Absence, User


class LineState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("one of many", "Still to do")
    DONE = "done", pgettext_lazy("one of many", "Done")
    REFUSED = "refused", pgettext_lazy("one of many", "Refused")


class BulkRun(models.Model):
    """A move that somebody asked of many complaints at once, carried out complaint by complaint.

    `uuid` comes with the form, so a form that is sent twice is one run. `said` is what was typed, as it was posted. Until
    `taken_until` a worker has it in hand, and others need not come. One that belongs to an `absence` was asked by nobody in
    particular: its moves are the clock's.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    move = models.CharField(_("move"), max_length=30)
    said = models.JSONField(default=dict)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="bulk_runs")
    asked_at = models.DateTimeField()
    back = models.CharField(max_length=2000, blank=True)
    total = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    taken_until = models.DateTimeField(null=True)
    is_stopped = models.BooleanField(default=False)
    undo_of = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="undone_by")
    absence = models.ForeignKey(Absence, on_delete=models.PROTECT, null=True, related_name="bulk_runs")

    class Meta:
        verbose_name = _("move of many complaints")
        verbose_name_plural = _("moves of many complaints")
        ordering = ["-asked_at"]
        constraints = [
            models.CheckConstraint(
                name="stopped_bulk_run_is_finished",
                condition=models.Q(is_stopped=False) | models.Q(finished_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(name="bulk_run_unfinished", fields=["asked_at"], condition=models.Q(finished_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.move} × {self.total}"


class BulkLine(models.Model):
    """One complaint of a run. `seen` is the version that the person looked at, `left_at` the one that the move made.

    `before` is what a later undo puts back.
    """

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="lines")
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="+")
    seen = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=LineState, default=LineState.PENDING)
    reason = models.CharField(max_length=500, blank=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+")
    left_at = models.PositiveIntegerField(null=True)
    before = models.JSONField(default=dict)

    class Meta:
        verbose_name = _("complaint of a move of many")
        verbose_name_plural = _("complaints of a move of many")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="bulk_run_has_a_complaint_once", fields=["run", "complaint"]),
            models.CheckConstraint(
                name="bulk_line_state_is_known", condition=models.Q(state__in=sorted(LineState.values))
            ),
            models.CheckConstraint(
                name="done_bulk_line_has_event",
                condition=~models.Q(state=LineState.DONE.value) | models.Q(event__isnull=False),
            ),
            models.CheckConstraint(
                name="refused_bulk_line_says_why",
                condition=~models.Q(state=LineState.REFUSED.value) | ~models.Q(reason=""),
            ),
        ]
        indexes = [
            models.Index(
                name="bulk_line_to_do", fields=["run", "id"], condition=models.Q(state=LineState.PENDING.value)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.complaint} {self.state}"
