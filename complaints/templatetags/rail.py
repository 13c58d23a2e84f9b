"""The entries of the rail, which stand on every page of the desk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from staff.templatetags.redress import icon

register = template.Library()


@register.simple_tag
def rail_entries(entries: Iterable[Mapping[str, Any]]) -> SafeString:
    """Each of url, icon, label, count and current; one that is_live asks for its count again by itself."""
    return mark_safe("".join(map(_entry, entries)))


def _entry(entry: Mapping[str, Any]) -> str:
    current = ' aria-current="page"' if entry["current"] else ""
    count = f'<span class="rail-count">{escape(entry["count"])}</span>' if entry["count"] else ""
    if entry["is_live"]:
        count = render_to_string("desk/_unread.html", {"count": entry["count"]})
    return (
        f'<li><a href="{escape(entry["url"])}"{current}>{icon(entry["icon"], size=20)}<span>{escape(str(entry["label"]))}</span>'
        f"{count}</a></li>\n"
    )
