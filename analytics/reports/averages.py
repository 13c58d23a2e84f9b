"""Promises about the average: how long it took on average to be there, beside what was promised."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.db.models import QuerySet
from django.http import Http404
from django.utils.translation import gettext as _

from analytics.filters import Chosen
from analytics.models import ClockFact
from analytics.reading import Amount, behind, read
from analytics.reports.base import Cell, Column, Table
from analytics.reports.parts import number
from complaints.clocks.limits import Limit, Unit
from complaints.clocks.shown import limit_words
from complaints.models import Clock, ClockKind
from customers.models import AreaClass
from staff.models import User

NAME, ARRIVALS = "sla-compliance", "arrivals"
"""The report that shows the table, and what its lists are asked for by."""
LENGTHS = {Unit.MINUTE: timedelta(minutes=1), Unit.HOUR: timedelta(hours=1)}


def averages(chosen: Chosen, user: User) -> Table | None:
    """One line for each area and promise whose way began in the period; None where nothing speaks of an average.

    What a storm excuses, and where nobody recorded the arrival, is left out of the average and counted beside it.
    """
    found: dict[str, dict[str, Amount]] = defaultdict(dict)
    for (key,), amount in read("arrivals", chosen, user, by=["key"]).items():
        promise, _bar, what = key.rpartition("|")
        found[promise][what] = amount
    lines = [_line(chosen, promise, found[promise]) for promise in sorted(found)]
    if not lines:
        return None
    return Table(
        "averages",
        _("Promises about the average"),
        [
            Column(_("Deadline"), is_number=False),
            Column(_("Area"), is_number=False),
            Column(_("Arrivals")),
            Column(_("Average"), is_count=False),
            Column(_("Promised on average"), is_count=False),
            Column(_("Kept on average"), is_number=False),
            Column(_("Excused, left out")),
            Column(_("Arrival not recorded, left out")),
        ],
        lines,
    )


def _line(chosen: Chosen, promise: str, found: dict[str, Amount]) -> list[Cell]:
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
        number(NAME, chosen, arrived.n, ARRIVALS, f"{promise}|arrived"),
        Cell(minutes),
        Cell(limit_words(promised)),
        Cell(words or "–"),
        *(
            number(NAME, chosen, found.get(what, Amount()).n, ARRIVALS, f"{promise}|{what}")
            for what in ("excused", "unrecorded")
        ),
    ]


def behind_arrivals(chosen: Chosen, user: User, pick: str) -> tuple[str, QuerySet[ClockFact]]:
    """What a number of this table counts: a title, and the promises whose way began in the period. Raises Http404."""
    what, _separator, key = pick.partition("~")
    words = {
        "arrived": _("Arrivals"),
        "excused": _("Excused, left out"),
        "unrecorded": _("Arrival not recorded, left out"),
    }
    if what != ARRIVALS or key.count("|") != 3 or key.rpartition("|")[2] not in words:
        raise Http404
    return words[key.rpartition("|")[2]], behind("arrivals", chosen, user, keys=[key])
