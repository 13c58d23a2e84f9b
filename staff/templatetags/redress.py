"""What templates of every package may ask for: icons, badges, time bars, the chosen theme."""

from __future__ import annotations

from django import template
from django.http import HttpRequest
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

THEMES = {"light", "dark"}


@register.simple_tag
def icon(name: str, label: str = "", size: int = 16) -> SafeString:
    """One sign of the sprite, `size` pixels wide; silent for screen readers unless it has a label of its own."""
    href = f"{static('bundle/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" width="{0}" height="{0}" role="img" aria-label="{1}"><use href="{2}"></use></svg>',
            size,
            label,
            href,
        )
    return format_html(
        '<svg class="icon" width="{0}" height="{0}" aria-hidden="true"><use href="{1}"></use></svg>', size, href
    )


@register.simple_tag(takes_context=True)
def chosen_theme(context: RequestContext) -> SafeString | str:
    """The attribute for <html> when the person chose light or dark; nothing when the machine decides."""
    request: HttpRequest | None = context.get("request")
    chosen = request.COOKIES.get("theme", "") if request else ""
    return format_html(' data-theme="{}"', chosen) if chosen in THEMES else ""
