"""Promises about the average: how long it took on average to be there, beside what was promised."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.utils.translation import gettext as _

from analytics.filters import Chosen
from analytics.reading import Amount, read
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
    found: dict[str, dict[str, Amount]] = defaultdict(dict)
    for (key,), amount in read("arrivals", chosen, user, by=["key"]).items():
        promise, _bar, what = key.rpartition("|")
        found[promise][what] = amount
    lines = [_line(promise, found[promise]) for promise in sorted(found)]
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


def _line(promise: str, found: dict[str, Amount]) -> list[Cell]:
    tier, promised, area = promise.split("|")
    limit, arrived = Limit.parse(promised), found.get("arrived", Amount())
    most = limit.amount * LENGTHS[limit.unit] if limit.unit in LENGTHS else None
    words = ""
    if arrived.mean is not None and most is not None:
        words = _("kept") if arrived.mean <= most.total_seconds() else _("not kept")
    minutes = _("%(minutes)s min") % {"minutes": f"{arrived.mean / 60:.1f}"} if arrived.mean is not None else "–"
    return [
        Cell(Clock(kind=ClockKind.ARRIVE, tier=tier).label),
        Cell(AreaClass(area).label if area in AreaClass.values else _("not known")),
        Cell(arrived.n),
        Cell(minutes),
        Cell(limit_words(promised)),
        Cell(words or "–"),
        Cell(found.get("excused", Amount()).n),
        Cell(found.get("unrecorded", Amount()).n),
    ]
