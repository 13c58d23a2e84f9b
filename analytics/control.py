"""Control charts for counts with varying exposure: ordinary limits, Laney's limits, and the four run rules. Pure arithmetic.

A large exposure makes the limits of a u or p chart absurdly narrow, because counts vary more than chance alone explains. Laney
(Quality Engineering 14 (4), 2002) widens them by sigma_z, the spread of the standardised points from one to the next; with
sigma_z = 1 they are the ordinary chart. Limits come from a baseline, and every point is judged by them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, sqrt

SPREAD_OF_TWO = 1.128
"""d2 of two: the mean distance between two values of a normal distribution, in standard deviations."""
FEWEST_EXPECTED = 5
BASELINE_FEWEST, BASELINE_MOST = 20, 26
SIDE, RISING, WARNING, BEYOND = 8, 6, 2.0, 3.0
DIGITS = 6
"""What differs by less is rounding, and must not look like eight points on one side."""


@dataclass(frozen=True, slots=True)
class Point:
    """A rate with its limits. `z` is its distance from the centre in standard deviations, widened by sigma_z."""

    rate: float
    low: float
    high: float
    z: float


@dataclass(frozen=True, slots=True)
class ControlChart:
    centre: float
    sigma_z: float
    points: Sequence[Point]


@dataclass(frozen=True, slots=True)
class Run:
    """A rule that the newest point breaks, by the points from `start` on."""

    rule: str
    start: int
    is_above: bool
    score: float


def u_chart(
    counts: Sequence[float], exposures: Sequence[float], *, baseline: int | None = None, sigma_z: float | None = None
) -> ControlChart:
    """Counts per exposure. Without `sigma_z` Laney's u′ chart, with 1 the u chart. Raises ValueError when nothing was counted."""
    return _chart(counts, exposures, baseline, sigma_z, lambda centre: centre, inf)


def p_chart(
    successes: Sequence[float], of: Sequence[float], *, baseline: int | None = None, sigma_z: float | None = None
) -> ControlChart:
    """Shares. Without `sigma_z` Laney's p′ chart, with 1 the p chart. Raises ValueError when all or none succeeded."""
    return _chart(successes, of, baseline, sigma_z, lambda centre: centre * (1 - centre), 1.0)


def _chart(
    counts: Sequence[float],
    exposures: Sequence[float],
    baseline: int | None,
    sigma_z: float | None,
    variance: Callable[[float], float],
    most: float,
) -> ControlChart:
    base = len(counts) if baseline is None else baseline
    if len(counts) != len(exposures) or not all(exposure > 0 for exposure in exposures) or not 0 < base <= len(counts):
        raise ValueError("Every count needs an exposure above 0, and there must be a baseline.")
    centre = sum(counts[:base]) / sum(exposures[:base])
    if variance(centre) <= 0:
        raise ValueError("A baseline that does not vary has no limits.")
    spreads = [sqrt(variance(centre) / exposure) for exposure in exposures]
    rates = [count / exposure for count, exposure in zip(counts, exposures, strict=True)]
    plain = [(rate - centre) / spread for rate, spread in zip(rates, spreads, strict=True)]
    widened = moving_sigma(plain[:base]) if sigma_z is None else sigma_z
    points = [
        Point(
            rate=rate,
            low=max(0.0, centre - BEYOND * widened * spread),
            high=min(most, centre + BEYOND * widened * spread),
            z=z / widened if widened else 0.0,
        )
        for rate, spread, z in zip(rates, spreads, plain, strict=True)
    ]
    return ControlChart(centre, widened, points)


def moving_sigma(z: Sequence[float]) -> float:
    """The spread of standardised points by their moving range; 1 where there are too few to tell."""
    if len(z) < 2:
        return 1.0
    steps = [abs(after - before) for before, after in pairwise(z)]
    return sum(steps) / len(steps) / SPREAD_OF_TWO


def newest_run(z: Sequence[float]) -> Run | None:
    """The strongest rule that the newest point breaks, None when it is as usual.

    One point beyond 3 sigma; two of three beyond 2 on one side; eight on one side of the centre; six that rise.
    """
    if not z:
        return None
    z = [round(one, DIGITS) for one in z]
    last, is_above = z[-1], z[-1] > 0
    if abs(last) > BEYOND:
        return _run("beyond", z, len(z) - 1, is_above)
    three = z[-3:]
    if len(three) == 3 and abs(last) > WARNING and sum(_signed(one, is_above) > WARNING for one in three) >= 2:
        return _run("two_of_three", z, len(z) - 3, is_above)
    start = _back(z, lambda one, _before: _signed(one, is_above) > 0)
    if len(z) - start >= SIDE:
        return _run("side", z, start, is_above)
    start = _back(z, lambda one, before: before is None or one > before)
    if len(z) - start >= RISING:
        return _run("rising", z, start, True)
    return None


def _signed(z: float, is_above: bool) -> float:
    return z if is_above else -z


def _back(z: Sequence[float], goes_on: Callable[[float, float | None], bool]) -> int:
    """Where the stretch begins that ends with the newest point: going back, each must go on from the one before it."""
    start = len(z)
    while start > 0 and goes_on(z[start - 1], None):
        start -= 1
        if start > 0 and not goes_on(z[start], z[start - 1]):
            break
    return start


def _run(rule: str, z: Sequence[float], start: int, is_above: bool) -> Run:
    part = z[start:]
    return Run(rule, start, is_above, abs(sum(part)) / sqrt(len(part)))
