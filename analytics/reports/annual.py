"""The year on one page, for management and regulator: what the other reports say of it, beside last year and the limits of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.http import Http404
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import Granularity, Period, buckets, label, next_start
from analytics.reading import first_day
from analytics.reading import read as read_figures
from analytics.reports import causes, hot_spots, improvement, inspections, rate, repeats, satisfaction, sla_compliance
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, told
from analytics.reports.comparison import change_cell
from analytics.reports.groups import groups
from analytics.reports.parts import number
from analytics.reports.trend import desk_address
from complaints.models import Adjustment, GivenBack
from complaints.models.billing import AdjustmentState
from staff.models import User

NAME = "annual"


@dataclass(frozen=True, slots=True)
class Section:
    """Tables of another report, cut by one of its groupings, and which of them are shown here; none named are all.

    `most` is how many lines a table has here; that report has all.
    """

    report: Report
    by: str
    codes: Sequence[str] = ()
    most: int = 12


SECTIONS = (
    Section(rate.REPORT, "area_class"),
    Section(sla_compliance.REPORT, "clock", most=30),
    Section(satisfaction.REPORT, "period", ["satisfaction"]),
    Section(causes.REPORT, "cause", ["causes"]),
    Section(improvement.REPORT, "90"),
    Section(repeats.REPORT, "category", ["after-30", "repeats"]),
    Section(inspections.REPORT, "kind", ["grades"]),
    Section(hot_spots.REPORT, "feeder", ["hot-spots"]),
)


Cells = Mapping[tuple[date, str, str], int]
"""How many were received, by month, category and channel."""


@dataclass(frozen=True)
class Year:
    """The year as far as it has come, and what of it can be set beside last year: whole months that are known in both."""

    chosen: Chosen
    begin: date
    received: Cells
    received_before: Cells

    @property
    def period(self) -> Period:
        return self.chosen.period

    @property
    def before(self) -> Period:
        return self.period.year_before

    @property
    def pieces(self) -> dict[date, Period]:
        return buckets(self.period, Granularity.MONTH)

    @property
    def comparable(self) -> Period | None:
        if self.begin <= self.before.first:
            return self.period
        month = self.begin if self.begin.day == 1 else next_start(self.begin.replace(day=1), Granularity.MONTH)
        first = month.replace(year=month.year + 1)
        return Period(first, self.period.last) if self.period.first <= first <= self.period.last else None

    @property
    def is_comparable(self) -> bool:
        return self.comparable == self.period

    @cached_property
    def counts(self) -> Counter[date]:
        return _added_up(self.received, 0)

    @cached_property
    def counts_before(self) -> Counter[date]:
        return _added_up(self.received_before, 0)

    def counted(self, period: Period) -> Cells:
        """Of the year, the year before, or the part of either that can be compared, which begins with a month."""
        cells = self.received if period.last == self.period.last else self.received_before
        begin = period.first.replace(day=1)
        return {cell: n for cell, n in cells.items() if cell[0] >= begin}

    def then(self, start: date) -> int:
        """What the same month of last year brought."""
        return sum(
            n for month, n in self.counts_before.items() if (month.year + 1, month.month) == (start.year, start.month)
        )


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    chosen = replace(
        chosen, period=chosen.period.until(timezone.localdate(at)), granularity=Granularity.MONTH.value, by="category"
    )
    begin = first_day("received")
    if begin is None or chosen.period.last < begin:
        return Findings(_("Nothing is known from %(period)s.") % {"period": chosen.period}, tables=[])
    year = Year(chosen, begin, *(_received(chosen, user, one) for one in (chosen.period, chosen.period.year_before)))
    said = [(one, one.report.read(replace(chosen, by=one.by, compare=""), user, at)) for one in SECTIONS]
    money = _money(chosen, user)
    if not any(year.counts.values()) and not any(findings.tables for _one, findings in said) and not money:
        return Findings(
            _("Nothing happened from %(period)s that can be reviewed.") % {"period": year.period}, tables=[]
        )
    return Findings(
        sentence=_sentence(year),
        tables=[
            _by_month(year),
            *(_by_group(year, by, title) for by, title in GROUPS.items()),
            _rates(year, user),
            *(table for one, findings in said for table in _tables(one, chosen, findings)),
            *money,
            _limits(said),
        ],
        chart=_chart(year),
        notes=_notes(year, at),
    )


def _received(chosen: Chosen, user: User, period: Period) -> Cells:
    found = read_figures("received", chosen, user, by=["month", *GROUPS], period=period)
    return {(month, category, channel): amount.n for (month, category, channel), amount in found.items()}


def _added_up(cells: Cells, place: int) -> Counter[Any]:
    """By what stands in one place of a cell."""
    found: Counter[Any] = Counter()
    for cell, n in cells.items():
        found[cell[place]] += n
    return found


def _sentence(year: Year) -> str:
    count = sum(year.counts.values())
    counted = ngettext(
        "%(count)s complaint was received from %(period)s.",
        "%(count)s complaints were received from %(period)s.",
        count,
    ) % {"count": count, "period": year.period}
    part = year.comparable
    if part is None:
        return told(counted, _("Nothing of it can be compared with last year."))
    now, then = (sum(year.counted(one).values()) for one in (part, part.year_before))
    words = {"period": part, "now": now, "then": then, "change": change_cell(now, then).text}
    if year.is_comparable:
        return told(counted, _("Against the same days last year (%(then)d): %(change)s.") % words)
    return told(
        counted, _("Only %(period)s can be compared with last year: %(now)d against %(then)d, %(change)s.") % words
    )


# what came, beside last year


def _number(year: Year, n: int, period: Period, **group: str) -> Cell:
    return Cell(n, href=desk_address(year.chosen, period, **group) if n else "")


def _by_month(year: Year) -> Table:
    def beside(now: int, then: int, before: Period) -> list[Cell]:
        if before.last < year.begin:
            return [Cell(None, "–", hint=_("not known")), Cell(None, "–")]
        if before.first < year.begin:
            return [replace(_number(year, then, before), hint=_("known in part")), Cell(None, "–")]
        return [_number(year, then, before), change_cell(now, then)]

    rows = []
    for start, piece in year.pieces.items():
        now = year.counts.get(start, 0)
        name = Cell(piece.first.isoformat(), text=label(piece, Granularity.MONTH))
        rows.append([name, _number(year, now, piece), *beside(now, year.then(start), piece.year_before)])
    now, then = sum(year.counts.values()), sum(year.counts_before.values())
    columns = [
        Column(_("Month"), is_number=False),
        Column(_("Complaints received")),
        Column(_("A year before")),
        Column(pgettext("figure", "Change"), is_count=False),
    ]
    total = [Cell(_("All")), _number(year, now, year.period), *beside(now, then, year.before)]
    return Table("months", _("Complaints by month"), columns, rows, total)


GROUPS = {"category": gettext_lazy("Complaints by category"), "channel": gettext_lazy("Complaints by channel")}


def _by_group(year: Year, by: str, title: Any) -> Table:
    """The whole year, and where only a part of it can be compared that part beside last year's."""
    part = year.comparable
    periods = [year.period, *([part, part.year_before] if part else [])]
    if year.is_comparable:
        periods = periods[1:]

    counts = [_added_up(year.counted(period), 1 + [*GROUPS].index(by)) for period in periods]
    names = {key: name for key, name in groups(by).items() if any(found.get(key) for found in counts)}

    def row(name: str, numbers: list[int], **group: str) -> list[Cell]:
        cells = [_number(year, n, period, **group) for n, period in zip(numbers, periods, strict=True)]
        return [Cell(name), *cells, *([change_cell(*numbers[-2:])] if part else [])]

    columns = [Column(_("Group"), is_number=False), *(Column(str(period)) for period in periods)]
    columns += [Column(pgettext("figure", "Change"), is_count=False)] if part else []
    rows = [row(name, [found.get(key, 0) for found in counts], **{by: key}) for key, name in names.items()]
    total = row(_("All"), [sum(found.values()) for found in counts])
    return Table(f"by-{by}", str(title), columns, rows, total)


