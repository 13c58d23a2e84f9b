"""How many are called back: the rows, what each would mean a week, and changing one after looking at that."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import call_backs
from complaints.models import CallQuota, CallShare, Channel, DeskSettings, RequestType, SampleDraw
from staff import utility
from staff.http import StaffRequest
from staff.scope import within_branches

DRAWS = 30


class QuotaForm(forms.ModelForm):
    use_required_attribute = False

    class Meta:
        model = CallQuota
        fields = ("request_type", "channel", "category", "share", "expected", "margin", "most")
        help_texts = {
            "expected": gettext_lazy("between 0 and 1; 0.50 is the most careful"),
            "margin": gettext_lazy("0.03 is three points up or down"),
            "most": gettext_lazy("empty: no limit"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, choices in (("request_type", RequestType.choices), ("channel", Channel.choices)):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", _("any")), *choices]
        category = self.fields["category"]
        assert isinstance(category, forms.ModelChoiceField)
        category.empty_label = _("any")
        share = self.fields["share"]
        assert isinstance(share, forms.ChoiceField)
        share.choices = CallShare.choices

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        bounds = {"expected": (0, 1), "margin": (0, 0.5)}
        for name, (low, high) in bounds.items():
            if (said.get(name) is not None and not low < said[name] <= high) or (
                name == "expected" and said.get(name) == 1
            ):
                self.add_error(name, _("Write a number between %(low)s and %(high)s.") % {"low": low, "high": high})
        same = CallQuota.objects.exclude(pk=self.instance.pk).filter(
            request_type=said.get("request_type", ""), channel=said.get("channel", ""), category=said.get("category")
        )
        if not self.errors and same.exists():
            self.add_error(None, _("There is a row for this already. Change that one."))
        return said


def effect(desk: DeskSettings) -> str:
    """What the hours and days of asking do, in a sentence or two."""
    return _(
        "Whoever gets a link has %(link)d hours before somebody calls; calls are tried on %(attempts)d half-days, and "
        "after %(days)d days the question is closed. An answer may be changed for %(change)d hours."
    ) % {
        "link": desk.link_hours,
        "attempts": desk.call_attempts,
        "days": desk.call_back_days,
        "change": desk.change_hours,
    }


class Week(NamedTuple):
    """What a row means: of how many in the last whole week, and how many would have been called."""

    population: int
    calls: int


def for_changing(request: StaffRequest) -> None:
    utility.require_look(request.user, request.method)


def weeks(quotas: list[CallQuota], at: datetime) -> dict[CallQuota, Week]:
    """The last whole week under these rows; each unit is drawn by itself, so the small ones are called almost all."""
    found = {quota: Week(0, 0) for quota in quotas}
    week = call_backs.monday_of(at) - call_backs.WEEK
    for (_branch, quota), keys in call_backs.by_unit(week, quotas).items():
        before = found[quota]
        found[quota] = Week(before.population + len(keys), before.calls + call_backs.size_of(quota, len(keys)))
    return found


@login_required
@require_safe
def quotas(request: StaffRequest) -> HttpResponse:
    """Every row with its week, and the newest draws."""
    for_changing(request)
    rows = list(CallQuota.objects.select_related("category"))
    meant = weeks(rows, timezone.now())
    draws = SampleDraw.objects.filter(within_branches(request.user)).select_related("branch", "quota__category")
    context = {
        "tab": "quotas",
        "effect": effect(DeskSettings.current()),
        "rows": [(row, meant[row]) for row in rows],
        "total": sum(week.calls for week in meant.values()),
        "draws": draws[:DRAWS],
    }
    return render(request, "complaints/call_quotas.html", context)


@login_required
def quota(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """Write or change a row; `look` only shows what it would mean."""
    for_changing(request)
    found = None if pk is None else get_object_or_404(CallQuota, pk=pk)
    form = QuotaForm(request.POST or None, instance=found)
    preview = None
    if request.method == "POST" and form.is_valid():
        if "look" not in request.POST:
            form.save()
            messages.success(request, _("Saved. It holds for what is resolved from now on, and for the next draw."))
            return redirect("complaints:call-quotas")
        preview = _preview(form)
    context = {"tab": "quotas", "form": form, "row": found, "preview": preview}
    return render(request, "complaints/call_quota.html", context, status=422 if form.errors else 200)


def _preview(form: QuotaForm) -> tuple[Week, int]:
    """This row's week as typed, and the calls of all rows together."""
    typed = form.save(commit=False)
    typed.pk = typed.pk or 0
    meant = weeks([typed, *CallQuota.objects.exclude(pk=typed.pk).select_related("category")], timezone.now())
    return meant[typed], sum(week.calls for week in meant.values())


@login_required
@require_POST
def remove(request: StaffRequest, pk: int) -> HttpResponse:
    for_changing(request)
    get_object_or_404(CallQuota, pk=pk).delete()
    messages.success(request, _("Removed."))
    return redirect("complaints:call-quotas")
