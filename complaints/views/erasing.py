"""Personal data: how long it is kept, what is held back from erasure, and erasing a customer who asks for it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints.erasing import deciding, handing_out
from complaints.models import Complaint, Erasure, LegalHold, RetentionRule
from complaints.refusals import MoveRefused
from complaints.views.history_kept import for_administrators
from customers import reading
from customers.models import Customer, Reading
from staff import utility
from staff.http import StaffRequest

SHOWN = 100


class HoldForm(forms.Form):
    use_required_attribute = False
    reason = forms.CharField(
        label=gettext_lazy("Why it must be kept"),
        max_length=300,
        error_messages={"required": gettext_lazy("Say why it must be kept.")},
    )
    until = forms.DateField(
        label=gettext_lazy("Until"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: until somebody lifts it."),
    )


class WishForm(forms.Form):
    use_required_attribute = False
    reason = forms.CharField(
        label=gettext_lazy("How the customer asked"),
        max_length=300,
        help_text=gettext_lazy("By letter, on the phone, at the counter; and when. It is erased too."),
        error_messages={"required": gettext_lazy("Say how the customer asked for it.")},
    )


class RuleForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = RetentionRule
        fields = ("months", "source", "is_active")

    def clean_months(self) -> int:
        months: int = self.cleaned_data["months"]
        if months < 1:
            raise forms.ValidationError(_("A month at least."))
        return months


@require_safe
@for_administrators
def retention(request: StaffRequest) -> HttpResponse:
    """Each period, and how much would be erased by it today."""
    rules = deciding.rules_of_complaints()
    today = deciding.today()
    rows = [
        {
            "rule": rule,
            "before": deciding.months_before(today, rule.months),
            "over": deciding.over(rule, rules, today).count() if rule in rules else None,
        }
        for rule in RetentionRule.objects.select_related("category")
    ]
    return render(request, "complaints/retention.html", {"rows": rows})


@for_administrators
def retention_rule(request: StaffRequest, code: str) -> HttpResponse:
    """Change one period. The preview says what that would erase; only the second press saves."""
    rule = get_object_or_404(RetentionRule, code=code)
    form = RuleForm(request.POST or None, instance=rule)
    preview = None
    if request.method == "POST":
        utility.require_change(request.user)
    if request.method == "POST" and form.is_valid():
        if "sure" in request.POST:
            form.save()
            messages.success(request, _("Saved."))
            return redirect("complaints:retention")
        changed = form.save(commit=False)
        rules = [changed if one.pk == rule.pk else one for one in deciding.rules_of_complaints()]
        preview = {
            "count": deciding.over(changed, rules, deciding.today()).count() if changed.is_active else 0,
            "before": deciding.months_before(deciding.today(), changed.months),
        }
    context = {"rule": RetentionRule.objects.get(pk=rule.pk), "form": form, "preview": preview}
    return render(request, "complaints/retention_rule.html", context, status=422 if form.errors else 200)


@require_safe
@for_administrators
def holds(request: StaffRequest) -> HttpResponse:
    rows = LegalHold.objects.select_related("customer", "complaint", "placed_by", "lifted_by")[:SHOWN]
    return render(request, "complaints/holds.html", {"rows": rows, "today": deciding.today()})


@for_administrators
def hold_new(request: StaffRequest, of: str, name: str) -> HttpResponse:
    """Hold back one complaint or everything of one customer."""
    found = _found(request, of, name)
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            deciding.hold(said["reason"], said["until"], by=request.user, **{of: found})
        except MoveRefused as refused:
            form.add_error(next(iter(refused.fields), None), refused.message)
        else:
            messages.success(request, _("Held: nothing of this is erased."))
            return redirect("complaints:holds")
    context = {"form": form, "found": found, "of": of}
    return render(request, "complaints/hold_new.html", context, status=422 if form.errors else 200)


def _found(request: StaffRequest, of: str, name: str) -> Any:
    if of == "customer":
        return get_object_or_404(Customer.objects.visible_to(request.user), number=name)
    return get_object_or_404(Complaint.objects.visible_to(request.user), reference=name)


@require_POST
@for_administrators
def hold_lift(request: StaffRequest, pk: int) -> HttpResponse:
    try:
        deciding.lift(get_object_or_404(LegalHold, pk=pk), by=request.user)
    except MoveRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Lifted."))
    return redirect("complaints:holds")


@require_safe
@login_required
def erasures(request: StaffRequest) -> HttpResponse:
    """Who asked to be erased, what waits for the second person, and what was done."""
    _for_those_who_ask(request)
    rows = Erasure.objects.filter(customer__in=Customer.objects.visible_to(request.user))
    context = {
        "rows": rows.select_related("customer", "asked_by", "confirmed_by", "declined_by")[:SHOWN],
        "may_decide": request.user.role in deciding.DECIDING,
    }
    return render(request, "complaints/erasures.html", context)


@login_required
def erasure_new(request: StaffRequest, number: str) -> HttpResponse:
    """Write down that a customer wants to be erased; what stands in the way is said before anybody types."""
    _for_those_who_ask(request)
    customer = get_object_or_404(Customer.objects.visible_to(request.user), number=number)
    form = WishForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            deciding.ask(customer, form.cleaned_data["reason"], by=request.user)
        except MoveRefused as refused:
            form.add_error(None, refused.message)
        else:
            messages.success(request, _("Written down. Another administrator has to confirm it."))
            return redirect("complaints:erasures")
    people = deciding.people_of(customer)
    context = {
        "customer": customer,
        "form": form,
        "reasons": deciding.why_not_customer(customer),
        "complaints": deciding.complaints_of(people).count(),
        "accounts": customer.accounts.filter(closed_on=None).count(),
        "alike": Complaint.objects.filter(
            contact_phone__in=[one.phone for one in people if one.phone], customer=None, erased_at=None
        ).count(),
    }
    return render(request, "complaints/erasure_new.html", context, status=422 if form.errors else 200)


@require_POST
@for_administrators
def erasure_decide(request: StaffRequest, pk: int, act: str) -> HttpResponse:
    """The second person says yes or no."""
    found = get_object_or_404(Erasure.objects.filter(customer__in=Customer.objects.visible_to(request.user)), pk=pk)
    try:
        {"confirm": deciding.confirm, "decline": deciding.decline}[act](found, by=request.user)
    except MoveRefused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Confirmed. It is being erased.") if act == "confirm" else _("Declined."))
    return redirect("complaints:erasures")


@require_POST
@login_required
def hand_out(request: StaffRequest, number: str) -> FileResponse:
    """Everything held about one customer as a ZIP file; that it was taken is written down first."""
    _for_those_who_ask(request)
    customer = get_object_or_404(Customer.objects.visible_to(request.user), number=number)
    reading.note(request, Reading.Kind.ACCESS, subject=f"#{customer.pk}", customer=customer.pk)
    return FileResponse(
        handing_out.everything(deciding.people_of(customer)),
        as_attachment=True,
        filename=f"customer-{customer.number}.zip",
        headers={"Cache-Control": "private, no-store"},
    )


def _for_those_who_ask(request: StaffRequest) -> None:
    if request.user.role not in deciding.ASKING:
        raise PermissionDenied(_("This is for administrators and liaisons."))
