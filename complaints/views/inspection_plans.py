"""Plans of inspections on screen: who is on which, one by hand, another cycle, stopping, and last dates from a file."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints.field_types import CHOOSE
from complaints.inspections import last_dates, plans
from complaints.models import InspectionKind, InspectionPlan
from complaints.refusals import Refusal
from customers import reading
from customers.models import Account, Feeder, TransformerArea
from staff.http import StaffRequest
from staff.models import User
from staff.scope import within_branches

SIZE = 50
MOST_BYTES = 5 * 1024 * 1024
MOST_SHOWN = 200


class KindField(forms.ModelChoiceField):
    def label_from_instance(self, obj: InspectionKind) -> str:
        return obj.name


class PlanForm(forms.Form):
    use_required_attribute = False

    kind = KindField(
        label=gettext_lazy("kind"), queryset=InspectionKind.objects.filter(is_active=True), empty_label=CHOOSE
    )
    next_due_on = forms.DateField(
        label=gettext_lazy("next due"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    cycle_months = forms.IntegerField(
        label=gettext_lazy("own cycle in months"),
        required=False,
        validators=[MinValueValidator(1), MaxValueValidator(120)],
        help_text=gettext_lazy("Empty: the cycle of its kind."),
    )


class NewPlanForm(PlanForm):
    what = forms.CharField(label=gettext_lazy("account number, or code of a transformer area or feeder"), max_length=40)
    field_order = ("what", "kind", "next_due_on", "cycle_months")

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_what(self) -> Any:
        """The account, area or feeder itself; only of this person's branches."""
        number = self.cleaned_data["what"].strip()
        found = (
            Account.objects.filter(within_branches(self.user, "premise__branch"), number=number)
            .select_related("premise__branch")
            .first()
            or TransformerArea.objects.filter(within_branches(self.user), code=number).select_related("branch").first()
            or Feeder.objects.filter(within_branches(self.user, "substation__branch"), code=number)
            .select_related("substation__branch")
            .first()
        )
        if found is None:
            raise forms.ValidationError(_("Nothing of this number is known, or it is not yours."))
        return found


class StopForm(forms.Form):
    use_required_attribute = False
    why = forms.CharField(label=gettext_lazy("why"), max_length=300)
    cancels = forms.BooleanField(label=gettext_lazy("cancel what is open too, for the same reason"), required=False)


class LastDatesForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=gettext_lazy("file"),
        help_text=gettext_lazy(
            "CSV with the columns account and last inspected; cycle in months and voltage if you have them."
        ),
    )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(_("Larger than 5 MB. Ask your administrator to import it on the command line."))
        return file


def _check(request: StaffRequest) -> None:
    if request.user.role not in plans.STEERING:
        raise PermissionDenied(_("Plans are changed by supervisors and administrators."))


def _visible(request: StaffRequest) -> Any:
    rows = InspectionPlan.objects.filter(within_branches(request.user))
    return rows.select_related("kind", "account__customer", "account__premise", "transformer_area", "feeder", "branch")


@login_required
@require_safe
@reading.lists_people("plans")
def plan_list(request: StaffRequest) -> HttpResponse:
    """What is inspected again and again, the next due first; found by account number or code."""
    q, kind, after = (request.GET.get(name, "").strip() for name in ("q", "kind", "after"))
    rows = _visible(request).filter(is_active="stopped" not in request.GET)
    if q:
        rows = rows.filter(account__number=q) | rows.filter(transformer_area__code=q) | rows.filter(feeder__code=q)
    else:
        rows = rows.filter(next_due_on__isnull=False)  # of a sample that was taken nothing is due
    if kind:
        rows = rows.filter(kind__code=kind)
    page, following = _page_after(rows, after)
    asked = {"q": q, "kind": kind} | ({"stopped": "1"} if "stopped" in request.GET else {})
    context = {
        "rows": page,
        "asked": asked,
        "older_url": f"?{urlencode(asked | {'after': following})}" if following else "",
        "newer_url": f"?{urlencode(asked)}" if after else "",
        "kinds": InspectionKind.objects.filter(is_active=True),
        "may_plan": request.user.role in plans.STEERING,
        "today": timezone.localdate(),
    }
    return render(request, "complaints/inspections/plans.html", context)


