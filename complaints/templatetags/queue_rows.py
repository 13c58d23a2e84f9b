"""The rows of the queue, drawn in one go: fifty of them as templates cost more than all else of the page together.

What stands in a cell is written by one function for each column of `complaints.columns`. All texts are escaped here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from complaints.clocks.shown import ClockView
from complaints.columns import ALWAYS
from complaints.models import Channel, Complaint, Priority, Severity
from complaints.states import Status
from customers.masks import masked
from staff import moments
from staff.templatetags.redress import badge, clock_icon, timebar

register = template.Library()

TITLE, LINE = 300, 120
"""Characters of a story that its title and its cell show."""


CHOICES: dict[str, Iterable[tuple[Any, Any]]] = {
    "status": Status.choices,
    "channel": Channel.choices,
    "severity": Severity.choices,
    "priority": Priority.choices,
}


def label_of(field: str, value: Any) -> str:
    """What a value of a fixed list is called in the language in use."""
    return _labels(field, get_language())[value]


@lru_cache(maxsize=64)
def _labels(field: str, _language: str | None) -> dict[Any, str]:
    return {value: str(label) for value, label in CHOICES[field]}


class Row(NamedTuple):
    """One complaint, and what all rows of the page share."""

    complaint: Complaint
    deadline: ClockView
    more: Mapping[str, Any]
    address: str
    now: datetime


Cell = Callable[[Row], tuple[str, str]]
"""The attributes of a cell beside its label, and what stands in it."""


@register.simple_tag
def queue_rows(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[tuple[str, object]], can_choose: object, now: datetime
) -> SafeString:
    """All rows: complaint, deadline, more; `columns` are names and labels."""
    address = reverse("complaints:complaint", args=["-"]).removesuffix("-/")
    # as text, because a lazy label would be translated and escaped anew in each of three hundred cells
    cells = [(None if name == ALWAYS else CELLS[name], escape(str(label))) for name, label in columns]
    choose = escape(_("Choose %(reference)s")) if can_choose else ""
    drawn: list[str] = []
    for one in rows:
        row = Row(one["complaint"], one["deadline"], one["more"], address, now)
        drawn.append(f'<tr data-row id="row-{row.complaint.reference}">')
        if choose:
            drawn.append(_choice(row.complaint, choose))
        for cell, label in cells:
            if cell is None:
                drawn.append(_reference(row))
            else:
                attributes, content = cell(row)
                drawn.append(f'<td data-label="{label}"{attributes}>{content}</td>\n')
        drawn.append("</tr>\n")
    return mark_safe("".join(drawn))


def _choice(complaint: Complaint, words: str) -> str:
    said = words % {"reference": complaint.reference}
    return (
        f'<td class="choose"><label><input type="checkbox" name="chosen" value="{complaint.reference}@{complaint.version}">'
        f'<span class="visually-hidden">{said}</span></label></td>\n'
    )


def _reference(row: Row) -> str:
    reference = row.complaint.reference
    return f'<th scope="row"><a class="row-link reference" href="{row.address}{reference}/">{reference}</a></th>\n'


def _what(row: Row) -> tuple[str, str]:
    c = row.complaint
    said: list[str] = [badge("category", c.category.slug, c.category.name)]
    if c.priority < 3:
        said.append(badge("priority", c.priority, label_of("priority", c.priority)))
    if c.severity != "ordinary":
        said.append(badge("severity", c.severity, label_of("severity", c.severity)))
    said.append(f'<span title="{escape(_begin(c.story, TITLE))}">{escape(_begin(c.story, LINE))}</span>')
    return ' class="what"', " ".join(said)


def _begin(text: str, most: int) -> str:
    """As `truncatechars`, which counts character by character, but only where there is something to cut."""
    text = unicodedata.normalize("NFC", text)
    return text if len(text) <= most else Truncator(text).chars(most)


def _who(row: Row) -> tuple[str, str]:
    c = row.complaint
    about = f"{c.place} · {c.branch.name}"
    if manager := row.more.get("manager"):
        about += " · " + _("Account manager: %(name)s") % {"name": manager.display_name}
    if c.is_anonymous:
        return f' title="{escape(about)}"', f'<span class="quiet">{escape(_("anonymous"))}</span>'
    return f' title="{escape(about)}"', escape(c.contact_name or (c.contact_phone and masked(c.contact_phone)))


def _with(row: Row) -> tuple[str, str]:
    c = row.complaint
    team = escape(c.team.name) if c.team else ""
    if c.assignee:
        return f' title="{team}"', escape(c.assignee.display_name)
    if c.team:
        return f' title="{team}"', f'<span class="quiet">{team}</span>'
    return ' title=""', f'<span class="is-due">{escape(_("nobody yet"))}</span>'


def _due(row: Row) -> tuple[str, str]:
    clock = row.deadline
    words: str = escape(clock.words)
    if clock.due_at:
        words = f'<time datetime="{timezone.localtime(clock.due_at).isoformat()}">{words}</time>'
    return "", (
        f'<span class="clock is-{clock.state} is-compact">{timebar(clock.share, clock.state)}<span class="clock-words">'
        f'{clock_icon(clock.state)}<span class="visually-hidden">{escape(clock.label)} </span>{words}</span></span>'
    )


def _moment(at: datetime) -> str:
    return escape(moments.said(at))


def _received(row: Row) -> tuple[str, str]:
    at = row.complaint.received_at
    return ' class="number"', f'<time datetime="{timezone.localtime(at).isoformat()}">{_moment(at)}</time>'


def _age(row: Row) -> tuple[str, str]:
    at = row.complaint.received_at
    return f' class="number" title="{_moment(at)}"', escape(timesince(at, row.now))


def _urged(row: Row) -> tuple[str, str]:
    count = row.complaint.urged_count
    return ' class="number"', f"<strong>{count}</strong>" if count else '<span class="quiet">0</span>'


def _issue(row: Row) -> tuple[str, str]:
    issue = row.complaint.service_issue
    if issue is None:
        return "", "—"
    return "", f'<a href="{reverse("complaints:issue", args=[issue.pk])}">{escape(issue.title)}</a>'


def _last(row: Row) -> tuple[str, str]:
    last = row.more.get("last")
    return (f' title="{_moment(last["at"])}"', escape(last["title"])) if last else ("", "")


def _satisfaction(row: Row) -> tuple[str, str]:
    answer = row.more.get("feedback")
    if answer is None:
        return ' class="number"', "—"
    if answer.score:
        return ' class="number"', f"{answer.score} / 5"
    return ' class="number"', escape(_("solved") if answer.solved else _("not solved"))


def _named(field: str) -> Cell:
    """A value of a fixed list, as a badge."""

    def cell(row: Row) -> tuple[str, str]:
        value = getattr(row.complaint, field)
        return "", badge(field, value, label_of(field, value))

    return cell


def _place(row: Row) -> tuple[str, str]:
    place = escape(row.complaint.place)
    return f' title="{place}"', place or "—"


CELLS: dict[str, Cell] = {
    "what": _what,
    "who": _who,
    "place": _place,
    "with": _with,
    "status": _named("status"),
    "due": _due,
    "received": _received,
    "age": _age,
    "channel": _named("channel"),
    "severity": _named("severity"),
    "priority": _named("priority"),
    "team": lambda row: ("", escape(row.complaint.team.name) if row.complaint.team else "—"),
    "branch": lambda row: ("", escape(row.complaint.branch.name)),
    "urged": _urged,
    "issue": _issue,
    "last": _last,
    "satisfaction": _satisfaction,
}
"""What stands in each column but the one that names the row."""
