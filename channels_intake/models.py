"""How complaints reach us: one record per thing received, so that the same thing received twice is known."""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models import Channel, Complaint, Source
from staff.models import Branch, User
from staff.scope import within_branches


class InboundRecord(models.Model):
    """One delivery on a channel.

    `external_id` is the sender's own number for it: a form's one-time id, a message id, a row key.
    """

    channel = models.CharField(_("channel"), max_length=12, choices=Channel)
    source = models.CharField(_("source"), max_length=12, choices=Source)
    external_id = models.CharField(_("sender's id"), max_length=120)
    received_at = models.DateTimeField(_("received"))
    recorded_at = models.DateTimeField(auto_now_add=True)
    payload = models.JSONField(default=dict)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="inbound_records")

    class Meta:
        verbose_name = _("inbound record")
        verbose_name_plural = _("inbound records")
        ordering = ["-recorded_at"]
        constraints = [
            models.UniqueConstraint(name="inbound_record_is_received_once", fields=["channel", "external_id"]),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.external_id}"


def scan_name(scan: Scan, filename: str) -> str:
    return f"scans/{scan.uuid.hex[:2]}/{scan.uuid.hex}"


class Scan(models.Model):
    """A scanned letter put aside while somebody types it in; afterwards it is a file of the complaint."""

    uuid = models.UUIDField(unique=True, default=uuid4, editable=False)
    file = models.FileField(upload_to=scan_name, max_length=200)
    name = models.CharField(max_length=200)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    page_count = models.PositiveSmallIntegerField()
    uploaded_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("scan")
        verbose_name_plural = _("scans")

    def __str__(self) -> str:
        return self.name

    @property
    def pages(self) -> range:
        return range(1, self.page_count + 1)


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def visible_to(self, user: User) -> VisitorQuerySet:
        return self.filter(within_branches(user))

    def present(self) -> VisitorQuerySet:
        """Those who have not left, in the order in which they came."""
        return self.filter(left_at__isnull=True).order_by("came_at", "pk")


class Visitor(models.Model):
    """Somebody who waits at a counter: when they came, were called and left."""

    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    called_as = models.CharField(_("called as"), max_length=40)
    about = models.CharField(_("what about"), max_length=120, blank=True)
    came_at = models.DateTimeField()
    called_at = models.DateTimeField(null=True)
    called_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    left_at = models.DateTimeField(null=True)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="+")

    objects = VisitorQuerySet.as_manager()

    class Meta:
        verbose_name = _("visitor")
        verbose_name_plural = _("visitors")
        ordering = ["-came_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="visitor_comes_before_anything_else",
                condition=(models.Q(called_at__isnull=True) | models.Q(called_at__gte=models.F("came_at")))
                & (models.Q(left_at__isnull=True) | models.Q(left_at__gte=models.F("came_at"))),
            ),
            models.CheckConstraint(
                name="called_visitor_was_called_by_somebody",
                condition=models.Q(called_at__isnull=True, called_by__isnull=True)
                | models.Q(called_at__isnull=False, called_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                name="visitors_present",
                fields=["branch", "came_at"],
                condition=models.Q(left_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.called_as


class BatchQuerySet(models.QuerySet["RegulatorBatch"]):
    def visible_to(self, user: User) -> BatchQuerySet:
        return self.filter(within_branches(user))

    def unfinished(self) -> BatchQuerySet:
        """Somebody said yes, and rows are still waiting."""
        return self.filter(started_at__isnull=False, finished_at__isnull=True)


class RegulatorBatch(models.Model):
    """A file of a regulator's complaints, looked at and then imported. It may be imported again: rows are known."""

    file_name = models.CharField(_("file"), max_length=150)
    sha256 = models.CharField(max_length=64)
    header = models.JSONField(default=list)
    branch = models.ForeignKey(Branch, on_delete=models.PROTECT, related_name="+")
    uploaded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField()
    started_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    row_count = models.PositiveIntegerField(default=0)
    landed_count = models.PositiveIntegerField(default=0)
    known_count = models.PositiveIntegerField(default=0)
    refused_count = models.PositiveIntegerField(default=0)

    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("regulator's batch")
        verbose_name_plural = _("regulator's batches")
        ordering = ["-uploaded_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="finished_batch_was_started",
                condition=models.Q(finished_at__isnull=True) | models.Q(started_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class BatchRow(models.Model):
    """One row as it was given, and what became of it."""

    class Verdict(models.TextChoices):
        WAITING = "waiting", _("waits")
        LANDED = "landed", _("registered")
        KNOWN = "known", _("already there")
        DIFFERENT = "different", _("already there, with other content")
        REFUSED = "refused", _("refused")

    batch = models.ForeignKey(RegulatorBatch, on_delete=models.CASCADE, related_name="rows")
    number = models.PositiveIntegerField()
    given = models.JSONField()
    verdict = models.CharField(max_length=10, choices=Verdict, default=Verdict.WAITING)
    reasons = models.JSONField(default=list)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("row of a batch")
        verbose_name_plural = _("rows of batches")
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(name="batch_row_is_there_once", fields=["batch", "number"]),
            models.CheckConstraint(
                name="landed_row_has_complaint",
                condition=~models.Q(verdict__in=["different", "known", "landed"]) | models.Q(complaint__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} {self.number}"
