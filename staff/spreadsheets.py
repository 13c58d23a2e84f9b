"""Cells and lines for spreadsheets: text stays text, and no spreadsheet takes it for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

BYTE_ORDER_MARK = "\ufeff"
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide ones count where spreadsheets are set to Chinese or Japanese."""


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


def lines(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Rows as lines of CSV, the first with a byte order mark; never all in memory."""
    writer = csv.writer(_Line())
    mark = BYTE_ORDER_MARK
    for row in rows:
        yield mark + writer.writerow([plain(value) for value in row])
        mark = ""
