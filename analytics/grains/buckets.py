"""Distributions that add and subtract: counts of values in buckets, each 4 % wider than the one before. Pure arithmetic.

The bucket of a value is NO_VALUE when nothing was measured, 0 for a value of 0, and 1 + ⌈log(value) / log(WIDTH)⌉ from 1 on.
A bucket stands for 2 · WIDTH^i / (WIDTH + 1), the value whose relative distance to both of its ends is the same; so a
quantile is off by at most ERROR = (WIDTH - 1) / (WIDTH + 1) of itself, just under 2 %, however many distributions were
added. Two whole numbers up to 25 never share a bucket, so there quantiles are exact once rounded to whole numbers.
The idea is that of DDSketch (Masson, Rim, Lee 2019). The database computes the same in `analytics_bucket`.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil, log

WIDTH = 1.04
ERROR = (WIDTH - 1) / (WIDTH + 1)
EXACT_TO = 25
NO_VALUE = -1


def bucket(value: int | None) -> int:
    """The bucket of a whole number; what lies below 0 counts as 0."""
    if value is None:
        return NO_VALUE
    return 1 + ceil(log(value) / log(WIDTH)) if value > 0 else 0


def middle(number: int) -> float:
    """What a bucket stands for; the whole number itself where it can only be one."""
    if number <= 0:
        return 0.0
    value = 2 * WIDTH ** (number - 1) / (WIDTH + 1)
    return float(round(value)) if value < EXACT_TO + 0.5 else value


def quantile(counts: Mapping[int, int], share: float) -> float | None:
    """The value that `share` of the measured values do not exceed (nearest rank); None where nothing was measured."""
    measured = sorted((number, n) for number, n in counts.items() if number != NO_VALUE and n > 0)
    of = sum(n for _number, n in measured)
    if not of:
        return None
    rank, passed = max(1, ceil(share * of)), 0
    for number, n in measured:
        passed += n
        if passed >= rank:
            return middle(number)
    raise AssertionError("a rank lies within the counts")
