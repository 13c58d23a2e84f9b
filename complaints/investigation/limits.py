"""Whether a log of voltages keeps the limits of a standard: pure functions over whole numbers, exact at the limit.

Times are whole seconds since the log began, voltages whole hundredths of a volt. A reading stands for the time until the
next one, at most for one usual step; what lies between is a gap and is judged neither way. Below a twentieth of the nominal
voltage there is no supply: that time is told apart and not judged, because the limits hold for supply in service.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

Reading = tuple[int, int]
"""Second since the log began, hundredths of a volt."""
Stretch = tuple[int, int, int]
"""Begin and length in seconds, hundredths of a volt."""

DAY = 86400
WEEK = 7 * DAY
NO_SUPPLY = Fraction(1, 20)
"""Below this share of the nominal voltage the supply is interrupted (EN 50160 draws the line there)."""
ENOUGH = Fraction(9, 10)
"""A log counts as long enough when this share of the days asked for has readings [P]."""
SAME_STEP = Fraction(3, 2)
"""Up to this many usual steps later the next reading still follows without a gap [P]."""

WITHIN, OUTSIDE, TOO_SHORT = "within", "outside", "too_short"


@dataclass(frozen=True, slots=True)
class Rule:
    """`low` and `high` in volts; `share` of the time in per cent; `mean_minutes` 0 judges what was logged, as it was logged."""

    low: Fraction
    high: Fraction
    share: Fraction
    mean_minutes: int
    each_week: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of one rule: seconds judged, above and below; `share` within in per cent of the worst week where weeks count."""

    seconds: int
    above: int
    below: int
    share: float
    holds: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """One phase against one standard. Volts as read, seconds, and the verdict: within, outside or too_short."""

    verdict: str
    least: float
    most: float
    mean: float
    low_5: float
    high_95: float
    span: int
    covered: int
    without: int
    kept: list[Kept]
    spread: float | None
    """Sum of the deviations in per cent, for standards that limit it."""

    @classmethod
    def again(cls, said: Mapping[str, Any]) -> Judged:
        return cls(**{**said, "kept": [Kept(**kept) for kept in said["kept"]]})

    def plain(self) -> dict[str, Any]:
        return asdict(self)


def rules_of(pack: Mapping[str, Any], nominal: int) -> list[Rule]:
    """The rules of a pack of limits (voltage_limits.yaml) in volts, for one nominal voltage."""
    return [
        Rule(
            low=volts_at(nominal, rule["low"]),
            high=volts_at(nominal, rule["high"]),
            share=Fraction(str(rule["share"])),
            mean_minutes=int(rule.get("mean_minutes", 0)),
            each_week=bool(rule.get("each_week")),
        )
        for rule in pack.get("rules", [])
    ]


def volts_at(nominal: int, per_cent: Any) -> Fraction:
    """The voltage at so many per cent from the nominal one. More than ten places are a rounded fraction, and meant as one."""
    deviation = Fraction(str(per_cent))
    exact = nominal * (1 + deviation / 100)
    return Fraction(round(exact * 10**6), 10**6)


def usual_step(seconds: Sequence[int]) -> int:
    """The most common distance of two readings, the shorter of two that are equally common; a minute for a single one."""
    steps = Counter(later - earlier for earlier, later in itertools.pairwise(seconds))
    return min(steps, key=lambda step: (-steps[step], step)) if steps else 60


def stretches(readings: Sequence[Reading]) -> list[Stretch]:
    """How long each reading stands; sorted by time, no second twice."""
    step = usual_step([second for second, _volts in readings])
    found: list[Stretch] = []
    for number, (second, volts) in enumerate(readings):
        until_next = readings[number + 1][0] - second if number + 1 < len(readings) else step
        found.append((second, until_next if until_next <= SAME_STEP * step else step, volts))
    return found


def judge(readings: Sequence[Reading], nominal: int, pack: Mapping[str, Any]) -> Judged | None:
    """The verdict over one phase; None when there is no reading with supply."""
    every = stretches(readings)
    dead = NO_SUPPLY * nominal * 100
    live = [stretch for stretch in every if stretch[2] >= dead]
    if not live:
        return None
    covered = sum(length for _second, length, _volts in every)
    span = every[-1][0] + every[-1][1] - every[0][0]
    kept = [_kept(rule, live, every[0][0], span) for rule in rules_of(pack, nominal)]
    by_volts = sorted((volts, length) for _second, length, volts in live)
    seconds = sum(length for _volts, length in by_volts)
    least, most = by_volts[0][0], by_volts[-1][0]
    spread = _spread(least, most, nominal) if "spread" in pack else None
    is_outside = any(not one.holds for one in kept) or (spread is not None and spread > Fraction(str(pack["spread"])))
    is_proven = (spread is not None and is_outside) or any(
        not one.holds and rule.share == 100 for one, rule in zip(kept, rules_of(pack, nominal), strict=True)
    )
    is_long = covered >= ENOUGH * int(pack["days"]) * DAY
    return Judged(
        verdict=(OUTSIDE if is_outside else WITHIN) if is_long or is_proven else TOO_SHORT,
        least=least / 100,
        most=most / 100,
        mean=round(float(Fraction(sum(volts * length for volts, length in by_volts), seconds * 100)), 2),
        low_5=_percentile(by_volts, seconds, 5) / 100,
        high_95=_percentile(by_volts, seconds, 95) / 100,
        span=span,
        covered=covered,
        without=covered - seconds,
        kept=kept,
        spread=None if spread is None else round(float(spread), 2),
    )


