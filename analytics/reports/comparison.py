"""Counts beside those of the period before (环比) and of the same period last year (同比), for any report that counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.filters import Chosen
from analytics.periods import Period
from analytics.reading import read
from analytics.reports.base import Cell, Column, Table, percent, told
from analytics.statistics import relative_change
from staff.models import User

LEAST_BASE = 10
"""A percentage of fewer would mislead (domain 7.8)."""
GONE_BY: Mapping[str, Callable[[Period], Period]] = {
    "before": lambda period: period.previous,
    "year": lambda period: period.year_before,
}


@dataclass(frozen=True)
class Comparison:
    """What a series counted in the chosen period, as far as it has come, and in those it is compared with."""

    chosen: Chosen
    user: User
    at: datetime
    series: str

    @property
    def now(self) -> Period:
        return self.chosen.period.until(timezone.localdate(self.at))

    @property
    def periods(self) -> dict[str, Period]:
        wanted = {"both": ["before", "year"], "": []}.get(self.chosen.compare, [self.chosen.compare])
        return {code: GONE_BY[code](self.now) for code in wanted}

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """For "now" and every period compared with, how many of each group."""
        return {code: self._counted(period) for code, period in {"now": self.now, **self.periods}.items()}

    def _counted(self, period: Period) -> dict[str, int]:
        found = read(self.series, self.chosen, self.user, by=[self.chosen.by], period=period)
        return {key: amount.n for (key,), amount in found.items()}

    def table(self, names: Mapping[str, str], address: Callable[..., str]) -> Table | None:
        """One line for each group that has something then or now; None where nothing is compared."""
        if not self.periods:
            return None
        shown = [key for key in names if any(found.get(key) for found in self.counts.values())]

        def row(name: str, counted: Mapping[str, int], **group: str) -> list[Cell]:
            cells = [self._number(counted["now"], self.now, address, group)]
            for code, period in self.periods.items():
                cells += [
                    self._number(counted[code], period, address, group),
                    change_cell(counted["now"], counted[code]),
                ]
            return [Cell(name), *cells]

        columns = [Column(_("Group"), is_number=False), Column(str(self.now))]
        for period in self.periods.values():
            columns += [Column(str(period)), Column(pgettext("figure", "Change"), is_count=False)]
        return Table(
            "compared",
            _("Compared"),
            columns,
            [
                row(
                    names[key],
                    {code: found.get(key, 0) for code, found in self.counts.items()},
                    **{self.chosen.by: key},
                )
                for key in shown
            ],
            row(_("All"), self._totals),
        )

    def sentence(self) -> str:
        texts = {
            "before": _("Against %(period)s (%(then)d): %(change)s."),
            "year": _("Against the same period last year, %(period)s (%(then)d): %(change)s."),
        }
        said = [
            texts[code]
            % {
                "period": period,
                "then": self._totals[code],
                "change": change_cell(self._totals["now"], self._totals[code]).text,
            }
            for code, period in self.periods.items()
        ]
        return told(*said)

    @property
    def _totals(self) -> dict[str, int]:
        return {code: sum(found.values()) for code, found in self.counts.items()}

    def _number(self, n: int, period: Period, address: Callable[..., str], group: dict[str, Any]) -> Cell:
        return Cell(n, href=address(self.chosen, period, **group) if n else "")


def change_cell(now: int, then: int) -> Cell:
    """A change in per cent with its sign; a dash where then were too few to take a percentage of."""
    change = relative_change(now, then, LEAST_BASE)
    if change is None:
        return Cell(None, text="–", hint=_("fewer than %(count)d") % {"count": LEAST_BASE}, of=then)
    sign = "+" if change > 0 else "−" if change < 0 else ""
    return Cell(round(change, 4), text=f"{sign}{percent(abs(change))}", of=then)
