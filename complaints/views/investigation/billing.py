"""Where a disputed bill is worked out again: readings, household, tariff, meter test; the lines follow while somebody types."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import adjusting
from complaints.attachments import prepare
from complaints.investigation import billing
from complaints.models import BillingFinding, Complaint, DeskSettings
from complaints.refusals import BadInput, Refusal
from complaints.tariffs import rules
from staff.http import StaffRequest

COLUMNS = {
    "previous": gettext_lazy("reading at the beginning"),
    "current": gettext_lazy("reading at the end, as billed"),
    "verified": gettext_lazy("what the meter really showed"),
}
DAYS = ("period_from", "period_until", "verified_on", "held_on", "released_on")
NEVER_AHEAD = ("period_until", "verified_on", "held_on", "released_on")
GROUPS: list[tuple[Any, tuple[str, ...]]] = [
    (
        gettext_lazy("The bill"),
        ("disputed", "period_from", "period_until", "amount_billed", "tariff_billed", "tariff_code"),
    ),
    (gettext_lazy("Read again"), ("is_estimated", "multiplier", "verified_on", "verified_by", "photo")),
    (gettext_lazy("The household"), ("people", "is_low_income", "used_before")),
]
FOLDED: list[tuple[Any, tuple[str, ...]]] = [
    (gettext_lazy("Meter test"), ("meter_error", "meter_permitted", "meter_reference")),
    (gettext_lazy("Late fee and dunning"), ("late_days", "late_fee", "held_on", "released_on")),
    (gettext_lazy("If nothing is given back"), ("no_adjustment_because",)),
]
"""What only some disputes need; open where something stands in it."""


class BillingForm(forms.ModelForm):
    standing = forms.IntegerField(required=False, widget=forms.HiddenInput)
    """The row that the recorder looked at: what somebody else said meanwhile is not overwritten unseen."""
    tariff_code = forms.ChoiceField(label=gettext_lazy("Tariff that applies"))
    tariff_billed = forms.ChoiceField(label=gettext_lazy("Tariff on the bill, if another"), required=False)
    photo = forms.FileField(label=gettext_lazy("Photo of the meter"), required=False)

    class Meta:
        model = BillingFinding
        fields = [name for name in billing.FIELDS if name != "registers"]
        widgets = {name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d") for name in DAYS}
        help_texts = {
            "period_from": gettext_lazy("The bill is for the days after it."),
            "used_before": gettext_lazy("Only where the bands are kWh a year."),
            "meter_error": gettext_lazy("Above zero: it shows too much."),
            "no_adjustment_because": gettext_lazy("Only where the bill is too high and the money stays where it is."),
        }

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = billing.choices()
        self.fields["tariff_code"].choices = choices  # type: ignore[attr-defined]
        self.fields["tariff_billed"].choices = [("", gettext_lazy("the same")), *choices]  # type: ignore[attr-defined]
        for register in billing.REGISTERS:
            said = self.instance.registers.get(register, {}) if self.instance.registers else {}
            for column, words in COLUMNS.items():
                self.fields[f"{register}_{column}"] = forms.DecimalField(
                    label=f"{billing.NAMES[register]}, {words}",
                    required=False,
                    max_digits=12,
                    decimal_places=2,
                    min_value=0,
                    initial=said.get(column),
                )
        for field in self.fields.values():
            if isinstance(field, forms.DecimalField):
                field.widget.attrs |= {"inputmode": "decimal"}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in NEVER_AHEAD:
            if said.get(name) and said[name] > timezone.localdate():
                self.add_error(name, _("That is in the future."))
        if said.get("meter_error") is not None and said.get("meter_permitted") is None:
            self.add_error("meter_permitted", _("Say how much is permitted; then it is known whether it matters."))
        if said.get("late_fee") is not None and said.get("late_days") is None:
            self.add_error("late_days", _("Say how many days late it was paid."))
        if said.get("period_from") and said.get("period_until") and said["period_until"] <= said["period_from"]:
            self.add_error("period_until", billing.REFUSED["no_days"][0])
        released, held = said.get("released_on"), said.get("held_on")
        if released and (held is None or released < held):
            self.add_error("released_on", _("Dunning is released after it was held."))
        self.instance.registers = self._registers(said)
        if not self.instance.registers:
            self.add_error("total_previous", _("Say what the meter showed."))
        return said

    def _registers(self, said: dict[str, Any]) -> dict[str, dict[str, str]]:
        """What was typed of each register, as it is kept; a register with one end only is asked about."""
        found = {}
        for register in billing.REGISTERS:
            typed = {column: said.get(f"{register}_{column}") for column in COLUMNS}
            kept = {column: _plain(value) for column, value in typed.items() if value is not None}
            if not kept:
                continue
            if "previous" not in kept:
                self.add_error(f"{register}_previous", _("Say what it showed at the beginning."))
            if "current" not in kept and "verified" not in kept:
                self.add_error(f"{register}_current", _("Say what it showed at the end."))
            found[register] = kept
        return found

    @property
    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        return [(title, [self[name] for name in names]) for title, names in GROUPS]

    @property
    def folded(self) -> list[tuple[Any, list[forms.BoundField], bool]]:
        found = []
        for title, names in FOLDED:
            fields = [self[name] for name in names]
            found.append((title, fields, any(field.value() or field.errors for field in fields)))
        return found

    @property
    def registers(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The rows of the readings' table: the register and its three fields."""
        return [
            (billing.NAMES[register], [self[f"{register}_{column}"] for column in COLUMNS])
            for register in billing.REGISTERS
        ]

    @property
    def is_by_period(self) -> bool:
        return any(self[f"{name}_previous"].value() or self[f"{name}_current"].errors for name in rules.PERIODS)


