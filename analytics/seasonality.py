"""What a day usually brings compared with other days: by weekday, and by month where a year of it is known. Pure arithmetic.

An index is 1 for a usual day. It multiplies the exposure of a control chart, so that a quiet Sunday is no good news and a hot
July no alarm. Where too little was counted to tell, every index is 1.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

WEEKDAYS, MONTHS = 7, 12
ENOUGH_A_WEEKDAY, ENOUGH_A_MONTH = 10, 20
LEAST = 0.05
STORM_TIMES, STORM_AT_LEAST = 5, 10
PLAIN_WEEK, PLAIN_YEAR = (1.0,) * WEEKDAYS, (1.0,) * MONTHS


@dataclass(frozen=True, slots=True)
class Season:
    weekdays: Sequence[float] = PLAIN_WEEK
    months: Sequence[float] = PLAIN_YEAR

    def of(self, day: date) -> float:
        return self.weekdays[day.weekday()] * self.months[day.month - 1]


def weekday_index(counts: Mapping[date, int], days: Sequence[date]) -> tuple[float, ...]:
    """Each weekday's mean by the mean of all; `days` are the days that were watched, also those without a count."""
    watched = [[counts.get(day, 0) for day in days if day.weekday() == number] for number in range(WEEKDAYS)]
    total = sum(map(sum, watched))
    if total < ENOUGH_A_WEEKDAY * WEEKDAYS or not all(watched):
        return PLAIN_WEEK
    mean = total / len(days)
    return tuple(max(LEAST, sum(values) / len(values) / mean) for values in watched)


def month_index(counts: Mapping[date, int], first: date, last: date) -> tuple[float, ...]:
    """Each month's daily mean by that of the year, from whole months between two days; plain with less than a year."""
    rates: list[list[float]] = [[] for _month in range(MONTHS)]
    total, start = 0, first if first.day == 1 else next_month(first)
    while (after := next_month(start)) <= last + timedelta(days=1):
        total += counts.get(start, 0)
        rates[start.month - 1].append(counts.get(start, 0) / monthrange(start.year, start.month)[1])
        start = after
    if not all(rates) or total < ENOUGH_A_MONTH * MONTHS:
        return PLAIN_YEAR
    means = [sum(values) / len(values) for values in rates]
    return tuple(max(LEAST, one / (sum(means) / MONTHS)) for one in means)


def storm_days(counts: Mapping[date, int], days: Collection[date]) -> set[date]:
    """Days with more than five times the median of their weekday: major events, whether or not anybody declared a storm."""
    found: set[date] = set()
    for number in range(WEEKDAYS):
        same = [day for day in days if day.weekday() == number]
        usual = median(counts.get(day, 0) for day in same) if same else 0
        found |= {day for day in same if counts.get(day, 0) > max(STORM_TIMES * usual, STORM_AT_LEAST)}
    return found


def next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
