"""What templates of complaints may ask for: colleagues who are mentioned, as chips."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def mentioned(text: object, written: Iterable[str]) -> str | SafeString:
    """The text with every mention in it as a chip; `written` are the mentions as they stand in it ("@李雷")."""
    names = sorted(written or (), key=len, reverse=True)
    if not names:
        return str(text)
    pieces = re.split("(" + "|".join(re.escape(name) for name in names) + ")", str(text))
    drawn = (
        format_html('<span class="mention">{}</span>', one) if one in names else conditional_escape(one)
        for one in pieces
    )
    return mark_safe("".join(drawn))
