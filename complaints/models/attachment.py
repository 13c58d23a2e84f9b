"""Files that belong to a complaint: photos, scans, transfer documents."""

from __future__ import annotations

import uuid

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

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["added_at", "pk"]
        constraints = [
            models.UniqueConstraint(name="attachment_is_kept_once", fields=["complaint", "sha256"]),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_image(self) -> bool:
        return self.content_type.startswith("image/")
