"""Tables as files that a spreadsheet opens safely: CSV in UTF-8 with a byte order mark, streamed row by row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from django.http import StreamingHttpResponse

from analytics.reports.base import Cell, Column
from staff import spreadsheets


def lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    head = [str(column.label) for column in columns]
    return spreadsheets.lines(chain([head], ([cell.raw for cell in row] for row in rows)))


def csv_file(name: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> StreamingHttpResponse:
    """The rows as a download; they are never all in memory."""
    response = StreamingHttpResponse(lines(columns, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
