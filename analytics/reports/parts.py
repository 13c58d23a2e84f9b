"""How reports about complaints are cut into lines, and the list of exactly the rows that a number counts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.db.models import Q, QuerySet
from django.http import Http404
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.filters import Chosen
from analytics.models import ComplaintFact
from analytics.periods import Period, buckets, label
from analytics.reading import field_of
from analytics.reports.base import Cell, Column, Listing, moment_cell
from analytics.reports.groups import groups

GROUPINGS = [
    ("period", gettext_lazy("period")),
    ("category", gettext_lazy("category")),
    ("channel", gettext_lazy("channel")),
    ("branch", gettext_lazy("branch")),
    ("team", gettext_lazy("team")),
]
CUT_BY = ("category", "channel", "branch", "team", "source", "segment", "area_class")
"""What a list can be narrowed to one value of. A branch is that branch alone, without those below it."""
NONE = "-"
"""Stands in an address for a value that is not there: no cause, no team, no place."""


@dataclass(frozen=True, slots=True)
class Part:
    """One line of a report: its name, the value of the grouping, and the days it stands for.

    `within` is a branch with all below it; a branch by which it is cut is that branch alone.
    """

    name: str
    key: Any
    period: Period
    by: str = ""
    within: str = ""

    @property
    def is_of_time(self) -> bool:
        return not self.by


def reading_by(chosen: Chosen) -> str:
    """The grouping in the words of `analytics.reading.read`."""
    return chosen.granularity if chosen.by == "period" else chosen.by


def parts(chosen: Chosen, found: Collection[Any]) -> list[Part]:
    """The lines of a report: every piece of the period, or the values of the grouping that were found."""
    if chosen.by == "period":
        pieces = buckets(chosen.period, chosen.granularity)
        return [Part(label(piece, chosen.granularity), start, piece) for start, piece in pieces.items()]
    return [
        Part(name, key or None, chosen.period, chosen.by)
        for key, name in groups(chosen.by).items()
        if key in found or (not key and None in found)
    ]


def all_of(chosen: Chosen) -> Part:
    return Part(_("All"), None, chosen.period)


def cut_column(chosen: Chosen, grouping: Sequence[tuple[str, Any]]) -> Column:
    return Column(capfirst(str(dict(grouping)[chosen.by])), is_number=False)


def number(report: str, chosen: Chosen, count: int, *pick: str, period: Period | None = None, branch: str = "") -> Cell:
    """A number with the address of the list of the rows that it counts; nothing has no list."""
    return Cell(count, href=list_address(report, chosen, *pick, period=period, branch=branch) if count else "")


def number_cell(report: str, chosen: Chosen, count: int, what: str, part: Part) -> Cell:
    """The same of one line."""
    narrowing = () if part.is_of_time else (part.by, part.key or "")
    return number(report, chosen, count, what, *narrowing, period=part.period, branch=part.within)


def list_address(report: str, chosen: Chosen, *pick: str, period: Period | None = None, branch: str = "") -> str:
    """Where the rows of a number are listed. `pick` says which number; period and branch take the place of the chosen ones."""
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()} if period else {}
    only = {"branch": branch} if branch else {}
    return f"{_lists(report, tuple(chosen.params(**days, **only).items()))}{quote_plus('~'.join(pick))}"


@lru_cache(maxsize=1024)
def _lists(report: str, params: tuple[tuple[str, str], ...]) -> str:
    """What all lists of a report have in common; a table has hundreds of them."""
    return f"{reverse('analytics:report-list', args=[report])}?{urlencode([*params, ('pick', '')])}"


def picked(pick: str, known: Collection[str]) -> tuple[str, str, str]:
    """What a list is of, and the grouping and value that it is narrowed to; both "" for none."""
    what, by, key = [*pick.split("~", 2), "", ""][:3]
    if what not in known or (by and by not in CUT_BY):
        raise Http404
    return what, by, key


def narrowed_to(rows: QuerySet[Any], to: str, by: str, key: str) -> QuerySet[Any]:
    """Of these rows those with one value of a grouping; "" is where there is none."""
    if not by:
        return rows
    field = field_of(by, to)
    nothing = Q(**{f"{field}__isnull": True}) | Q(**{field: ""})
    return rows.filter(Q(**{field: key}) if key else nothing)


def complaint_columns() -> list[Column]:
    """What is shown of a complaint in a list of a report."""
    return [
        Column(_("Complaint"), is_number=False),
        Column(_("Category"), is_number=False),
        Column(_("Channel"), is_number=False),
        Column(_("Team"), is_number=False),
        Column(_("Received"), is_number=False),
        Column(_("Status"), is_number=False),
    ]


def complaint_cells(fact: ComplaintFact) -> list[Cell]:
    complaint = fact.complaint
    return [
        Cell(complaint.reference, href=reverse("complaints:complaint", args=[complaint.reference])),
        Cell(complaint.category.name),
        Cell(str(complaint.get_channel_display())),
        Cell(complaint.team.name if complaint.team else "–"),
        moment_cell(fact.received_at),
        Cell(str(complaint.get_status_display())),
    ]


def listed(title: str, rows: QuerySet[Any], to: str = "", *, newest_first: bool = True) -> Listing:
    """Complaints behind a number, by when they reached us. `to` is the way from a row to its fact: "" or "fact__"."""
    order = [f"{to}received_at", f"{to}pk", "pk"]
    ordered = rows.order_by(*(f"-{field}" if newest_first else field for field in order))

    def show(row: Any) -> list[Cell]:
        fact = row.fact if to else row
        moments = (fact.entered_at, fact.contacted_at, fact.resolved_at, fact.closed_at)
        return [*complaint_cells(fact), *map(moment_cell, moments)]

    columns = [
        *complaint_columns(),
        Column(_("Entered"), is_number=False),
        Column(_("First contact"), is_number=False),
        Column(_("Resolved"), is_number=False),
        Column(_("Closed"), is_number=False),
    ]
    way = f"{to}complaint"
    return Listing(title, ordered.select_related(f"{way}__category", f"{way}__team"), columns, show)
