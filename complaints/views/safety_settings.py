"""The safety settings on screen: hazard grades, protection zones, kinds of inspections, and who changed what when."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import models
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import safety_editing
from complaints.models import HazardRule, InspectionKind, ProtectionZone, SafetyRuleChange, SafetyRuleKind
from complaints.profiles.safety import is_day_of_year
from customers.models.people import KEY, CustomerKind
from staff import utility
from staff.http import StaffRequest

HISTORY = 50
SEGMENTS = [*CustomerKind.choices, (KEY, gettext_lazy("Key customer"))]


class GradeForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = HazardRule
        fields = ["criteria_zh", "criteria_en", "follow_up_days"]
        widgets = {name: forms.Textarea(attrs={"rows": 2}) for name in ("criteria_zh", "criteria_en")}
        help_texts = {
            "follow_up_days": gettext_lazy(
                "Holds for what is mended from now on; planned inspections stay as they are."
            )
        }


class ZoneForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = ProtectionZone
        fields = ["low_kv", "high_kv", "metres"]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        low, high = said.get("low_kv"), said.get("high_kv")
        if low is not None and low <= 0:
            self.add_error("low_kv", _("It begins above zero."))
        elif low is not None and high is not None and high < low:
            self.add_error("high_kv", _("It ends before it begins."))
        elif low is not None and high is not None and self._overlaps(low, high):
            self.add_error("low_kv", _("Another zone has some of these voltages."))
        return said

    def _overlaps(self, low: Decimal, high: Decimal) -> bool:
        others = ProtectionZone.objects.exclude(pk=self.instance.pk)
        return others.filter(low_kv__lte=high, high_kv__gte=low).exists()


class ItemsField(forms.CharField):
    """A checklist: an item to a line, Chinese and English with a bar between them."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(f"{one['zh']} | {one['en']}" for one in value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        items: list[dict[str, str]] = []
        for line in (value or "").splitlines():
            zh, bar, en = (part.strip() for part in line.partition("|"))
            if not (zh or en):
                continue
            if not (bar and zh and en):
                raise forms.ValidationError(_("Write both languages with | between them: %(line)s") % {"line": line})
            items.append({"key": slugify(en)[:40] or f"item-{len(items) + 1}", "zh": zh, "en": en})
        keys = [item["key"] for item in items]
        if len(set(keys)) < len(keys):
            raise forms.ValidationError(_("Two items read the same in English."))
        return items


