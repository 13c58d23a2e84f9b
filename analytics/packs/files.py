"""A frozen pack as a file to hand over: a workbook with a sheet for each report, and a paper; both carry the digest."""

from __future__ import annotations

import io
import tempfile
from typing import IO, Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, LongTable, Paragraph, SimpleDocTemplate, Spacer, TableStyle

from analytics.models import FrozenPack
from analytics.packs.freezing import Content
from complaints.papers import LATIN, marked, styles
from staff.spreadsheets import plain

SIDE = 15 * mm


def about(frozen: FrozenPack) -> list[tuple[str, str]]:
    """What stands at the head of either file."""
    pack = frozen.pack
    days = {"first": date_format(pack.first_day), "last": date_format(pack.last_day)}
    return [
        (_("Pack"), f"{pack.title}, {frozen.number}"),
        (_("Period"), _("%(first)s to %(last)s") % days),
        (_("Branch"), pack.branch.name),
        (_("Category"), pack.category.name if pack.category else _("all categories")),
        (_("Channel"), str(pack.get_channel_display()) or _("all channels")),
        (_("As of"), f"{localtime(frozen.as_of):%Y-%m-%d %H:%M:%S}"),
        (_("Frozen"), f"{localtime(frozen.frozen_at):%Y-%m-%d %H:%M:%S}"),
        ("SHA-256", frozen.digest),
    ]


def workbook(frozen: FrozenPack, language: str) -> IO[bytes]:
    """A first sheet that says what it is, then a sheet for each report; numbers stay numbers, text is never a formula."""
    book = Workbook(write_only=True)
    first = book.create_sheet(_("Pack"))
    for pair in about(frozen):
        first.append([_safe(value) for value in pair])
    for report in frozen.content[language]:
        sheet = book.create_sheet(report["title"][:31])
        for line in _sheet(report):
            sheet.append([_safe(value) for value in line])
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever sends it closes it
    book.save(file)
    file.seek(0)
    return file


def _sheet(report: Content) -> list[list[Any]]:
    lines: list[list[Any]] = [[report["title"]], [report["sentence"]], *([note] for note in report["notes"])]
    for table in report["tables"]:
        lines += [[], [table["title"]], table["columns"]]
        lines += [[cell["raw"] if cell["raw"] is not None else cell["text"] for cell in row] for row in table["rows"]]
    lines += [[], [_("What these figures mean")]]
    return lines + [[one["name"], one["formula"], one["definition"]] for one in report["definitions"]]


def _safe(value: Any) -> Any:
    if isinstance(value, int | float):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("", plain(value))


def paper(frozen: FrozenPack, language: str) -> bytes:
    """The same as a PDF; the same pack gives the same bytes."""
    style = styles(language)
    small = ParagraphStyle("small", style["body"], fontSize=8, leading=11, spaceAfter=0)

    def p(text: Any, kind: ParagraphStyle) -> Paragraph:
        return Paragraph(marked(str(text), language), kind)

    story: list[Flowable] = [p(frozen.pack.title, style["title"])]
    story += [p(f"{name}: {value}", small) for name, value in about(frozen)]
    for report in frozen.content[language]:
        story += [Spacer(0, 6 * mm), p(report["title"], style["heading"]), p(report["sentence"], style["fact"])]
        story += [p(note, small) for note in report["notes"]]
        for table in report["tables"]:
            story += [p(table["title"], style["heading"]), _grid(table, small, language)]
        story += [p(_("What these figures mean"), style["heading"])]
        story += [p(f"{one['name']}: {one['formula']}. {one['definition']}", small) for one in report["definitions"]]
    out = io.BytesIO()

    def foot(canvas: Canvas, _document: Any) -> None:
        canvas.setFont(LATIN, 7)
        canvas.drawString(SIDE, 8 * mm, frozen.digest)
        canvas.drawRightString(landscape(A4)[0] - SIDE, 8 * mm, str(canvas.getPageNumber()))

    margins = {"leftMargin": SIDE, "rightMargin": SIDE, "topMargin": SIDE, "bottomMargin": SIDE}
    document = SimpleDocTemplate(out, pagesize=landscape(A4), title=frozen.pack.title, invariant=1, **margins)
    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return out.getvalue()


def _grid(table: Content, small: ParagraphStyle, language: str) -> LongTable:
    right = ParagraphStyle("right-small", small, alignment=2)
    kinds = [right if is_number else small for is_number in table["numbers"]]
    head = [Paragraph(marked(name, language), kind) for name, kind in zip(table["columns"], kinds, strict=True)]
    body = [
        [Paragraph(marked(cell["text"], language), kind) for cell, kind in zip(row, kinds, strict=True)]
        for row in table["rows"]
    ]
    whole = landscape(A4)[0] - 2 * SIDE
    first = whole * max(0.2, 1 / len(head)) if len(head) > 1 else whole
    widths = [first, *[(whole - first) / max(1, len(head) - 1)] * (len(head) - 1)]
    look = [
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.2, colors.grey),
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), 2),
        ("RIGHTPADDING", (0, 0), (-1, -1), 2),
    ]
    if table["has_total"]:
        look.append(("LINEABOVE", (0, -1), (-1, -1), 0.8, colors.black))
    return LongTable([head, *body], colWidths=widths, repeatRows=1, style=TableStyle(look))