def _rates(year: Year, user: User) -> Table:
    """Each by the customers that were counted in it."""
    part = year.comparable
    periods = dict.fromkeys([year.period, *([part, part.year_before] if part else [])])

    def row(period: Period) -> list[Cell]:
        asked = replace(year.chosen, period=period, by="segment")
        supplied, days = rate.customers(asked, user)
        found = rate.Rate(sum(year.counted(period).values()), sum(supplied.values()))
        elsewhere = " ".join(rate.counted_elsewhere(asked, days))
        return [
            Cell(str(period)),
            _number(year, found.count, period),
            Cell(round(found.customers), rate.grouped(found.customers), hint=elsewhere),
            rate.figure(found.value),
            Cell(rate.span(found.interval)) if found.interval else Cell(None, "–"),
        ]

    columns = [
        Column(_("Period"), is_number=False),
        Column(_("Complaints")),
        Column(_("Customers, mean"), is_count=False),
        Column(_("Per 10,000 customers"), is_count=False),
        Column(_("95% range"), is_count=False),
    ]
    title = _("Complaints per 10,000 customers, beside last year")
    return Table("rates", title, columns, [row(period) for period in periods])


def _chart(year: Year) -> Chart | None:
    if not any(year.counts.values()):
        return None
    then = [year.then(start) for start in year.pieces]
    last = [Series(_("A year before"), then)] if any(then) else []
    return Chart(
        kind="bars",
        labels=[label(piece, Granularity.MONTH) for piece in year.pieces.values()],
        series=[Series(_("This year"), [year.counts.get(start, 0) for start in year.pieces]), *last],
    )


