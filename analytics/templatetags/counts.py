"""Numbers in the cells of a table; a board has hundreds, and as templates of their own they cost more than all else of it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from analytics.open_work import Figure, Row

register = template.Library()


@register.simple_tag
def count_cell(figure: Figure) -> SafeString:
    """A number that opens its list."""
    return mark_safe(_cell(figure))


@register.simple_tag
def count_cells(figures: Iterable[Figure]) -> SafeString:
    """The numbers of a row."""
    return mark_safe("".join(map(_cell, figures)))


@register.simple_tag
def count_rows(rows: Iterable[Row]) -> SafeString:
    """Rows with their names."""
    return mark_safe(
        "".join(f'<tr><th scope="row">{_plain(row.name)}</th>{"".join(map(_cell, row.figures))}</tr>' for row in rows)
    )


def _cell(figure: Figure) -> str:
    if not figure.value:
        return '<td class="number"><span class="is-none">0</span></td>'
    code, url = _plain(figure.code), _plain(figure.url)
    return f'<td class="number"><a id="count-{code}" href="{url}">{escape(str(figure.value))}</a></td>'


# each is a plain text, for which Django's own escape only looks whether it has to wait for a translation; the next board
# has the same names and addresses again
_plain = lru_cache(maxsize=16_384)(escape)
