"""How many complaints were received, by day, week or month and by category or channel."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.open_work import desk
from analytics.periods import Period, buckets, label
from analytics.reading import read as read_figures
from analytics.reading import whole
from analytics.reports.base import Band, Cell, Chart, Column, Findings, Report, Series, Table, percent, told
from analytics.reports.comparison import Comparison
from analytics.reports.expectation import expected
from analytics.reports.groups import groups
from analytics.statistics import Expected, relative_change
from staff.models import User


def desk_address(chosen: Chosen, period: Period, **more: str) -> str:
    """The desk's list of exactly these complaints."""
    params = {
        "view": "all",
        "request_type": "complaint",
        "merged": "no",
        **chosen.narrowing,
        **more,
        "received_from": period.first.isoformat(),
        "received_to": period.last.isoformat(),
    }
    return desk(params)


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    pieces = buckets(chosen.period, chosen.granularity)
    names = groups(chosen.by)
    counts = _counts(chosen, user)
    total = sum(counts.values())
    ahead = expected(chosen, user, pieces, at)
    before = whole("received", chosen, user, period=chosen.period.before).n
    of_group = {key: sum(counts[start, key] for start in pieces) for key in names}
    shown = [key for key in names if of_group[key]]
    comparison = Comparison(chosen, user, at, "received")
    more = [comparison.table(names, desk_address), *([_ahead(chosen, pieces, ahead, counts)] if ahead else [])]
    return Findings(
        sentence=told(_sentence(chosen, total, before, names, of_group), comparison.sentence()),
        tables=[_table(chosen, pieces, shown, names, counts), *filter(None, more)] if total else [],
        chart=_chart(chosen, pieces, shown, names, counts, ahead) if total else None,
        notes=[_("The period is not over yet: its last part can still grow.")]
        if total and chosen.period.end > at
        else [],
    )


def _counts(chosen: Chosen, user: User) -> Counter[tuple[date, str]]:
    found = read_figures("received", chosen, user, by=[chosen.granularity, chosen.by])
    return Counter({(start, key): amount.n for (start, key), amount in found.items()})


def _sentence(chosen: Chosen, total: int, before: int, names: dict[str, str], of_group: dict[str, int]) -> str:
    if not total:
        return _("No complaints were received from %(period)s.") % {"period": chosen.period}
    counted = ngettext(
        "%(count)s complaint was received from %(period)s.",
        "%(count)s complaints were received from %(period)s.",
        total,
    ) % {"count": total, "period": chosen.period}
    usual = "" if chosen.compare else _compared(total, before, chosen.period.days)
    return told(counted, usual, _largest(total, names, of_group))


def _compared(total: int, before: int, days: int) -> str:
    change = relative_change(total, before)
    if change is None:
        text = _("In the %(days)d days before there were %(before)d.")
    elif change == 0:
        text = _("That is as many as in the %(days)d days before.")
    elif change > 0:
        text = _("That is %(change)s more than in the %(days)d days before (%(before)d).")
    else:
        text = _("That is %(change)s fewer than in the %(days)d days before (%(before)d).")
    return text % {"days": days, "before": before, "change": percent(abs(change or 0), 0)}


def _largest(total: int, names: dict[str, str], of_group: dict[str, int]) -> str:
    largest = max(of_group, key=lambda key: of_group[key])
    if of_group[largest] == total:
        return ""
    share = percent(of_group[largest] / total, 0)
    return _("The largest part is “%(name)s” with %(share)s.") % {"name": names[largest], "share": share}


def _table(
    chosen: Chosen,
    pieces: dict[date, Period],
    shown: list[str],
    names: dict[str, str],
    counts: Counter[tuple[date, str]],
) -> Table:
    def row(first: Cell, starts: list[date], period: Period) -> list[Cell]:
        found = {key: sum(counts[start, key] for start in starts) for key in shown}
        cells = [
            Cell(n, href=desk_address(chosen, period, **{chosen.by: key}) if n else "") for key, n in found.items()
        ]
        return [
            first,
            *cells,
            Cell(sum(found.values()), href=desk_address(chosen, period) if any(found.values()) else ""),
        ]

    rows = [
        row(Cell(piece.first.isoformat(), text=label(piece, chosen.granularity)), [start], piece)
        for start, piece in pieces.items()
    ]
    columns = [Column(_("Received"), is_number=False), *(Column(names[key]) for key in shown), Column(_("All"))]
    total = row(Cell(_("All")), list(pieces), chosen.period)
    return Table("received", _("Complaints received"), columns, rows, total)


def _chart(
    chosen: Chosen,
    pieces: dict[date, Period],
    shown: list[str],
    names: dict[str, str],
    counts: Counter[tuple[date, str]],
    ahead: dict[date, Expected],
) -> Chart:
    return Chart(
        kind="counts",
        labels=[label(piece, chosen.granularity) for piece in pieces.values()],
        series=[
            Series(
                names[key],
                [counts[start, key] for start in pieces],
                [desk_address(chosen, piece, **{chosen.by: key}) for piece in pieces.values()],
            )
            for key in shown
        ],
        expected=Series(
            pgettext("figure", "Expected"), [ahead[start].mean if start in ahead else None for start in pieces]
        )
        if ahead
        else None,
        bands=[
            _band(_("95% range"), [ahead[start].nearly_sure if start in ahead else None for start in pieces]),
            _band(_("80% range"), [ahead[start].likely if start in ahead else None for start in pieces]),
        ]
        if ahead
        else [],
    )


def _band(name: str, ranges: list[tuple[int, int] | None]) -> Band:
    return Band(name, [one[0] if one else None for one in ranges], [one[1] if one else None for one in ranges])


def _ahead(
    chosen: Chosen, pieces: dict[date, Period], ahead: dict[date, Expected], counts: Counter[tuple[date, str]]
) -> Table:
    so_far: Counter[date] = Counter()
    for (start, _key), n in counts.items():
        so_far[start] += n
    return Table(
        "expected",
        pgettext("figure", "Expected"),
        [
            Column(_("Received"), is_number=False),
            *(
                Column(title, is_count=title == _("So far"))
                for title in (
                    _("So far"),
                    pgettext("figure", "Expected"),
                    _("80% from"),
                    _("80% to"),
                    _("95% from"),
                    _("95% to"),
                )
            ),
        ],
        [
            [
                Cell(pieces[start].first.isoformat(), text=label(pieces[start], chosen.granularity)),
                Cell(so_far[start], href=desk_address(chosen, pieces[start]) if so_far[start] else ""),
                Cell(round(one.mean, 1)),
                *map(Cell, (*one.likely, *one.nearly_sure)),
            ]
            for start, one in ahead.items()
        ],
    )


REPORT = Report(
    name="trend",
    title=gettext_lazy("Complaints received"),
    purpose=gettext_lazy("How many complaints reach us, about what and by which channel."),
    measures=measures("received", "change", "expected"),
    grouping=[("category", gettext_lazy("category")), ("channel", gettext_lazy("channel"))],
    read=read,
    position=1,
    compares=True,
)