class KindForm(forms.ModelForm):
    use_required_attribute = False

    segments = forms.MultipleChoiceField(
        label=gettext_lazy("customer segments"),
        choices=SEGMENTS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: every customer of these voltages."),
    )
    extra_before = forms.CharField(
        label=gettext_lazy("once more before"),
        required=False,
        help_text=gettext_lazy("Days of the year as month-day, such as 06-15 12-01: before the peaks."),
    )
    items = ItemsField(
        label=gettext_lazy("checklist"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy("An item to a line: Chinese | English."),
    )

    class Meta:
        model = InspectionKind
        fields = [
            *("name_zh", "name_en", "target", "segments", "low_kv", "high_kv", "cycle_months", "share"),
            *("extra_before", "lead_days", "rank", "team_kind", "items", "is_active"),
        ]
        help_texts = {
            "rank": gettext_lazy("Of several kinds that fit a customer the highest holds."),
            "cycle_months": gettext_lazy("Either this, or a sample. Plans get their next day by it at once."),
            "is_active": gettext_lazy("Not in use: nothing more falls due of it. What is open stays."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.initial.get("extra_before"), list):
            self.initial["extra_before"] = " ".join(self.initial["extra_before"])
        if self.instance.pk:
            self.fields["target"].disabled = True

    def clean_extra_before(self) -> list[str]:
        days = self.cleaned_data["extra_before"].replace(",", " ").split()
        wrong = [day for day in days if not is_day_of_year(day)]
        if wrong:
            raise forms.ValidationError(_("No day of the year: %(days)s") % {"days": ", ".join(wrong)})
        return days

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        is_both_or_neither = (said.get("cycle_months") is None) == (said.get("share") is None)
        if {"cycle_months", "share"}.isdisjoint(self.errors) and is_both_or_neither:
            self.add_error("cycle_months", _("Give a cycle or a sample, and not both."))
        return said

    def clean_share(self) -> int | None:
        share: int | None = self.cleaned_data["share"]
        if share is not None and self.data.get("target", self.instance.target) not in ("", "account"):
            raise forms.ValidationError(_("Only customers are sampled."))
        return share


FORMS: dict[str, type[forms.ModelForm]] = {
    SafetyRuleKind.GRADE: GradeForm,
    SafetyRuleKind.ZONE: ZoneForm,
    SafetyRuleKind.KIND: KindForm,
}


@login_required
@require_safe
def settings_page(request: StaffRequest) -> HttpResponse:
    """All of them, and who changed what."""
    context = {
        "grades": HazardRule.objects.all(),
        "zones": ProtectionZone.objects.all(),
        "kinds": [(kind, _for_whom(kind)) for kind in InspectionKind.objects.all()],
        "changes": [(one, _words(one)) for one in SafetyRuleChange.objects.select_related("by")[:HISTORY]],
        "may_edit": utility.may_change(request.user),
    }
    return render(request, "complaints/inspections/settings.html", context)


def _for_whom(kind: InspectionKind) -> str:
    labels = {code: str(label) for code, label in SEGMENTS}
    who = [labels.get(segment, segment) for segment in kind.segments] or [str(kind.get_target_display())]
    if kind.low_kv is not None or kind.high_kv is not None:
        low, high = (f"{one.normalize():f}" if one is not None else "" for one in (kind.low_kv, kind.high_kv))
        who.append(f"{low}–{high} kV" if high else f"≥ {low} kV")
    return ", ".join(who)


def _words(change: SafetyRuleChange) -> list[tuple[str, str, str]]:
    """What changed: the field, what it was and what it is."""
    model = safety_editing.MODELS[change.of]
    return [
        (_label(model, name), _said(change.before.get(name)), _said(change.after.get(name)))
        for name in {**change.before, **change.after}
    ]


def _label(model: type[models.Model], name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)  # type: ignore[union-attr]


def _said(value: Any) -> str:
    if value in (None, "", []):
        return "–"
    if isinstance(value, bool):
        return str(_("yes")) if value else str(_("no"))
    if isinstance(value, list):
        return ", ".join(one["zh"] if isinstance(one, dict) else str(one) for one in value)
    return str(value)


@login_required
def setting(request: StaffRequest, of: str, pk: int | None = None) -> HttpResponse:
    """Change one row, or add a zone or a kind."""
    if of not in FORMS or (pk is None and of == SafetyRuleKind.GRADE):
        raise Http404
    _check(request)
    row: models.Model | None = get_object_or_404(safety_editing.MODELS[of], pk=pk) if pk else None
    form = FORMS[of](request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        changed = form.save(commit=False)
        if isinstance(changed, InspectionKind) and not changed.code:
            changed.code = _free_code(changed.name_en)
        is_new = safety_editing.save(changed, of, form.Meta.fields, by=request.user, at=timezone.now())  # type: ignore[attr-defined]
        messages.success(request, _("Saved.") if is_new else _("Nothing was different."))
        return redirect("complaints:safety-settings")
    context = {"form": form, "row": row, "of": of, "label": SafetyRuleKind(of).label}
    return render(
        request, "complaints/inspections/setting.html", context, status=422 if request.method == "POST" else 200
    )


def _free_code(name: str) -> str:
    base = slugify(name)[:34] or "kind"
    taken = set(InspectionKind.objects.filter(code__startswith=base).values_list("code", flat=True))
    return next(
        code for number in range(1, len(taken) + 2) if (code := f"{base}-{number}" if number > 1 else base) not in taken
    )


@login_required
@require_POST
def zone_remove(request: StaffRequest, pk: int) -> HttpResponse:
    _check(request)
    safety_editing.remove_zone(get_object_or_404(ProtectionZone, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("Removed."))
    return redirect("complaints:safety-settings")


def _check(request: StaffRequest) -> None:
    utility.require_change(request.user)
