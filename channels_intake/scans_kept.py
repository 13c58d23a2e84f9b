"""Scans put aside while a letter is typed in: shown beside the form, and kept when the rest is refused."""

from __future__ import annotations

from datetime import timedelta

from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone

from channels_intake.models import Scan
from complaints import scans
from complaints.models import Attachment, FileKind
from staff.models import User

LONGEST_KEPT = timedelta(days=2)


@transaction.atomic
def keep(prepared: Attachment, *, by: User) -> Scan:
    """Put a prepared scan aside. Raises NotKept, and then nothing of it is left."""
    data = prepared.file.read()
    return Scan.objects.create(
        file=ContentFile(data, name=prepared.name),
        name=prepared.name,
        content_type=prepared.content_type,
        size=prepared.size,
        sha256=prepared.sha256,
        page_count=scans.page_count(data, prepared.content_type),
        uploaded_by=by,
    )


def content(scan: Scan) -> bytes:
    with scan.file.open() as stored:
        data: bytes = stored.read()
    return data


def attachment(scan: Scan) -> Attachment:
    """The scan as it goes into the intake."""
    return Attachment(
        file=ContentFile(content(scan), name=scan.name),
        kind=FileKind.SCAN,
        **{name: getattr(scan, name) for name in ("name", "content_type", "size", "sha256")},
    )


def sweep() -> None:
    """Forget what was put aside and never came to anything, or became a file of its complaint."""
    for scan in Scan.objects.filter(uploaded_at__lt=timezone.now() - LONGEST_KEPT):
        scan.file.delete(save=False)
        scan.delete()
