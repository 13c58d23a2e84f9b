"""How many complaints are to be expected in those days, weeks or months that are not over yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.utils import timezone

from analytics.filters import Chosen
from analytics.periods import Period, bucket_start, buckets, next_start
from analytics.reading import read
from analytics.statistics import Expected, forecast
from staff.models import User


@dataclass(frozen=True, slots=True)
class Season:
    """How many pieces make a season, how many are recent, how far back and how far ahead it is looked."""

    length: int
    recent: int
    back: timedelta
    ahead: int


SEASONS = {
    "day": Season(length=7, recent=28, back=timedelta(weeks=12), ahead=31),
    "week": Season(length=52, recent=8, back=timedelta(weeks=3 * 52), ahead=26),
    "month": Season(length=12, recent=3, back=timedelta(days=3 * 366), ahead=12),
}


def expected(
    chosen: Chosen, user: User, pieces: Mapping[date, Period], at: datetime, series: str = "received"
) -> dict[date, Expected]:
    """By their first days, the pieces of the period that are not over; nothing where too little is known."""
    season = SEASONS[chosen.granularity]
    current = bucket_start(timezone.localdate(at), chosen.granularity)
    if not any(start >= current for start in pieces):
        return {}
    history = _history(chosen, user, current, season, series)
    starts, start = [], current
    for _number in range(season.ahead):
        starts.append(start)
        start = next_start(start, chosen.granularity)
    found = forecast(history, season.length, season.ahead, season.recent)
    return {
        start: one.part(pieces[start].days / (next_start(start, chosen.granularity) - start).days)
        for start, one in zip(starts, found, strict=False)
        if start in pieces
    }


def _history(chosen: Chosen, user: User, current: date, season: Season, series: str) -> list[int]:
    """What each complete piece brought, oldest first, from the first that can have been counted as a whole."""
    period = Period(bucket_start(current - season.back, chosen.granularity), current - timedelta(days=1))
    found = read(series, chosen, user, by=[chosen.granularity], period=period)
    known = {start: amount.n for (start,), amount in found.items()}
    counts = [known.get(start, 0) for start in buckets(period, chosen.granularity)]
    began = next((number for number, n in enumerate(counts) if n), len(counts))
    return counts[began + 1 if began else 0 :]
