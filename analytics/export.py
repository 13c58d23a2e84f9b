"""Tables as files that a spreadsheet opens safely: CSV in UTF-8 with a byte order mark, and XLSX.

Both are written row by row and never all in memory; XLSX goes by way of a temporary file, because a zip file ends with its index.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import IO

from django.http import FileResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from analytics.reports.base import Cell, Column
from staff import spreadsheets

SHEET_ROWS = 1_048_575
"""What a sheet of XLSX holds below its head; what is more goes on to the next sheet."""


def lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    head = [str(column.label) for column in columns]
    return spreadsheets.lines(chain([head], ([cell.raw for cell in row] for row in rows)))


def csv_file(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """The rows as a download; they are never all in memory."""
    response = StreamingHttpResponse(lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response


def xlsx_file(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> FileResponse:
    """The rows as a workbook; numbers stay numbers, and a long list goes on in further sheets."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  whoever sends it closes it
    write("xlsx", file, columns, rows)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.xlsx")


def write(format: str, file: IO[bytes], columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> None:
    """Write the rows into an open file, row by row."""
    if format == "csv":
        for line in lines(columns, rows):
            file.write(line.encode())
        return
    _workbook(columns, rows).save(file)


def _workbook(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Workbook:
    book, head, rest = Workbook(write_only=True), [str(column.label) for column in columns], iter(rows)
    part = list(islice(rest, 1))
    while part or not book.worksheets:
        sheet = book.create_sheet()
        sheet.append([_in_workbook(label) for label in head])
        for row in chain(part, islice(rest, SHEET_ROWS - 1)):
            sheet.append([_in_workbook(cell.raw) for cell in row])
        part = list(islice(rest, 1))
    return book


def _in_workbook(value: object) -> int | float | str:
    """Numbers as they are; moments and texts as a file of CSV has them, without what XML does not know."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("", spreadsheets.plain(value))


File = Callable[[str, Sequence[Column], Iterable[Sequence[Cell]]], HttpResponseBase]
FORMATS: dict[str, File] = {"csv": csv_file, "xlsx": xlsx_file}