def worst(judged: Iterable[Judged]) -> str:
    """The verdict over several phases: outside if any is, else too short if any is."""
    verdicts = {one.verdict for one in judged}
    return next((verdict for verdict in (OUTSIDE, TOO_SHORT, WITHIN) if verdict in verdicts), TOO_SHORT)


def _percentile(by_volts: Sequence[tuple[int, int]], seconds: int, per_cent: int) -> int:
    """The lowest voltage that was not exceeded for so much of the time."""
    passed = 0
    for volts, length in by_volts:
        passed += length
        if passed * 100 >= per_cent * seconds:
            return volts
    return by_volts[-1][0]


def _spread(least: int, most: int, nominal: int) -> Fraction:
    """Deviations up and down added; where both are on one side, the larger one (GB/T 12325, 35 kV and above)."""
    up = Fraction(most - nominal * 100, nominal)
    down = Fraction(least - nominal * 100, nominal)
    return max(abs(up), abs(down)) if up * down > 0 else abs(up) + abs(down)


def _kept(rule: Rule, live: Sequence[Stretch], begin: int, span: int) -> Kept:
    pieces = _means(live, rule.mean_minutes * 60) if rule.mean_minutes else [(s, n, v * n) for s, n, v in live]
    low, high = rule.low * 100, rule.high * 100
    sides = [(second, length, _side(total, length, low, high)) for second, length, total in pieces]
    shares = []
    for first, last in _weeks(begin, span) if rule.each_week else [(begin, begin + span)]:
        within = [(length, side) for second, length, side in sides if first <= second < last]
        seconds = sum(length for length, _side in within)
        if seconds:
            shares.append(Fraction(100 * sum(length for length, side in within if not side), seconds))
    share = min(shares, default=Fraction(100))
    return Kept(
        seconds=sum(length for _second, length, _side in sides),
        above=sum(length for _second, length, side in sides if side > 0),
        below=sum(length for _second, length, side in sides if side < 0),
        share=rounded(share),
        holds=share >= rule.share,
    )


def rounded(share: Fraction) -> float:
    """Per cent with two places, rounded down, so that 99.999 is not called 100 and what fails does not look as if it held."""
    return int(share * 100) / 100


def _side(total: int, length: int, low: Fraction, high: Fraction) -> int:
    """+1 above the band, -1 below it, 0 within; the mean is total / length, compared without dividing."""
    if total * high.denominator > high.numerator * length:
        return 1
    return -1 if total * low.denominator < low.numerator * length else 0


def _means(live: Sequence[Stretch], width: int) -> list[Stretch]:
    """Stretches gathered into windows of `width` seconds from the log's own zero: begin, seconds, volts times seconds.

    A reading that stands across the end of a window counts in both for the part of each.
    """
    windows: dict[int, tuple[int, int]] = {}
    for second, length, volts in live:
        at, left = second, length
        while left:
            window = at // width
            part = min(left, (window + 1) * width - at)
            seconds, total = windows.get(window, (0, 0))
            windows[window] = (seconds + part, total + part * volts)
            at, left = at + part, left - part
    return [(window * width, seconds, total) for window, (seconds, total) in sorted(windows.items())]


def _weeks(begin: int, span: int) -> list[tuple[int, int]]:
    """Whole weeks from the beginning; what is left over is judged in the week that ends with the log."""
    whole = max(1, span // WEEK)
    weeks = [(begin + n * WEEK, begin + (n + 1) * WEEK) for n in range(whole)]
    if span > whole * WEEK:
        weeks.append((begin + span - WEEK, begin + span))
    return weeks


def envelope(readings: Iterable[Reading], span: int, buckets: int) -> list[tuple[int, int] | None]:
    """Least and greatest voltage in each of so many equal parts of the span; None for a part without readings.

    No excursion disappears, however short: every reading lies between the two numbers of its part, and both were read.
    """
    found: list[tuple[int, int] | None] = [None] * buckets
    for second, volts in readings:
        number = min(second * buckets // max(span, 1), buckets - 1)
        was = found[number]
        found[number] = (volts, volts) if was is None else (min(was[0], volts), max(was[1], volts))
    return found
