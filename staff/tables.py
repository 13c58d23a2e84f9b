"""Tables that people hand in: CSV in the encodings their spreadsheets write, and XLSX, read as text and never evaluated."""

from __future__ import annotations

import codecs
import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from staff.spreadsheets import BEGINS_A_FORMULA, plain

MAX_UNPACKED = 40 * 1024 * 1024
"""A workbook is a zip file; a small one can unpack to fill the memory."""
MAX_PARTS = 200
MAX_COLUMNS = 60
MAX_CELL = 8000


class Unreadable(ValueError):
    """What was handed in is no table that we take; the text is a sentence for the person."""


def delimiter_of_the_head(text: str) -> str:
    """The sign that stands most often in the first line."""
    head = text[: text.find("\n")] if "\n" in text else text
    return max(",;\t，", key=head.count)


@dataclass(frozen=True, slots=True)
class How:
    """How much is read, how the columns of CSV are told apart, and whether moments of a workbook keep their seconds."""

    max_bytes: int = 5 * 1024 * 1024
    max_rows: int = 2000
    max_unpacked: int = MAX_UNPACKED
    delimiter: Callable[[str], str] = delimiter_of_the_head
    with_seconds: bool = False


USUAL = How()


def read(data: bytes, how: How = USUAL) -> list[list[str]]:
    """The rows of the first sheet, every cell as text. Raises Unreadable."""
    if not data.strip():
        raise Unreadable(_("The file is empty."))
    if len(data) > how.max_bytes:
        raise Unreadable(
            _("The file is larger than %(limit)d MB. Split it.") % {"limit": how.max_bytes // 1024 // 1024}
        )
    rows = _from_xlsx(data, how) if data.startswith(b"PK") else _from_csv(data, how)
    found = []
    for row in rows:
        if len(row) > MAX_COLUMNS:
            raise Unreadable(_("A row has more than %(limit)d columns. Use our template.") % {"limit": MAX_COLUMNS})
        found.append([_cell(text) for text in row])
        if len(found) > how.max_rows + 1:
            raise Unreadable(_("The file has more than %(limit)d rows. Split it.") % {"limit": how.max_rows})
    return found


def _cell(text: str) -> str:
    """As it was meant: without the sign that keeps a spreadsheet from reckoning, which our own files put there."""
    text = text.replace("\x00", "").strip()[:MAX_CELL]
    return text[1:] if text.startswith("'") and text[1:].startswith(BEGINS_A_FORMULA) else text


def _from_csv(data: bytes, how: How) -> Iterator[list[str]]:
    text = _decoded(data)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=how.delimiter(text))
    except csv.Error as error:
        raise Unreadable(_("The file cannot be read as CSV. Save it again from your spreadsheet.")) from error


def _decoded(data: bytes) -> str:
    """Excel in China saves GB18030 where the rest of the world saves UTF-8."""
    for encoding in ("utf-16",) if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Unreadable(_("The file is neither UTF-8 nor GB18030 text, nor an XLSX workbook."))


def _from_xlsx(data: bytes, how: How) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > how.max_unpacked:
                raise Unreadable(_("The workbook is too large when unpacked. Save only the rows, without pictures."))
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            # what the sheet says of its own size may be a lie, or a million empty rows
            sheet.reset_dimensions()
            for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=how.max_rows + 2, values_only=True):
                yield _trimmed(row, how)
        finally:
            book.close()
    except Unreadable:
        raise
    except (
        *(zipfile.BadZipFile, InvalidFileException, ParseError),
        *(KeyError, IndexError, ValueError, TypeError, AttributeError, EOFError, OSError, RuntimeError),
        *(OverflowError, struct.error, zlib.error),
    ) as error:
        raise Unreadable(_("The workbook cannot be read. Save it again as XLSX or CSV.")) from error


def _trimmed(row: Iterable[Any], how: How) -> list[str]:
    cells = [_text(value, how) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any, how: How) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime) and how.with_seconds:
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M") if value.time() != value.min.time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def written(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as CSV that a spreadsheet opens as Chinese text, and in which no cell is taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([plain(text) for text in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
