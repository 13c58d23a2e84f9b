"""Files that come in: sniffed, capped, images re-encoded, stored under a name that cannot be guessed."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from typing import Protocol

import puremagic
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from complaints.legible import legible
from complaints.models import Attachment, Complaint
from complaints.models.attachment import ScanState
from complaints.refusals import BadInput

MAX_BYTES = 12 * 1024 * 1024
MAX_FILES = 6
MAX_SIDE = 2400
MAX_PIXELS = 60_000_000
"""A photo is at most this many pixels when opened: a small file can otherwise unpack to fill the memory."""
IMAGES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jfif": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
PDF = ".pdf"
PDF_END, PDF_TAIL = b"%%EOF", 4096
"""A whole PDF ends with this mark; some programs write a little behind it."""
UNREADABLE = (
    *(UnidentifiedImageError, OSError, ValueError, SyntaxError, struct.error, zlib.error),
    *(LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError),
)
"""What the readers of pictures raise over bytes that are torn."""


class Readable(Protocol):
    """An open file or an upload."""

    def read(self, size: int, /) -> bytes: ...


def prepare(upload: Readable, *, name: str) -> Attachment:
    """An unsaved attachment made from what somebody handed in.

    The kind is read from the bytes, never from the name. Images are drawn anew, at most 2400 pixels a side, which drops
    position data and anything hidden in them. Raises BadInput with a sentence naming the file.
    """
    name = legible(name).replace("\\", "/").rsplit("/", 1)[-1][-150:] or "file"
    data = upload.read(MAX_BYTES + 1)
    if not data:
        raise BadInput(_("“%(name)s” is empty.") % {"name": name}, fields=["files"])
    if len(data) > MAX_BYTES:
        raise BadInput(
            _("“%(name)s” is larger than %(limit)d MB. Send a smaller copy.")
            % {"name": name, "limit": MAX_BYTES // 1024 // 1024},
            fields=["files"],
        )
    kind = sniff(data)
    if kind == PDF:
        if PDF_END not in data[-PDF_TAIL:]:
            raise BadInput(_("“%(name)s” ends too early. Send it again.") % {"name": name}, fields=["files"])
        check_not_disguised(data, name=name)
        content_type = "application/pdf"
    elif kind in IMAGES:
        data, content_type = redrawn(data, name=name)
        name = f"{name.rsplit('.', 1)[0]}{'.png' if content_type == 'image/png' else '.jpg'}"
    else:
        raise BadInput(
            _("“%(name)s” is neither a photo (JPEG, PNG, WebP, TIFF) nor a PDF.") % {"name": name}, fields=["files"]
        )
    return Attachment(
        file=ContentFile(data, name=name),
        name=name,
        content_type=content_type,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )


def check_not_disguised(data: bytes, *, name: str) -> None:
    """Some files are a PDF to one reader and a page or an archive to another. Raises BadInput."""
    if zipfile.is_zipfile(io.BytesIO(data)) or b"<html" in data[:1024].lower():
        raise BadInput(
            _("“%(name)s” is a PDF and something else at once. Print it to PDF again.") % {"name": name},
            fields=["files"],
        )


def made(data: bytes, *, name: str) -> Attachment:
    """An unsaved attachment of a PDF that we made ourselves; no scanner needs to look at it."""
    return Attachment(
        file=ContentFile(data, name=name),
        name=name,
        content_type="application/pdf",
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        scan=ScanState.UNSCANNED,
    )


def sniff(data: bytes) -> str:
    """The usual ending for what the bytes are, "" when nobody knows."""
    if data.startswith(b"%PDF-"):
        return PDF
    try:
        return puremagic.from_string(data).lower()
    except (puremagic.PureError, ValueError):
        return ""


def redrawn(data: bytes, *, name: str) -> tuple[bytes, str]:
    """The picture drawn anew: upright, no metadata, PNG if it was one, else JPEG. Raises BadInput when it cannot be read."""
    try:
        with Image.open(io.BytesIO(data), formats=sorted(set(IMAGES.values()))) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise BadInput(_("“%(name)s” has too many pixels.") % {"name": name}, fields=["files"])
            is_png = picture.format == "PNG"
            picture.load()
            upright = ImageOps.exif_transpose(picture).convert("RGBA" if is_png else "RGB")
    except Image.DecompressionBombError as error:
        raise BadInput(_("“%(name)s” has too many pixels.") % {"name": name}, fields=["files"]) from error
    except UNREADABLE as error:
        raise BadInput(
            _("“%(name)s” cannot be read as a picture. Try another copy.") % {"name": name}, fields=["files"]
        ) from error
    upright.thumbnail((MAX_SIDE, MAX_SIDE))
    out = io.BytesIO()
    if is_png:
        upright.save(out, "PNG", optimize=True)
        return out.getvalue(), "image/png"
    upright.save(out, "JPEG", quality=85)
    return out.getvalue(), "image/jpeg"


def keep(attachment: Attachment, complaint: Complaint) -> Attachment:
    """Attach a prepared file to a complaint that is being registered or moved; the same file twice is kept once."""
    kept = complaint.attachments.filter(sha256=attachment.sha256).first()
    if kept is not None:
        return kept
    attachment.complaint = complaint
    attachment.save()
    return attachment
