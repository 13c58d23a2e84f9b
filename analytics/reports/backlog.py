"""What was open on each evening, how old it was, and how it came and went."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta

from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analytics.filters import Chosen
from analytics.measures import measures
from analytics.periods import Period, buckets
from analytics.reading import behind
from analytics.reading import read as read_figures
from analytics.reports.base import Cell, Chart, Column, Findings, Listing, Report, Series, Table, told
from analytics.reports.parts import Part, all_of, complaint_cells, complaint_columns, listed, number_cell, picked
from staff.models import User

NAME = "backlog"
AGES = ("0-1", "2-3", "4-5", "6-10", ">10")
"""Working days since receipt, as the evenings tell them apart."""
OLD = AGES[-1]
OLDEST = 10
ONE_DAY = timedelta(days=1)
FLOWS = ("received", "became_open", "left_open")

Evenings = dict[date, Counter[str]]


def read(chosen: Chosen, user: User, at: datetime) -> Findings:
    lines = _lines(chosen, timezone.localdate(at) - ONE_DAY)
    if not lines:
        return Findings(_("The first evening of this period has not come yet."), [])
    whole = Period(lines[0].period.first, lines[-1].period.last)
    open_then = _evenings(chosen, user, whole)
    flows = {
        name: {
            start: amount.n
            for (start,), amount in read_figures(name, chosen, user, by=[chosen.granularity], period=whole).items()
        }
        for name in FLOWS
    }
    if not any(open_then.values()) and not any(flows.values()):
        return Findings(_("Nothing came and nothing was open from %(period)s.") % {"period": whole}, [])
    before = read_figures("open", chosen, user, by=["day"], period=_evening(whole.first - ONE_DAY))
    tables = [_ages(chosen, lines, open_then), _flow(chosen, lines, whole, open_then, flows)]
    return Findings(
        sentence=_sentence(whole, open_then[whole.last], sum(amount.n for amount in before.values())),
        tables=[*tables, *_oldest(chosen, user, whole.last)],
        chart=_chart(chosen, lines, open_then),
        notes=[
            _(
                "Counted at midnight. What came and was answered on the same day was open on no evening: it is among those "
                "received, and was neither added to the backlog nor left it."
            )
        ],
    )


def _lines(chosen: Chosen, last: date) -> list[Part]:
    """The pieces of the period up to the last evening that has passed, named by the evening that ends them."""
    pieces = buckets(chosen.period, chosen.granularity)
    passed = {
        start: Period(piece.first, min(piece.last, last)) for start, piece in pieces.items() if piece.first <= last
    }
    return [Part(piece.last.isoformat(), start, piece) for start, piece in passed.items()]


def _evening(day: date) -> Period:
    return Period(day, day)


def _evenings(chosen: Chosen, user: User, whole: Period) -> Evenings:
    found: Evenings = {whole.last: Counter()}
    for (day, age), amount in read_figures("open", chosen, user, by=["day", "key"], period=whole).items():
        found.setdefault(day, Counter())[age] += amount.n
    return found


def _sentence(whole: Period, open_then: Counter[str], before: int) -> str:
    total = open_then.total()
    counted = ngettext(
        "On the evening of %(day)s %(count)d complaint was open.",
        "On the evening of %(day)s %(count)d complaints were open.",
        total,
    ) % {"day": formats.date_format(whole.last), "count": total}
    if total == before:
        compared = _("That is as many as on the evening before the period.")
    elif total > before:
        compared = _("That is %(change)d more than on the evening before the period (%(before)d).")
    else:
        compared = _("That is %(change)d fewer than on the evening before the period (%(before)d).")
    old = ngettext(
        "%(count)d had been waiting for more than 10 working days.",
        "%(count)d had been waiting for more than 10 working days.",
        open_then[OLD],
    ) % {"count": open_then[OLD]}
    return told(counted, compared % {"change": abs(total - before), "before": before}, old if open_then[OLD] else "")


def _at_the_end(part: Part) -> Part:
    return Part(part.name, part.key, _evening(part.period.last))


def _ages(chosen: Chosen, lines: list[Part], open_then: Evenings) -> Table:
    def row(part: Part) -> list[Cell]:
        found, evening = open_then.get(part.period.last, Counter()), _at_the_end(part)
        ages = [number_cell(NAME, chosen, found[age], f"open-{index}", evening) for index, age in enumerate(AGES)]
        return [Cell(part.name), *ages, number_cell(NAME, chosen, found.total(), "open", evening)]

    ages = [Column(_("%(age)s working days") % {"age": age.replace("-", "–")}) for age in AGES]
    columns = [Column(_("Evening of"), is_number=False), *ages, Column(_("All open"))]
    return Table("open", _("Open at the end of the day, by age"), columns, [row(part) for part in lines])


def _flow(
    chosen: Chosen, lines: list[Part], whole: Period, open_then: Evenings, flows: dict[str, dict[date, int]]
) -> Table:
    def row(part: Part, numbers: list[int]) -> list[Cell]:
        received, came, went = numbers
        return [
            Cell(part.name),
            number_cell(NAME, chosen, received, "received", part),
            number_cell(NAME, chosen, came, "became_open", part),
            number_cell(NAME, chosen, went, "left_open", part),
            Cell(came - went, f"{came - went:+d}".replace("-", "−")),
            number_cell(NAME, chosen, open_then.get(part.period.last, Counter()).total(), "open", _at_the_end(part)),
        ]

    columns = [
        Column(_("Up to the evening of"), is_number=False),
        Column(_("Complaints received")),
        Column(_("Added to the backlog")),
        Column(_("Left the backlog")),
        Column(_("Net"), is_count=False),
        Column(_("Open at the end")),
    ]
    rows = [row(part, [flows[name].get(part.key, 0) for name in FLOWS]) for part in lines]
    everything = Part(all_of(chosen).name, None, whole)
    return Table(
        "flow",
        _("How they came and went"),
        columns,
        rows,
        row(everything, [sum(flows[name].values()) for name in FLOWS]),
    )


def _oldest(chosen: Chosen, user: User, day: date) -> list[Table]:
    rows = behind("open", chosen, user, period=_evening(day)).order_by("fact__received_at", "pk")
    shown = rows.select_related("fact__complaint__category", "fact__complaint__team")[:OLDEST]
    lines = [[*complaint_cells(one.fact), Cell(one.age.replace("-", "–"))] for one in shown]
    columns = [*complaint_columns(), Column(_("Age, working days"), is_count=False)]
    return [Table("oldest", _("Waiting longest"), columns, lines)] if lines else []


def _chart(chosen: Chosen, lines: list[Part], open_then: Evenings) -> Chart:
    return Chart(
        kind="counts",
        labels=[part.name for part in lines],
        series=[
            Series(
                _("%(age)s working days") % {"age": age.replace("-", "–")},
                [open_then.get(part.period.last, Counter())[age] for part in lines],
            )
            for age in AGES
        ],
    )


LISTS = {"open": None, **{f"open-{index}": age for index, age in enumerate(AGES)}, **dict.fromkeys(FLOWS)}
"""What a number counts, and the age where it is of one age."""


def list_rows(chosen: Chosen, user: User, at: datetime, pick: str) -> Listing:
    """The complaints behind a number: the open ones by how long they wait, the others the newest first."""
    what, _by, _key = picked(pick, LISTS)
    age, series = LISTS[what], what.partition("-")[0]
    titles = {
        "open": _("Open on the evening of %(day)s") % {"day": formats.date_format(chosen.period.last)},
        "received": _("Complaints received"),
        "became_open": _("Added to the backlog"),
        "left_open": _("Left the backlog"),
    }
    period = _evening(chosen.period.last) if series == "open" else chosen.period
    rows = behind(series, chosen, user, period=period, keys=[age] if age else None)
    to = "" if series == "received" else "fact__"
    return listed(titles[series], rows, to, newest_first=series != "open")


REPORT = Report(
    name=NAME,
    title=gettext_lazy("Backlog and flow"),
    purpose=gettext_lazy("What was open on each evening, how old it was, and whether we keep up."),
    measures=measures("backlog", "became_open", "left_open", "received"),
    grouping=[("period", gettext_lazy("period"))],
    read=read,
    listing=list_rows,
    position=5,
)
