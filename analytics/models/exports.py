"""Files that leave the house: what was asked for by whom, how far it is, and, for good, that it was taken."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from analytics.models.jobs import UNFINISHED, Job, JobState
from staff.models import User


class Subject(models.TextChoices):
    COMPLAINTS = "complaints", _("Complaints")
    CUSTOMERS = "customers", _("Customers")
    BEHIND = "behind", _("Behind a number of a report")


class ExportFormat(models.TextChoices):
    CSV = "csv", "CSV"
    XLSX = "xlsx", "XLSX"


class ExportQuerySet(models.QuerySet["Export"]):
    def visible_to(self, user: User) -> ExportQuerySet:
        """Their own only: what somebody else may see is in somebody else's file."""
        return self.filter(asked_by=user.pk, deleted_at__isnull=True) if user.is_active else self.none()


def stored_name(export: Export, filename: str) -> str:
    """Where the file lies: a name that cannot be guessed, another one for each turn of a worker."""
    return f"exports/{export.uuid.hex[:2]}/{export.uuid.hex}-{export.turn}"


class Export(Job):
    """One file that a person asked for. The row stays when the file is gone: it says who took how many rows of what.

    `fingerprint` is what was asked, so that the same is not prepared twice side by side. A small one is taken at once and
    never has a file here.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    subject = models.CharField(max_length=12, choices=Subject)
    report = models.CharField(max_length=40, blank=True)
    query = models.JSONField(default=dict)
    fingerprint = models.CharField(max_length=64)
    title = models.CharField(max_length=200)
    language = models.CharField(max_length=10)
    format = models.CharField(max_length=4, choices=ExportFormat)
    rows: models.PositiveIntegerField[int | None, int | None] = models.PositiveIntegerField(null=True)
    rows_done = models.PositiveIntegerField(default=0)
    file = models.FileField(upload_to=stored_name, max_length=200, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    expires_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)
    deleted_at: models.DateTimeField[datetime | None, datetime | None] = models.DateTimeField(null=True)

    objects = ExportQuerySet.as_manager()

    class Meta(Job.Meta):
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            *Job.Meta.constraints,
            models.CheckConstraint(name="export_subject_is_known", condition=Q(subject__in=sorted(Subject.values))),
            models.CheckConstraint(name="export_format_is_known", condition=Q(format__in=sorted(ExportFormat.values))),
            models.CheckConstraint(
                name="export_behind_a_number_has_its_report",
                condition=Q(subject="behind") & ~Q(report="") | ~Q(subject="behind") & Q(report=""),
            ),
            models.CheckConstraint(
                name="only_a_done_export_has_a_file",
                condition=Q(file="") | Q(state="done", expires_at__isnull=False, deleted_at__isnull=True),
            ),
            models.UniqueConstraint(
                name="same_export_is_prepared_once",
                fields=["asked_by", "fingerprint"],
                condition=Q(state__in=UNFINISHED),
            ),
        ]
        indexes = [
            *Job.Meta.indexes,
            models.Index(name="export_of_person", fields=["asked_by", "-asked_at", "-id"]),
            models.Index(name="export_expires", fields=["expires_at"], condition=~Q(file="")),
        ]

    def __str__(self) -> str:
        return f"{self.asked_at:%Y-%m-%d %H:%M} {self.title}"

    @property
    def is_expired(self) -> bool:
        """Its file was here and is not any more."""
        return self.state == JobState.DONE and not self.file and self.expires_at is not None

    @property
    def was_taken_at_once(self) -> bool:
        return self.state == JobState.DONE and self.expires_at is None
