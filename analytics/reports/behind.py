"""The list of complaints behind a number of a report, and the address that opens it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from analytics.filters import Chosen
from analytics.periods import Period
from analytics.reports.base import Cell, Column, Listing, moment_cell
from complaints.models import Complaint
from staff.models import User

NONE = "-"
"""Stands in an address for a value that is not there: no cause, no team, no place."""


def list_address(report: str, chosen: Chosen, *pick: str, period: Period | None = None) -> str:
    """Where the rows of a number are listed. `pick` says which number, `period` takes the place of the chosen one."""
    days = {"from": period.first.isoformat(), "to": period.last.isoformat()} if period else {}
    params = chosen.params(**days, pick="~".join(pick))
    return f"{reverse('analytics:report-list', args=[report])}?{urlencode(params)}"


def number(report: str, chosen: Chosen, count: int, *pick: str, period: Period | None = None) -> Cell:
    """A count that opens its list; nothing has no list."""
    return Cell(count, href=list_address(report, chosen, *pick, period=period) if count else "")


def listed(title: str, rows: QuerySet[Any], user: User, to: str = "") -> Listing:
    """Complaints by when they reached us, the newest first. `to` is the way from a row to the complaint's fact.

    One about the reader is not shown, whatever list it got into.
    """

    def show(row: Any) -> list[Cell]:
        fact = row.fact if to else row
        complaint: Complaint = fact.complaint
        if complaint.about_id == user.pk:
            return [Cell(_("not shown to you")), *(Cell("–") for _column in columns[1:])]
        return [
            Cell(complaint.reference, href=reverse("complaints:complaint", args=[complaint.reference])),
            Cell(complaint.category.name),
            Cell(complaint.team.name if complaint.team else "–"),
            moment_cell(fact.received_at),
            moment_cell(fact.resolved_at),
            moment_cell(fact.closed_at),
            Cell(str(complaint.get_status_display())),
        ]

    columns = [
        Column(_("Complaint"), is_number=False),
        Column(_("Category"), is_number=False),
        Column(_("Team"), is_number=False),
        Column(_("Received"), is_number=False),
        Column(_("Resolved"), is_number=False),
        Column(_("Closed"), is_number=False),
        Column(_("Status"), is_number=False),
    ]
    way = f"{to}complaint"
    ordered = rows.select_related(way, f"{way}__category", f"{way}__team").order_by(
        f"-{to}received_at", f"-{to}pk", "-pk"
    )
    return Listing(title, ordered, columns, show)
