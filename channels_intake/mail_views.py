"""Mail that started nothing: a page on which a person decides what it was."""

from __future__ import annotations

from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_intake import mail
from channels_intake.mail_reading import Unreadable, read
from channels_intake.models import InboundMail
from complaints.refusals import Refusal
from customers import reading
from customers.models import Reading
from staff.actors import Role
from staff.http import StaffRequest
from staff.models import User

READERS = frozenset({Role.SUPERVISOR, Role.LIAISON, Role.ADMINISTRATOR})
SHOWN = 2_000
"""Characters of a message that the list shows."""


def reads_mail(user: User) -> bool:
    """Mail, and what the portal holds, names nobody's branch, so it is read at the root only."""
    return user.role in READERS and user.branch is not None and user.branch.parent_id is None


def for_readers(view: Any) -> Any:
    @wraps(view)
    @login_required
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not reads_mail(request.user):
            raise PermissionDenied(_("This is read by supervisors and liaison of the whole company."))
        answer: HttpResponse = view(request, *args, **kwargs)
        return answer

    return guarded


@never_cache
@require_safe
@for_readers
@reading.lists_people("mail")
def inbox(request: StaffRequest) -> HttpResponse:
    """Mail of machines and mail that was not understood, until somebody has looked at it."""
    return render(request, "intake/mail.html", {"mails": mail.for_a_person()})


@never_cache
@require_safe
@for_readers
@reading.lists_people("mail")
def one_mail(request: StaffRequest, pk: int) -> HttpResponse:
    """The message as text, as far as it can be read."""
    row = get_object_or_404(InboundMail, pk=pk)
    try:
        text = read(bytes(row.raw)).text
    except Unreadable:
        text = bytes(row.raw).decode("utf-8", errors="replace")[:SHOWN]
    return render(request, "intake/mail_one.html", {"mail": row, "text": text})


@never_cache
@require_safe
@for_readers
@reading.lists_people("mail original")
def original(request: StaffRequest, pk: int) -> HttpResponse:
    """The message as it came, to be kept or opened elsewhere."""
    row = get_object_or_404(InboundMail, pk=pk)
    reading.note(request, Reading.Kind.FILE, subject=f"mail-{row.pk}", complaint=row.complaint_id)
    return HttpResponse(
        bytes(row.raw),
        content_type="application/octet-stream",
        headers={"Content-Disposition": f'attachment; filename="mail-{row.pk}.eml"'},
    )


@require_POST
@for_readers
def settle(request: StaffRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(InboundMail, pk=pk)
    try:
        settled = mail.settle(row, by=request.user, at=timezone.now(), as_complaint="register" in request.POST)
    except Refusal as refusal:
        messages.error(request, refusal.message)
        return redirect("channels_intake:mail", pk)
    if settled.complaint is not None:
        messages.success(request, _("Registered: %(reference)s.") % {"reference": settled.complaint.reference})
        return redirect(settled.complaint)
    messages.success(request, _("Put aside. Nothing was registered."))
    return redirect("channels_intake:inbox")
