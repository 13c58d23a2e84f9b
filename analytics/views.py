"""The board and the reports, for those who answer for the whole desk rather than for one complaint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from analytics import board as boards
from analytics.charts import option
from analytics.export import FORMATS, File
from analytics.exports import is_small
from analytics.filters import ReportFilters
from analytics.grains import refresh
from analytics.measures import MEASURES
from analytics.models import Change, Check, Generation
from analytics.paper import pdf_file
from analytics.reports import all_reports
from analytics.reports.base import Findings, Report, Table, filters_for, lines
from analytics.signals import handling
from analytics.trust import trust
from complaints import database_clock, proposals, storms
from complaints.refusals import Refusal
from customers import reading
from staff.actors import Role
from staff.http import StaffRequest

OVERSEERS = frozenset({Role.SUPERVISOR, Role.LIAISON, Role.ANALYST, Role.ADMINISTRATOR})
REBUILDERS = frozenset({Role.ANALYST, Role.ADMINISTRATOR})
PAGE, LAST = 50, 14


def for_overseers(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Only those who steer or study the desk; others are told so, because the page is no secret."""

    @login_required
    @wraps(view)
    def guarded(request: StaffRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.role not in OVERSEERS:
            raise PermissionDenied(
                _("The board and the reports are for supervisors, liaison, analysts and administrators.")
            )
        return view(request, *args, **kwargs)

    return guarded


@require_safe
@for_overseers
def board(request: StaffRequest) -> HttpResponseBase:
    """The whole page, or only its figures when htmx asks again; for a screen on a wall, larger and with nothing else."""
    name = "wall" if "wall" in request.GET else "board"
    template = f"analytics/_{name}.html" if request.htmx else f"analytics/{name}.html"
    now = timezone.now()
    context = {
        "board": boards.read(request.user, now),
        "trust": trust(now),
        "suspected": storms.suspicions(request.user, now),
        "proposed": proposals.number_for(request.user),
        "may_handle_signals": request.user.role in handling.HANDLING,
    }
    return render(request, template, context)


@require_safe
@for_overseers
def reports(request: StaffRequest) -> HttpResponseBase:
    return render(request, "analytics/reports.html", {"reports": all_reports().values()})


@require_safe
@for_overseers
def definitions(request: StaffRequest) -> HttpResponseBase:
    return render(request, "analytics/definitions.html", {"measures": MEASURES.values()})


@require_safe
@for_overseers
def figures(request: StaffRequest) -> HttpResponseBase:
    """How the figures are kept, compared and built anew."""
    context = {
        "trust": trust(database_clock.now()),
        "waiting": Change.objects.count(),
        "checks": Check.objects.all()[:LAST],
        "generations": Generation.objects.all()[:LAST],
        "may_rebuild": request.user.role in REBUILDERS,
    }
    return render(request, "analytics/figures.html", context)


@for_overseers
@require_POST
def figures_rebuild(request: StaffRequest) -> HttpResponseBase:
    """Ask for a new generation; the workers build it, and this page shows how far they are."""
    if request.user.role not in REBUILDERS:
        raise PermissionDenied(_("Figures are built anew by analysts and administrators."))
    refresh.rebuild(by=request.user)
    return redirect("analytics:figures")


@require_safe
@for_overseers
def report(request: StaffRequest, name: str) -> HttpResponseBase:
    found, form, at = _asked(request, name)
    findings = found.read(form.chosen(), request.user, at)
    if (format := request.GET.get("format")) in FORMATS:
        return _download(found, findings, request.GET.get("table", ""), FORMATS[format])
    if request.GET.get("format") == "pdf":
        return pdf_file(found, form.chosen(), findings, trust(at).as_of)
    context = {
        "report": found,
        "reports": all_reports().values(),
        "form": form,
        "chosen": form.chosen(),
        "findings": findings,
        "option": option(findings.chart) if findings.chart else None,
        "trust": trust(at),
    }
    return render(request, "analytics/report.html", context)


@require_safe
@for_overseers
@reading.lists_people("list")
def report_list(request: StaffRequest, name: str) -> HttpResponseBase:
    """The rows behind one number of a report that does not count complaints."""
    found, form, at = _asked(request, name)
    if found.listing is None:
        raise Http404
    listing = found.listing(form.chosen(), request.user, at, request.GET.get("pick", ""))
    if (format := request.GET.get("format")) in FORMATS:
        if not is_small(listing):
            raise Refusal(
                _("The list is too long to come at once. Use the buttons below it; the file is prepared then.")
            )
        rows = (listing.show(row) for row in listing.rows.iterator(2000))
        return FORMATS[format](f"{name}-list", listing.columns, rows)
    page = Paginator(listing.rows, PAGE).get_page(request.GET.get("page"))
    context = {
        "report": found,
        "listing": listing,
        "page": page,
        "lines": lines(listing.columns, (listing.show(row) for row in page)),
        "back": form.chosen().address(),
        "here": form.chosen().address(pick=request.GET.get("pick", "")),
        "taken": urlencode(form.chosen().params(pick=request.GET.get("pick", ""))),
        "trust": trust(at),
    }
    return render(request, "analytics/report_list.html", context)


def _asked(request: StaffRequest, name: str) -> tuple[Report, ReportFilters, datetime]:
    found, at = all_reports().get(name), timezone.now()
    if found is None:
        raise Http404
    form = filters_for(found, request.GET, request.user, at)
    return found, form, at


def _download(found: Report, findings: Findings, code: str, file: File) -> HttpResponseBase:
    """The table of that code, or the first; an empty report is an empty file, not an error."""
    empty = Table(found.name, "", [], [])
    table = next((table for table in findings.tables if table.code == code), next(iter(findings.tables), empty))
    return file(f"{found.name}-{table.code}", table.columns, [*table.rows, *([table.total] if table.total else [])])
