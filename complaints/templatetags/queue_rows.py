"""The rows of the queue, drawn in one go: fifty of them as templates cost more than all else of the page together.

What stands in a cell is written by one function for each column of `complaints.columns`. All texts are escaped here, by the
standard library: Django's `escape` first looks whether it was given a lazy text, which nothing here is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

from django import template
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import Truncator
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from complaints.clocks.shown import ClockView
from complaints.columns import ALWAYS, CHOICES
from complaints.models import Complaint
from customers.masks import masked
from staff import moments
from staff.naming import Named
from staff.templatetags.redress import badge, clock_icon, timebar

register = template.Library()

TITLE, LINE = 300, 120
"""Characters of a story that its title and its cell show."""


class Shared:
    """What all rows of a page share: where they lead, when it is, and names in the language in use, each looked up once."""

    def __init__(self, now: datetime, branches: Mapping[int, str]) -> None:
        self.now, self.branches = now, branches
        self.address = reverse("complaints:complaint", args=["-"]).removesuffix("-/")
        self.anonymous, self.nobody = escape(_("anonymous")), escape(_("nobody yet"))
        self.spoken = moments.Spoken()
        self._labels = {field: words.now() for field, words in CHOICES.items()}
        self._names: dict[tuple[type[Named], int], str] = {}

    def name(self, of: Named) -> str:
        """Of a category, a branch or a team, of which a page has few and its rows many."""
        known = type(of), of.pk
        if known not in self._names:
            self._names[known] = of.name
        return self._names[known]

    def branch(self, of: Complaint) -> str:
        return self.branches.get(of.branch_id) or self.name(of.branch)

    def label(self, field: str, value: Any) -> str:
        return self._labels[field][value]


class Row(NamedTuple):
    """One complaint, and what it shares with the others."""

    complaint: Complaint
    deadline: ClockView
    more: Mapping[str, Any]
    of_all: Shared


Cell = Callable[[Row], tuple[str, str]]
"""The attributes of a cell beside its label, and what stands in it."""


@register.simple_tag
def queue_rows(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[tuple[str, object]],
    can_choose: object,
    now: datetime,
    branches: Mapping[int, str],
) -> SafeString:
    """All rows: complaint, deadline, more; `columns` are names and labels, `branches` the names of all that are seen."""
    of_all = Shared(now, branches)
    # as text, because a lazy label would be translated and escaped anew in each of three hundred cells
    cells = [(None if name == ALWAYS else CELLS[name], escape(str(label))) for name, label in columns]
    choose = escape(_("Choose %(reference)s")) if can_choose else ""
    drawn: list[str] = []
    for one in rows:
        row = Row(one["complaint"], one["deadline"], one["more"], of_all)
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


KEYS = {"assign": "a", "dispatch": "d", "note": "i"}
"""Of the keyboard, by the move of many that they ask for."""


@register.simple_tag
def bulk_buttons(moves: Iterable[tuple[str, object]], address: str) -> SafeString:
    """The moves that can be made with the chosen, names and labels; `address` comes before the name."""
    return mark_safe(
        "".join(_bulk_button(name, escape(str(label)), f"{escape(address)}{name}/") for name, label in moves)
    )


def _bulk_button(name: str, label: str, address: str) -> str:
    key = f' data-key="{KEYS[name]}"' if name in KEYS else ""
    return (
        f'<button class="button small" type="submit" formaction="{address}" hx-post="{address}" hx-target="#bulk"'
        f' hx-swap="innerHTML"{key}>{label}…</button>\n'
    )


def _choice(complaint: Complaint, words: str) -> str:
    said = words % {"reference": complaint.reference}
    return (
        f'<td class="choose"><label><input type="checkbox" name="chosen" value="{complaint.reference}@{complaint.version}">'
        f'<span class="visually-hidden">{said}</span></label></td>\n'
    )


def _reference(row: Row) -> str:
    reference = row.complaint.reference
    return (
        f'<th scope="row"><a class="row-link reference" href="{row.of_all.address}{reference}/">{reference}</a></th>\n'
    )


def _what(row: Row) -> tuple[str, str]:
    c = row.complaint
    said: list[str] = [badge("category", c.category.slug, row.of_all.name(c.category))]
    if c.priority < 3:
        said.append(badge("priority", c.priority, row.of_all.label("priority", c.priority)))
    if c.severity != "ordinary":
        said.append(badge("severity", c.severity, row.of_all.label("severity", c.severity)))
    said.append(f'<span title="{escape(_begin(c.story, TITLE))}">{escape(_begin(c.story, LINE))}</span>')
    return ' class="what"', " ".join(said)


def _begin(text: str, most: int) -> str:
    """As `truncatechars`, which counts character by character, but only where there is something to cut."""
    text = unicodedata.normalize("NFC", text)
    return text if len(text) <= most else Truncator(text).chars(most)


def _who(row: Row) -> tuple[str, str]:
    c = row.complaint
    about = f"{c.place} · {row.of_all.branch(c)}"
    if manager := row.more.get("manager"):
        about += " · " + _("Account manager: %(name)s") % {"name": manager.display_name}
    if c.is_anonymous:
        return f' title="{escape(about)}"', f'<span class="quiet">{row.of_all.anonymous}</span>'
    return f' title="{escape(about)}"', escape(c.contact_name or (c.contact_phone and masked(c.contact_phone)))


def _with(row: Row) -> tuple[str, str]:
    c = row.complaint
    team = escape(row.of_all.name(c.team)) if c.team else ""
    if c.assignee:
        return f' title="{team}"', escape(c.assignee.display_name)
    if c.team:
        return f' title="{team}"', f'<span class="quiet">{team}</span>'
    return ' title=""', f'<span class="is-due">{row.of_all.nobody}</span>'


def _due(row: Row) -> tuple[str, str]:
    clock = row.deadline
    words: str = escape(clock.words)
    if clock.due_at:
        words = f'<time datetime="{row.of_all.spoken.exact(clock.due_at)}">{words}</time>'
    return "", (
        f'<span class="clock is-{clock.state} is-compact">{timebar(clock.share, clock.state)}<span class="clock-words">'
        f'{clock_icon(clock.state)}<span class="visually-hidden">{escape(clock.label)} </span>{words}</span></span>'
    )


def _received(row: Row) -> tuple[str, str]:
    at, spoken = row.complaint.received_at, row.of_all.spoken
    return ' class="number"', f'<time datetime="{spoken.exact(at)}">{escape(spoken.said(at))}</time>'


def _age(row: Row) -> tuple[str, str]:
    at = row.complaint.received_at
    return f' class="number" title="{escape(row.of_all.spoken.said(at))}"', escape(timesince(at, row.of_all.now))


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
    return (f' title="{escape(row.of_all.spoken.said(last["at"]))}"', escape(last["title"])) if last else ("", "")


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
        return "", badge(field, value, row.of_all.label(field, value))

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
    "team": lambda row: ("", escape(row.of_all.name(row.complaint.team)) if row.complaint.team else "—"),
    "branch": lambda row: ("", escape(row.of_all.branch(row.complaint))),
    "urged": _urged,
    "issue": _issue,
    "last": _last,
    "satisfaction": _satisfaction,
}
"""What stands in each column but the one that names the row."""
