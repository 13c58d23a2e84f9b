"""Tariffs by version, with what a change would do before it is saved; and the adjustments that wait for approval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints import adjusting
from complaints.models import Adjustment, DeskSettings, Tariff
from complaints.money import money, number
from complaints.refusals import BadInput
from complaints.tariff_forms import MoneyForm, TariffForm, charges_written, months_written
from complaints.tariffs import versions
from staff import utility
from staff.http import StaffRequest

RECENT = 20


@require_safe
@login_required
def adjustments(request: StaffRequest) -> HttpResponse:
    """What waits for a decision, the oldest first, and what was decided lately."""
    mine, desk = Adjustment.objects.visible_to(request.user), DeskSettings.current()
    waiting = adjusting.shown(mine.waiting().order_by("proposed_at", "pk"))
    for one in waiting:
        row = one["row"]
        is_deciding = request.user.role in utility.KEEPING
        one["may"] = is_deciding and adjusting.may_approve(row, row.complaint, request.user, desk)
    decided = mine.exclude(decided_by=None).order_by("-decided_at", "-pk")[:RECENT]
    context = {"waiting": waiting, "decided": adjusting.shown(decided), "user_id": request.user.pk}
    return render(request, "complaints/adjustments.html", context)


@login_required
def tariffs(request: StaffRequest) -> HttpResponse:
    """Every tariff as its newest version has it, and the numbers that go with money."""
    form = MoneyForm(request.POST or None, instance=DeskSettings.current())
    if request.method == "POST":
        _check(request)
        if form.is_valid():
            form.save()
            messages.success(request, _("Saved. It holds from now on."))
            return redirect("complaints:tariffs")
    context = {
        "lines": [_line(one) for one in versions.newest()],
        "form": form,
        "may_steer": utility.may_change(request.user),
        "today": timezone.localdate(),
    }
    return render(request, "complaints/tariffs.html", context, status=422 if form.errors else 200)


def _line(tariff: Tariff) -> dict[str, Any]:
    return {
        "tariff": tariff,
        "bands": _bands(tariff.bands),
        "season_bands": _bands(tariff.season_bands),
        "season_months": months_written(tariff.season_months),
        "extra": number(tariff.extra_kwh),
        "free": number(tariff.free_kwh),
        "charges": charges_written(tariff.charges),
        "adds": [
            (name, f"{'+' if add > 0 else ''}{number(add)}")
            for name, add in (
                (_("Peak"), tariff.peak_add),
                (_("Flat"), tariff.flat_add),
                (_("Valley"), tariff.valley_add),
            )
            if add is not None
        ],
    }


def _bands(said: Iterable[Sequence[Any]]) -> list[str]:
    """Each band in words: up to where, at what price."""
    return [
        _("above: %(price)s") % {"price": number(band.price)}
        if band.upto is None
        else _("up to %(upto)s kWh: %(price)s") % {"upto": number(band.upto), "price": number(band.price)}
        for band in versions.bands_of(said)
    ]


@require_safe
@login_required
def tariff(request: StaffRequest, code: str) -> HttpResponse:
    """One tariff: every version, when it holds, who wrote it and why."""
    rows = list(Tariff.objects.filter(code=code).select_related("made_by").order_by("-version"))
    if not rows:
        raise Http404
    context = {
        "tariff": rows[0],
        "lines": [_line(one) for one in rows],
        "may_steer": utility.may_change(request.user),
    }
    return render(request, "complaints/tariff.html", context)


@login_required
def tariff_edit(request: StaffRequest, code: str = "") -> HttpResponse:
    """A new tariff or version: first shown what a household's year would cost, then saved by a second press."""
    _check(request)
    before = Tariff.objects.filter(code=code).order_by("-version").first() if code else None
    if code and before is None:
        raise Http404
    form = TariffForm(request.POST or None, before=before)
    effect = None
    if form.is_bound and form.is_valid():
        try:
            if "save" in request.POST:
                saved = versions.save(form.draft(), by=request.user)
                messages.success(request, _("Version %(version)d of “%(name)s” is kept.") % _named(saved))
                return redirect("complaints:tariff", saved.code)
            effect = _effect(form.draft(), before)
        except BadInput as refused:
            form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
    context = {"before": before, "form": form, "effect": effect}
    return render(request, "complaints/tariff_edit.html", context, status=422 if form.errors else 200)


def _named(tariff: Tariff) -> dict[str, Any]:
    return {"version": tariff.version, "name": tariff.name}


def _effect(draft: Tariff, before: Tariff | None) -> list[dict[str, Any]]:
    """What the year of some households would cost, before and after, in words. Raises BadInput."""
    rates, desk = versions.rates_of(draft), DeskSettings.current()
    versions.check(rates)
    return [
        {
            "sample": one,
            "before": money(one.before, desk) if one.before is not None else "",
            "after": money(one.after, desk),
            "difference": money(one.difference, desk) if one.difference is not None else "",
        }
        for one in versions.samples(rates, versions.rates_of(before) if before else None)
    ]


def _check(request: StaffRequest) -> None:
    utility.require_change(request.user)
