"""Signals: the list of what stands out, one of them with its chart and its complaints, and what is done about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST, require_safe

from analytics.charts import option
from analytics.filters import Chosen
from analytics.models import Signal, SignalKind, SignalLook, SignalState
from analytics.periods import Granularity, Period
from analytics.reading import whole
from analytics.reports.base import Chart, Series
from analytics.signal_forms import OPEN, AcknowledgeForm, CloseForm, FollowUpForm, SignalFilters
from analytics.signals import handling
from analytics.signals.wording import sentence
from complaints.models import Complaint
from complaints.refusals import Refusal
from staff.http import StaffRequest

MOST, COMPLAINTS_SHOWN = 100, 100
WITH = ("branch", "category", "transformer_area", "feeder__substation", "owner")


def for_handlers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Only those who watch over the desk; others are told so, because the page is no secret."""

    @login_required
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.role not in handling.HANDLING:
            raise PermissionDenied(_("Signals are for supervisors, analysts and administrators."))
        return view(request, *args, **kwargs)

    return guarded


@for_handlers
@require_safe
def signals(request: StaffRequest) -> HttpResponse:
    """What stands out in the branches this person sees, the strongest first."""
    form = SignalFilters({"state": OPEN, **{name: request.GET[name] for name in request.GET if request.GET[name]}})
    chosen = form.chosen()
    rows = Signal.objects.visible_to(request.user).select_related(*WITH)
    if chosen["state"] in SignalState.values:
        rows = rows.filter(state=chosen["state"])
    elif chosen["state"] != "all":
        rows = rows.unfinished()
    if chosen["kind"]:
        rows = rows.filter(kind=chosen["kind"])
    if chosen["category"]:
        rows = rows.filter(category=chosen["category"])
    context = {
        "form": form,
        "rows": [(one, sentence(one)) for one in rows[: MOST + 1]],
        "number": rows.count(),
        "most": MOST,
        "look": SignalLook.objects.first(),
    }
    return render(request, "analytics/signals.html", context)


@for_handlers
@require_safe
def signal(request: StaffRequest, pk: int) -> HttpResponse:
    return _page(request, _find(request, pk))


@for_handlers
@require_POST
def act(request: StaffRequest, pk: int, act: str) -> HttpResponse:
    """Acknowledge, follow up or close; what is missing is said beside its field."""
    found = _find(request, pk)
    form = _forms(request, found, request.POST).get(act)
    if form is None:
        raise Http404
    if not form.is_valid():
        return _page(request, found, refused=(act, form))
    try:
        DO[act](found, **form.cleaned_data, by=request.user, at=timezone.now())
    except Refusal as refused:
        messages.error(request, refused.message)
    else:
        messages.success(request, _("Kept."))
    return redirect("analytics:signal", pk)


DO: dict[str, Callable[..., Signal]] = {
    "acknowledge": handling.acknowledge,
    "follow-up": handling.follow_up,
    "close": handling.close,
}


def _find(request: StaffRequest, pk: int) -> Signal:
    rows = Signal.objects.visible_to(request.user).select_related(*WITH, "acknowledged_by", "followed_by", "closed_by")
    return get_object_or_404(rows, pk=pk)


def _forms(request: StaffRequest, found: Signal, said: Mapping[str, Any] | None = None) -> dict[str, forms.Form]:
    arranged = {"action": found.action, "owner": found.owner_id, "due_on": found.due_on}
    return {
        "acknowledge": AcknowledgeForm(said),
        "follow-up": FollowUpForm(said, user=request.user, initial=arranged),
        "close": CloseForm(said),
    }


STEPS = {
    SignalState.NEW.value: ["acknowledge"],
    SignalState.ACKNOWLEDGED.value: ["follow-up", "close"],
    SignalState.FOLLOWED.value: ["close", "follow-up"],
    SignalState.CLOSED.value: [],
}


def _page(request: StaffRequest, found: Signal, refused: tuple[str, forms.Form] | None = None) -> HttpResponse:
    fresh = _forms(request, found)
    shown = {name: fresh[name] for name in STEPS[found.state]}
    if refused is not None and refused[0] in shown:
        shown[refused[0]] = refused[1]
    context = {
        "signal": found,
        "sentence": sentence(found),
        "forms": shown,
        "refused": refused[0] if refused else "",
        "chart": _chart(found),
        **_behind(request, found),
    }
    return render(request, "analytics/signal.html", context, status=422 if refused else 200)


def _behind(request: StaffRequest, found: Signal) -> dict[str, Any]:
    """The complaints of a signal: a list of the desk and its length by now, or the very complaints."""
    if found.kind == SignalKind.RATE:
        period = Period(found.counted_from, found.last_day)
        chosen = Chosen(period, Granularity.DAY.value, "category", found.category, "", found.branch)
        return {"address": desk_address(found, chosen), "number": whole("received", chosen, request.user).n}
    rows = Complaint.objects.visible_to(request.user).filter(pk__in=found.complaint_keys)
    return {
        "complaints": rows.select_related("category").order_by("-received_at", "-pk")[:COMPLAINTS_SHOWN],
        "number": rows.count(),
    }


def desk_address(found: Signal, chosen: Chosen) -> str:
    """The desk's list of exactly these complaints."""
    days = {"received_from": found.counted_from.isoformat(), "received_to": found.last_day.isoformat()}
    params = {"view": "all", "request_type": "complaint", "merged": "no", **chosen.narrowing, **days}
    return f"{reverse('complaints:queue')}?{urlencode(params)}"


def _chart(found: Signal) -> dict[str, Any] | None:
    """The points with their limits, as components/chart.html draws them."""
    seen = found.evidence
    if not seen.get("labels"):
        return None
    names = {
        "values": pgettext("chart", "Received"),
        "expected": pgettext("chart", "Expected"),
        "highs": _("Upper limit"),
        "lows": _("Lower limit"),
    }
    series = [Series(name, seen[key]) for key, name in names.items()]
    rows = zip(seen["labels"], *(map(_plain, seen[key]) for key in names), strict=True)
    return {
        "id": "signal-chart",
        "sentence": sentence(found),
        "option": option(Chart("lines", seen["labels"], series)),
        "columns": [_("From"), *names.values()],
        "rows": list(rows),
    }


def _plain(value: float) -> str:
    return formats.number_format(value, 0 if value == int(value) else 1)
