"""The moves that somebody can make, as their page offers them."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from django import template
from django.utils.safestring import SafeString, mark_safe

from complaints.states import Move
from staff.templatetags.redress import icon

register = template.Library()

Offered = Iterable[tuple[str, Move, str]]
"""Name, move, and its key of the keyboard, or none."""
SIGNS = {"note": "sticky-note", "message": "send"}


@register.simple_tag
def move_buttons(moves: Offered) -> SafeString:
    """The likely move first, and those made several times a day; what colleagues and what customers read look apart."""
    drawn: list[str] = []
    for name, move, key in moves:
        kind = "button" if drawn else "button primary"
        if name == "note" or (name == "message" and drawn):
            kind += " note" if name == "note" else " customer"
        drawn.append(_link(kind, name, move, key, icon(SIGNS[name]) if name in SIGNS else ""))
    return mark_safe("".join(drawn))


@register.simple_tag
def move_menu(moves: Offered) -> SafeString:
    """All other moves, in a menu."""
    return mark_safe("".join(_link("menu-item", name, move, key) for name, move, key in moves))


def _link(kind: str, name: str, move: Move, key: str, sign: str = "") -> str:
    pressed = f' data-key="{key}"' if key else ""
    return (
        f'<a class="{kind}"{pressed} href="?move={name}#move" hx-get="?move={name}" hx-target="#move"'
        f' hx-swap="innerHTML show:top">{sign}{escape(str(move.label))}</a>'
    )
