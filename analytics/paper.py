"""A report as PDF: its sentence, the chart as drawn bars, the tables, the definitions, and up to when it counts."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from reportlab.graphics.charts.barcharts import VerticalBarChart
from reportlab.graphics.charts.legends import Legend
from reportlab.graphics.shapes import Drawing
from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, LongTable, PageBreak, Paragraph, Spacer, TableStyle
from reportlab.platypus.doctemplate import SimpleDocTemplate

from analytics.filters import Chosen
from analytics.reports.base import Chart, Findings, Report, Table, defined
from complaints.models import Channel
from complaints.papers import CHINESE, LATIN, marked, styles

SIDE = 15 * mm
WIDTH = landscape(A4)[0] - 2 * SIDE
COLOURS = [HexColor(code) for code in ("#0072b2", "#b85000", "#007a5a", "#a6588b", "#8a6d00", "#2f8fc4")]
"""Those of the series on the pages (tokens.css)."""
LINE = HexColor("#d3dee2")


@dataclass(frozen=True, slots=True)
class Page:
    """A report as it was read: for which filters, with which findings, counted up to when."""

    report: Report
    chosen: Chosen
    findings: Findings
    counted: datetime | None


def pdf_file(report: Report, chosen: Chosen, findings: Findings, counted: datetime | None) -> HttpResponse:
    page = Page(report, chosen, findings, counted)
    response = HttpResponse(pdf([page]), content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{report.name}.pdf"'
    return response


def pdf(pages: Sequence[Page]) -> bytes:
    """Reports in the language in use, one behind the other; the characters of the Chinese font that they need are embedded."""
    language = translation.get_language() or ""
    story: list[Flowable] = []
    for page in pages:
        story += [*([PageBreak()] if story else []), *_story(page, language)]
    out = io.BytesIO()
    margins = dict.fromkeys(("leftMargin", "rightMargin", "topMargin", "bottomMargin"), SIDE)
    title = ", ".join(str(page.report.title) for page in pages)
    SimpleDocTemplate(out, pagesize=landscape(A4), title=title, invariant=1, **margins).build(story)
    return out.getvalue()


def _story(page: Page, language: str) -> list[Flowable]:
    report, chosen, findings = page.report, page.chosen, page.findings
    style = styles(language)
    small = ParagraphStyle("small", style["fact"], fontSize=8, leading=11)
    # a long table would be carried to the next page as a whole
    heading = ParagraphStyle("table-heading", style["heading"], keepWithNext=False)

    def p(text: Any, by: ParagraphStyle) -> Paragraph:
        return Paragraph(marked(str(text), language), by)

    story: list[Flowable] = [p(report.title, style["title"]), p(chosen.period, style["fact"])]
    story += [p(_narrowed(chosen), style["fact"])] if chosen.narrowing else []
    story += [Spacer(0, 3 * mm), p(findings.sentence, style["body"]), *(p(note, small) for note in findings.notes)]
    if findings.chart and any(value for series in findings.chart.series for value in series.values):
        story.append(_drawn(findings.chart, CHINESE if language.startswith("zh") else LATIN))
    for table in findings.tables:
        story += [p(table.title, heading), *([p(table.sentence, small)] if table.sentence else [])]
        story.append(_table(table, small, language))
        if table.left_out:
            more = ngettext(
                "%(count)d row more in the whole report.", "%(count)d rows more in the whole report.", table.left_out
            )
            story.append(p(more % {"count": table.left_out}, small))
    story.append(p(_("What these figures mean"), style["heading"]))
    story += [p(f"{one.name} ({one.unit}): {one.formula}. {defined(one)}", small) for one in report.measures]
    if page.counted is not None:
        as_of = formats.date_format(timezone.localtime(page.counted), "DATETIME_FORMAT")
        story += [Spacer(0, 4 * mm), p(_("Figures as of %(moment)s") % {"moment": as_of}, small)]
    return story


def _narrowed(chosen: Chosen) -> str:
    """What was left out, in words: a figure on paper has no filter bar above it."""
    said: list[Any] = [chosen.category and chosen.category.name, chosen.channel and Channel(chosen.channel).label]
    said.append(chosen.branch and chosen.branch.name)
    return " · ".join(str(one) for one in said if one)


def _table(table: Table, style: ParagraphStyle, language: str) -> LongTable:
    def line(texts: Sequence[str]) -> list[Paragraph]:
        return [Paragraph(marked(text, language), style) for text in texts]

    total = [table.total] if table.total else []
    rows = [line([column.label for column in table.columns])]
    rows += [line([" ".join(filter(None, (cell.shown, cell.hint))) for cell in row]) for row in [*table.rows, *total]]
    found = LongTable(rows, colWidths=[WIDTH / len(table.columns)] * len(table.columns), repeatRows=1)
    found.setStyle(TableStyle([("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE), ("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return found


def _drawn(chart: Chart, font: str) -> Drawing:
    """Bars on white, stacked where the page stacks them; the table below has the same numbers."""
    height, bars = 60 * mm, VerticalBarChart()
    bars.x, bars.y, bars.width, bars.height = 12 * mm, 12 * mm, WIDTH - 60 * mm, height - 16 * mm
    bars.data = [[value or 0 for value in series.values] for series in chart.series]
    bars.categoryAxis.categoryNames = _thinned(list(chart.labels))
    bars.categoryAxis.style = "stacked" if chart.kind == "counts" else "parallel"
    bars.categoryAxis.labels.fontName = bars.valueAxis.labels.fontName = font
    bars.categoryAxis.labels.fontSize = bars.valueAxis.labels.fontSize = 7
    bars.valueAxis.valueMin = 0
    bars.valueAxis.visibleGrid, bars.valueAxis.gridStrokeColor = True, LINE
    for number in range(len(chart.series)):
        bars.bars[number].fillColor = COLOURS[number % len(COLOURS)]
        bars.bars[number].strokeColor = None
    legend = Legend()
    legend.x, legend.y, legend.fontName, legend.fontSize, legend.alignment = (
        WIDTH - 44 * mm,
        height - 8 * mm,
        font,
        7,
        "right",
    )
    legend.columnMaximum = len(chart.series)
    legend.colorNamePairs = [
        (COLOURS[number % len(COLOURS)], series.name) for number, series in enumerate(chart.series)
    ]
    drawing = Drawing(WIDTH, height)
    drawing.add(bars)
    drawing.add(legend)
    return drawing


def _thinned(labels: list[str], most: int = 12) -> list[str]:
    """Every so many a label, so that none lies over another."""
    step = -(-len(labels) // most) or 1
    return [text if number % step == 0 else "" for number, text in enumerate(labels)]
