"""The counter: who waits, who was called, who left; and the receipt that a visitor takes home."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from channels_intake import counter, receipts
from channels_intake.announcing import announced
from channels_intake.channels.visit import IdentityCheck
from channels_intake.models import Visitor
from channels_intake.views import form_for
from complaints.models import Channel, Complaint
from complaints.models.complaint import read_by
from staff.http import StaffRequest


class VisitorForm(forms.Form):
    use_required_attribute = False
    called_as = forms.CharField(
        label=gettext_lazy("how to call them"),
        max_length=40,
        help_text=gettext_lazy("A name or a ticket number; never the number of a paper."),
        error_messages={"required": gettext_lazy("Write how to call them.")},
    )
    about = forms.CharField(label=gettext_lazy("what about"), max_length=120, required=False)

    def clean_called_as(self) -> str:
        text: str = self.cleaned_data["called_as"]
        if sum(letter.isdigit() for letter in text) >= 15:
            raise forms.ValidationError(_("That looks like the number of an identity card. Write a name instead."))
        return text


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: StaffRequest) -> HttpResponse:
    """The list of the branch, and one more who came in."""
    form_for(Channel.VISIT, request.user)
    form = VisitorForm(request.POST or None)
    if form.is_bound and form.is_valid():
        counter.came(**form.cleaned_data, by=request.user)
        return redirect("channels_intake:counter")
    mine = Visitor.objects.visible_to(request.user).select_related("called_by", "complaint", "branch")
    today = timezone.make_aware(datetime.combine(timezone.localdate(), time.min))
    context = {
        "form": form,
        "present": mine.present(),
        "gone": mine.filter(left_at__gte=today)[:30],
        "now": timezone.now(),
    }
    return render(request, "intake/counter.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def move(request: StaffRequest, pk: int, name: str) -> HttpResponse:
    """Call somebody, write down what they say, or note that they went."""
    form_for(Channel.VISIT, request.user)
    visitor = get_object_or_404(Visitor.objects.visible_to(request.user), pk=pk)
    if name == "call":
        counter.call(visitor, by=request.user)
        messages.success(request, _("%(name)s is called.") % {"name": visitor.called_as})
    elif name == "hear":
        if visitor.called_at is None:
            counter.call(visitor, by=request.user)
        known = {"visitor": str(visitor.pk), "story": visitor.about}
        known["received_at"] = timezone.localtime(visitor.came_at).strftime("%Y-%m-%dT%H:%M")
        return redirect(f"{reverse('channels_intake:new', args=['visit'])}?{urlencode(known)}")
    else:
        counter.leave(visitor)
    return redirect("channels_intake:counter")


def _registered(request: StaffRequest, reference: str) -> Complaint:
    mine = read_by(request.user) | Q(entered_by=request.user)
    rows = Complaint.objects.filter(mine).select_related("category", "subcategory", "branch")
    return get_object_or_404(rows, reference=reference)


@login_required
@require_safe
def receipt(request: StaffRequest, reference: str, paper: str) -> HttpResponse:
    """The receipt as a page that prints on a roll or a sheet."""
    found = _registered(request, reference)
    return render(request, "intake/receipt.html", _context(found) | {"paper": _known(paper)})


@login_required
@require_safe
def receipt_pdf(request: StaffRequest, reference: str, paper: str) -> HttpResponse:
    """The same receipt as a file, in the customer's language."""
    found = _registered(request, reference)
    data = receipts.pdf(found, _known(paper))
    headers = {
        "Content-Disposition": f'inline; filename="{found.reference}.pdf"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return HttpResponse(data, content_type="application/pdf", headers=headers)


def _known(paper: str) -> str:
    if paper not in receipts.PAPERS:
        raise Http404
    return paper


def _context(complaint: Complaint) -> dict[str, Any]:
    checked = complaint.channel_details.get("identity", "")
    identity = IdentityCheck(checked).label if checked in IdentityCheck.values else ""
    return announced(complaint) | {"identity": identity, "counter": complaint.channel_details.get("counter", "")}
