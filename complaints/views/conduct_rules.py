"""The rules of service on screen: all of them, changing one, and who changed what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from complaints.investigation import conduct_rules
from complaints.models import SERVICE, ConductRule, ConductRuleChange, Subcategory
from complaints.models.conduct import Measure
from staff import utility
from staff.http import StaffRequest

HISTORY = 50


class RuleForm(forms.ModelForm):
    use_required_attribute = False

    subcategories = forms.MultipleChoiceField(
        label=gettext_lazy("Offered first for"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None ticked: for every complaint about service."),
    )

    class Meta:
        model = ConductRule
        fields = conduct_rules.FIELDS
        widgets = {name: forms.Textarea(attrs={"rows": 3}) for name in ("text_zh", "text_en")}
        help_texts = {
            "source": gettext_lazy("Where the rule stands; [P] is a proposal of ours."),
            "measure": gettext_lazy("Only for a rule that judges by a number."),
            "limit": gettext_lazy("Exactly this keeps the rule. What is judged already stays as it was judged."),
            "position": gettext_lazy("Smaller numbers are offered first."),
            "is_active": gettext_lazy("Not in use: offered no more. Findings that name it stay."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = self.fields["subcategories"]
        assert isinstance(kinds, forms.MultipleChoiceField)
        kinds.choices = [(row.code, str(row)) for row in Subcategory.objects.filter(category__code=SERVICE)]
        self.fields["position"].label = gettext_lazy("place in the list")
        measure = self.fields["measure"]
        assert isinstance(measure, forms.ChoiceField)
        measure.choices = [("", gettext_lazy("nothing: somebody judges")), *Measure.choices]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("measure") and said.get("limit") is None and "limit" not in self.errors:
            self.add_error("limit", _("Say how many are allowed."))
        if said.get("limit") is not None and not said.get("measure"):
            self.add_error("measure", _("Say what the limit is measured in."))
        return said


@login_required
@require_safe
def rules(request: StaffRequest) -> HttpResponse:
    """All rules, those in use first, and who changed what."""
    names = {row.code: row.name for row in Subcategory.objects.filter(category__code=SERVICE)}
    changes = ConductRuleChange.objects.select_related("by", "rule")[:HISTORY]
    context = {
        "rules": [
            (rule, ", ".join(names.get(code, code) for code in rule.subcategories))
            for rule in ConductRule.objects.order_by("-is_active", "position", "code")
        ],
        "changes": [(one, _words(one)) for one in changes],
        "may_edit": utility.may_change(request.user),
    }
    return render(request, "complaints/conduct_rules.html", context)


@login_required
def rule(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """Write a new one, or change one."""
    utility.require_change(request.user)
    row = None if pk is None else get_object_or_404(ConductRule, pk=pk)
    form = RuleForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        is_new = conduct_rules.save(form.save(commit=False), by=request.user, at=timezone.now())
        messages.success(
            request, _("Saved. It holds for what is judged from now on.") if is_new else _("Nothing was different.")
        )
        return redirect("complaints:conduct-rules")
    context = {"form": form, "row": get_object_or_404(ConductRule, pk=pk) if pk else None}
    return render(request, "complaints/conduct_rule.html", context, status=422 if request.method == "POST" else 200)


def _words(change: ConductRuleChange) -> list[tuple[str, str, str]]:
    """What changed: the field, what it was and what it is."""
    return [
        (
            str(ConductRule._meta.get_field(name).verbose_name),  # type: ignore[union-attr]
            _said(change.before.get(name)),
            _said(change.after[name]),
        )
        for name in change.after
    ]


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes")) if value else str(_("no"))
    if isinstance(value, list):
        return ", ".join(value) or "–"
    return "–" if value in (None, "") else str(value)
