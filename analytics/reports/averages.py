"""Promises about the average: how long it took on average to be there, beside what was promised."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Avg, Count, F, Q
from django.utils.translation import gettext as _

from analytics.filters import Chosen
from analytics.reports.base import Cell, Column, Table
from complaints.clocks.limits import Limit, Unit
from complaints.clocks.shown import limit_words
from complaints.models import Clock, ClockKind
from customers.models import AreaClass
from staff.models import User

LENGTHS = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}


def averages(chosen: Chosen, user: User) -> Table | None:
    """One line for each area and promise whose way began in the period; None where nothing speaks of an average.

    What a storm excuses, and where nobody recorded the arrival, is left out of the average and counted beside it.
    """
    counts = Q(is_excused=False, complaint__arrived_at__isnull=False)
    rows = (
        Clock.objects.filter(
            chosen.period.within("started_at"),
            kind=ClockKind.ARRIVE,
            statistic="mean",
            complaint__in=chosen.complaints(user),
        )
        .values("kind", "tier", "limit", area=F("complaint__area_class"))
        .annotate(
            number=Count("pk", filter=counts),
            mean=Avg(F("complaint__arrived_at") - F("started_at"), filter=counts),
            excused=Count("pk", filter=Q(is_excused=True)),
            unrecorded=Count("pk", filter=Q(is_excused=False, complaint__arrived_at__isnull=True)),
        )
        .order_by("kind", "tier", "area", "limit")
    )
    lines = [_line(row) for row in rows]
    if not lines:
        return None
    return Table(
        "averages",
        _("Promises about the average"),
        [
            Column(_("Deadline"), is_number=False),
            Column(_("Area"), is_number=False),
            Column(_("Arrivals")),
            Column(_("Average")),
            Column(_("Promised on average")),
            Column(_("Kept on average"), is_number=False),
            Column(_("Excused, left out")),
            Column(_("Arrival not recorded, left out")),
        ],
        lines,
    )


def _line(row: dict) -> list[Cell]:
    limit = Limit.parse(row["limit"])
    promised = limit.amount * LENGTHS[limit.unit] if limit.unit in LENGTHS else None
    mean: timedelta | None = row["mean"]
    words = ""
    if mean is not None and promised is not None:
        words = _("kept") if mean <= promised else _("not kept")
    minutes = _("%(minutes)s min") % {"minutes": f"{mean.total_seconds() / 60:.1f}"} if mean is not None else "–"
    return [
        Cell(Clock(kind=row["kind"], tier=row["tier"]).label),
        Cell(AreaClass(row["area"]).label if row["area"] in AreaClass.values else _("not known")),
        Cell(row["number"]),
        Cell(minutes),
        Cell(limit_words(row["limit"])),
        Cell(words or "–"),
        Cell(row["excused"]),
        Cell(row["unrecorded"]),
    ]
