"""What templates of every package may ask for: icons, badges, time bars, the chosen theme."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import NamedTuple

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

THEMES = {"light", "dark"}


class Sign(NamedTuple):
    """How a value looks: one of the meanings of tokens.css, an icon, and whether it must be seen across a room."""

    meaning: str
    icon_name: str
    is_solid: bool = False


PLAIN = Sign("plain", "")
SIGNS = {
    ("status", "registered"): Sign("calm", "circle-dashed"),
    ("status", "dispatched"): Sign("calm", "send"),
    ("status", "investigating"): Sign("calm", "search"),
    ("status", "waiting"): Sign("plain", "circle-pause"),
    ("status", "review"): Sign("calm", "scan-eye"),
    ("status", "resolved"): Sign("done", "circle-check"),
    ("status", "closed"): Sign("plain", "lock"),
    ("severity", "special"): Sign("safety", "octagon-alert", is_solid=True),
    ("severity", "major"): Sign("breached", "octagon-alert"),
    ("severity", "important"): Sign("due", "triangle-alert"),
    ("severity", "ordinary"): Sign("plain", "minus"),
    ("priority", "1"): Sign("breached", "chevrons-up"),
    ("priority", "2"): Sign("due", "chevron-up"),
    ("priority", "3"): Sign("plain", "minus"),
    ("priority", "4"): Sign("plain", "chevron-down"),
    ("category", "outage"): Sign("plain", "zap-off"),
    ("category", "voltage"): Sign("plain", "activity"),
    ("category", "billing"): Sign("plain", "receipt-text"),
    ("category", "safety"): Sign("safety", "shield-alert", is_solid=True),
    ("category", "service"): Sign("plain", "handshake"),
    ("channel", "phone"): Sign("plain", "phone"),
    ("channel", "web"): Sign("plain", "globe"),
    ("channel", "letter"): Sign("plain", "mail"),
    ("channel", "visit"): Sign("plain", "store"),
    ("channel", "regulator"): Sign("due", "landmark"),
    ("outcome", "upheld"): Sign("calm", "check"),
    ("outcome", "partly_upheld"): Sign("calm", "circle-dot-dashed"),
    ("outcome", "not_upheld"): Sign("plain", "x"),
    ("outcome", "withdrawn"): Sign("plain", "undo-2"),
    ("outcome", "duplicate"): Sign("plain", "copy"),
    ("job", "waiting"): Sign("calm", "hourglass"),
    ("job", "running"): Sign("calm", "refresh-cw"),
    ("job", "done"): Sign("done", "circle-check"),
    ("job", "failed"): Sign("breached", "circle-alert"),
    ("job", "stopped"): Sign("plain", "circle-pause"),
    ("notice", "queued"): Sign("calm", "hourglass"),
    ("notice", "sent"): Sign("done", "circle-check"),
    ("notice", "dead"): Sign("breached", "circle-alert"),
    ("notice", "given_up"): Sign("plain", "minus"),
    ("flag", "injury"): Sign("safety", "shield-alert", is_solid=True),
    ("flag", "media"): Sign("due", "megaphone"),
    ("flag", "group"): Sign("due", "users"),
    ("flag", "vulnerable"): Sign("due", "heart-handshake"),
    ("flag", "important_user"): Sign("due", "star"),
    ("flag", "threat"): Sign("due", "triangle-alert"),
    ("flag", "legal"): Sign("due", "scale"),
}
CLOCK_ICONS = {
    "running": "clock",
    "due_soon": "hourglass",
    "breached": "triangle-alert",
    "paused": "circle-pause",
    "met": "circle-check",
    "late": "clock-alert",
    "excused": "shield-check",
    "mean": "gauge",
    "none": "minus",
}

BAR = 100.0
BAR_MINIMUM = 2.0


@cache
def _sprite() -> str:
    """Where the signs are; a page draws two hundred of them, and the address does not change while a process runs."""
    return static("bundle/icons.svg")


@register.simple_tag
def icon(name: str, label: str = "", size: int = 16) -> SafeString:
    """One sign of the sprite, `size` pixels wide; silent for screen readers unless it has a label of its own."""
    if not label:
        return _silent_icon(name, size)
    return format_html(
        '<svg class="icon" width="{0}" height="{0}" role="img" aria-label="{1}"><use href="{2}"></use></svg>',
        size,
        label,
        f"{_sprite()}#{name}",
    )


# Signs and badges are drawn hundreds of times for a page, of a few dozen kinds: each is put together once and kept. `typed`,
# because a text that is safe and the same text that is not are equal.


@lru_cache(maxsize=512, typed=True)
def _silent_icon(name: str, size: int) -> SafeString:
    return format_html(
        '<svg class="icon" width="{0}" height="{0}" aria-hidden="true"><use href="{1}"></use></svg>',
        size,
        f"{_sprite()}#{name}",
    )


@register.simple_tag
def clock_icon(state: str) -> SafeString:
    """The shape that goes with a clock's colour, so that colour is never alone."""
    return icon(CLOCK_ICONS.get(state, "clock"), size=14)


# Badges and bars stand in every row of a list; drawn by templates of their own they cost more than all else of the row.


@register.simple_tag
def word_on(meaning: str, label: object, icon_name: str = "", is_solid: object = False) -> SafeString:
    """A word on a ground that says what it means; `components/badge.html` for templates that know the meaning."""
    solid, drawn = " is-solid" if is_solid else "", icon(icon_name, size=14) if icon_name else ""
    return format_html('<span class="badge is-{}{}">{}{}</span>', meaning, solid, drawn, label)


@register.simple_tag
def badge(kind: str, value: object, label: object) -> SafeString:
    """A value of one of the fixed lists (`kind`) with its colour and sign; an unknown value is shown plainly."""
    return _badge(kind, str(value), label if isinstance(label, SafeString) else str(label))


@lru_cache(maxsize=2048, typed=True)
def _badge(kind: str, value: str, label: str) -> SafeString:
    sign = SIGNS.get((kind, value), PLAIN)
    return word_on(sign.meaning, label, sign.icon_name, sign.is_solid)


@register.simple_tag
def timebar(share: float | None, state: str) -> SafeString:
    """A bar of the spent share of a promise; past its end the bar is full and a mark shows where the promise ended."""
    spent = max(float(share or 0), 0.0)
    width = f"{BAR:.0f}" if spent > 1 else f"{max(spent * BAR, BAR_MINIMUM if spent else 0):.1f}"
    mark = f'<path class="timebar-mark" d="M{max(BAR / spent, 8):.1f} 0v6"></path>' if spent > 1 else ""
    return mark_safe(
        f'<svg class="timebar is-{escape(state)}" viewBox="0 0 100 6" width="88" height="6" preserveAspectRatio="none"'
        ' aria-hidden="true"><rect class="timebar-ground" width="100" height="6"></rect>'
        f'<rect class="timebar-spent" width="{width}" height="6"></rect>{mark}</svg>'
    )


@register.simple_tag
def options(pairs: Iterable[tuple[object, object]], chosen: object = "") -> SafeString:
    """The choices of a select, values with labels; the one that is chosen is marked."""
    picked = str(chosen)
    return mark_safe(
        "".join(
            f'<option value="{escape(value)}"{" selected" if str(value) == picked else ""}>{escape(label)}</option>'
            for value, label in pairs
        )
    )


@register.simple_tag(takes_context=True)
def chosen_theme(context: RequestContext) -> SafeString | str:
    """The attribute for <html> when the person chose light or dark; nothing when the machine decides."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return format_html(' data-theme="{}"', chosen) if chosen in THEMES else ""
