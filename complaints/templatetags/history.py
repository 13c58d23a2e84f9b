"""The history of a complaint, entry by entry; a page has a dozen, and a customer reads them, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape as escaped
from typing import Any

from django import template
from django.template.loader import render_to_string
from django.utils.html import conditional_escape, linebreaks
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from complaints.templatetags.together import mentioned
from staff import moments
from staff.templatetags.redress import icon

register = template.Library()

SIGNS = {"note": "sticky-note", "message": "send", "customer": "message-circle", "call": "phone"}


@register.simple_tag
def timeline_entries(entries: Iterable[Mapping[str, Any]], *, story: bool = False) -> SafeString:
    """What stands in <ol class="timeline">; `story` words it for the customer.

    An entry has kind (system, note, message, customer, call), at, who, title, text, and optionally beginning (of a long text,
    which is folded behind it), icon, details, mentions, files, state, anchor.
    """
    spoken = moments.Spoken()
    return mark_safe("\n".join(_entry(one, story, spoken) for one in entries))


def _entry(entry: Mapping[str, Any], story: bool, spoken: moments.Spoken) -> str:
    kind, anchor, head = entry["kind"], entry.get("anchor"), []
    if label := _label(kind, story):
        head.append(f'<span class="entry-kind">{label}</span>')
    if title := entry.get("title"):
        head.append(f"<strong>{escaped(str(title))}</strong>")
    if who := entry.get("who"):
        head.append(f'<span class="entry-who">{escaped(str(who))}</span>')
    if at := entry.get("at"):
        head.append(
            f'<time datetime="{spoken.exact(at)}" title="{escaped(spoken.said(at, "DATETIME_FORMAT"))}">'
            f"{escaped(spoken.said(at))}</time>"
        )
    if state := entry.get("state"):
        head.append(f'<span class="entry-state">{escaped(str(state))}</span>')
    named = f' id="{escaped(anchor)}"' if anchor else ""
    return (
        f'<li class="entry is-{escaped(kind)}"{named}>\n<span class="entry-sign">{_sign(entry)}</span>\n'
        f'<div class="entry-body">\n<p class="entry-head">\n{" ".join(head)}\n</p>\n{_said(entry)}</div>\n</li>'
    )


def _sign(entry: Mapping[str, Any]) -> SafeString:
    if name := entry.get("icon") or SIGNS.get(entry["kind"]):
        return icon(name)
    return icon("circle", size=10)


def _label(kind: str, story: bool) -> str:
    if kind == "note":
        return _("Internal note")
    if kind == "message":
        return _("From us") if story else _("To the customer")
    if kind == "customer":
        return _("From you") if story else _("From the customer")
    return _("Call") if kind == "call" else ""


def _said(entry: Mapping[str, Any]) -> str:
    """The words of an entry, its further details and files."""
    found, names = "", entry.get("mentions") or ()
    if text := entry.get("text"):
        words = mentioned(text, names)
        prose = linebreaks(words, autoescape=not isinstance(words, SafeString))
        if beginning := entry.get("beginning"):
            found += f'<details class="entry-text folded"><summary><span>{escaped(beginning)}</span></summary>{prose}</details>\n'
        else:
            found += f'<div class="entry-text">{prose}</div>\n'
    if details := entry.get("details"):
        rows = (
            f"<div><dt>{escaped(str(label))}</dt><dd>{conditional_escape(mentioned(value, names))}</dd></div>"
            for label, value in details
        )
        found += f'<dl class="facts small">{"".join(rows)}</dl>\n'
    if files := entry.get("files"):
        found += render_to_string("components/file_list.html", {"files": files})
    return found
