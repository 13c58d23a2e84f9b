"""How many complaints come from 10,000 customers, by branch, segment or area, and which differ for certain."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Max, Min, QuerySet, Sum
from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.models import CustomerCount
from analytics.periods import Period
from analytics.reading import behind, within
from analytics.reading import read as read_figures
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, told
from analytics.reports.parts import Part, all_of, cut_column, listed, narrowed_to, number_cell, parts, picked
from analytics.statistics import LOW_BASE, Interval, byar, is_ranking
from staff.models import Branch, User

NAME = "rate"
PER = 10_000
YEAR = 365
GROUPING = [
    ("branch", gettext_lazy("branch")),
    ("segment", gettext_lazy("segment")),
    ("area_class", gettext_lazy("area")),
]
FIELDS = {"branch": "branch__code", "segment": "segment", "area_class": "area_class"}


@dataclass(frozen=True, slots=True)
class Rate:
    """So many complaints of so many customers."""

    count: int
    customers: float

    @property
    def value(self) -> float | None:
        return self.count / self.customers * PER if self.customers else None

    @property
    def interval(self) -> Interval | None:
        found = byar(self.count)
        scale = PER / self.customers if self.customers else 0
        return Interval(found.low * scale, found.high * scale) if scale else None

    def beside(self, whole: Rate) -> str:
        """How it stands beside the whole: a point of a funnel is outside when its range does not hold the whole's rate."""
        if self.interval is None or whole.value is None:
            return "–"
        if self.count < LOW_BASE:
            return _("too few to judge")
        if self.interval.low > whole.value:
            return _("higher than the whole")
        return _("lower than the whole") if self.interval.high < whole.value else _("no sure difference")


def customers(chosen: Chosen, user: User) -> tuple[dict[Any, float], list[date]]:
    """Mean customers of each value of the grouping, and the days they were counted on: the first and last of the period.

    Where none was counted in the period, the nearest day before it or else the first after it stands for it.
    """
    return mean_of(CustomerCount.objects.visible_to(user), FIELDS[chosen.by], chosen)


def mean_of(counts: QuerySet[Any], field: str, chosen: Chosen) -> tuple[dict[Any, float], list[date]]:
    """The same of any counts by day, branch and something else."""
    days = _days(counts.model._default_manager.all(), chosen.period)
    if chosen.branch:
        counts = counts.filter(branch__path__startswith=chosen.branch.path)
    rows = counts.filter(day__in=days).values_list(field).annotate(number=Sum("n")).order_by()
    return {group: number / len(days) for group, number in rows}, days


def _days(counts: QuerySet[Any], period: Period) -> list[date]:
    found = counts.filter(**within(period, "day")).aggregate(first=Min("day"), last=Max("day"))
    if found["first"] is None:
        before = counts.filter(day__lt=period.first).aggregate(day=Max("day"))["day"]
        nearest = before or counts.filter(day__gt=period.last).aggregate(day=Min("day"))["day"]
        return [nearest] if nearest else []
    return sorted({found["first"], found["last"]})


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    received = {group: amount.n for (group,), amount in read_figures("received", chosen, user, by=[chosen.by]).items()}
    supplied, days = customers(chosen, user)
    whole = Rate(sum(received.values()), sum(supplied.values()))
    if not whole.count and not whole.customers:
        return Findings(_("No complaints from %(period)s, and no customers counted.") % {"period": chosen.period}, [])
    lines = _units(chosen, user) if chosen.by == "branch" else _values(chosen, {*received, *supplied})
    rates = {
        part: Rate(sum(received.get(key, 0) for key in keys), sum(supplied.get(key, 0) for key in keys))
        for part, keys in lines.items()
        if not {*received, *supplied}.isdisjoint(keys)
    }
    return Findings(
        sentence=_sentence(chosen, whole, rates),
        tables=[_table(chosen, rates, whole)],
        chart=_chart(rates) if whole.customers else None,
        notes=_notes(chosen, rates, days),
    )


def _values(chosen: Chosen, found: Collection[str]) -> dict[Part, list[str]]:
    return {part: [part.key or ""] for part in parts(chosen, found)}


def _units(chosen: Chosen, user: User) -> dict[Part, list[str]]:
    """The branches just below the chosen one or the reader's own, each with all below it; and that one by itself."""
    top = chosen.branch or user.branch
    if top is None:
        return {}
    own = Part(str(top), top.code, chosen.period, "branch")
    below = Branch.objects.filter(path__startswith=top.path).exclude(pk=top.pk)
    units = {
        one.code: Part(str(one), one.code, chosen.period, within=one.code) for one in below if one.parent_id == top.pk
    }
    found: dict[Part, list[str]] = {own: [top.code], **{unit: [] for unit in units.values()}}
    for branch in below:
        found[units[branch.path.removeprefix(top.path).split("/")[0]]].append(branch.code)
    return found


