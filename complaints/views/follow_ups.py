"""Answers that a supervisor has to look at, the oldest first, and saying what was decided."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints.models import FollowUp, FollowUpReason
from staff.actors import Role
from staff.http import StaffRequest

DECIDING = frozenset({Role.SUPERVISOR, Role.LIAISON})
MOST = 100
DAYS_SHOWN = 7


class NoteForm(forms.Form):
    note = forms.CharField(label=gettext_lazy("What was decided"), max_length=300, required=False)


@login_required
@require_safe
def follow_ups(request: StaffRequest) -> HttpResponse:
    """Everybody at the desk may read what customers say; supervisors and the liaison settle it."""
    rows = FollowUp.objects.visible_to(request.user).select_related("complaint__assignee", "feedback", "settled_by")
    context = {
        "tab": "follow-ups",
        "rows": rows.open()[:MOST],
        "settled": rows.filter(settled_at__isnull=False).order_by("-settled_at", "-pk")[:DAYS_SHOWN],
        "may_settle": request.user.role in DECIDING,
        "partly": FollowUpReason.PARTLY,
    }
    return render(request, "complaints/follow_ups.html", context)


@login_required
@require_POST
def settle(request: StaffRequest, pk: int) -> HttpResponse:
    """Somebody looked at it and decided; a second press finds it settled."""
    found = get_object_or_404(FollowUp.objects.visible_to(request.user), pk=pk)
    form = NoteForm(request.POST)
    if request.user.role not in DECIDING:
        messages.error(request, _("Supervisors and the liaison decide about answers."))
    elif form.is_valid():
        rows = FollowUp.objects.open().filter(pk=found.pk)
        rows.update(settled_at=timezone.now(), settled_by=request.user, note=form.cleaned_data["note"])
        messages.success(request, _("Settled."))
    return redirect("complaints:follow-ups")