def _page_after(rows: Any, after: str) -> tuple[list[InspectionPlan], str]:
    """The plans behind the mark, and the mark of the page that follows; a mangled mark shows the first page."""
    day, _dash, key = after.partition("_")
    try:
        since = date.fromisoformat(day)
    except ValueError:
        since = None
    if since is not None and key.isdecimal() and len(key) < 18:
        rows = rows.filter(Q(next_due_on__gt=since) | Q(next_due_on=since, pk__gt=int(key)), next_due_on__gte=since)
    page = list(rows.order_by("next_due_on", "pk")[: SIZE + 1])
    return page[:SIZE], f"{page[SIZE - 1].next_due_on}_{page[SIZE - 1].pk}" if len(page) > SIZE else ""


@login_required
def plan_new(request: StaffRequest) -> HttpResponse:
    """Put something on a plan by hand."""
    _check(request)
    form = NewPlanForm(request.POST or None, user=request.user)
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = plans.put_on_list(
                kind=said["kind"],
                asset=said["what"],
                next_due_on=said["next_due_on"],
                cycle_months=said["cycle_months"],
            )
        except Refusal as refused:
            form.add_error(next(iter(refused.fields), None), refused.message)
            status = refused.status
        else:
            messages.success(request, _("It is on the list."))
            return redirect("complaints:inspection-plan", made.pk)
    return render(request, "complaints/inspections/plan_new.html", {"form": form}, status=status)


@login_required
def plan(request: StaffRequest, pk: int) -> HttpResponse:
    """One plan with what it brought, and its change."""
    found = get_object_or_404(_visible(request), pk=pk)
    initial = {"kind": found.kind_id, "next_due_on": found.next_due_on, "cycle_months": found.cycle_months}
    form = PlanForm(request.POST or None, initial=initial)
    status = 200
    if request.method == "POST":
        _check(request)
        status = 422
        if form.is_valid():
            try:
                plans.change(found, **form.cleaned_data)
            except Refusal as refused:
                form.add_error(next(iter(refused.fields), None), refused.message)
                status = refused.status
            else:
                messages.success(request, _("Saved. What is open already stays as it is."))
                return redirect("complaints:inspection-plan", pk)
    return _show_plan(request, found, form, StopForm(auto_id="stop_%s"), status)


def _show_plan(request: StaffRequest, found: Any, form: forms.Form, stop: forms.Form, status: int) -> HttpResponse:
    context = {
        "plan": found,
        "form": form,
        "stop_form": stop,
        "inspections": found.inspections.named().order_by("-scheduled_on", "-pk")[:50],
        "may_plan": request.user.role in plans.STEERING,
        "today": timezone.localdate(),
    }
    return render(request, "complaints/inspections/plan.html", context, status=status)


@login_required
@require_POST
def plan_stop(request: StaffRequest, pk: int) -> HttpResponse:
    """Nothing more falls due; a reason is asked for."""
    _check(request)
    found = get_object_or_404(_visible(request), pk=pk)
    form = StopForm(request.POST, auto_id="stop_%s")
    if not form.is_valid():
        initial = {"kind": found.kind_id, "next_due_on": found.next_due_on, "cycle_months": found.cycle_months}
        return _show_plan(request, found, PlanForm(initial=initial), form, 422)
    plans.stop(found, form.cleaned_data["why"], by=request.user, cancels=form.cleaned_data["cancels"])
    messages.success(request, _("Stopped. It can be taken up again on this page."))
    return redirect("complaints:inspection-plan", pk)


@login_required
@require_POST
def plan_resume(request: StaffRequest, pk: int) -> HttpResponse:
    _check(request)
    found = get_object_or_404(_visible(request), pk=pk)
    plans.resume(found, timezone.localdate())
    messages.success(request, _("It falls due again."))
    return redirect("complaints:inspection-plan", pk)


@login_required
def plan_import(request: StaffRequest) -> HttpResponse:
    """Dates of last inspections from a file; what was not taken is shown with its reason."""
    _check(request)
    form = LastDatesForm(request.POST, request.FILES) if request.method == "POST" else LastDatesForm()
    done, status = None, 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                text = _text_of(form.cleaned_data["file"].read())
                done = last_dates.take(io.StringIO(text, newline=""), by=request.user, today=timezone.localdate())
                status = 200
            except Refusal as refused:
                form.add_error("file", refused.message)
                status = refused.status
            except (UnicodeDecodeError, csv.Error):
                form.add_error("file", _("This is no table in UTF-8 or GB18030."))
    context = {
        "form": form,
        "done": done,
        "rejected": done.rejected[:MOST_SHOWN] if done else [],
        "rejected_count": len(done.rejected) if done else 0,
    }
    return render(request, "complaints/inspections/import.html", context, status=status)


def _text_of(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("gb18030")
