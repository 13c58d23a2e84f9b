"""How long it takes: a crew to come, the supply to be back, a wait to be over, a cause to be gone."""

from __future__ import annotations

from random import Random

from analytics.demo.moments import DAY, HOUR, MINUTE, SECOND, Moment
from analytics.demo.record import Record
from analytics.demo.world import World
from complaints.clocks.limits import Unit

WAY = {"urban": 35, "rural": 70, "remote": 95}
"""Minutes that a crew needs on average in an emergency."""
SPREAD = 0.38
HELD = {"no-access": (0.6, 0.7), "customer-asked": (1.1, 0.6), "appraisal": (1.6, 0.5)}
"""Working days, lognormal."""


def arrival(world: World, record: Record, rng: Random, *, dispatched: Moment, stormy: bool) -> Moment | None:
    """When somebody is on site; None where nobody must come, or nobody does."""
    limits = [clock.terms.limit for clock in record.ticking("arrive") if clock.terms.limit is not None]
    if not limits:
        return None
    received = max(record.received, record.entered - HOUR)
    tightest = min(limits, key=lambda limit: limit.duration)
    if not tightest.is_elapsed:
        if rng.random() < 0.04:
            return None
        return world.local.working_days_later(received, tightest.amount * rng.lognormvariate(-0.75, 0.5))
    if tightest.unit == Unit.HOUR:
        return world.local.awake(received + int(24 * 3600 * rng.lognormvariate(-1.1, 0.5)) * SECOND, rng)
    minutes = WAY.get(record.area, WAY["urban"]) * rng.lognormvariate(-SPREAD * SPREAD / 2, SPREAD)
    if record.segment == "key":
        minutes *= 0.65
    if stormy:
        minutes *= rng.choice((1.0, 1.2, 1.6, 2.4))
    return max(received + int(minutes * 60) * SECOND, dispatched + rng.randint(6, 15) * MINUTE)


def restoration(record: Record, rng: Random, *, arrived: Moment | None) -> Moment | None:
    """When the supply is back, where that was promised."""
    if not any(kind == "restore" for kind, _tier in record.promises()):
        return None
    if arrived is None:
        return record.received + int(24 * 3600 * rng.lognormvariate(-1.4, 0.6)) * SECOND
    hours = rng.lognormvariate(0.7, 0.5) * (1.25 if record.area == "rural" else 1.0)
    return arrived + int(3600 * min(hours, 12)) * SECOND


def held_for(reason: str, rng: Random) -> float:
    """Working days, at times longer than the reason allows."""
    return min(30, rng.lognormvariate(*HELD[reason]))


def removal(world: World, category: str, resolved: Moment, rng: Random) -> Moment:
    """When the cause is gone: a refund within days; four of five voltage faults within the 30 days of an operational measure."""
    if category == "VOL":
        return world.local.in_office(
            resolved + int(DAY // SECOND * min(150, rng.lognormvariate(2.83, 0.62))) * SECOND, rng
        )
    return world.local.working_days_later(resolved, rng.lognormvariate(0.7, 0.55))
