"""The year on one page, for management and regulator: what the other reports say of it, beside last year and the limits of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import Http404
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import Granularity, Period, buckets, label
from analytics.reading import first_day
from analytics.reading import read as read_figures
from analytics.reports import causes, hot_spots, improvement, inspections, rate, repeats, satisfaction, sla_compliance
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, told
from analytics.reports.comparison import Comparison, change_cell
from analytics.reports.groups import groups
from analytics.reports.parts import number
from analytics.reports.trend import desk_address
from complaints.models import Adjustment, GivenBack
from complaints.models.billing import AdjustmentState
from staff.models import User

NAME = "annual"
MOST_ROWS = 12
"""So many lines a table of another report has here; that report has all."""


@dataclass(frozen=True, slots=True)
class Section:
    """Tables of another report, cut by one of its groupings, and which of them are shown here; none named are all."""

    report: Report
    by: str
    codes: Sequence[str] = ()


SECTIONS = (
    Section(rate.REPORT, "area_class"),
    Section(sla_compliance.REPORT, "clock"),
    Section(satisfaction.REPORT, "period", ["satisfaction"]),
    Section(causes.REPORT, "cause", ["causes"]),
    Section(improvement.REPORT, "90"),
    Section(repeats.REPORT, "category", ["after-30", "repeats"]),
    Section(inspections.REPORT, "kind", ["grades"]),
    Section(hot_spots.REPORT, "feeder", ["hot-spots"]),
)


@dataclass(frozen=True, slots=True)
class Months:
    """How many complaints each month of the year brought, and the same month of the year before."""

    pieces: dict[date, Period]
    counts: dict[date, int]
    before: Period
    counts_before: dict[date, int]

    @property
    def known(self) -> list[date]:
        """The months of both years, oldest first."""
        return [*buckets(self.before, Granularity.MONTH), *self.pieces]

    def number(self, month: date) -> int:
        return self.counts.get(month, 0) or self.counts_before.get(month, 0)


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    year = replace(
        chosen,
        period=chosen.period.until(timezone.localdate(at)),
        granularity=Granularity.MONTH.value,
        by="category",
        compare="year",
    )
    months = _months(year, user)
    said = [(one, one.report.read(replace(year, by=one.by, compare=""), user, at)) for one in SECTIONS]
    money = _money(year, user)
    if not any(months.counts.values()) and not any(findings.tables for _one, findings in said) and not money:
        return Findings(
            _("Nothing happened from %(period)s that can be reviewed.") % {"period": year.period}, tables=[]
        )
    return Findings(
        sentence=_sentence(year, user, at),
        tables=[
            _by_month(year, months),
            *_compared(year, user, at),
            *_rates(year, user),
            *(table for one, findings in said for table in _tables(one, year, findings)),
            *money,
            _limits(said),
        ],
        chart=_chart(months),
        notes=_notes(year, months, at),
    )


def _months(year: Chosen, user: User) -> Months:
    def counted(period: Period) -> dict[date, int]:
        found = read_figures("received", year, user, by=["month"], period=period)
        return {month: amount.n for (month,), amount in found.items()}

    before = year.period.year_before
    return Months(buckets(year.period, Granularity.MONTH), counted(year.period), before, counted(before))


def _sentence(year: Chosen, user: User, at: datetime) -> str:
    comparison = Comparison(year, user, at, "received")
    count = sum(comparison.counts["now"].values())
    counted = ngettext(
        "%(count)s complaint was received from %(period)s.",
        "%(count)s complaints were received from %(period)s.",
        count,
    ) % {"count": count, "period": year.period}
    return told(counted, comparison.sentence())


# what came, beside last year


def _by_month(year: Chosen, months: Months) -> Table:
    def cell(n: int, period: Period) -> Cell:
        return Cell(n, href=desk_address(year, period) if n else "")

    def row(name: Cell, now: int, period: Period, then: int, before: Period) -> list[Cell]:
        return [name, cell(now, period), cell(then, before), change_cell(now, then)]

    rows = [
        row(
            Cell(piece.first.isoformat(), text=label(piece, Granularity.MONTH)),
            months.counts.get(start, 0),
            piece,
            sum(
                n
                for month, n in months.counts_before.items()
                if (month.month, month.year) == (start.month, start.year - 1)
            ),
            piece.year_before,
        )
        for start, piece in months.pieces.items()
    ]
    columns = [
        Column(_("Month"), is_number=False),
        Column(_("Complaints received")),
        Column(_("A year before")),
        Column(pgettext("figure", "Change")),
    ]
    now, then = sum(months.counts.values()), sum(months.counts_before.values())
    total = row(Cell(_("All")), now, year.period, then, months.before)
    return Table("months", _("Complaints by month"), columns, rows, total)


def _compared(year: Chosen, user: User, at: datetime) -> list[Table]:
    titles = {"category": _("Complaints by category"), "channel": _("Complaints by channel")}
    found = []
    for by, title in titles.items():
        table = Comparison(replace(year, by=by), user, at, "received").table(groups(by), desk_address)
        if table is not None:
            found.append(replace(table, code=f"by-{by}", title=title))
    return found


def _rates(year: Chosen, user: User) -> list[Table]:
    """The rate of the year and of the one before: each by the customers that were counted in it."""

    def row(period: Period) -> list[Cell]:
        asked = replace(year, period=period, by="segment")
        supplied, days = rate.customers(asked, user)
        n = sum(amount.n for amount in read_figures("received", asked, user).values())
        found = rate.Rate(n, sum(supplied.values()))
        elsewhere = rate.counted_elsewhere(asked, days)
        return [
            Cell(str(period)),
            Cell(n, href=desk_address(year, period) if n else ""),
            Cell(round(found.customers), rate.grouped(found.customers), hint=" ".join(elsewhere)),
            rate.figure(found.value),
            Cell(rate.span(found.interval)) if found.interval else Cell(None, "–"),
        ]

    columns = [
        Column(_("Period"), is_number=False),
        Column(_("Complaints")),
        Column(_("Customers, mean")),
        Column(_("Per 10,000 customers")),
        Column(_("95% range")),
    ]
    rows = [row(period) for period in (year.period, year.period.year_before)]
    return [Table("rates", _("Complaints per 10,000 customers, beside last year"), columns, rows)]


def _chart(months: Months) -> Chart | None:
    if not any(map(months.number, months.known)):
        return None
    last = list(buckets(months.before, Granularity.MONTH))
    return Chart(
        kind="bars",
        labels=[label(piece, Granularity.MONTH) for piece in months.pieces.values()],
        series=[
            Series(_("This year"), [months.counts.get(start, 0) for start in months.pieces]),
            Series(_("A year before"), [months.counts_before.get(start, 0) for start in last]),
        ],
    )


# what the other reports say


def _tables(section: Section, year: Chosen, findings: Findings) -> list[Table]:
    """The tables of a section, shortened, with the sentence of their report and its address."""
    address = reverse("analytics:report", args=[section.report.name])
    whole = address + replace(year, by=section.by, compare="").address()
    kept = [table for table in findings.tables if not section.codes or table.code in section.codes]
    return [
        replace(
            table,
            code=f"{section.report.name}-{table.code}",
            rows=[[_from(cell, address) for cell in row] for row in table.rows[:MOST_ROWS]],
            total=[_from(cell, address) for cell in table.total],
            sentence="" if place else findings.sentence,
            more=whole,
            left_out=max(0, len(table.rows) - MOST_ROWS),
        )
        for place, table in enumerate(kept)
    ]


def _from(cell: Cell, address: str) -> Cell:
    """An address within the other report leads there from here, too."""
    return replace(cell, href=address + cell.href) if cell.href.startswith("?") else cell


# money


def given_back(year: Chosen, user: User) -> QuerySet[Adjustment]:
    """What was given back in the period because of complaints that this person may see."""
    rows = Adjustment.objects.filter(state=AdjustmentState.PAID, complaint__in=year.complaints(user))
    return rows.filter(paid_on__gte=year.period.first, paid_on__lte=year.period.last)


def _money(year: Chosen, user: User) -> list[Table]:
    counted = given_back(year, user).values("way").annotate(number=Count("pk"), amount=Sum("paid_amount")).order_by()
    found = {row["way"]: (row["number"], row["amount"]) for row in counted}
    if not found:
        return []

    def row(name: str, way: str, n: int, amount: Any) -> list[Cell]:
        shown = formats.number_format(amount, 2, force_grouping=True)
        return [Cell(name), number(NAME, year, n, "money", way), Cell(float(amount), shown)]

    columns = [Column(_("How"), is_number=False), Column(_("Times")), Column(_("Amount"))]
    rows = [row(str(way.label), way.value, *found[way.value]) for way in GivenBack if way.value in found]
    total = row(_("All"), "", sum(n for n, _amount in found.values()), sum(amount for _n, amount in found.values()))
    return [Table("money", _("Money given back"), columns, rows, total)]


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """What was given back; the other numbers of this report open the lists of the reports they come from."""
    what, way = [*pick.split("~", 1), ""][:2]
    if what != "money" or (way and way not in GivenBack.values):
        raise Http404
    rows = given_back(chosen, user).select_related("complaint__category").order_by("-paid_on", "-pk")
    heads = (_("Complaint"), _("Category"), _("How"), _("Given back on"))
    columns = [*(Column(name, is_number=False) for name in heads), Column(_("Amount"))]
    return Listing(_("Money given back"), rows.filter(way=way) if way else rows, columns, _given)


def _given(adjustment: Adjustment) -> list[Cell]:
    amount = adjustment.paid_amount or 0
    return [
        Cell(adjustment.complaint.reference, href=adjustment.complaint.get_absolute_url()),
        Cell(adjustment.complaint.category.name),
        Cell(str(adjustment.get_way_display())),
        Cell(adjustment.paid_on),
        Cell(float(amount), formats.number_format(amount, 2, force_grouping=True)),
    ]


# what it cannot say


def _notes(year: Chosen, months: Months, at: datetime) -> list[str]:
    notes = []
    if year.period.end > at:
        notes.append(_("The year is not over yet: its last month can still grow, and it is compared up to today."))
    first = first_day("received")
    begin = first.replace(day=1) if first else None
    if begin and begin > months.known[0]:
        notes.append(
            _("Figures begin in %(month)s. Months before it are not known, which is not the same as nought.")
            % {"month": formats.date_format(begin, "YEAR_MONTH_FORMAT")}
        )
    empty = [month for month in months.known if begin and month >= begin and not months.number(month)]
    if empty:
        names = [formats.date_format(month, "YEAR_MONTH_FORMAT") for month in empty]
        notes.append(
            _("No complaint is counted in %(months)s: either none was received, or none was entered.")
            % {"months": _(", ").join(names)}
        )
    return notes


def _limits(said: list[tuple[Section, Findings]]) -> Table:
    """What each report says of its own limits, and what none of them can know."""
    general = [
        _("Who does not complain is in no figure: few complaints are not the same as few faults."),
        _(
            "A change beside last year has many reasons; the season is the same, the weather and what was reported are not."
        ),
        _(
            "Money given back is what was recorded of disputed bills; compensation outside billing is not recorded here."
        ),
    ]
    rows = [[Cell(_("The whole year")), Cell(text)] for text in general]
    rows += [[Cell(str(one.report.title)), Cell(note)] for one, findings in said for note in findings.notes]
    heads = [Column(_("Report"), is_number=False), Column(_("What it does not say"), is_number=False)]
    return Table("limits", _("What these figures cannot say"), heads, rows)


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Annual review"),
    purpose=gettext_lazy(
        "The year on one page: what came, what was promised and kept, why it came, and what was done."
    ),
    measures=measures(
        "received",
        "change",
        "complaint_rate",
        "sla_compliance",
        "response_rate",
        "satisfaction",
        "causes",
        "before_after",
        "one_time_resolution",
        "repeats",
        "safety_findings",
        "hot_spots",
        "given_back",
    ),
    grouping=[("year", gettext_lazy("year"))],
    read=read,
    listing=list_rows,
    position=30,
    is_over_time=False,
    is_of_a_year=True,
)