def figure(value: float | None, digits: int = 2) -> Cell:
    return Cell(None, "–") if value is None else Cell(round(value, digits), shown(value, digits))


def shown(value: float, digits: int = 2) -> str:
    return formats.number_format(round(value, digits), digits)


def grouped(number: float) -> str:
    return formats.number_format(round(number), force_grouping=True)


def span(interval: Interval) -> str:
    return f"{shown(interval.low)}–{shown(interval.high)}"


def _sentence(chosen: Chosen, whole: Rate, rates: Mapping[Part, Rate]) -> str:
    if whole.value is None or whole.interval is None:
        return _("The customers have not been counted yet, so there is no rate; they are counted every night.")
    counted = ngettext(
        "From %(period)s there was %(count)d complaint from %(customers)s customers: %(rate)s per 10,000 (95%% range "
        "%(range)s), which is %(yearly)s in a year.",
        "From %(period)s there were %(count)d complaints from %(customers)s customers: %(rate)s per 10,000 (95%% range "
        "%(range)s), which is %(yearly)s in a year.",
        whole.count,
    ) % {
        "period": chosen.period,
        "count": whole.count,
        "customers": grouped(whole.customers),
        "rate": shown(whole.value),
        "range": span(whole.interval),
        "yearly": shown(_yearly(whole.value, chosen)),
    }
    return told(counted, _highest(rates))


def _yearly(rate: float, chosen: Chosen) -> float:
    return rate * YEAR / chosen.period.days


def _ranked(rates: Mapping[Part, Rate]) -> bool:
    judged = [one for one in rates.values() if one.customers]
    return is_ranking([one.interval for one in judged if one.interval], [one.count for one in judged])


def _highest(rates: Mapping[Part, Rate]) -> str:
    if not _ranked(rates):
        return ""
    highest = max(rates, key=lambda part: rates[part].value or 0)
    return _("The highest rate is that of “%(name)s”.") % {"name": highest.name}


def _table(chosen: Chosen, rates: Mapping[Part, Rate], whole: Rate) -> Table:
    def row(part: Part, rate: Rate, beside: str) -> list[Cell]:
        yearly = None if rate.value is None else _yearly(rate.value, chosen)
        return [
            Cell(part.name, href=chosen.address(branch=part.within) if part.within else ""),
            number_cell(NAME, chosen, rate.count, "received", part),
            Cell(round(rate.customers), grouped(rate.customers)) if rate.customers else Cell(None, "–"),
            figure(rate.value),
            Cell(span(rate.interval)) if rate.interval else Cell(None, "–"),
            figure(yearly),
            Cell(beside),
        ]

    columns = [
        cut_column(chosen, GROUPING),
        Column(_("Complaints")),
        Column(_("Customers, mean"), is_count=False),
        Column(_("Per 10,000 customers"), is_count=False),
        Column(_("95% range"), is_count=False),
        Column(_("In a year"), is_count=False),
        Column(_("Beside the whole"), is_number=False),
    ]
    rows = [row(part, rate, rate.beside(whole)) for part, rate in rates.items()]
    return Table("rate", _("Complaints per 10,000 customers"), columns, rows, row(all_of(chosen), whole, "–"))


def _chart(rates: Mapping[Part, Rate]) -> Chart:
    known = {part: rate for part, rate in rates.items() if rate.customers}
    values = [None if rate.value is None else round(rate.value, 2) for rate in known.values()]
    return Chart(
        kind="bars",
        labels=[part.name for part in known],
        series=[Series(_("Per 10,000 customers"), values)],
    )


def counted_elsewhere(chosen: Chosen, days: list[date]) -> list[str]:
    """Says so when the customers were counted on days outside the period."""
    if not days or chosen.period.first <= days[0] <= chosen.period.last:
        return []
    text = _("No customers were counted in this period; those of %(day)s stand for them.")
    return [text % {"day": formats.date_format(days[0])}]


def _notes(chosen: Chosen, rates: Mapping[Part, Rate], days: list[date]) -> list[str]:
    notes = counted_elsewhere(chosen, days)
    if len(rates) > 1 and not _ranked(rates):
        notes.append(
            _(
                "The lines stand in their usual order and make no ranking: ranges overlap, or there are fewer than %(count)d "
                "complaints. A small unit swings widely by chance alone; only “higher” or “lower than the whole” says more."
            )
            % {"count": LOW_BASE}
        )
    return notes


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number, the newest first."""
    what, by, key = picked(pick, ["received"])
    return listed(_("Complaints received"), narrowed_to(behind(what, chosen, user), "", by, key))


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Complaints per 10,000 customers"),
    purpose=gettext_lazy("Where more complaints come from than the number of customers explains."),
    measures=measures("complaint_rate", "received"),
    grouping=GROUPING,
    read=read,
    listing=list_rows,
    position=6,
    is_over_time=False,
)
