"""Tables as files that a spreadsheet opens safely: CSV in UTF-8 with a byte order mark, streamed row by row."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from django.http import StreamingHttpResponse

from analytics.reports.base import Cell, Column

BYTE_ORDER_MARK = "\ufeff"
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def plain(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula; numbers stay numbers."""
    if value is None:
        return ""
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    text = str(value)
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text


class _Line:
    """What csv writes to: hands each line straight back."""

    def write(self, line: str) -> str:
        return line


def lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield BYTE_ORDER_MARK + writer.writerow([plain(str(column.label)) for column in columns])
    for row in rows:
        yield writer.writerow([plain(cell.raw) for cell in row])


def csv_file(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """The rows as a download; they are never all in memory."""
    response = StreamingHttpResponse(lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
