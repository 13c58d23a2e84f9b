"""Service issues: the shared causes, and the complaints that hang on each."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from complaints.forms import ServiceIssueForm
from complaints.models import Complaint, ServiceIssue
from staff.http import StaffRequest

MOST = 200


class RestoredForm(forms.Form):
    """When the cause was gone."""

    restored_at = forms.DateTimeField(
        label=gettext_lazy("Restored"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: object, issue: ServiceIssue, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.issue = issue

    def clean_restored_at(self) -> object:
        when = self.cleaned_data["restored_at"]
        if when < self.issue.started_at:
            raise forms.ValidationError(_("That is before it began."))
        if when > timezone.now():
            raise forms.ValidationError(_("That is in the future."))
        return when


@login_required
def issues(request: StaffRequest) -> HttpResponse:
    """What is wrong now first, then what was."""
    is_open = request.GET.get("view") != "past"
    found = ServiceIssue.objects.visible_to(request.user).filter(restored_at__isnull=is_open)
    rows = found.select_related("branch", "feeder", "transformer_area").annotate(linked=Count("complaints"))[:MOST]
    return render(request, "complaints/issues.html", {"issues": rows, "is_open": is_open, "now": timezone.now()})


@login_required
def issue_new(request: StaffRequest) -> HttpResponse:
    form = ServiceIssueForm(
        request.POST or None, user=request.user, initial={"started_at": timezone.localtime().replace(second=0)}
    )
    if request.method != "POST" or not form.is_valid():
        return render(request, "complaints/issue_new.html", {"form": form}, status=422 if form.errors else 200)
    issue = form.save(commit=False)
    issue.created_by = request.user
    issue.save()
    messages.success(request, _("The service issue is open. Link complaints to it from their pages."))
    return redirect("complaints:issue", issue.pk)


@login_required
def issue(request: StaffRequest, pk: int, form: RestoredForm | None = None) -> HttpResponse:
    found = get_object_or_404(
        ServiceIssue.objects.visible_to(request.user).select_related("branch", "feeder", "transformer_area"), pk=pk
    )
    linked = Complaint.objects.visible_to(request.user).filter(service_issue=found)
    context = {
        "issue": found,
        "linked": linked.select_related("category", "assignee", "team").order_by("-received_at")[:MOST],
        "linked_count": linked.count(),
        "form": form or RestoredForm(issue=found, initial={"restored_at": timezone.localtime()}),
    }
    return render(request, "complaints/issue.html", context, status=422 if form else 200)


@login_required
@require_POST
def issue_restored(request: StaffRequest, pk: int) -> HttpResponse:
    """Say when it was over. The complaints stay as they are: each is answered on its own."""
    found = get_object_or_404(ServiceIssue.objects.visible_to(request.user), pk=pk)
    form = RestoredForm(request.POST, issue=found)
    if not form.is_valid():
        return issue(request, pk, form)
    found.restored_at = form.cleaned_data["restored_at"]
    found.save(update_fields=["restored_at"])
    messages.success(request, _("Marked as restored."))
    return redirect("complaints:issue", pk)
