"""Packs of reports for the regulator: made, frozen, compared with today, and taken along as a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Max
from django.http import FileResponse, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics import jobs
from analytics.models import FrozenPack, JobState, Pack
from analytics.pack_forms import PackForm
from analytics.packs import comparing, files, freezing
from analytics.packs.freezing import PACKERS, is_untouched
from analytics.reports import all_reports
from analytics.trust import trust
from complaints import database_clock
from staff.http import StaffRequest

SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def for_packers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    @login_required
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.role not in PACKERS:
            raise PermissionDenied(_("Packs are for liaison, analysts and administrators."))
        return view(request, *args, **kwargs)

    return guarded


def _language() -> str:
    return get_language() or "en"


def _frozen(request: StaffRequest, pk: int, number: int) -> FrozenPack:
    packs = Pack.objects.visible_to(request.user)
    rows = FrozenPack.objects.select_related("pack__branch", "pack__category", "frozen_by")
    return get_object_or_404(rows.filter(pack__in=packs), pack=pk, number=number)


@require_safe
@for_packers
def packs(request: StaffRequest) -> HttpResponseBase:
    found = Pack.objects.visible_to(request.user).select_related("branch", "made_by")
    rows = found.annotate(times=Count("frozen"), last=Max("frozen__frozen_at")).order_by("-made_at", "-pk")[:200]
    return render(request, "analytics/packs.html", {"packs": rows})


@for_packers
def pack_new(request: StaffRequest) -> HttpResponseBase:
    form = PackForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        form.instance.made_by, form.instance.made_at = request.user, database_clock.now()
        return redirect("analytics:pack", form.save().pk)
    return render(request, "analytics/pack_new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
@for_packers
def pack(request: StaffRequest, pk: int) -> HttpResponseBase:
    rows = Pack.objects.visible_to(request.user).select_related("branch", "category", "made_by")
    found = get_object_or_404(rows, pk=pk)
    if request.htmx:
        return render(request, "analytics/_freezing.html", _standing(found))
    names = [report.title for name, report in all_reports().items() if name in found.reports]
    context = {"pack": found, "names": names, "trust": trust(database_clock.now())}
    return render(request, "analytics/pack.html", context | _standing(found))


def _standing(found: Pack) -> dict[str, Any]:
    """What was frozen, and whether it is being frozen again."""
    return {
        "pack": found,
        "frozen": found.frozen.defer("content").select_related("frozen_by"),
        "freezing": found.freezings.select_related("asked_by").first(),
    }


@for_packers
@require_POST
def pack_freeze(request: StaffRequest, pk: int) -> HttpResponseBase:
    """Ask for it; the page shows how it stands, and a worker does it."""
    found = get_object_or_404(Pack.objects.visible_to(request.user), pk=pk)
    freezing.ask(found, by=request.user)
    return redirect("analytics:pack", pk)


@for_packers
@require_POST
def pack_stop(request: StaffRequest, pk: int) -> HttpResponseBase:
    found = get_object_or_404(Pack.objects.visible_to(request.user), pk=pk)
    for one in found.freezings.filter(state__in=(JobState.WAITING, JobState.RUNNING)):
        jobs.stop(one)
    return redirect("analytics:pack", pk)


@require_safe
@for_packers
def frozen(request: StaffRequest, pk: int, number: int) -> HttpResponseBase:
    found = _frozen(request, pk, number)
    context = {
        "frozen": found,
        "about": files.about(found),
        "reports": found.content[_language()],
        "is_untouched": is_untouched(found),
    }
    return render(request, "analytics/frozen.html", context)


@require_safe
@for_packers
def frozen_differences(request: StaffRequest, pk: int, number: int) -> HttpResponseBase:
    """What the same question says now, beside what was handed over."""
    found, now = _frozen(request, pk, number), database_clock.now()
    context = {
        "frozen": found,
        "differences": comparing.differences(found, request.user, now, _language()),
        "trust": trust(now),
    }
    return render(request, "analytics/differences.html", context)


@require_safe
@for_packers
def frozen_sheet(request: StaffRequest, pk: int, number: int) -> HttpResponseBase:
    found = _frozen(request, pk, number)
    book = files.workbook(found, _language())
    return FileResponse(book, as_attachment=True, filename=f"pack-{pk}-{number}.xlsx", content_type=SHEET)


@require_safe
@for_packers
def frozen_paper(request: StaffRequest, pk: int, number: int) -> HttpResponseBase:
    found = _frozen(request, pk, number)
    response = HttpResponse(files.paper(found, _language()), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="pack-{pk}-{number}.pdf"'
    return response
