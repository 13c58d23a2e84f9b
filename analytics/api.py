"""The machine interface to the reports: the figures of the pages, in the same scope, with what a program needs to read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urljoin

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import BasePermission, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from analytics.charts import option
from analytics.filters import ReportFilters
from analytics.measures import Measure
from analytics.reading import as_of
from analytics.reports import all_reports
from analytics.reports.base import Cell, Findings, Report, Table, defined, filters_for
from analytics.views import OVERSEERS
from complaints.api import Problem, signed_in
from staff.api import HasScope


class MeasureOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    unit = serializers.CharField()
    formula = serializers.CharField()
    numerator = serializers.CharField(help_text=str(_("What is counted or measured")))
    denominator = serializers.CharField(
        allow_blank=True, help_text=str(_("What it is divided by; empty where it is no ratio"))
    )
    exclusions = serializers.CharField(allow_blank=True)
    remark = serializers.CharField(allow_blank=True)
    # DRF has an attribute of this name; fields are taken out of the class, so the two never meet
    source = serializers.CharField(  # type: ignore[assignment]
        allow_blank=True, help_text=str(_("The standard or rule it follows; empty where it is our own"))
    )
    definition = serializers.CharField(help_text=str(_("All of these in one paragraph")))


class GroupingOut(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()


class IntervalOut(serializers.Serializer[Any]):
    low = serializers.FloatField()
    high = serializers.FloatField()


class CellOut(serializers.Serializer[Any]):
    """One figure: `value` for programs, `text` as the page shows it, `url` the list of what it counts.

    A share lies between 0 and 1; it carries `of`, of how many it is one, and its 95 % `interval`. `value` is null where
    `hint` says why nothing is shown.
    """

    value = serializers.JSONField(allow_null=True)
    text = serializers.CharField()
    hint = serializers.CharField(required=False)
    url = serializers.URLField(required=False)
    of = serializers.IntegerField(required=False)
    interval = IntervalOut(required=False)


class ColumnOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_number = serializers.BooleanField()


class TableOut(serializers.Serializer[Any]):
    """`rows` and `total` have one cell for each column."""

    code = serializers.CharField()
    title = serializers.CharField()
    columns = ColumnOut(many=True)
    rows = serializers.ListField(child=CellOut(many=True))
    total = CellOut(many=True)
    sentence = serializers.CharField(required=False)
    url = serializers.URLField(required=False, help_text=str(_("Where all rows stand, when these are only the first")))
    left_out = serializers.IntegerField(required=False)


class ReportOut(serializers.Serializer[Any]):
    """What a report is, and by what it can be cut."""

    name = serializers.CharField()
    title = serializers.CharField()
    purpose = serializers.CharField()
    url = serializers.URLField(help_text=str(_("The figures for the usual choice")))
    page = serializers.URLField()
    by = GroupingOut(many=True)
    measures = MeasureOut(many=True)


class FiguresOut(ReportOut):
    """A report for one choice of filters. `as_of` is the moment up to which everything is counted."""

    as_of = serializers.DateTimeField(allow_null=True)
    filters = serializers.DictField(child=serializers.CharField())
    sentence = serializers.CharField()
    notes = serializers.ListField(child=serializers.CharField())
    tables = TableOut(many=True)
    chart = serializers.SerializerMethodField()

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_chart(self, found: dict[str, Any]) -> Any:
        return found["chart"]


class IsOverseer(BasePermission):
    """Those for whom the pages of the reports are."""

    message = _("The board and the reports are for supervisors, liaison, analysts and administrators.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        return signed_in(request).role in OVERSEERS


FILTERS = [
    OpenApiParameter(name, kind, description=str(text), enum=enum)
    for name, kind, text, enum in [
        ("from", OpenApiTypes.DATE, _("First day of the period; usually 89 days ago"), None),
        ("to", OpenApiTypes.DATE, _("Last day of the period; usually today"), None),
        ("granularity", OpenApiTypes.STR, _("What the period is cut into"), ["day", "week", "month"]),
        ("by", OpenApiTypes.STR, _("What figures are cut by: a code of the report’s own list “by”"), None),
        ("category", OpenApiTypes.STR, _("Code of the category"), None),
        ("channel", OpenApiTypes.STR, _("Channel"), None),
        ("branch", OpenApiTypes.STR, _("Code of the branch, with all below it"), None),
        (
            "compare",
            OpenApiTypes.STR,
            _("What counts are compared with, in reports that compare"),
            ["before", "year", "both"],
        ),
    ]
]
EXAMPLE = {
    "name": "satisfaction",
    "title": "Satisfaction",
    "purpose": "What customers say when they are asked.",
    "url": "https://desk.example.org/api/v1/reports/satisfaction/",
    "page": "https://desk.example.org/reports/satisfaction/",
    "by": [{"code": "period", "name": "period"}],
    "measures": [
        {
            "code": "answered",
            "name": "Answered",
            "unit": "answers",
            "formula": "Number of those asked who answered",
            "numerator": "Those asked in the period who have answered so far",
            "denominator": "",
            "exclusions": "Silence",
            "remark": "",
            "source": "",
            "definition": "What is counted: Those asked in the period who have answered so far. Left out: Silence.",
        }
    ],
    "as_of": "2026-04-01T08:00:03+08:00",
    "filters": {"from": "2026-03-01", "to": "2026-03-31", "granularity": "month", "by": "period"},
    "sentence": "42 of 50 customers who gave a score were satisfied.",
    "notes": [],
    "tables": [
        {
            "code": "satisfaction",
            "title": "Satisfaction",
            "columns": [{"name": "Asked in", "is_number": False}, {"name": "Satisfied", "is_number": True}],
            "rows": [
                [
                    {"value": "2026-03-01", "text": "March 2026"},
                    {"value": 0.84, "text": "84.0%", "of": 50, "interval": {"low": 0.7149, "high": 0.9166}},
                ]
            ],
            "total": [],
        }
    ],
    "chart": None,
}


class Reports(APIView):
    """The reports there are."""

    permission_classes = [IsAuthenticated, HasScope, IsOverseer]
    area = "reports"

    @extend_schema(responses={200: ReportOut(many=True)})
    def get(self, request: Request) -> Response:
        return Response(ReportOut([_described(one, request) for one in all_reports().values()], many=True).data)


class ReadReport(APIView):
    """The figures of one report, as its page shows them to the caller."""

    permission_classes = [IsAuthenticated, HasScope, IsOverseer]
    area = "reports"

    @extend_schema(
        parameters=FILTERS,
        responses={200: FiguresOut, 404: Problem, 422: Problem},
        examples=[OpenApiExample("satisfaction", value=EXAMPLE, response_only=True, status_codes=["200"])],
    )
    def get(self, request: Request, name: str) -> Response:
        """422 when a filter is wrong or not known: a page shows the usual figures then, a program would believe them."""
        found, at, user = all_reports().get(name), timezone.now(), signed_in(request)
        if found is None:
            raise Http404
        filters = filters_for(found, request.query_params, user, at)
        _refuse_what_is_wrong(filters)
        chosen, counted = filters.chosen(), as_of()
        answer = _answer(found, found.read(chosen, user, at), chosen.params(), counted, request)
        return Response(FiguresOut(answer).data)


def _refuse_what_is_wrong(filters: ReportFilters) -> None:
    wrong = {name: [str(error) for error in errors] for name, errors in filters.errors.items()}
    wrong |= {name: [str(_("This report has no such filter."))] for name in filters.unknown}
    if wrong:
        raise serializers.ValidationError(wrong)


def _described(report: Report, request: Request) -> dict[str, Any]:
    return {
        "name": report.name,
        "title": report.title,
        "purpose": report.purpose,
        "url": request.build_absolute_uri(reverse("api-report", args=[report.name])),
        "page": request.build_absolute_uri(reverse("analytics:report", args=[report.name])),
        "by": [{"code": code, "name": name} for code, name in report.grouping],
        "measures": [_measure(measure) for measure in report.measures],
    }


def _measure(measure: Measure) -> dict[str, Any]:
    fields = ("code", "name", "unit", "formula", "numerator", "denominator", "exclusions", "remark", "source")
    return {name: getattr(measure, name) for name in fields} | {"definition": defined(measure)}


def _answer(
    report: Report, findings: Findings, filters: dict[str, str], counted: datetime | None, request: Request
) -> dict[str, Any]:
    described = _described(report, request)
    return {
        **described,
        "as_of": counted,
        "filters": filters,
        "sentence": findings.sentence,
        "notes": findings.notes,
        "tables": [
            {
                "code": table.code,
                "title": table.title,
                "columns": [{"name": column.label, "is_number": column.is_number} for column in table.columns],
                "rows": [[_cell(cell, described["page"]) for cell in row] for row in table.rows],
                "total": [_cell(cell, described["page"]) for cell in table.total],
                **_about(table, described["page"]),
            }
            for table in findings.tables
        ],
        "chart": option(findings.chart) if findings.chart else None,
    }


def _about(table: Table, page: str) -> dict[str, Any]:
    """What is said of a table that stands for another report."""
    if not table.more:
        return {}
    return {"sentence": table.sentence, "url": urljoin(page, table.more), "left_out": table.left_out}


def _cell(cell: Cell, page: str) -> dict[str, Any]:
    """An address in a cell is one of the report's page; a program is told the whole of it."""
    found: dict[str, Any] = {"value": cell.raw, "text": cell.shown}
    if cell.hint:
        found["hint"] = cell.hint
    if cell.href:
        found["url"] = urljoin(page, cell.href)
    if cell.of is not None:
        found["of"] = cell.of
    if cell.interval is not None:
        found["interval"] = {"low": round(cell.interval.low, 4), "high": round(cell.interval.high, 4)}
    return found
