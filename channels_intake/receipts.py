"""The receipt as PDF, for a roll of 80 mm or a sheet of A4: reference, promised dates, and the way to follow it."""

from __future__ import annotations

import io
from typing import Any

import segno
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, Spacer

from channels_intake.announcing import announced
from complaints.models import Complaint
from complaints.papers import Head, marked, styles

ROLL, SHEET = "80mm", "a4"
PAPERS = (ROLL, SHEET)
WIDTH = {ROLL: 80 * mm, SHEET: A4[0]}
SIDE = {ROLL: 5 * mm, SHEET: 25 * mm}
QUIET = 4
"""Modules left white around a QR code, or readers do not find it."""


class Square(Flowable):
    """A QR code drawn as squares: sharp on every printer."""

    def __init__(self, link: str, side: float) -> None:
        super().__init__()
        self.rows = [bytes(row) for row in segno.make_qr(link, error="m").matrix]
        self.side = side

    def wrap(self, availWidth: float, availHeight: float) -> tuple[float, float]:
        self.left = (availWidth - self.side) / 2
        return availWidth, self.side

    def draw(self) -> None:
        step = self.side / (len(self.rows) + 2 * QUIET)
        for y, row in enumerate(self.rows):
            for x, is_dark in enumerate(row):
                if is_dark:
                    top = self.side - (y + 1 + QUIET) * step
                    self.canv.rect(self.left + (x + QUIET) * step, top, step, step, stroke=0, fill=1)


def pdf(complaint: Complaint, paper: str) -> bytes:
    """One page, as long as it needs on a roll, in the customer's language."""
    with translation.override(complaint.language):
        told = announced(complaint)
        parts = _parts(complaint, told, paper)
        width, side = WIDTH[paper], SIDE[paper]
        inner = width - 2 * side
        heights = [part.wrap(inner, A4[1])[1] for part in parts]
        height = A4[1] if paper == SHEET else sum(heights) + 2 * side
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=(width, height), invariant=1)
        canvas.setTitle(complaint.reference)
        top = height - side
        for part, tall in zip(parts, heights, strict=True):
            top -= tall
            part.drawOn(canvas, side, top)
        canvas.showPage()
        canvas.save()
    return out.getvalue()


def _parts(complaint: Complaint, told: dict[str, Any], paper: str) -> list[Flowable]:
    language = complaint.language
    head = Head.of(told["desk"], language)
    body = ParagraphStyle("slip", styles(language)["body"], fontSize=9 if paper == ROLL else 11, spaceAfter=0)
    body.leading = body.fontSize * 1.5
    large = ParagraphStyle("large", body, fontSize=17 if paper == ROLL else 26, alignment=1)
    large.leading = large.fontSize * 1.4
    middle = ParagraphStyle("middle", body, alignment=1)
    colon = "：" if language.startswith("zh") else ": "
    facts = [
        (_("About"), complaint.category.name),
        (_("Received"), date_format(complaint.received_at.astimezone(), "DATETIME_FORMAT")),
        (_("Counter"), complaint.channel_details.get("counter", "")),
        (_("We call by"), told["contact_by"]),
        (_("We answer by"), told["answer_by"]),
        (_("Hotline"), told["desk"].hotline),
    ]

    def p(text: Any, style: ParagraphStyle = body) -> Paragraph:
        return Paragraph(marked(str(text), language), style)

    gap = 3 * mm
    return [
        p(head.name, middle),
        p(_("Receipt for a complaint"), middle),
        Spacer(1, gap),
        p(complaint.reference, large),
        Spacer(1, gap),
        *[p(f"{label}{colon}{value}") for label, value in facts if value],
        Spacer(1, gap),
        Square(told["link"], 45 * mm if paper == ROLL else 50 * mm),
        p(_("Follow it here"), middle),
        Paragraph(marked(told["link"], "en"), ParagraphStyle("link", middle, fontName="Helvetica", wordWrap="CJK")),
    ]
