"""Where complaints gather: feeders and transformer areas by their customers, ranked only as far as chance allows, and when or
about what.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import Lag
from django.http import Http404
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.models import AssetCount, ComplaintFact
from analytics.periods import Period, buckets, label
from analytics.reading import about, behind, field_of, narrowed, within
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
    interval_cell,
    share_cell,
    told,
)
from analytics.reports.groups import groups
from analytics.reports.parts import NONE, list_address, listed, number
from analytics.reports.rate import Rate, counted_elsewhere, figure, grouped, mean_of, span
from analytics.statistics import LOW_BASE, TOO_FEW, Interval
from complaints.models.complaint import seen_by
from customers.models import Feeder, TransformerArea
from staff.models import User

NAME, FEEDER, AREA, FEW = "hot-spots", "feeder", "area", "few"
AGAIN = timedelta(days=60)
"""So long after one of its kind a complaint on the same asset is a recurrence (domain 7.5)."""
RECURRING = ("OUT", "VOL")
"""Categories that an asset can be the cause of."""
CUSTOMERS_OF = {FEEDER: "transformer_area__feeder__code", AREA: "transformer_area__code"}
MOST_ROWS = 12
"""So many assets the heat map shows; the table has all."""


@dataclass
class Spots:
    """How many complaints and customers each asset has, and of those of supply how many came again.

    NONE is where the place is not known.
    """

    names: dict[str, str]
    counts: Counter[str]
    customers: dict[str, float]
    counted_on: list[date]
    supply: Counter[str]
    again: Counter[str]
    cells: Counter[tuple[str, Any]]

    @cached_property
    def ranked(self) -> list[str]:
        """Those with enough complaints and with counted customers, by rank and then by their rate."""
        return sorted(self.ranges, key=lambda code: (self.rank(code), -(self.rate(code).value or 0), code))

    @property
    def unranked(self) -> list[str]:
        """What cannot be ranked, and is too many to leave out, in the order of their codes."""
        left = self.counts.keys() - self.ranges.keys() - {NONE}
        return sorted(code for code in left if self.counts[code] >= TOO_FEW)

    @property
    def few(self) -> list[str]:
        return [code for code, n in self.counts.items() if n < TOO_FEW and code != NONE]

    @property
    def mapped(self) -> list[str]:
        """The assets of the heat map: most complaints first, because it shows counts and no rank."""
        named = [code for code in self.counts if code != NONE]
        return sorted(named, key=lambda code: (-self.counts[code], code))[:MOST_ROWS]

    def rate(self, code: str) -> Rate:
        return Rate(self.counts[code], self.customers.get(code, 0))

    @cached_property
    def ranges(self) -> dict[str, Interval]:
        """Of each asset that can be ranked, where its rate lies."""
        enough = {code: self.rate(code) for code, n in self.counts.items() if n >= LOW_BASE and code != NONE}
        return {code: rate.interval for code, rate in enough.items() if rate.interval}

    @cached_property
    def lows(self) -> list[float]:
        """Where the ranges begin, the lowest first."""
        return sorted(interval.low for interval in self.ranges.values())

    def rank(self, code: str) -> int:
        """Assets whose ranges overlap share a rank: the order between them may be chance."""
        return 1 + len(self.lows) - bisect_right(self.lows, self.ranges[code].high)


def _followed(chosen: Chosen, by: str) -> QuerySet[ComplaintFact]:
    """Complaints of supply, up to the end of the period, with when the one `before` reached us: that of the same subcategory on
    the same asset, whoever may see it.
    """
    asset = "transformer_area" if by == AREA else "transformer_area__feeder"
    before = Window(Lag("received_at"), partition_by=[F(asset), F("subcategory")], order_by=["received_at", "pk"])
    rows = ComplaintFact.objects.complaints().filter(
        is_duplicate=False,
        received_on__range=(chosen.period.first - AGAIN - timedelta(days=1), chosen.period.last),
        subcategory__category__code__in=RECURRING,
        **{f"{asset}__isnull": False},
    )
    return rows.annotate(before=before)


def recurrences(chosen: Chosen, user: User, by: str) -> QuerySet[ComplaintFact]:
    """Complaints of the period that follow one of the same subcategory on the same asset by at most 60 days."""
    again = _followed(chosen, by).filter(Q(before__gte=F("received_at") - AGAIN))
    return behind("received", chosen, user, where=_RECURRING).filter(pk__in=again.values("pk"))


_RECURRING = Q(category__code__in=RECURRING)


def _number_of_recurrences(chosen: Chosen, user: User, by: str) -> Counter[str]:
    """How many of them each asset has. What is asked about is said of each row and not in a condition, so that all are read once:
    what was before has to be known of the others, too.
    """
    asked = _RECURRING & seen_by(user) & Q(**narrowed(chosen), **within(chosen.period, "received_on"))
    if hidden := about(user):
        asked &= ~Q(pk__in=hidden)
    rows = _followed(chosen, by).annotate(place=F(field_of(by)), is_asked=asked).order_by()
    sql, params = rows.values("place", "is_asked", "received_at", "before").query.sql_with_params()
    values: list[Any] = [*params, AGAIN]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT place, count(*) FROM ({sql}) AS found WHERE is_asked AND before >= received_at - %s GROUP BY place",
            values,
        )
        return Counter(dict(cursor.fetchall()))


def find(chosen: Chosen, user: User) -> Spots:
    by = chosen.by
    cells: Counter[tuple[str, Any]] = Counter()
    counts: Counter[str] = Counter()
    supply: Counter[str] = Counter()
    # a heat map of areas has the categories across, so that nothing more has to be told apart for it
    across = [chosen.granularity] if by == FEEDER else []
    for (code, category, *column), amount in read_figures(
        "received", chosen, user, by=[by, "category", *across]
    ).items():
        place = code or NONE
        counts[place] += amount.n
        cells[place, column[0] if column else category] += amount.n
        if category in RECURRING:
            supply[place] += amount.n
    supplied, counted_on = mean_of(AssetCount.objects.visible_to(user), CUSTOMERS_OF[by], chosen)
    return Spots(
        names=_names(by, [code for code in counts if code != NONE]),
        counts=counts,
        customers=supplied,
        counted_on=counted_on,
        supply=supply,
        again=_number_of_recurrences(chosen, user, by) if supply else Counter(),
        cells=cells,
    )


def _names(by: str, codes: list[str]) -> dict[str, str]:
    if by == AREA:
        areas = TransformerArea.objects.filter(code__in=codes).select_related("feeder")
        return {area.code: f"{area.name} · {area.feeder.name}" for area in areas}
    return {feeder.code: feeder.name for feeder in Feeder.objects.filter(code__in=codes)}


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    found = find(chosen, user)
    if not found.counts:
        return Findings(_("No complaints were received from %(period)s.") % {"period": chosen.period}, tables=[])
    columns = _columns(chosen, found)
    mapped = found.mapped
    return Findings(
        sentence=_sentence(chosen, found),
        tables=[_table(chosen, found), *([_map_table(chosen, found, columns)] if mapped else [])],
        chart=_chart(chosen, found, columns) if mapped else None,
        notes=_notes(chosen, found),
    )


def _columns(chosen: Chosen, found: Spots) -> dict[Any, str]:
    """What the heat map has across: pieces of the period, or categories."""
    if chosen.by == FEEDER:
        pieces = buckets(chosen.period, chosen.granularity)
        return {start: label(piece, chosen.granularity) for start, piece in pieces.items()}
    return {code: name for code, name in groups("category").items() if any(of == code for _asset, of in found.cells)}


def _sentence(chosen: Chosen, found: Spots) -> str:
    total = sum(found.counts.values())
    counted = ngettext(
        "%(count)d complaint was received from %(period)s.",
        "%(count)d complaints were received from %(period)s.",
        total,
    ) % {"count": total, "period": chosen.period}
    ranked = found.ranked
    if not ranked and not found.customers:
        return told(counted, _("The customers of the assets have not been counted yet, so none is ranked."))
    if not ranked:
        few = _("No asset has the %(least)d complaints that a rank needs, so none is ranked.") % {"least": LOW_BASE}
        return told(counted, few)
    words: dict[str, Any] = {
        "name": found.names[ranked[0]],
        "count": found.counts[ranked[0]],
        "rate": figure(found.rate(ranked[0]).value).shown,
    }
    first = [found.names[code] for code in ranked if found.rank(code) == 1]
    if len(first) == 1:
        leads = _(
            "For its customers “%(name)s” has most, %(rate)s per 10,000 (%(count)d complaints), and more than chance explains."
        )
        return told(counted, leads % words)
    leads = ngettext(
        "For its customers “%(name)s” has most, %(rate)s per 10,000 (%(count)d complaints), but the range of %(others)d more "
        "asset reaches as high: chance may order them.",
        "For its customers “%(name)s” has most, %(rate)s per 10,000 (%(count)d complaints), but the ranges of %(others)d more "
        "assets reach as high: chance may order them.",
        len(first) - 1,
    )
    return told(counted, leads % {**words, "others": len(first) - 1})


def _table(chosen: Chosen, found: Spots) -> Table:
    columns = [
        Column(capfirst(str(dict(REPORT.grouping)[chosen.by])), is_number=False),
        Column(_("Rank"), is_number=False),
        Column(_("Complaints received")),
        Column(_("Customers, mean"), is_count=False),
        Column(_("Per 10,000 customers"), is_count=False),
        Column(_("95% range"), is_count=False),
        Column(_("Of outage and voltage")),
        Column(_("Again within 60 days")),
        Column(_("Share that came again"), is_count=False),
        Column(_("95% range of the share"), is_count=False),
    ]

    def row(name: str, code: str, codes: list[str], rank: Cell) -> list[Cell]:
        n, supply, again = (sum(of[one] for one in codes) for of in (found.counts, found.supply, found.again))
        rate = Rate(n, sum(found.customers.get(one, 0) for one in codes)) if code else Rate(n, 0)
        return [
            Cell(name),
            rank,
            number(NAME, chosen, n, "all", code, ""),
            Cell(round(rate.customers), grouped(rate.customers)) if rate.customers else Cell(None, "–"),
            figure(rate.value),
            Cell(span(rate.interval)) if rate.interval else Cell(None, "–"),
            number(NAME, chosen, supply, "supply", code, ""),
            number(NAME, chosen, again, "again", code, ""),
            share_cell(again, supply),
            interval_cell(again, supply),
        ]

    no_rank, too_few = Cell(None, "–"), Cell(None, _("too few to rank"))
    not_counted = Cell(None, _("customers not counted"))
    rows = [row(found.names[code], code, [code], Cell(found.rank(code))) for code in found.ranked]
    rows += [
        row(found.names[code], code, [code], too_few if found.counts[code] < LOW_BASE else not_counted)
        for code in found.unranked
    ]
    if found.few:
        text = ngettext("%(n)d other, under %(least)d", "%(n)d others, each under %(least)d", len(found.few))
        rows.append(row(text % {"n": len(found.few), "least": TOO_FEW}, FEW, found.few, too_few))
    if found.counts[NONE]:
        rows.append(row(_("Place not known"), NONE, [NONE], no_rank))
    return Table(NAME, _("Complaints by asset"), columns, rows, row(_("All"), "", list(found.counts), no_rank))


Address = tuple[tuple[str, ...], Period | None]
"""The pick and the period of one cell of the heat map."""


def _addresses(chosen: Chosen) -> Callable[[str, Any], Address]:
    if chosen.by != FEEDER:
        return lambda code, category: (("all", code, category), None)
    pieces = buckets(chosen.period, chosen.granularity)
    return lambda code, start: (("all", code, ""), pieces[start])


def _map_table(chosen: Chosen, found: Spots, columns: dict[Any, str]) -> Table:
    address_of = _addresses(chosen)

    def cell(code: str, column: Any) -> Cell:
        pick, period = address_of(code, column)
        return number(NAME, chosen, found.cells[code, column], *pick, period=period)

    heads = [Column(capfirst(str(dict(REPORT.grouping)[chosen.by])), is_number=False)]
    rows = [[Cell(found.names[code]), *(cell(code, column) for column in columns)] for code in found.mapped]
    title = _("Feeders over time") if chosen.by == FEEDER else _("Areas and categories")
    return Table("map", title, [*heads, *(Column(name) for name in columns.values())], rows)


def _chart(chosen: Chosen, found: Spots, columns: dict[Any, str]) -> Chart:
    address_of = _addresses(chosen)

    def address(code: str, column: Any) -> str:
        pick, period = address_of(code, column)
        return list_address(NAME, chosen, *pick, period=period) if found.cells[code, column] else ""

    return Chart(
        kind="heat",
        labels=list(columns.values()),
        series=[
            Series(
                found.names[code],
                [found.cells[code, column] or None for column in columns],
                [address(code, column) for column in columns],
            )
            for code in found.mapped
        ],
    )


def _notes(chosen: Chosen, found: Spots) -> list[str]:
    notes = [
        *counted_elsewhere(chosen, found.counted_on),
        _(
            "Ranked by complaints per 10,000 customers, and only assets with at least %(least)d complaints. Each rate has a "
            "range that is wider the fewer complaints there are; an asset ranks below another only where the ranges do not "
            "touch, so a small area with a few complaints does not come first by chance."
        )
        % {"least": LOW_BASE},
    ]
    named = sum(code != NONE for code in found.counts)
    if named > MOST_ROWS:
        notes.append(
            _("The map shows the %(shown)d of %(all)d assets with most complaints; the first table has them all.")
            % {"shown": MOST_ROWS, "all": named}
        )
    if found.counts[NONE]:
        notes.append(
            ngettext(
                "Of %(count)d complaint the place in the network is not known.",
                "Of %(count)d complaints the place in the network is not known.",
                found.counts[NONE],
            )
            % {"count": found.counts[NONE]}
        )
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number; `pick` is what, the asset and the category."""
    what, code, category = [*pick.split("~"), "", ""][:3]
    if what not in ("all", "supply", "again"):
        raise Http404
    rows = recurrences(chosen, user, chosen.by) if what == "again" else behind("received", chosen, user)
    if what == "supply":
        rows = rows.filter(category__code__in=RECURRING)
    if category:
        rows = rows.filter(category__code=category)
    place = field_of(chosen.by)
    if code == FEW:
        rows = rows.filter(**{f"{place}__in": find(chosen, user).few})
    elif code:
        rows = rows.filter(**({f"{place}__isnull": True} if code == NONE else {place: code}))
    return listed(_names(chosen.by, [code]).get(code) or _("Complaints by asset"), rows)


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Hot spots"),
    purpose=gettext_lazy("On which feeders and transformer areas complaints gather, and where the same comes again."),
    measures=measures("received", "hot_spots", "asset_customers", "recurrence"),
    grouping=[(FEEDER, gettext_lazy("feeder")), (AREA, gettext_lazy("transformer area"))],
    read=read,
    listing=list_rows,
    position=21,
)
