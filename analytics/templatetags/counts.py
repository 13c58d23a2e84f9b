"""Numbers in the cells of a table; a board has hundreds, and as templates of their own they cost more than all else of it."""

from __future__ import annotations

from collections.abc import Iterable

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from analytics.open_work import Figure

register = template.Library()


@register.simple_tag
def count_cell(figure: Figure) -> SafeString:
    """A number that opens its list."""
    return mark_safe(_cell(figure))


@register.simple_tag
def count_cells(figures: Iterable[Figure]) -> SafeString:
    """The numbers of a row."""
    return mark_safe("".join(map(_cell, figures)))


def _cell(figure: Figure) -> str:
    if not figure.value:
        return '<td class="number"><span class="is-none">0</span></td>'
    return f'<td class="number"><a id="count-{escape(figure.code)}" href="{escape(figure.url)}">{escape(figure.value)}</a></td>'
