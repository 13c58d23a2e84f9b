"""The page of a survey's results, and its files."""

from __future__ import annotations

from django.http import Http404, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analytics import survey_results
from analytics.export import csv_file
from analytics.reports.base import Cell, Column
from analytics.views import for_overseers
from complaints.models import Survey
from staff.http import StaffRequest


@for_overseers
@require_safe
def survey(request: StaffRequest, pk: int) -> HttpResponseBase:
    """What was found so far; `format=csv` gives one of the tables, or the answers without names."""
    started = Survey.objects.visible_to(request.user).filter(started_at__isnull=False).select_related("branch")
    found, at = get_object_or_404(started, pk=pk), timezone.now()
    if request.GET.get("format") == "csv":
        return _file(request, found)
    context = {"survey": found, "results": survey_results.read(found, request.user, at), "at": at}
    return render(request, "analytics/survey.html", context)


def _file(request: StaffRequest, found: Survey) -> HttpResponseBase:
    code = request.GET.get("table", "")
    if code == "answers":
        columns = [Column(name) for name in survey_results.ANSWER_COLUMNS]
        rows = survey_results.answers(found).iterator(2000)
        return csv_file(f"survey-{found.pk}-answers", columns, ([Cell(value) for value in row] for row in rows))
    tables = survey_results.read(found, request.user, timezone.now()).tables
    table = next((table for table in tables if table.code == code), None)
    if table is None:
        raise Http404
    return csv_file(f"survey-{found.pk}-{code}", table.columns, table.rows)
