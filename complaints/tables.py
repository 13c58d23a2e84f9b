"""Tables that people hand in: CSV in the encodings their spreadsheets write, and XLSX, read as text and never evaluated."""

from __future__ import annotations

import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from complaints.refusals import BadInput
from staff.spreadsheets import BEGINS_A_FORMULA, plain

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024
"""A workbook is a zip file; a small one can unpack to fill the memory."""
MAX_PARTS = 200
MAX_ROWS = 2000
MAX_COLUMNS = 60
MAX_CELL = 8000


def read(data: bytes) -> list[list[str]]:
    """The rows of the first sheet, every cell as text; raises BadInput with a sentence when it cannot be read."""
    if not data.strip():
        raise _refused(_("The file is empty."))
    if len(data) > MAX_BYTES:
        raise _refused(_("The file is larger than %(limit)d MB. Split it.") % {"limit": MAX_BYTES // 1024 // 1024})
    rows = _from_xlsx(data) if data.startswith(b"PK") else _from_csv(data)
    found = []
    for row in rows:
        if len(row) > MAX_COLUMNS:
            raise _refused(_("A row has more than %(limit)d columns. Use our template.") % {"limit": MAX_COLUMNS})
        found.append([_cell(text) for text in row])
        if len(found) > MAX_ROWS + 1:
            raise _refused(_("The file has more than %(limit)d rows. Split it.") % {"limit": MAX_ROWS})
    return found


def _cell(text: str) -> str:
    """As it was meant: without the sign that keeps a spreadsheet from reckoning, which our own files put there."""
    text = text.replace("\x00", "").strip()[:MAX_CELL]
    return text[1:] if text.startswith("'") and text[1:].startswith(BEGINS_A_FORMULA) else text


def _from_csv(data: bytes) -> Iterator[list[str]]:
    text = _decoded(data)
    head = text[: text.find("\n")] if "\n" in text else text
    delimiter = max(",;\t，", key=head.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    except csv.Error as error:
        raise _refused(_("The file cannot be read as CSV. Save it again from your spreadsheet.")) from error


def _decoded(data: bytes) -> str:
    """Excel in China saves GB18030 where the rest of the world saves UTF-8."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused(_("The file is neither UTF-8 nor GB18030 text, nor an XLSX workbook."))


def _from_xlsx(data: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED:
                raise _refused(_("The workbook is too large when unpacked. Save only the rows, without pictures."))
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            sheet = book.worksheets[0]
            # what the sheet says of its own size may be a lie, or a million empty rows
            sheet.reset_dimensions()
            for row in sheet.iter_rows(max_col=MAX_COLUMNS + 1, max_row=MAX_ROWS + 2, values_only=True):
                yield _trimmed(row)
        finally:
            book.close()
    except (
        *(zipfile.BadZipFile, InvalidFileException, ParseError),
        *(KeyError, IndexError, ValueError, TypeError, AttributeError, EOFError, OSError, RuntimeError),
        *(OverflowError, struct.error, zlib.error),
    ) as error:
        raise _refused(_("The workbook cannot be read. Save it again as XLSX or CSV.")) from error


def _trimmed(row: Iterable[Any]) -> list[str]:
    cells = [_text(value) for value in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M") if value.time() != value.min.time() else value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _refused(sentence: str) -> BadInput:
    return BadInput(sentence, fields=["file"])


def written(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows as CSV that a spreadsheet opens as Chinese text, and in which no cell is taken for a formula."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([plain(text) for text in row])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
