"""Promises as pages draw them: a bar with words, and why each is due when it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape as escaped
from typing import Protocol

from django import template
from django.utils.functional import Promise as LazyText
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from complaints.clocks.shown import ClockView, Stretch
from staff import moments
from staff.templatetags.redress import clock_icon, timebar

register = template.Library()


class Drawn(Protocol):
    """What is drawn of a clock; pages that show samples have their own."""

    @property
    def label(self) -> LazyText | str: ...
    @property
    def state(self) -> str: ...
    @property
    def share(self) -> float: ...
    @property
    def words(self) -> LazyText | str: ...
    @property
    def due_at(self) -> datetime | None: ...


@register.simple_tag
def clock(one: Drawn, *, compact: bool = False) -> SafeString:
    """One promise: its name, how much of it is spent, and in words; `compact` is bar and words only."""
    return _clock(one, moments.Spoken(), is_compact=compact)


def _clock(one: Drawn, spoken: moments.Spoken, *, is_compact: bool = False) -> SafeString:
    words, label, title = escaped(str(one.words)), escaped(str(one.label)), str(getattr(one, "title", ""))
    if one.due_at is not None:
        words = f'<time datetime="{spoken.exact(one.due_at)}">{words}</time>'
    about = f' title="{escaped(title)}"' if title else ""
    before = "" if is_compact else f'<span class="clock-label">{label}</span>'
    heard = f'<span class="visually-hidden">{label} </span>' if is_compact else ""
    return mark_safe(
        f'<span class="clock is-{escaped(one.state)}{" is-compact" if is_compact else ""}"{about}>\n{before}\n'
        f'{timebar(one.share, one.state)}\n<span class="clock-words">{clock_icon(one.state)}{heard}{words}</span>\n</span>\n'
    )


@register.simple_tag
def deadlines(clocks: Iterable[ClockView]) -> SafeString:
    """Each promise with what makes it due when it is, folded."""
    spoken = moments.Spoken()
    return mark_safe("".join(_deadline(one, _("Why this deadline"), spoken) for one in clocks))


def _deadline(one: ClockView, why: str, spoken: moments.Spoken) -> str:
    facts = "\n".join(f"<div><dt>{label}</dt><dd>{value}</dd></div>" for label, value in _facts(one, spoken))
    return (
        f'<li>{_clock(one, spoken)}\n<details class="small"><summary>{why}</summary>\n<dl class="facts">\n{facts}\n</dl>\n'
        f"{_way(one.why, spoken)}\n</details></li>\n"
    )


def _facts(one: ClockView, spoken: moments.Spoken) -> Iterator[tuple[str, str]]:
    row = one.clock
    if row is None:
        return
    if one.limit_words:
        yield _("Limit"), escaped(one.limit_words) + (f" {_('on average')}" if row.statistic == "mean" else "")
    yield _("Started"), escaped(spoken.said(row.started_at))
    if one.due_at:
        yield _("Due"), escaped(one.due_spoken)
    if one.paused:
        yield _("Paused"), escaped(one.paused)
    if one.waited:
        yield _("Waited in all"), escaped(one.waited)
    if row.extended_at:
        yield _("Extended"), escaped(spoken.said(row.extended_at))
    if row.stopped_at:
        yield _("Stopped"), escaped(spoken.said(row.stopped_at))
    yield _("Policy"), _versioned(row.policy) if row.policy else _("date given from outside")
    if row.calendar:
        yield _("Calendar"), _versioned(row.calendar)


class _Versioned(Protocol):
    version: int

    @property
    def name(self) -> str: ...


def _versioned(row: _Versioned) -> str:
    return f'{escaped(row.name)} <span class="quiet">v{row.version}</span>'


def _way(parts: Iterable[Stretch], spoken: moments.Spoken) -> str:
    drawn = "".join(
        f'<li><span class="number">{spoken.said(part.start, "m-d H:i")} – {spoken.said(part.end, "m-d H:i")}</span> '
        f"{escaped(str(part.words))}</li>"
        for part in parts
    )
    return f'<ol class="plain">{drawn}</ol>' if drawn else ""
