"""How many complaints come on which day, about what, where and by which way: the shares of the domain reference, section 11."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from random import Random

from analytics.demo import network
from analytics.demo.moments import LocalTime

CATEGORY_SHARES = {"OUT": 34.0, "BIL": 24.0, "SVC": 22.0, "VOL": 12.0, "SAF": 8.0}
MONTHS = [1.00, 0.65, 0.75, 0.75, 0.90, 1.10, 1.55, 1.55, 0.90, 0.80, 0.85, 1.20]
WEEKDAYS = [1.20, 1.08, 1.05, 1.02, 1.02, 0.85, 0.78]
YEARLY_DRIFT = 0.80
OFFICE_HOURS = [0.0] * 8 + [3, 5, 5, 4, 1, 2, 4, 4, 3, 1] + [0.0] * 6
HOURS: dict[str, list[float]] = {
    "OUT": [2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 5, 7, 7, 5, 4, 4, 5, 6, 9, 10, 10, 8, 5, 3],
    "BIL": [0.3, 0.2, 0.1, 0.1, 0.1, 0.2, 0.6, 2, 6, 10, 10, 7, 4, 5, 9, 9, 8, 6, 4, 3, 3, 2, 1, 0.5],
    "SAF": [1, 1, 1, 1, 1, 1, 2, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 6, 4, 3, 2, 2, 1],
}
HOURS["VOL"], HOURS["SVC"] = HOURS["OUT"], HOURS["BIL"]
SUBCATEGORY_WEIGHTS = {
    "OUT-01": 10, "OUT-02": 14, "OUT-03": 14, "OUT-04": 9, "OUT-05": 22, "OUT-06": 7, "OUT-07": 9, "OUT-08": 4, "OUT-09": 5,
    "OUT-10": 5, "OUT-11": 1, "VOL-01": 30, "VOL-02": 28, "VOL-03": 5, "VOL-04": 10, "VOL-05": 5, "VOL-06": 1, "VOL-07": 3,
    "VOL-08": 14, "VOL-09": 4, "BIL-01": 26, "BIL-02": 12, "BIL-03": 8, "BIL-04": 7, "BIL-05": 9, "BIL-06": 4, "BIL-07": 6,
    "BIL-08": 7, "BIL-09": 8, "BIL-10": 5, "BIL-11": 3, "BIL-12": 6, "BIL-13": 4, "BIL-14": 4, "SAF-01": 9, "SAF-02": 0.4,
    "SAF-03": 7, "SAF-04": 12, "SAF-05": 12, "SAF-06": 9, "SAF-07": 10, "SAF-08": 18, "SAF-09": 5, "SAF-10": 8, "SAF-11": 6,
    "SAF-12": 6, "SVC-01": 22, "SVC-02": 3, "SVC-03": 12, "SVC-04": 12, "SVC-05": 8, "SVC-06": 11, "SVC-07": 2, "SVC-08": 6,
    "SVC-09": 4, "SVC-10": 5, "SVC-11": 8, "SVC-12": 5, "SVC-13": 2, "SVC-14": 1,
}  # fmt: skip
"""Of 100 within their category; a subcategory that is not named weighs 1."""
RECENT_DAYS = 6
RECENT_AT_LEAST = 72
"""So many fall into the newest days even of a small utility (at most one in twelve), or there would be nothing to work on."""


@dataclass(frozen=True, slots=True)
class Storm:
    first: date
    counties: frozenset[int]
    kind: str


@dataclass(frozen=True, slots=True)
class Day:
    """What a day is like: `boost` multiplies a category for the customers of `counties`."""

    date: date
    weight: float
    categories: tuple[tuple[str, ...], tuple[float, ...]]
    stormy: frozenset[int] = frozenset()
    boost: dict[str, float] = field(default_factory=dict)

    @property
    def is_stormy(self) -> bool:
        return bool(self.stormy)


def storms_between(first: date, last: date, seed: int) -> list[Storm]:
    """Four to six a year from June to September, and a cold one in winter."""
    found = []
    for year in range(first.year, last.year + 1):
        rng = Random(f"storms {seed} {year}")
        for _number in range(rng.randint(4, 6)):
            found.append(_storm(date(year, 6, 1) + timedelta(days=rng.randrange(122)), "storm", rng))
        found.append(_storm(date(year, 1, 1) + timedelta(days=rng.randrange(59)), "ice", rng))
        found.append(_storm(date(year, 7, 5) + timedelta(days=rng.randrange(45)), "heat", rng))
    return sorted((s for s in found if first <= s.first <= last), key=lambda storm: storm.first)


def _storm(day: date, kind: str, rng: Random) -> Storm:
    return Storm(day, frozenset(rng.sample(range(network.COUNTIES), rng.randint(1, 3))), kind)


def days_between(first: date, last: date, *, seed: int, local: LocalTime, known: list[str]) -> list[Day]:
    storms = storms_between(first, last, seed)
    return [
        _day(first + timedelta(days=number), last, seed, local, storms, known)
        for number in range((last - first).days + 1)
    ]


def _day(day: date, last: date, seed: int, local: LocalTime, storms: list[Storm], known: list[str]) -> Day:
    boost: dict[str, float] = {}
    counties: frozenset[int] = frozenset()
    for storm in storms:
        age = (day - storm.first).days
        for category, factor, start, end in _effects(storm.kind):
            if start <= age < end:
                boost[category] = max(boost.get(category, 1.0), factor)
                counties |= storm.counties
    working, weekday = local.is_working_day(day), day.weekday()
    holiday = weekday < 5 and not working
    factor = 1.05 if working and weekday > 4 else WEEKDAYS[weekday]
    if working and not any(local.is_working_day(day - timedelta(days=n)) for n in (1, 2, 3)):
        factor = 1.5
    affected = len(counties) / network.COUNTIES
    shares = []
    for category in known:
        share = CATEGORY_SHARES.get(category, 5.0) * _month_modifier(category, day.month)
        share *= (1.0 if category == "OUT" else 0.7) if holiday else factor
        shares.append(share * (1 + affected * (boost.get(category, 1.0) - 1)))
    drift = YEARLY_DRIFT ** ((day - last).days / 365)
    noise = Random(f"day {seed} {day.toordinal()}").gammavariate(25, 1 / 25)
    weight = sum(shares) / 100 * MONTHS[day.month - 1] * drift * noise
    sums = tuple(sum(shares[: n + 1]) for n in range(len(shares)))
    return Day(day, weight, (tuple(known), sums), counties, boost)


def _effects(kind: str) -> list[tuple[str, float, int, int]]:
    """Category, factor, from and until which day after it began."""
    if kind == "heat":
        return [("OUT", 2.0, 0, 6), ("VOL", 2.5, 0, 6), ("BIL", 1.3, 25, 40)]
    return [("OUT", 3.0, 1, 6), ("SAF", 4.0, 0, 2), ("VOL", 1.6, 0, 7)]


def _month_modifier(category: str, month: int) -> float:
    if category in ("OUT", "VOL") and month in (7, 8):
        return 1.4
    if category == "VOL" and month in (12, 1, 2):
        return 1.3
    return 1.3 if category == "BIL" and month in (2, 3, 8, 9) else 1.0


def counts(days: list[Day], complaints: int) -> list[int]:
    """How many complaints each day gets; together exactly `complaints`."""
    weights = [day.weight for day in days]
    recent = min(RECENT_DAYS, len(days))
    wanted = min(RECENT_AT_LEAST, complaints // 12) / max(1, complaints)
    share = sum(weights[-recent:]) / sum(weights)
    if recent < len(days) and share < wanted:
        lift = wanted * (1 - share) / (share * (1 - wanted))
        weights[-recent:] = [weight * lift for weight in weights[-recent:]]
    total, given, reached, result = sum(weights), 0, 0.0, []
    for weight in weights:
        reached += weight
        until = round(complaints * reached / total)
        result.append(until - given)
        given = until
    return result


@cache
def _sums(name: str) -> tuple[float, ...]:
    weights = OFFICE_HOURS if name == "office" else HOURS.get(name, HOURS["SVC"])
    return tuple(sum(weights[: n + 1]) for n in range(24))


def hour(category: str, channel: str, rng: Random) -> float:
    """The time of day at which such a complaint comes, in hours."""
    sums = _sums("office" if channel in ("letter", "visit", "regulator") else category)
    return bisect(sums, rng.random() * sums[-1]) + rng.random()