# what the other reports say


def _tables(section: Section, chosen: Chosen, findings: Findings) -> list[Table]:
    """The tables of a section, shortened, with the sentence of their report and its address."""
    address = reverse("analytics:report", args=[section.report.name])
    all_of_it = address + replace(chosen, by=section.by, compare="").address()
    kept = [table for table in findings.tables if not section.codes or table.code in section.codes]
    return [
        replace(
            table,
            code=f"{section.report.name}-{table.code}",
            rows=[[_from(cell, address) for cell in row] for row in table.rows[: section.most]],
            total=[_from(cell, address) for cell in table.total],
            sentence="" if place else findings.sentence,
            more=all_of_it,
            left_out=max(0, len(table.rows) - section.most),
        )
        for place, table in enumerate(kept)
    ]


def _from(cell: Cell, address: str) -> Cell:
    """An address within the other report leads there from here, too."""
    return replace(cell, href=address + cell.href) if cell.href.startswith("?") else cell


# money


def given_back(chosen: Chosen, user: User) -> QuerySet[Adjustment]:
    """What was given back in the period because of complaints that this person may see."""
    rows = Adjustment.objects.filter(state=AdjustmentState.PAID, complaint__in=chosen.complaints(user))
    return rows.filter(paid_on__gte=chosen.period.first, paid_on__lte=chosen.period.last)


def _money(chosen: Chosen, user: User) -> list[Table]:
    counted = given_back(chosen, user).values("way").annotate(number=Count("pk"), amount=Sum("paid_amount")).order_by()
    found = {row["way"]: (row["number"], row["amount"]) for row in counted}
    if not found:
        return []

    def row(name: str, way: str, n: int, amount: Any) -> list[Cell]:
        shown = formats.number_format(amount, 2, force_grouping=True)
        return [Cell(name), number(NAME, chosen, n, "money", way), Cell(float(amount), shown)]

    columns = [Column(_("How"), is_number=False), Column(_("Times")), Column(_("Amount"), is_count=False)]
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
    columns = [*(Column(name, is_number=False) for name in heads), Column(_("Amount"), is_count=False)]
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


def _notes(year: Year, at: datetime) -> list[str]:
    notes = []
    if year.period.end > at:
        notes.append(_("The year is not over yet: its last month can still grow, and it is compared up to today."))
    if year.begin > year.before.first:
        notes.append(
            _("Figures begin on %(day)s. What was before is not known, which is not the same as nought.")
            % {"day": formats.date_format(year.begin)}
        )
    counts, begin = {**year.counts_before, **year.counts}, year.begin.replace(day=1)
    months = [*buckets(year.before, Granularity.MONTH), *year.pieces]
    empty = [month for month in months if month >= begin and not counts.get(month)]
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
