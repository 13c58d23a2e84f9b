"""Files of complaints, handed out only to those who may see the complaint."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints.models import Attachment, Complaint
from complaints.models.attachment import ScanState
from complaints.refusals import Refusal
from customers import reading
from customers.models import Reading
from staff.http import PageRequest, StaffRequest


class Held(Refusal):
    """The file is locked away; nobody gets it, whatever their role."""

    code = "file_held"


@require_safe
@login_required
def attachment(request: StaffRequest, reference: str, uuid: UUID) -> FileResponse:
    found = get_object_or_404(Complaint.objects.visible_to(request.user), reference=reference)
    file = get_object_or_404(found.attachments, uuid=uuid)
    subject = f"{found.reference} {file.pk}"
    reading.note(request, Reading.Kind.FILE, subject=subject, complaint=found.pk, customer=found.customer_id)
    return sent(file)


@require_safe
def track_file(request: PageRequest, token: str, uuid: UUID) -> FileResponse:
    """For the customer: only what the customer handed in."""
    found = get_object_or_404(Complaint, token=token)
    return sent(get_object_or_404(found.attachments, uuid=uuid, is_from_customer=True))


def sent(attachment: Attachment) -> FileResponse:
    """The file itself: pictures in place, everything else as a download; never guessed at, never kept by proxies.

    Raises Held for what the virus scanner has not looked at, or found to be infected.
    """
    if attachment.scan == ScanState.INFECTED:
        raise Held(_("“%(name)s” is infected and cannot be opened.") % {"name": attachment.name})
    if attachment.is_held:
        raise Held(_("“%(name)s” waits for the virus scan. Try again in a minute.") % {"name": attachment.name})
    headers: dict[str, Any] = {
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return FileResponse(
        attachment.file.open(),
        as_attachment=not attachment.is_image,
        filename=attachment.name,
        content_type=attachment.content_type,
        headers=headers,
    )