def _plain(value: Decimal) -> str:
    return f"{value.normalize():f}"


def page(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    """The disputed bill and what it should have come to; `look` works it out without recording anything."""
    newest = complaint.billing_findings.first()
    if request.method != "POST":
        initial = {"standing": newest.pk} if newest else _known(complaint)
        form = BillingForm(instance=newest, initial=initial, complaint=complaint)
        return _show(request, complaint, form, newest)
    if not complaint.permits("investigate", request.user.role):
        messages.error(
            request, _("Findings can be recorded by whoever investigates, while the complaint is not closed.")
        )
        return redirect("complaints:investigation", complaint.reference)
    form = BillingForm(request.POST, request.FILES, instance=BillingFinding(complaint=complaint), complaint=complaint)
    return _look(request, complaint, form) if "look" in request.POST else _record(request, complaint, form)


def _look(request: StaffRequest, complaint: Complaint, form: BillingForm) -> HttpResponse:
    """The lines of what was typed; while somebody types, only these come back, and nothing says that a field is empty."""
    worked_out = None
    if form.is_valid():
        try:
            worked_out = billing.work_out(form.instance, DeskSettings.current())
        except BadInput as refused:
            _refuse(form, refused)
    if request.htmx:
        context = {"shown": billing.shown(worked_out) if worked_out else None, "form": form, "is_looked_at": True}
        return render(request, "complaints/investigation/_bill.html", context)
    return _show(request, complaint, form, worked_out, status=422 if form.errors else 200, is_looked_at=True)


def _record(request: StaffRequest, complaint: Complaint, form: BillingForm) -> HttpResponse:
    if form.is_valid():
        try:
            photo = form.cleaned_data["photo"]
            files = [prepare(photo, name=photo.name)] if photo else []
            billing.save(form.instance, by=request.user, files=files, seen=form.cleaned_data["standing"])
        except Refusal as refused:
            _refuse(form, refused)
            return _show(request, complaint, form, None, status=refused.status)
        messages.success(request, _("The findings are recorded."))
        return redirect(f"{reverse('complaints:investigation', args=[complaint.reference])}#bill")
    return _show(request, complaint, form, None, status=422)


def _refuse(form: BillingForm, refused: Refusal) -> None:
    named = ("photo" if name == "files" else name for name in refused.fields)
    form.add_error(next((name for name in named if name in form.fields), None), refused.message)


def _known(complaint: Complaint) -> dict[str, Any]:
    """What was asked when the complaint came in, to be looked at and recorded."""
    on_account = complaint.account.tariff if complaint.account else ""
    meant = [code for code, name in billing.choices() if on_account and on_account in (code, name)]
    return {"disputed": str(complaint.answers.get("disputed", ""))[:300], "tariff_code": meant[0] if meant else None}


def _show(
    request: StaffRequest,
    complaint: Complaint,
    form: BillingForm,
    finding: BillingFinding | None,
    status: int = 200,
    *,
    is_looked_at: bool = False,
) -> HttpResponse:
    context = {
        "complaint": complaint,
        "panel": billing.panel(complaint),
        "may": complaint.permits("investigate", request.user.role),
        "form": form,
        "shown": billing.shown(finding) if finding else None,
        "is_looked_at": is_looked_at,
        "has_tariffs": bool(form.fields["tariff_code"].choices),  # type: ignore[attr-defined]
        "columns": list(COLUMNS.values()),
        "adjustments": adjusting.shown(complaint.adjustments.all()),
        "money_moves": [
            (name, move) for name, move in complaint.moves_for(request.user.role) if name in adjusting.WRITE
        ],
        "earlier": complaint.billing_findings.select_related("entered_by")[1:],
    }
    return render(request, "complaints/investigation/billing.html", context, status=status)
