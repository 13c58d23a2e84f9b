"""What was found becomes rows: one for each series, rule and stretch of days, however often it is found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from analytics.models import Signal, SignalState


@dataclass(frozen=True, slots=True)
class Found:
    """Something that stands out, as the fields of a signal."""

    kind: str
    rule: str
    series: str
    branch_id: int
    first_day: date
    last_day: date
    number: int
    score: float
    category_id: int | None = None
    transformer_area_id: int | None = None
    feeder_id: int | None = None
    term: str = ""
    per: str = ""
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    sigma_z: float | None = None
    is_above: bool = True
    evidence: dict[str, Any] = field(default_factory=dict)
    complaint_keys: list[int] = field(default_factory=list)


LASTING = (
    "last_day",
    "number",
    "score",
    "expected",
    "low",
    "high",
    "sigma_z",
    "evidence",
    "complaint_keys",
    "is_above",
)
"""What follows the figures while nobody has closed a signal. Its first day stays: by it the row is known."""


def worst(found: Iterable[Found], most: int) -> list[Found]:
    """The strongest, rises before falls."""
    return sorted(found, key=lambda one: (not one.is_above, -one.score, one.series))[:most]


def keep(found: Iterable[Found], now: datetime) -> int:
    """Write what was found, in the caller's transaction under its lock; how many are new.

    What shares a day with a signal of its series and rule is that signal going on. Of a closed one nothing is said again until
    its days have passed.
    """
    new = 0
    for one in found:
        same = Signal.objects.filter(series=one.series, rule=one.rule)
        known = same.filter(last_day__gte=one.first_day, first_day__lte=one.last_day).order_by("-last_day").first()
        if known is None:
            Signal.objects.create(**asdict(one), counted_from=one.first_day, found_at=now, seen_at=now)
            new += 1
        elif known.state != SignalState.CLOSED:
            for name in LASTING:
                setattr(known, name, getattr(one, name))
            known.counted_from, known.seen_at = one.first_day, now
            known.save(update_fields=[*LASTING, "counted_from", "seen_at"])
    return new
