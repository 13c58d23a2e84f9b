"""Files of any size: asking for one, how far it is, and taking it along. Each person sees their own."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from analytics import export_subjects, exports, jobs
from analytics.export import FORMATS
from analytics.export_subjects import Question
from analytics.models import Export, ExportFormat, Subject
from complaints import database_clock
from customers import finding
from staff.http import StaffRequest

SHOWN = 50
LEFT_OUT = ("format", "page", "after", "saved", "table")
"""What an address says beside its filters."""


@login_required
@require_safe
def mine(request: StaffRequest) -> HttpResponse:
    """The newest of this person's; while one is being prepared, how far it is."""
    rows = list(Export.objects.visible_to(request.user)[:SHOWN])
    context = {
        "exports": rows,
        "is_going_on": any(row.is_unfinished for row in rows),
        "days": exports.KEPT.days,
        "may_take": request.user.role in export_subjects.MAY_TAKE[Subject.COMPLAINTS],
    }
    return render(request, "analytics/_exports.html" if request.htmx else "analytics/exports.html", context)


@login_required
@require_POST
def ask(request: StaffRequest) -> HttpResponseBase:
    """A small file comes at once, a larger one is prepared; either is written down first."""
    asked = _question(request)
    found = export_subjects.listing(asked, request.user, database_clock.now())
    if not exports.is_small(found):
        exports.ask(asked, found, by=request.user)
        return redirect("analytics:exports")
    if asked.subject == Subject.CUSTOMERS:
        # the customers' own door writes down who took them
        return redirect(f"{reverse('customers:export', args=[asked.format])}?{urlencode(finding.asked(asked.query))}")
    exports.taken_at_once(asked, found, by=request.user)
    rows = (found.show(row) for row in found.rows.iterator(chunk_size=exports.CHUNK))
    return FORMATS[asked.format](asked.file_name, found.columns, rows)


def _question(request: StaffRequest) -> Question:
    subject, format = request.POST.get("subject", ""), request.POST.get("format", "")
    if subject not in Subject.values or format not in ExportFormat.values:
        raise Http404
    query = {name: text[:200] for name, text in parse_qsl(request.POST.get("query", "")) if name not in LEFT_OUT}
    report = request.POST.get("report", "")[:40] if subject == Subject.BEHIND else ""
    return Question(Subject(subject), query, report, format)


def _found(request: StaffRequest, key: UUID) -> Export:
    return get_object_or_404(Export.objects.visible_to(request.user), uuid=key)


@login_required
@require_safe
def download(request: StaffRequest, key: UUID) -> FileResponse:
    """The file, for whoever asked for it and as long as it is kept."""
    found = _found(request, key)
    if not found.file:
        raise Http404
    name = f"{exports.question(found).file_name}-{found.asked_at:%Y%m%d-%H%M}.{found.format}"
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store"}
    return FileResponse(found.file.open(), as_attachment=True, filename=name, headers=headers)


@login_required
@require_POST
def act(request: StaffRequest, key: UUID, what: str) -> HttpResponse:
    found = _found(request, key)
    if what not in ACTS:
        raise Http404
    ACTS[what](found)
    return redirect("analytics:exports")


ACTS = {"stop": jobs.stop, "again": exports.again, "delete": exports.delete}
