"""How many complaints came today, hour by hour, beside what a day like this brings.

What is expected of the whole day follows from the day rollups of the last weeks (weekly season, days of storm calmed); how a day
fills up follows from the hours of the same weekday. Both are read from figures, for a bounded number of days.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from statistics import median
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.db.models.functions import ExtractHour
from django.utils import timezone

from analytics.filters import Chosen
from analytics.periods import Granularity, Period
from analytics.reading import about, behind
from analytics.reading import read as read_figures
from analytics.seasonality import WEEKDAYS, storm_days
from analytics.statistics import Expected, forecast
from staff.models import User
from staff.scope import all_of
from staff.written_out import Statement

WEEKS, RECENT_DAYS = 8, 28
HOURS = 24
PRIOR = 0.5
"""So much of a complaint is thought into every hour, because few days say little about when complaints come."""


@dataclass(frozen=True, slots=True)
class Hour:
    """The day up to the end of this hour. `received` is None while that has not come."""

    until: int
    received: int | None
    expected: Expected | None

    @property
    def clock(self) -> str:
        return f"{self.until:02d}:00"


@dataclass(frozen=True, slots=True)
class Intake:
    """`expected` is up to now, `whole_day` up to midnight; None where under a month is known."""

    day: date
    passed: float
    received: int
    expected: Expected | None
    whole_day: Expected | None
    hours: Sequence[Hour]

    @property
    def judgement(self) -> str:
        """Whether today is "below", "within" or "above" what 95 of 100 such days bring by now."""
        if self.expected is None:
            return ""
        low, high = self.expected.nearly_sure
        if self.received < low:
            return "below"
        return "above" if self.received > high else "within"


def read(user: User, at: datetime) -> Intake:
    """Today as this person sees it, at this moment."""
    today = timezone.localdate(at)
    weeks = whole_of(Period(today - timedelta(weeks=WEEKS), today))
    counts = {day: amount.n for (day,), amount in read_figures("received", weeks, user, by=["day"]).items()}
    hours = _by_hour(user, today)
    filled = fill(hours_of_others(hours, today))
    local = timezone.localtime(at)
    passed = local.hour + local.minute / 60
    of_today = list(accumulate((hours[today, hour] for hour in range(HOURS)), initial=0))
    day = expected_of(today, counts)
    return Intake(
        day=today,
        passed=passed,
        received=counts.get(today, 0),
        expected=day.part(share_by(filled, passed)) if day else None,
        whole_day=day,
        hours=[
            Hour(until, of_today[until] if until <= passed else None, day.part(filled[until]) if day else None)
            for until in range(1, HOURS + 1)
        ],
    )


def whole_of(period: Period) -> Chosen:
    """Everything that happened in a period, narrowed by nothing but what the reader may see."""
    return Chosen(
        period=period, granularity=Granularity.WEEK.value, by="period", category=None, channel="", branch=None
    )


def expected_of(today: date, counts: Mapping[date, int]) -> Expected | None:
    """What today brings as a whole, from the days before it; nothing where under a month of whole days is known."""
    known = [day for day in counts if day < today]
    if not known:
        return None
    # the first day may have been counted in part only
    days = [min(known) + timedelta(days=number) for number in range(1, (today - min(known)).days)]
    usual = calmed(counts, days)
    found = forecast(usual, WEEKDAYS, 1, RECENT_DAYS)
    return found[0] if found else None


def calmed(counts: Mapping[date, int], days: Sequence[date]) -> list[int]:
    """The counts of these days; a day of storm counts as what is usual on its weekday."""
    storms = storm_days(counts, days)
    usual = {
        number: median([counts.get(day, 0) for day in days if day.weekday() == number and day not in storms] or [0])
        for number in range(WEEKDAYS)
    }
    return [round(usual[day.weekday()]) if day in storms else counts.get(day, 0) for day in days]


def fill(by_hour: Mapping[int, int]) -> list[float]:
    """What share of a day has come by the end of each hour: 25 shares, from 0 to 1."""
    total = sum(by_hour.values()) + HOURS * PRIOR
    return list(accumulate((((by_hour.get(hour, 0) + PRIOR) / total) for hour in range(HOURS)), initial=0.0))


def share_by(filled: Sequence[float], passed: float) -> float:
    """The share at a time between two full hours."""
    hour = min(int(passed), HOURS - 1)
    return filled[hour] + (passed - hour) * (filled[hour + 1] - filled[hour])


def hours_of_others(hours: Mapping[tuple[date, int], int], today: date) -> Counter[int]:
    """All days but today together."""
    found: Counter[int] = Counter()
    for (day, hour), number in hours.items():
        if day != today:
            found[hour] += number
    return found


def _by_hour(user: User, today: date) -> Counter[tuple[date, int]]:
    """Today and the same weekday of the weeks before, by local hour of receipt."""
    counted = _HOURS(today, shape=(*all_of(user), *about(user)), user=user)
    return Counter({(day, hour): number for day, hour, number in counted})


def _hours(today: date, *, user: User) -> QuerySet[Any, tuple[date, int, int]]:
    days = [today - timedelta(weeks=week) for week in range(WEEKS + 1)]
    rows = behind("received", whole_of(Period(days[-1], today)), user, where=Q(received_on__in=days)).order_by()
    return rows.values_list("received_on", ExtractHour("received_at")).annotate(number=Count("pk"))


_HOURS = Statement(_hours)
