"""Service issues: the shared causes, the complaints that hang on each, and what is said to all whom they touch."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import issues as rules
from complaints.forms import ServiceIssueForm
from complaints.models import Complaint, ServiceIssue
from complaints.refusals import Refusal
from staff.http import StaffRequest
from staff.models import User

MOST = 200


def moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class SayForm(forms.Form):
    """What is said to everybody whom the issue touches. One language is enough: better that than nothing."""

    use_required_attribute = False

    text_zh = forms.CharField(
        label=gettext_lazy("text in Chinese"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    text_en = forms.CharField(
        label=gettext_lazy("text in English"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def said(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class UpdateForm(SayForm):
    """How it stands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "update_%s", **kwargs})  # it stands on one page with the other form

    expected_at = forms.DateTimeField(label=gettext_lazy("Expected restoration"), required=False, widget=moment_input())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("text_zh") or cleaned.get("text_en")):
            self.add_error("text_zh", _("Write what customers should know, in one language at least."))
        return cleaned

    def clean_expected_at(self) -> Any:
        when = self.cleaned_data["expected_at"]
        if when is not None and when < timezone.now():
            raise forms.ValidationError(_("That is in the past."))
        return when


class RestoredForm(SayForm):
    """When the cause was gone, and what is said of it."""

    restored_at = forms.DateTimeField(label=gettext_lazy("Restored"), widget=moment_input())
    field_order = ("restored_at",)

    def __init__(self, *args: Any, issue: ServiceIssue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issue = issue

    def clean_restored_at(self) -> Any:
        when = self.cleaned_data["restored_at"]
        if when < self.issue.started_at:
            raise forms.ValidationError(_("That is before it began."))
        if when > timezone.now():
            raise forms.ValidationError(_("That is in the future."))
        return when


def _may_tell(user: User) -> bool:
    return user.role in rules.TELLING


def _check_telling(user: User) -> None:
    if not _may_tell(user):
        raise PermissionDenied(_("Investigators, supervisors and administrators speak to all whom an issue touches."))


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
@require_safe
def issue(request: StaffRequest, pk: int) -> HttpResponse:
    return _page(request, _visible(request, pk))


def _visible(request: StaffRequest, pk: int) -> ServiceIssue:
    rows = ServiceIssue.objects.visible_to(request.user).select_related("branch", "feeder", "transformer_area")
    return get_object_or_404(rows, pk=pk)


def _page(
    request: StaffRequest,
    found: ServiceIssue,
    *,
    update_form: UpdateForm | None = None,
    restored_form: RestoredForm | None = None,
) -> HttpResponse:
    """One issue; a form that comes back is shown as it was typed."""
    linked = Complaint.objects.visible_to(request.user).filter(service_issue=found)
    followers = found.followers.filter(left_at=None)
    context = {
        "issue": found,
        "linked": linked.select_related("category", "assignee", "team").order_by("-received_at")[:MOST],
        "linked_count": linked.count(),
        "updates": found.updates.select_related("by").annotate(told_count=Count("notices")),
        "follower_count": followers.count(),
        "notes": followers.exclude(note="")[:MOST],
        "touched": linked.unfinished().count() + followers.count(),
        "may_tell": _may_tell(request.user),
        "update_form": update_form or UpdateForm(initial={"expected_at": found.expected_at}),
        "form": restored_form or RestoredForm(issue=found, initial={"restored_at": timezone.localtime()}),
        "opened": "restored" if restored_form else "update" if update_form else "",
    }
    return render(request, "complaints/issue.html", context, status=422 if context["opened"] else 200)


@login_required
@require_POST
def issue_tell(request: StaffRequest, pk: int) -> HttpResponse:
    """Tell everybody whom it touches how it stands."""
    found = _visible(request, pk)
    _check_telling(request.user)
    form = UpdateForm(request.POST)
    if not form.is_valid():
        return _page(request, found, update_form=form)
    try:
        rules.say(found, by=request.user, **form.said())
    except Refusal as refused:
        form.add_error(None, refused.message)
        return _page(request, found, update_form=form)
    messages.success(request, _("Said. Everybody whom it touches is being told."))
    return redirect("complaints:issue", pk)


@login_required
@require_POST
def issue_restored(request: StaffRequest, pk: int) -> HttpResponse:
    """Say when it was over, to everybody. The complaints stay as they are: each is answered on its own."""
    found = _visible(request, pk)
    _check_telling(request.user)
    form = RestoredForm(request.POST, issue=found)
    if not form.is_valid():
        return _page(request, found, restored_form=form)
    try:
        rules.restored(found, by=request.user, **form.said())
    except Refusal as refused:
        form.add_error(None, refused.message)
        return _page(request, found, restored_form=form)
    messages.success(request, _("Marked as restored. Everybody whom it touches is being told."))
    return redirect("complaints:issue", pk)
