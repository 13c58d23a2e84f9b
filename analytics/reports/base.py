"""What a report is made of: a sentence, a chart, tables whose numbers open their lists, and the words around them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import formats, timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analytics.filters import Chosen, ReportFilters
from analytics.measures import Measure
from analytics.statistics import LOW_BASE, TOO_FEW, Interval, wilson
from staff.models import User


@dataclass(frozen=True, slots=True)
class Cell:
    """`raw` goes into files, `text` is read by people, `href` opens what the number counts, `hint` is read with it.

    A share also says of how many it is one, and between which shares it lies.
    """

    raw: Any
    text: str = ""
    href: str = ""
    hint: str = ""
    of: int | None = None
    interval: Interval | None = None

    @property
    def shown(self) -> str:
        return self.text or formats.localize(self.raw)


@dataclass(frozen=True, slots=True)
class Column:
    """`is_count` says that a number counts rows and opens their list; shares, ranges, medians and differences do not."""

    label: str
    is_number: bool = True
    is_count: bool = True


Line = list[tuple[Column, Cell]]


def lines(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> list[Line]:
    """Each row's cells with the column they stand in, for a template to draw."""
    return [list(zip(columns, row, strict=True)) for row in rows]


@dataclass(frozen=True, slots=True)
class Table:
    """`sentence` says what the table shows, `more` is where all of it stands, and `left_out` how many rows only stand there."""

    code: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()
    sentence: str = ""
    more: str = ""
    left_out: int = 0

    @property
    def lines(self) -> list[Line]:
        return lines(self.columns, self.rows)

    @property
    def total_lines(self) -> list[Line]:
        return lines(self.columns, [self.total] if self.total else [])


@dataclass(frozen=True, slots=True)
class Series:
    """One named row of values along the chart's labels; None where there is nothing to show."""

    name: str
    values: Sequence[float | None]
    hrefs: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """Between which values something is expected to lie, along the chart's labels."""

    name: str
    lows: Sequence[float | None]
    highs: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind` is "counts" (stacked), "bars" (side by side), "shares" (in per cent over time, with `lows` and `highs`), "pareto"
    (bars and, in per cent, the line of their sum) or "heat" (a cell for each label of each series).

    Counts may have a line of what is `expected`, and `bands` about it, the widest first.
    """

    kind: str
    labels: Sequence[str]
    series: Sequence[Series]
    lows: Sequence[float | None] = ()
    highs: Sequence[float | None] = ()
    unit: str = ""
    expected: Series | None = None
    bands: Sequence[Band] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """What a report says for one choice of filters. `sentence` says what the chart shows."""

    sentence: str
    tables: Sequence[Table]
    chart: Chart | None = None
    notes: Sequence[str] = ()

    @property
    def is_empty(self) -> bool:
        return not self.tables


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows behind one number of a report: what they are, in order, and how one is shown."""

    title: str
    rows: QuerySet[Any]
    columns: Sequence[Column]
    show: Callable[[Any], Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Report:
    """One report. `read` computes it for filters, a person and a moment; `listing` opens numbers that do not count complaints."""

    name: str
    title: LazyText
    purpose: LazyText
    measures: Sequence[Measure]
    grouping: Sequence[tuple[str, LazyText]]
    read: Callable[[Chosen, User, datetime], Findings]
    listing: Callable[[Chosen, User, datetime, str], Listing] | None = None
    position: int = 0
    is_over_time: bool = True
    compares: bool = False
    is_of_a_year: bool = False


def filters_for(report: Report, params: Mapping[str, Any], user: User, at: datetime) -> ReportFilters:
    """The filters of a report as they stand in an address, for this person at this moment."""
    return ReportFilters(
        params,
        user=user,
        today=timezone.localdate(at),
        grouping=report.grouping,
        compares=report.compares,
        of_a_year=report.is_of_a_year,
    )


def moment_cell(at: datetime | None) -> Cell:
    """A moment in the utility's time zone."""
    local = timezone.localtime(at) if at else None
    return Cell(local, formats.date_format(local, "SHORT_DATETIME_FORMAT") if local else "–")


def told(*sentences: str) -> str:
    """Sentences one after the other; Chinese puts no space between them."""
    between = "" if (get_language() or "").startswith("zh") else " "
    return between.join(sentence for sentence in sentences if sentence)


def defined(measure: Measure) -> str:
    """A definition as one paragraph beside the name, unit and formula: for paper, packs and programs."""
    said = [
        _("%(label)s: %(text)s.") % {"label": label, "text": str(text).rstrip(".。")}
        for label, text in measure.lines[2:]
    ]
    return told(*said)


def percent(share: float, digits: int = 1) -> str:
    return f"{_hundredfold(share, digits)}%"


def percents(interval: Interval) -> str:
    return f"{_hundredfold(interval.low, 1)}–{percent(interval.high)}"


def _hundredfold(share: float, digits: int) -> str:
    # Rounded here, because Django's formatting cuts digits off.
    return formats.number_format(round(share * 100, digits), digits)


def share_cell(successes: int, of: int, href: str = "") -> Cell:
    """A percentage with its Wilson interval, marked where the base is low, withheld where it is tiny."""
    if of == 0:
        return Cell(None, text="–", hint=_("nothing to count"), of=0)
    if of < TOO_FEW:
        return Cell(None, text=_("too few"), hint=_("fewer than %(count)d") % {"count": TOO_FEW}, of=of)
    hint = _("low base") if of < LOW_BASE else ""
    share, interval = round(successes / of, 4), wilson(successes, of)
    return Cell(share, text=percent(successes / of), href=href, hint=hint, of=of, interval=interval)


def interval_cell(successes: int, of: int) -> Cell:
    if of < TOO_FEW:
        return Cell(None, text="–")
    return Cell(percents(wilson(successes, of)))


def in_percent(successes: int, of: int) -> float | None:
    """For a chart: the share in per cent, or nothing where it is withheld."""
    return round(100 * successes / of, 1) if of >= TOO_FEW else None


def interval_in_percent(successes: int, of: int) -> tuple[float | None, float | None]:
    if of < TOO_FEW:
        return None, None
    interval = wilson(successes, of)
    return round(interval.low * 100, 1), round(interval.high * 100, 1)
