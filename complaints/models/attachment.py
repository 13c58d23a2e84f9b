"""Files that belong to a complaint: photos, scans, transfer documents."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from complaints.models.complaint import Complaint
from staff.models import User


def stored_name(attachment: Attachment, filename: str) -> str:
    """Where the file lies: a random name, so that nothing can be guessed from a reference or a file name."""
    return f"attachments/{attachment.uuid.hex[:2]}/{attachment.uuid.hex}"


class FileKind(models.TextChoices):
    """What a file is to the complaint."""

    FILE = "file", _("File")
    SCAN = "scan", _("Scanned letter")
    REPLY = "reply", _("Formal reply")
    LETTER = "letter", _("Reply letter")
    LOG = "log", _("Log of a meter")


class ScanState(models.TextChoices):
    """What the virus scanner says of a file."""

    UNSCANNED = "unscanned", _("not scanned")
    WAITING = "waiting", _("waiting for the virus scan")
    CLEAN = "clean", _("clean")
    INFECTED = "infected", _("infected")


HELD = (ScanState.WAITING, ScanState.INFECTED)
"""Nobody can open these."""


def scan_state_at_first() -> str:
    """Where a scanner is configured whatever comes in waits for it; without one nothing does."""
    return ScanState.WAITING if settings.CLAMD_URL else ScanState.UNSCANNED


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def waiting(self) -> AttachmentQuerySet:
        """For the scanner, the oldest first."""
        return self.filter(scan=ScanState.WAITING).order_by("added_at", "pk")


class Attachment(models.Model):
    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    complaint = models.ForeignKey(Complaint, on_delete=models.PROTECT, related_name="attachments")
    file = models.FileField(upload_to=stored_name, max_length=200)
    name = models.CharField(_("name"), max_length=200)
    content_type = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    kind = models.CharField(_("kind"), max_length=10, choices=FileKind, default=FileKind.FILE)
    is_from_customer = models.BooleanField(default=False)
    added_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    added_at = models.DateTimeField()
    scan = models.CharField(_("virus scan"), max_length=10, choices=ScanState, default=scan_state_at_first)
    scanned_at = models.DateTimeField(null=True)
    found = models.CharField(max_length=120, blank=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="attachment_is_kept_once", fields=["complaint", "sha256"]),
            models.CheckConstraint(
                name="attachment_is_judged_once_scanned",
                condition=models.Q(scan__in=[ScanState.CLEAN, ScanState.INFECTED], scanned_at__isnull=False)
                | models.Q(scan__in=[ScanState.UNSCANNED, ScanState.WAITING], scanned_at=None),
            ),
            models.CheckConstraint(
                name="attachment_infected_says_with_what",
                condition=models.Q(models.Q(scan=ScanState.INFECTED), ~models.Q(found=""))
                | models.Q(~models.Q(scan=ScanState.INFECTED), models.Q(found="")),
            ),
        ]
        indexes = [
            models.Index(name="attachment_to_scan", fields=["added_at", "id"], condition=models.Q(scan="waiting")),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def is_held(self) -> bool:
        """Locked away: not looked at yet, or found to be infected."""
        return self.scan in HELD
