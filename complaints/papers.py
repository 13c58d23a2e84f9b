"""Paper that leaves the house, as PDF: the formal reply to a regulator, the letter to a complainant.

The characters used of the Chinese font are embedded: not every reader and printer brings such a font along.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from django.conf import settings
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, KeepTogether, PageTemplate, Paragraph, Spacer

from complaints.models import Complaint, DeskSettings

CHINESE, LATIN, BOLD = "NotoSansSC", "Helvetica", "Helvetica-Bold"
FONT = Path(settings.BASE_DIR) / "fonts" / "NotoSansSC.ttf"
WIDE = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\u3000-\u30ff]+")
SIDE = 25 * mm
WINDOW_TOP, WINDOW_WIDTH = 45 * mm, 85 * mm
"""Where the address shows through the window of a DL envelope when the sheet is folded in three."""
BODY_TOP = 98 * mm


@dataclass(frozen=True, slots=True)
class Head:
    """Who writes, as it stands at the top of the sheet and under the text."""

    name: str
    address: str
    hotline: str
    signatory: str

    @classmethod
    def of(cls, desk: DeskSettings, language: str) -> Head:
        is_chinese = language.startswith("zh")
        name, address, signatory = (
            (desk.utility_zh, desk.address_zh, desk.signatory_zh)
            if is_chinese
            else (desk.utility_en, desk.address_en, desk.signatory_en)
        )
        return cls(name, " ".join(filter(None, (desk.postcode, address))), desk.hotline, signatory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a formal reply says beyond what the complaint itself knows."""

    language: str
    findings: str
    measures: str
    signatory: str
    dated_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterSaid:
    """What a letter says, and to whom."""

    language: str
    to: str
    address: str
    subject: str
    body: str
    dated_on: date


def marked(text: str, language: str) -> str:
    """Text for a paragraph: harmless, with its line breaks, Chinese within Latin in its own font."""
    text = escape(text.strip()).replace("\n", "<br/>")
    if language.startswith("zh"):
        return text
    return WIDE.sub(lambda found: f'<font name="{CHINESE}">{found.group()}</font>', text)


def reply(complaint: Complaint, said: Reply) -> bytes:
    """The formal reply to the regulator that handed this complaint over."""
    with translation.override(said.language):
        head = Head.of(DeskSettings.current(), said.language)
        story = _reply_story(complaint, said, head)
        title = _("Reply to %(reference)s") % {"reference": complaint.source_reference}
        return _built(story, head, said.language, title=str(title), top=38 * mm)


def _reply_story(complaint: Complaint, said: Reply, head: Head) -> list[Flowable]:
    style = styles(said.language)

    def p(text: Any, name: str = "body") -> Paragraph:
        return Paragraph(marked(str(text), said.language), style[name])

    facts = [
        (pgettext("reply", "Your reference"), complaint.source_reference),
        (_("Our reference"), complaint.reference),
        (_("Received"), date_format(complaint.received_at.astimezone(), "DATE_FORMAT")),
        (_("About"), complaint.subcategory.name if complaint.subcategory else complaint.category.name),
        (_("Outcome"), complaint.get_outcome_display() if complaint.outcome else ""),
    ]
    colon = "：" if said.language.startswith("zh") else ": "
    return [
        p(
            _("Reply on how the complaint %(reference)s was handled") % {"reference": complaint.source_reference},
            "title",
        ),
        p(f"{complaint.get_source_display()}{colon.strip()}"),
        *[p(f"{label}{colon}{value}", "fact") for label, value in facts if value],
        p(_("1. What was complained about"), "heading"),
        p(complaint.story),
        p(_("2. What we found"), "heading"),
        p(said.findings),
        p(_("3. What we did and will do"), "heading"),
        p(said.measures),
        Spacer(0, 14 * mm),
        KeepTogether(
            [
                p(head.name, "right"),
                *([p(said.signatory, "right")] if said.signatory else []),
                p(_("(seal)"), "right"),
                p(spelled(said.dated_on), "right"),
            ]
        ),
    ]


