"""Scanned letters: taken in as one PDF or one picture, and drawn page by page to be looked at."""

from __future__ import annotations

import hashlib
import io
import threading

import pypdfium2
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, ImageSequence

from complaints import attachments
from complaints.legible import legible
from complaints.models import Attachment, FileKind
from complaints.refusals import BadInput

MAX_PAGES = 20
LONGEST_SIDE = 1400
"""Pixels of a page as it is shown: enough to read a letter beside the form."""
LARGEST_PAGE = 200 * 72
"""No sheet of paper is larger (points): such a page is there to fill the memory."""
TIFF = (".tif", ".tiff")

_pdfium = threading.Lock()
"""The library beneath is not made for several threads at once."""


def prepare(upload: attachments.Readable, *, name: str) -> Attachment:
    """An unsaved attachment of the scan; every page of a TIFF is kept. Raises BadInput with a sentence naming the file."""
    data = upload.read(attachments.MAX_BYTES + 1)
    name = legible(name).replace("\\", "/").rsplit("/", 1)[-1][-150:] or "scan"
    if len(data) <= attachments.MAX_BYTES and attachments.sniff(data) in TIFF:
        data, name = _tiff_as_pdf(data, name), f"{name.rsplit('.', 1)[0]}.pdf"
        found = Attachment(
            file=ContentFile(data, name=name),
            name=name,
            content_type="application/pdf",
            size=len(data),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    else:
        found = attachments.prepare(io.BytesIO(data), name=name)
    found.kind = FileKind.SCAN
    if found.content_type == "application/pdf":
        _check_pdf(data, name)
    return found


def _tiff_as_pdf(data: bytes, name: str) -> bytes:
    """All pages of a fax or scanner's file, drawn anew one after the other."""
    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data), formats=["TIFF"]) as picture:
            count = getattr(picture, "n_frames", 1)
            if count > MAX_PAGES:
                raise _too_many(name, count)
            pages = []
            for frame in ImageSequence.Iterator(picture):
                if frame.width * frame.height > attachments.MAX_PIXELS:
                    raise _refused(_("“%(name)s” has too many pixels."), name)
                page = ImageOps.exif_transpose(frame).convert("RGB")
                page.thumbnail((attachments.MAX_SIDE, attachments.MAX_SIDE))
                pages.append(page)
            pages[0].save(out, "PDF", save_all=True, append_images=pages[1:], resolution=150)
    except (*attachments.UNREADABLE, Image.DecompressionBombError) as error:
        raise _refused(_("“%(name)s” cannot be read as a picture. Try another copy."), name) from error
    return out.getvalue()


def _check_pdf(data: bytes, name: str) -> None:
    """Only paper: readable, not locked, not too long and not too large."""
    with _pdfium:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise _refused(
                _("“%(name)s” cannot be opened: it is damaged or locked with a password. Scan it again."), name
            ) from error
        try:
            if not len(document):
                raise _refused(_("“%(name)s” has no pages."), name)
            if len(document) > MAX_PAGES:
                raise _too_many(name, len(document))
            sizes = [document.get_page_size(number) for number in range(len(document))]
        except pypdfium2.PdfiumError as error:
            raise _refused(
                _("“%(name)s” cannot be opened: it is damaged or locked with a password. Scan it again."), name
            ) from error
        finally:
            document.close()
    if any(max(size) > LARGEST_PAGE for size in sizes):
        raise _refused(_("“%(name)s” has a page larger than any paper. Scan it again."), name)


def _refused(sentence: str, name: str) -> BadInput:
    return BadInput(sentence % {"name": name}, fields=["scan_file"])


def _too_many(name: str, count: int) -> BadInput:
    return BadInput(
        _("“%(name)s” has %(count)d pages; at most %(limit)d are taken. Split it.")
        % {"name": name, "count": count, "limit": MAX_PAGES},
        fields=["scan_file"],
    )


def page_count(data: bytes, content_type: str) -> int:
    if content_type != "application/pdf":
        return 1
    with _pdfium:
        document = pypdfium2.PdfDocument(data)
        try:
            return len(document)
        finally:
            document.close()


def drawn(data: bytes, content_type: str, number: int) -> bytes | None:
    """Page `number` (from 1) as a JPEG; None when there is no such page."""
    if content_type != "application/pdf":
        picture = Image.open(io.BytesIO(data), formats=["JPEG", "PNG"]).convert("RGB") if number == 1 else None
    else:
        picture = _page(data, number)
    if picture is None:
        return None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def _page(data: bytes, number: int) -> Image.Image | None:
    with _pdfium:
        document = pypdfium2.PdfDocument(data)
        try:
            if not 1 <= number <= len(document):
                return None
            page = document[number - 1]
            scale = LONGEST_SIDE / max(*page.get_size(), 1)
            drawn: Image.Image = page.render(scale=scale, may_draw_forms=False).to_pil()
            return drawn.copy()
        finally:
            document.close()


def joined(sheets: list[bytes]) -> bytes:
    """Several PDFs one after the other, to be printed at one go."""
    with _pdfium:
        whole = pypdfium2.PdfDocument.new()
        for sheet in sheets:
            part = pypdfium2.PdfDocument(sheet)
            whole.import_pages(part)
            part.close()
        out = io.BytesIO()
        whole.save(out)
        whole.close()
    return out.getvalue()
