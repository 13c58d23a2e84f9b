"""How sure a figure is: intervals, bounds and usual ranges. Pure arithmetic, no rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import exp, inf, lgamma, log, sqrt

Z_95 = 1.96
TOO_FEW = 5
LOW_BASE = 30
NOTHING_HAPPENED = log(40)
"""Where the exact 95 % interval of no events ends."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`, both included: shares between 0 and 1, or numbers of events."""

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


def byar(events: int, z: float = Z_95) -> Interval:
    """Byar's approximation of the Poisson interval of a number of events (domain 7.2), to be divided by the exposure.

    Where nothing happened the high end is the exact one, ln 40 = 3.69. Raises ValueError.
    """
    if events < 0:
        raise ValueError(f"{events} is no number of events.")
    if not events:
        return Interval(0.0, NOTHING_HAPPENED)
    more = events + 1
    low = events * (1 - 1 / (9 * events) - z / (3 * sqrt(events))) ** 3
    return Interval(max(0.0, low), more * (1 - 1 / (9 * more) + z / (3 * sqrt(more))) ** 3)


def is_ranking(intervals: Sequence[Interval], counts: Sequence[int]) -> bool:
    """Whether units may be put in an order: each with enough events, and no two ranges that overlap."""
    if len(intervals) < 2 or min(counts) < LOW_BASE:
        return False
    ordered = sorted(intervals, key=lambda one: one.low)
    return all(one.high < following.low for one, following in pairwise(ordered))


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


@dataclass(frozen=True, slots=True)
class Expected:
    """How many are to be expected, and between which numbers they lie in 80 and in 95 of 100 cases."""

    mean: float
    likely: tuple[int, int]
    nearly_sure: tuple[int, int]
    dispersion: float

    def part(self, share: float) -> Expected:
        """What is to be expected in a part of the time."""
        return _around(self.mean * share, self.dispersion)


def forecast(history: Sequence[int], season: int, ahead: int, recent: int) -> list[Expected]:
    """What the `ahead` next counts may be, from complete counts, oldest first; a season is `season` counts long.

    How far the same method was off on what is known already widens the band: counts of complaints come in crowds, so their
    variance is larger than Poisson's. Nothing under `recent` counts and two more, because nothing would be known of that.
    """
    if len(history) < recent + 2:
        return []
    dispersion = _dispersion(history, season, recent)
    return [_around(mean, dispersion) for mean in seasonal_means(history, season, ahead, recent)]


def seasonal_means(history: Sequence[int], season: int, ahead: int, recent: int) -> list[float]:
    """With two full years, the last one with the growth since the one before; otherwise the recent level with the usual height
    of each place in the season, as far as it was seen. A week is a season, too, but two of them say nothing of growth.
    """
    if season > recent and len(history) >= 2 * season and (before := sum(history[-2 * season : -season])):
        growth = sum(history[-season:]) / before
        return [history[-season + step % season] * growth ** (1 + step // season) for step in range(ahead)]
    usual = sum(history) / len(history)
    places: list[list[int]] = [list(history[place::season]) for place in range(season)]
    # a place that was seen once says little, so half of it is what is usual everywhere
    index = [(sum(seen) + usual) / (len(seen) + 1) / usual if usual and seen else 1.0 for seen in places]
    lately = range(len(history) - recent, len(history))
    heights = sum(index[number % season] for number in lately)
    level = sum(history[number] for number in lately) / heights if heights else 0.0
    return [level * index[(len(history) + step) % season] for step in range(ahead)]


def _dispersion(history: Sequence[int], season: int, recent: int, most: int = 26) -> float:
    """Variance over mean of what came when it was forecast one step ahead; never under Poisson's 1."""
    missed = []
    for end in range(max(recent, len(history) - most), len(history)):
        mean = seasonal_means(history[:end], season, 1, recent)[0]
        missed.append((history[end] - mean) ** 2 / max(mean, 1.0))
    return max(1.0, sum(missed) / len(missed))


POISSON = 1.0001
"""Up to here the variance is taken for the mean."""


def _around(mean: float, dispersion: float) -> Expected:
    low_95, low_80, high_80, high_95 = count_quantiles(mean, dispersion, (0.025, 0.1, 0.9, 0.975))
    return Expected(mean, (low_80, high_80), (low_95, high_95), dispersion)


def count_quantiles(mean: float, dispersion: float, shares: Sequence[float]) -> list[int]:
    """The least counts not exceeded in these shares of cases, the smallest share first: Poisson, or negative binomial of variance
    mean × dispersion. In one go, because each chance follows from the one before.
    """
    if mean <= 0:
        return [0] * len(shares)
    spread = sqrt(mean * dispersion)
    number, last = max(0, int(mean - 12 * spread)), mean + 40 * spread + 40
    crowds = dispersion > POISSON
    size, growth = (mean / (dispersion - 1), 1 - 1 / dispersion) if crowds else (0.0, mean)
    chance = passed = exp(_log_chance(number, mean, dispersion))
    found: list[int] = []
    for share in shares:
        while passed < share and number <= last:
            chance *= growth * (number + size if crowds else 1) / (number + 1)
            number += 1
            passed += chance
        found.append(number)
    return found


def _log_chance(number: int, mean: float, dispersion: float) -> float:
    if dispersion <= POISSON:
        return number * log(mean) - mean - lgamma(number + 1)
    size = mean / (dispersion - 1)
    chance = lgamma(number + size) - lgamma(size) - lgamma(number + 1)
    return chance - size * log(dispersion) + number * log(1 - 1 / dispersion)


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