def letter(complaint: Complaint, said: LetterSaid) -> bytes:
    """The letter to the complainant, folded in three its address shows through a window."""
    with translation.override(said.language):
        head = Head.of(DeskSettings.current(), said.language)
        style = styles(said.language)

        def p(text: Any, name: str = "body") -> Paragraph:
            return Paragraph(marked(str(text), said.language), style[name])

        def window(canvas: Canvas) -> None:
            lines = [p(f"{head.name} · {head.address}", "sender"), p(said.to, "address"), p(said.address, "address")]
            top = A4[1] - WINDOW_TOP
            for line in lines:
                _width, height = line.wrap(WINDOW_WIDTH, 40 * mm)
                top -= height
                line.drawOn(canvas, SIDE, top)

        story = [
            p(spelled(said.dated_on), "right"),
            p(_("Our reference: %(reference)s") % {"reference": complaint.reference}, "fact"),
            p(said.subject, "heading"),
            *[p(part) for part in re.split(r"\n\s*\n", said.body.strip())],
            Spacer(0, 14 * mm),
            KeepTogether([p(head.name, "right"), *([p(head.signatory, "right")] if head.signatory else [])]),
        ]
        return _built(story, head, said.language, title=said.subject, top=BODY_TOP, window=window)


def spelled(day: date) -> str:
    """The date as letters carry it, in the language in use."""
    if (translation.get_language() or "").startswith("zh"):
        return f"{day.year}年{day.month}月{day.day}日"
    return date_format(day, "j F Y")


@cache
def _register_font() -> None:
    """Reading it takes a second, so only a process that makes paper does."""
    pdfmetrics.registerFont(TTFont(CHINESE, FONT))


def styles(language: str) -> dict[str, ParagraphStyle]:
    _register_font()
    is_chinese = language.startswith("zh")
    usual: dict[str, Any] = {"fontName": CHINESE, "wordWrap": "CJK"} if is_chinese else {"fontName": LATIN}
    strong = CHINESE if is_chinese else BOLD
    body = ParagraphStyle("body", fontSize=11, leading=18, spaceAfter=6, **usual)
    return {
        "body": body,
        "fact": ParagraphStyle("fact", body, spaceAfter=0),
        "heading": ParagraphStyle("heading", body, fontName=strong, fontSize=12, spaceBefore=10, keepWithNext=True),
        "title": ParagraphStyle("title", body, fontName=strong, fontSize=15, leading=22, spaceAfter=14, alignment=1),
        "right": ParagraphStyle("right", body, alignment=TA_RIGHT),
        "sender": ParagraphStyle("sender", body, fontSize=7, leading=11, spaceAfter=0),
        "address": ParagraphStyle("address", body, leading=15, spaceAfter=0),
    }


def _built(
    story: Iterable[Flowable],
    head: Head,
    language: str,
    *,
    title: str,
    top: float,
    window: Callable[[Canvas], None] | None = None,
) -> bytes:
    """The sheets: the head on the first, the page's number on the others; the same words give the same bytes."""
    width, height = A4
    style = styles(language)
    out = io.BytesIO()

    def first(canvas: Canvas, _document: Any) -> None:
        name = Paragraph(marked(head.name, language), style["title"])
        name.wrap(width - 2 * SIDE, 30 * mm)
        name.drawOn(canvas, SIDE, height - 22 * mm)
        line = _("%(address)s · Hotline %(hotline)s") % {"address": head.address, "hotline": head.hotline}
        small = Paragraph(
            marked(str(line), language), ParagraphStyle("small", style["sender"], fontSize=8, alignment=1)
        )
        small.wrap(width - 2 * SIDE, 10 * mm)
        small.drawOn(canvas, SIDE, height - 27 * mm)
        canvas.setLineWidth(0.6)
        canvas.line(SIDE, height - 30 * mm, width - SIDE, height - 30 * mm)
        if window is not None:
            window(canvas)

    def later(canvas: Canvas, _document: Any) -> None:
        canvas.setFont(LATIN, 9)
        canvas.drawCentredString(width / 2, 12 * mm, str(canvas.getPageNumber()))

    document = BaseDocTemplate(out, pagesize=A4, title=title, author=head.name, invariant=1)
    frame = {"leftPadding": 0, "rightPadding": 0, "topPadding": 0, "bottomPadding": 0}
    bottom = 22 * mm
    document.addPageTemplates(
        [
            PageTemplate(
                "first",
                [Frame(SIDE, bottom, width - 2 * SIDE, height - top - bottom, **frame)],
                onPage=first,
                autoNextPageTemplate="later",
            ),
            PageTemplate("later", [Frame(SIDE, bottom, width - 2 * SIDE, height - 2 * bottom, **frame)], onPage=later),
        ]
    )
    document.build(list(story))
    return out.getvalue()
