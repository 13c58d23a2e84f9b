"""The rows of tables of reports: hundreds of cells, each one line here and a template's worth of work there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django import template
from django.template.defaultfilters import floatformat
from django.utils.html import conditional_escape as escaped
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from analytics.intake import Hour
from analytics.reports.base import Cell, Column, Line

register = template.Library()


@register.simple_tag
def report_rows(lines: Iterable[Line]) -> SafeString:
    """Rows of cells, the first of which names the row."""
    return mark_safe("".join(f"<tr>{''.join(_row(line))}</tr>\n" for line in lines))


def _row(line: Line) -> Iterable[str]:
    for number, (column, cell) in enumerate(line):
        tag, scope = ("td", "") if number else ("th", ' scope="row"')
        yield f"<{tag}{scope}{_kind(column)}>{_shown(cell)}</{tag}>\n"


def _kind(column: Column) -> str:
    if not column.is_number:
        return ""
    return ' class="number"' if column.is_count else ' class="number" data-measure'


def _shown(cell: Cell) -> str:
    said: str = escaped(cell.shown)
    if cell.href:
        said = f'<a href="{escape(cell.href)}">{said}</a>'
    return f'{said} <small class="cell-hint">{escaped(cell.hint)}</small>' if cell.hint else said


@register.simple_tag
def hour_rows(hours: Sequence[tuple[Hour, str]]) -> SafeString:
    """The day hour by hour: what had come by then, with its list, and what is expected where anything is."""
    return mark_safe("".join(_hour(hour, url) for hour, url in hours))


def _hour(hour: Hour, url: str) -> str:
    if hour.received is None:
        came = '<span class="is-none">–</span>'
    elif hour.received:
        came = f'<a id="hour-{hour.until}" href="{escape(url)}">{hour.received}</a>'
    else:
        came = '<span class="is-none">0</span>'
    usual = ""
    if hour.expected is not None:
        numbers = floatformat(hour.expected.mean, 1), *hour.expected.nearly_sure
        usual = "".join(f'<td class="number" data-measure>{number}</td>' for number in numbers)
    return f'<tr><th scope="row">{hour.clock}</th>\n<td class="number">{came}</td>\n{usual}</tr>'
