"""Actions on service issues: given on the issue's page, listed for everybody who does them, and said to be done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from complaints import issue_actions as rules
from complaints.field_types import CHOOSE, CauseField, PersonField, text
from complaints.models import IssueAction, ServiceIssue
from complaints.refusals import MoveRefused
from staff.http import StaffRequest
from staff.models import User
from staff.scope import within_branches

MOST = 200
VIEWS = {
    "mine": gettext_lazy("Mine"),
    "overdue": gettext_lazy("Overdue"),
    "open": pgettext_lazy("queue", "Open"),
    "done": gettext_lazy("Done"),
}


class ActionForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = IssueAction
        fields = ("kind", "what", "root_cause", "owner", "due_on")
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(within_branches(user), is_active=True).order_by("full_name", "username")
        self.fields["owner"] = PersonField(label=gettext_lazy("who does it"), queryset=people, empty_label=CHOOSE)
        self.fields["root_cause"] = CauseField(
            label=gettext_lazy("root cause"), required=False, empty_label=gettext_lazy("not known")
        )
        self.order_fields(self.Meta.fields)

    def clean_due_on(self) -> Any:
        day = self.cleaned_data["due_on"]
        if day < timezone.localdate():
            raise forms.ValidationError(_("That is in the past."))
        return day


class DoneForm(forms.Form):
    use_required_attribute = False

    note = text(gettext_lazy("What was done"), rows=2, most=2000)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def action_new(request: StaffRequest, pk: int) -> HttpResponse:
    issue = get_object_or_404(ServiceIssue.objects.visible_to(request.user), pk=pk)
    if request.user.role not in rules.GIVING:
        raise PermissionDenied(_("Investigators, supervisors and administrators decide on actions."))
    form = ActionForm(request.POST or None, user=request.user)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "issue": issue}
        return render(request, "complaints/issue_action_new.html", context, status=422 if form.errors else 200)
    action = form.save(commit=False)
    action.issue, action.created_by = issue, request.user
    action.save()
    messages.success(request, _("Written down. The owner finds it in their list."))
    return redirect("complaints:issue", pk)


@login_required
@require_safe
def actions(request: StaffRequest) -> HttpResponse:
    """Who does what by when: mine first, or what is overdue, open or done where this person may look."""
    view = request.GET.get("view", "mine")
    view = view if view in VIEWS else "mine"
    seen, today = IssueAction.objects.visible_to(request.user), timezone.localdate()
    rows = {
        "mine": IssueAction.objects.open().filter(owner=request.user),
        "overdue": seen.overdue(today),
        "open": seen.open(),
        "done": seen.filter(done_at__isnull=False).order_by("-done_at"),
    }
    context = {
        "actions": rows[view].select_related("issue", "owner", "root_cause", "done_by")[:MOST],
        "view": view,
        "views": [(name, label, rows[name].count()) for name, label in VIEWS.items()],
        "today": today,
    }
    return render(request, "complaints/issue_actions.html", context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: StaffRequest, pk: int) -> HttpResponse:
    """One action; a POST says that it is done."""
    seen = Q(pk__in=IssueAction.objects.visible_to(request.user).values("pk")) | Q(owner=request.user)
    rows = IssueAction.objects.filter(seen).select_related("issue", "owner", "root_cause", "done_by", "created_by")
    found = get_object_or_404(rows, pk=pk)
    may_finish = rules.may_finish(found, request.user)
    form = DoneForm(request.POST or None)
    context = {
        "action": found,
        "form": form,
        "may_finish": may_finish and found.done_at is None,
        "today": timezone.localdate(),
    }
    if request.method != "POST":
        return render(request, "complaints/issue_action.html", context)
    if not may_finish:
        raise PermissionDenied(_("Its owner says that it is done, or whoever decides on actions."))
    if not form.is_valid():
        return render(request, "complaints/issue_action.html", context, status=422)
    try:
        rules.finish(found, form.cleaned_data["note"], by=request.user, at=timezone.now())
    except MoveRefused as refused:
        messages.error(request, refused.message)
        return redirect("complaints:issue-action", pk)
    messages.success(request, _("Done. Thank you."))
    return redirect("complaints:issue-actions")
