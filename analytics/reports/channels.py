"""By which channels and sources complaints reach us, and how long they wait until they are entered."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from django.db.models import Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import Period, buckets, label
from analytics.reading import Amount, behind, together
from analytics.reading import read as read_figures
from analytics.reports.base import (
    Cell,
    Chart,
    Column,
    Findings,
    Listing,
    Report,
    Series,
    Table,
    percent,
    share_cell,
    told,
)
from analytics.reports.groups import groups
from analytics.reports.parts import Part, all_of, listed, narrowed_to, number_cell, picked
from complaints.clocks.shown import span_words
from staff.models import User

NAME = "channels"
GROUPING = [("channel", gettext_lazy("channel")), ("source", gettext_lazy("source"))]
HOUR, DAY = 3600, 86_400
LATE = Q(entry_seconds__gt=DAY)

Counts = Counter[tuple[date, str]]


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    counts = Counter(
        {
            key: amount.n
            for key, amount in read_figures("received", chosen, user, by=[chosen.granularity, chosen.by]).items()
        }
    )
    lags = {
        group: amount
        for (group,), amount in read_figures("entered", chosen, user, by=[chosen.by], distribution=True).items()
    }
    late = {
        group: amount.n
        for (group,), amount in read_figures("received", chosen, user, by=[chosen.by], where=LATE).items()
    }
    if not lags:
        return Findings(_("No complaints were received from %(period)s.") % {"period": chosen.period}, [])
    shown = [Part(name, key, chosen.period, chosen.by) for key, name in groups(chosen.by).items() if key in lags]
    pieces = buckets(chosen.period, chosen.granularity)
    return Findings(
        sentence=_sentence(chosen, shown, lags),
        tables=[_mix(chosen, pieces, shown, counts), _lag(chosen, shown, lags, late)],
        chart=Chart(
            kind="counts",
            labels=[label(piece, chosen.granularity) for piece in pieces.values()],
            series=[Series(part.name, [counts[start, part.key] for start in pieces]) for part in shown],
        ),
    )


def _hours(seconds: float | None) -> Cell:
    return Cell(None, "–") if seconds is None else Cell(round(seconds / HOUR, 2))


def _words(seconds: float | None) -> str:
    return span_words(timedelta(seconds=seconds or 0))


def _sentence(chosen: Chosen, shown: list[Part], lags: dict[str, Amount]) -> str:
    whole = together(lags.values())
    largest = max(shown, key=lambda part: lags[part.key].n)
    slowest = max(shown, key=lambda part: lags[part.key].median or 0)
    counted = ngettext(
        "From %(period)s %(count)d complaint was received, by “%(name)s”.",
        "From %(period)s %(count)d complaints were received, %(share)s of them by “%(name)s”.",
        whole.n,
    ) % {
        "period": chosen.period,
        "count": whole.n,
        "share": percent(lags[largest.key].n / whole.n, 0),
        "name": largest.name,
    }
    lag = _("Half of them were entered within %(median)s.") % {"median": _words(whole.median)}
    waits = _("“%(name)s” waits longest: half of those took more than %(median)s.") % {
        "name": slowest.name,
        "median": _words(lags[slowest.key].median),
    }
    return told(counted, lag, waits if (lags[slowest.key].median or 0) >= HOUR else "")


def _mix(chosen: Chosen, pieces: dict[date, Period], shown: list[Part], counts: Counts) -> Table:
    def row(name: str, starts: list[date], period: Period) -> list[Cell]:
        found = {part: sum(counts[start, part.key] for start in starts) for part in shown}
        of = sum(found.values())
        cells = [
            _with_share(number_cell(NAME, chosen, n, "received", Part(part.name, part.key, period, part.by)), n, of)
            for part, n in found.items()
        ]
        return [Cell(name), *cells, number_cell(NAME, chosen, of, "received", Part(name, None, period))]

    rows = [row(label(piece, chosen.granularity), [start], piece) for start, piece in pieces.items()]
    columns = [Column(_("Received"), is_number=False), *(Column(part.name) for part in shown), Column(_("All"))]
    total = row(all_of(chosen).name, list(pieces), chosen.period)
    return Table("mix", _("How they reached us"), columns, rows, total)


def _with_share(cell: Cell, n: int, of: int) -> Cell:
    return Cell(cell.raw, href=cell.href, hint=percent(n / of, 0)) if n else cell


def _lag(chosen: Chosen, shown: list[Part], lags: dict[str, Amount], late: dict[str, int]) -> Table:
    def row(part: Part, amount: Amount, later: int) -> list[Cell]:
        return [
            Cell(part.name),
            number_cell(NAME, chosen, amount.n, "received", part),
            _hours(amount.median),
            _hours(amount.quantile(0.9)),
            number_cell(NAME, chosen, later, "late", part),
            share_cell(later, amount.n),
        ]

    columns = [
        Column(capfirst(str(dict(GROUPING)[chosen.by])), is_number=False),
        Column(_("Complaints received")),
        Column(_("Median, hours"), is_count=False),
        Column(_("90% within, hours"), is_count=False),
        Column(_("Entered more than a day later")),
        Column(_("Share"), is_count=False),
    ]
    rows = [row(part, lags[part.key], late.get(part.key, 0)) for part in shown]
    total = row(all_of(chosen), together(lags.values()), sum(late.values()))
    return Table("lag", _("From receipt to entry"), columns, rows, total)


LISTS = {"received": Q(), "late": LATE}


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number, the newest first."""
    what, by, key = picked(pick, LISTS)
    titles = {"received": _("Complaints received"), "late": _("Entered more than a day later")}
    rows = behind("received", chosen, user, where=LISTS[what])
    return listed(titles[what], narrowed_to(rows, "", by, key))


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Channels and entry"),
    purpose=gettext_lazy("By which ways complaints reach us, and how long they wait until they are entered."),
    measures=measures("received", "entry_lag"),
    grouping=GROUPING,
    read=read,
    listing=list_rows,
    position=8,
)
