"""Which promise holds for which complaint: the most specific matching policy wins, clock by clock."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from complaints.clocks.limits import Limit, Unit

NO_PROMISE = "-"
"""A limit that says: for these complaints there is no such promise, whatever a wider policy says."""

STATUTORY = "statutory"

RANKED = ("severity", "subcategory", "category", "priority", "request_type", "source", "channel", "area", "segment")
"""The facts a policy may name, the one that makes it most specific first (domain 4.2)."""

WEIGHTS = {name: 1 << place for place, name in enumerate(reversed(RANKED))}
"""Powers of two: no number of lesser facts outranks a greater one, and of equals the one that names more wins."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What policies may look at; "" where nothing is known."""

    request_type: str = ""
    category: str = ""
    subcategory: str = ""
    channel: str = ""
    source: str = ""
    severity: str = ""
    priority: str = ""
    segment: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class Promise:
    """One limit of one policy; `key` is whatever the caller wants to find it again by."""

    kind: str
    tier: str
    limit: str
    calendar: str = ""
    starts: str = "received"
    statistic: str = "each"
    pausable: bool = True
    extension: str = ""
    warn: tuple[str, ...] = ()
    escalate: tuple[str, ...] = ()
    policy: str = ""
    policy_version: int = 1
    key: object | None = None


Due = Callable[[Promise], datetime | None]
"""When a promise would be due for the complaint in question."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy: the facts it is for (a fact that is not named may be anything) and what it promises."""

    code: str
    version: int
    match: Mapping[str, frozenset[str]]
    promises: tuple[Promise, ...]

    @property
    def specificity(self) -> int:
        return sum(WEIGHTS[name] for name in self.match)

    def fits(self, facts: Facts) -> bool:
        return all(getattr(facts, name) in wanted for name, wanted in self.match.items())


def applicable(rules: Iterable[Rule], facts: Facts) -> list[Rule]:
    """The rules that fit, most specific first; equally specific ones by code."""
    return sorted((rule for rule in rules if rule.fits(facts)), key=lambda rule: (-rule.specificity, rule.code))


def promises_for(rules: Iterable[Rule], facts: Facts, *, due: Due | None = None) -> tuple[Promise, ...]:
    """One promise for each clock and tier: that of the most specific rule that speaks of it.

    Of the law's limits the earliest wins (domain 4.2), except that a rule takes the place of every wider one whose facts it
    names as well: a petition's sixty days stand for the ten of any complaint. `due` says when a promise would be due for this
    complaint; without it the limits' nominal lengths are compared.
    """
    found: dict[tuple[str, str], list[tuple[Rule, Promise]]] = {}
    for rule in applicable(rules, facts):
        for promise in rule.promises:
            ranked = found.setdefault((promise.kind, promise.tier), [])
            if not ranked or (promise.tier == STATUTORY and not any(_replaces(one, rule) for one, _p in ranked)):
                ranked.append((rule, promise))
    winners = []
    for ranked in found.values():
        made = [promise for _rule, promise in ranked if promise.limit != NO_PROMISE]
        if len(made) == 1:
            winners += made
        elif made:
            winners.append(min(made, key=lambda promise: _order(promise, due)))
    return tuple(winners)


def _replaces(narrow: Rule, wide: Rule) -> bool:
    return set(narrow.match) >= set(wide.match)


def _order(promise: Promise, due: Due | None) -> float:
    moment = due(promise) if due is not None else None
    if moment is not None:
        return moment.timestamp()
    limit = Limit.parse(promise.limit)
    working = {Unit.WORKING_DAY: 7 / 5, Unit.WORKING_HOUR: 3.0}  # five days of a week; eight hours of a day
    return limit.duration.total_seconds() * working.get(limit.unit, 1.0)
