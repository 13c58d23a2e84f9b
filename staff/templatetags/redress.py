"""What templates of every package may ask for: icons, badges, time bars, the chosen theme."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache, partial
from typing import NamedTuple

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.formats import localize
from django.utils.html import conditional_escape, escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

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
def figure(one: object, *, is_measure: bool = False) -> SafeString:
    """One number and what to think of it; stands in <div class="figures">.

    It has label and value, and optionally unit, url, trend, direction, band, meaning, and code, which gives the link an id that
    keeps the focus over a live update. `is_measure`: it does not count a list.
    """
    has = one.get if isinstance(one, Mapping) else partial(getattr, one)
    url, code, unit, trend, band = (has(name, "") for name in ("url", "code", "unit", "trend", "band"))
    meaning, measure = escape(has("meaning", "") or "calm"), " data-measure" if is_measure else ""
    named = f' id="figure-{escape(code)}"' if code else ""
    begin, end = f'<div class="figure is-{meaning}">', "</div>"
    if url:
        begin, end = f'<a{named} class="figure is-{meaning}" href="{escape(url)}">', "</a>"
    said = f'<span class="figure-unit">{escape(unit)}</span>' if unit else ""
    sign = icon(TRENDS.get(str(has("direction", "")), "move-right"), size=14) if trend else ""
    trend = f'<span class="figure-trend">{sign}{escape(trend)}</span>' if trend else ""
    band = f'<span class="figure-band">{escape(band)}</span>' if band else ""
    value = conditional_escape(localize(has("value", "")))
    return mark_safe(
        f'{begin}\n<span class="figure-label">{escape(has("label", ""))}</span>\n'
        f'<span class="figure-value"{measure}>{value}{said}</span>\n{trend}\n{band}\n{end}\n'
    )


TRENDS = {"up": "trending-up", "down": "trending-down"}


@register.simple_tag
def options(pairs: Iterable[tuple[object, object]], chosen: object = "") -> SafeString:
    """The choices of a select, values with labels; the one that is chosen is marked."""
    picked, texts = str(chosen), [(str(value), str(label)) for value, label in pairs]
    # by the standard library, because these are plain texts: Django's looks first whether they are lazy
    return mark_safe(
        "".join(
            f'<option value="{html.escape(value)}"{" selected" if value == picked else ""}>{html.escape(label)}</option>'
            for value, label in texts
        )
    )


@register.simple_tag
def fixed(name: str, **known: str | bool) -> SafeString:
    """A part of the page that says the same to everybody, but for the language and what it is told here.

    The template sees nothing else, neither request nor person: so it is drawn once for each and kept while the process runs.
    """
    return _fixed(name, get_language(), tuple(known.items()))


@lru_cache(maxsize=512, typed=True)
def _fixed(name: str, _language: str | None, known: tuple[tuple[str, str | bool], ...]) -> SafeString:
    return render_to_string(name, dict(known))


@register.simple_tag(takes_context=True)
def chosen_theme(context: RequestContext) -> SafeString | str:
    """The attribute for <html> when the person chose light or dark; nothing when the machine decides."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return format_html(' data-theme="{}"', chosen) if chosen in THEMES else ""
