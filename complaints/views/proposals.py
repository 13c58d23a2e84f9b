"""What proposes itself as a service issue, accepting and dismissing it, and how many complaints make a cluster."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from complaints import proposals as rules
from complaints.models import Complaint, DeskSettings, IssueProposal
from complaints.models.complaint import read_by
from complaints.refusals import MoveRefused
from staff import utility
from staff.http import StaffRequest

SHOWN = 50


class AcceptForm(forms.Form):
    """What the issue is called, and what customers may know of it."""

    use_required_attribute = False

    title = forms.CharField(label=gettext_lazy("title"), max_length=160)
    expected_at = forms.DateTimeField(
        label=gettext_lazy("Expected restoration"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    is_public = forms.BooleanField(
        label=gettext_lazy("customers may see it"),
        required=False,
        help_text=gettext_lazy("The portal shows kind, place and times, never the title or the cause."),
    )

    def clean_expected_at(self) -> Any:
        when = self.cleaned_data["expected_at"]
        if when is not None and when < timezone.now():
            raise forms.ValidationError(_("That is in the past."))
        return when


class ClusterForm(forms.ModelForm):
    class Meta:
        model = DeskSettings
        fields = ("cluster_minutes", "cluster_area", "cluster_feeder")


def _find(request: StaffRequest, pk: int) -> IssueProposal:
    rows = IssueProposal.objects.visible_to(request.user).select_related(
        "feeder", "transformer_area", "branch", "issue"
    )
    found = get_object_or_404(rows, pk=pk)
    if request.user.role not in rules.DECIDING:
        raise PermissionDenied(_("Investigators, supervisors and administrators decide what is a service issue."))
    return found


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def proposal(request: StaffRequest, pk: int) -> HttpResponse:
    """What clusters and why it looks like one trouble; a POST accepts it."""
    found = _find(request, pk)
    if found.issue is not None:
        return redirect("complaints:issue", found.issue.pk)
    start = {"title": rules.title_for(found, get_language()), "is_public": True}
    form = AcceptForm(request.POST) if request.method == "POST" else AcceptForm(initial=start)
    if request.method != "POST" or not form.is_valid():
        return _page(request, found, form, status=422 if form.errors else 200)
    try:
        issue = rules.accept(found, by=request.user, at=timezone.now(), **form.cleaned_data)
    except MoveRefused as refused:
        form.add_error(None, refused.message)
        return _page(request, found, form, status=422)
    messages.success(request, _("It is a service issue now. Its complaints are being linked, and so is what comes in."))
    return redirect("complaints:issue", issue.pk)


def _page(request: StaffRequest, found: IssueProposal, form: AcceptForm, *, status: int = 200) -> HttpResponse:
    rows = rules.complaints_of(found) if found.decided_at is None else Complaint.objects.none()
    seen = rows.filter(read_by(request.user)).select_related("category", "transformer_area")
    context = {"proposal": found, "form": form, "complaints": seen.order_by("-received_at")[:SHOWN], "most": SHOWN}
    return render(request, "complaints/issue_proposal.html", context, status=status)


@login_required
@require_POST
def proposal_dismiss(request: StaffRequest, pk: int) -> HttpResponse:
    try:
        rules.dismiss(_find(request, pk), by=request.user, at=timezone.now())
    except MoveRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Dismissed. These complaints do not propose it again."))
    return redirect("complaints:issues")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cluster_settings(request: StaffRequest) -> HttpResponse:
    """How many complaints, within which time, propose a service issue."""
    utility.require_look(request.user, request.method)
    form = ClusterForm(request.POST or None, instance=DeskSettings.current())
    if request.method != "POST" or not form.is_valid():
        return render(request, "complaints/cluster_settings.html", {"form": form}, status=422 if form.errors else 200)
    DeskSettings.objects.filter(pk=1).update(**form.cleaned_data)
    messages.success(request, _("Saved. The next look uses it."))
    return redirect("complaints:cluster-settings")
