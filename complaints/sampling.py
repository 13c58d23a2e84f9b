"""How many to ask and whom: the size of a sample from a finite population, its strata, and a draw that can be repeated. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from math import ceil, floor
from random import Random
from typing import TypeVar

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)
Z_95 = 1.96


def sample_size(population: int, *, expected: float = 0.9, margin: float = 0.03, z: float = Z_95) -> int:
    """How many of `population` to ask so that a share of about `expected` is known within ± `margin` (domain 7.4).

    `n = n0 / (1 + (n0 - 1) / N)` with `n0 = z² p (1 - p) / e²`, rounded up, never more than there are. Raises ValueError.
    """
    if population < 0 or not 0 < expected < 1 or not 0 < margin < 1:
        raise ValueError(f"No sample of {population} has a margin of {margin} at {expected}.")
    if population == 0:
        return 0
    unlimited = z * z * expected * (1 - expected) / (margin * margin)
    needed = unlimited / (1 + (unlimited - 1) / population) if unlimited > 1 else 1.0
    return min(population, max(1, ceil(needed - 1e-9)))


def allocate(sizes: Mapping[K, int], total: int) -> dict[K, int]:
    """How many of `total` each stratum gives, in proportion to its size, and at least one where there are enough for that.

    The largest remainders are rounded up, so the numbers add up to `total`, or to the number of people where that is less.
    The same sizes always give the same numbers.
    """
    there = {key: size for key, size in sizes.items() if size > 0}
    everybody = sum(there.values())
    total = min(total, everybody)
    if not total:
        return dict.fromkeys(sizes, 0)
    least = 1 if total >= len(there) else 0
    exact = {key: size * total / everybody for key, size in there.items()}
    given = {key: min(there[key], max(least, floor(share))) for key, share in exact.items()}
    by_remainder = sorted(there, key=lambda key: (given[key] - exact[key], str(key)))
    while (missing := total - sum(given.values())) > 0:
        for key in [key for key in by_remainder if given[key] < there[key]][:missing]:
            given[key] += 1
    while (over := sum(given.values()) - total) > 0:
        for key in [key for key in reversed(by_remainder) if given[key] > least][:over]:
            given[key] -= 1
    return {key: given.get(key, 0) for key in sizes}


def draw(people: Sequence[T], size: int, seed: int) -> list[T]:
    """`size` of them, each as likely as any other; the same seed and the same people in the same order give the same."""
    return Random(seed).sample(people, min(size, len(people)))
