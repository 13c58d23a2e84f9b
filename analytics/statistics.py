"""How sure a figure is: intervals, bounds and usual ranges. Pure arithmetic, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt

Z_95 = 1.96
TOO_FEW = 5
LOW_BASE = 30


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included, as shares between 0 and 1."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class UsualRange:
    """What the same weekday brought lately: the fewest, the most and the mean of `days` days."""

    low: int
    high: int
    mean: float
    days: int

    def judge(self, count: int) -> str:
        """Whether `count` is "below", "within" or "above" what is usual."""
        if count < self.low:
            return "below"
        return "above" if count > self.high else "within"


def wilson(successes: int, of: int, z: float = Z_95) -> Interval:
    """Wilson's score interval for a share; it never leaves 0 to 1 and always holds the share. Raises ValueError."""
    if of <= 0 or not 0 <= successes <= of:
        raise ValueError(f"{successes} of {of} is not a share.")
    share = successes / of
    middle = share + z * z / (2 * of)
    reach = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    scale = 1 + z * z / of
    return Interval(
        low=min(share, max(0.0, (middle - reach) / scale)), high=max(share, min(1.0, (middle + reach) / scale))
    )


def if_everyone_had_answered(satisfied: int, rated: int, asked: int) -> Interval:
    """Where satisfaction would lie if everyone silent were dissatisfied, and if everyone silent were satisfied.

    Raises ValueError unless satisfied ≤ rated ≤ asked and somebody was asked.
    """
    if asked <= 0 or not 0 <= satisfied <= rated <= asked:
        raise ValueError(f"{satisfied} satisfied of {rated} rated of {asked} asked does not add up.")
    return Interval(low=satisfied / asked, high=(satisfied + asked - rated) / asked)


def usual_range(counts: Sequence[int]) -> UsualRange | None:
    """The range of these days' counts; nothing under three days, because two days are no habit."""
    if len(counts) < 3:
        return None
    return UsualRange(low=min(counts), high=max(counts), mean=sum(counts) / len(counts), days=len(counts))


def relative_change(now: int, before: int, least_base: int = 10) -> float | None:
    """(now - before) / before; nothing when the base is so small that a percentage would mislead."""
    if before < least_base:
        return None
    return (now - before) / before


@dataclass(frozen=True, slots=True)
class Stratum:
    """How many there are of a kind, and of those who gave a rating how many were satisfied."""

    population: int
    satisfied: int
    rated: int


def weights(strata: Sequence[Stratum]) -> list[float]:
    """How much one answer of each stratum counts: `w = (N_h / N) / (n_h / n)` (domain 7.4); 0 where nobody answered.

    Only strata in which somebody answered make up N, so the weights of all answers add up to their number.
    """
    heard = [one for one in strata if one.rated]
    there, rated = sum(one.population for one in heard), sum(one.rated for one in heard)
    return [(one.population / there) / (one.rated / rated) if one.rated and there else 0.0 for one in strata]


@dataclass(frozen=True, slots=True)
class Weighted:
    """The share with each kind counted as it is in the population, and how many equal answers would be as sure."""

    share: float
    base: float


def weighted_share(strata: Sequence[Stratum]) -> Weighted | None:
    """None where nobody gave a rating. The base is Kish's, (Σw)² / Σw²; it is never more than the number of answers."""
    found = weights(strata)
    total = sum(w * one.rated for w, one in zip(found, strata, strict=True))
    if not total:
        return None
    satisfied = sum(w * one.satisfied for w, one in zip(found, strata, strict=True))
    squares = sum(w * w * one.rated for w, one in zip(found, strata, strict=True))
    return Weighted(min(1.0, satisfied / total), total * total / squares)


def byar(count: int, z: float = Z_95) -> Interval:
    """Byar's interval for a count that comes by chance, as a Poisson number does (domain 7.2); `low` and `high` are counts."""
    if count < 0:
        raise ValueError(f"{count} is no count.")
    low = count * (1 - 1 / (9 * count) - z / (3 * sqrt(count))) ** 3 if count else 0.0
    more = count + 1
    return Interval(max(0.0, low), more * (1 - 1 / (9 * more) + z / (3 * sqrt(more))) ** 3 if count else 3.69)


def rate_ratio(before: int, days_before: int, after: int, days_after: int) -> Interval | None:
    """Where the rate after ÷ the rate before lies; nothing under TOO_FEW in both together, and `high` may be infinite.

    Of two Poisson counts the second is, given their sum, a share of it: Wilson's interval of the share is turned into odds.
    """
    if before + after < TOO_FEW or days_before <= 0 or days_after <= 0:
        return None
    share, exposure = wilson(after, before + after), days_before / days_after
    low, high = (odds / (1 - odds) * exposure if odds < 1 else inf for odds in (share.low, share.high))
    return Interval(low, high)


MOST_BARS, MOST_OTHER = 12, 0.15


def ranked(weights: Mapping[str, float], unnamed: str = "") -> tuple[list[str], list[str]]:
    """The names to show, the heaviest first, and those that make up "other".

    At most MOST_BARS are shown unless the others would then be more than MOST_OTHER of the whole. What has no name is always
    among the others, and a single one is never hidden behind that word.
    """
    named = sorted((name for name in weights if name != unnamed), key=lambda name: -weights[name])
    total, number = sum(weights.values()), min(MOST_BARS, len(named))
    others = total - sum(weights[name] for name in named[:number])
    while number < len(named) and (others > MOST_OTHER * total or len(named) - number == 1):
        others -= weights[named[number]]
        number += 1
    return named[:number], [*named[number:], *([unnamed] if unnamed in weights else [])]
