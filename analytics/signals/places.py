"""Trouble at one place: several outage or voltage complaints on one transformer area or feeder ask for improvement."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from math import sqrt
from typing import Any

from analytics.models import ComplaintFact, SignalKind, SignalRule
from analytics.signals.keeping import Found

CATEGORIES = ("OUT", "VOL")
DAYS = 60
OF_AREA, OF_FEEDER = 3, 5


def find(today: date) -> list[Found]:
    """Areas with three complaints or more in 60 days; feeders with five or more that are not all of one such area."""
    since = today - timedelta(days=DAYS - 1)
    rows = ComplaintFact.objects.complaints().filter(
        received_on__gte=since,
        received_on__lte=today,
        is_duplicate=False,
        category__code__in=CATEGORIES,
        transformer_area__isnull=False,
    )
    areas: dict[tuple[int, int], list[int]] = defaultdict(list)
    feeders: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for pk, area, branch, feeder, of_feeder in rows.order_by("pk").values_list(
        "pk",
        "transformer_area",
        "transformer_area__branch",
        "transformer_area__feeder",
        "transformer_area__feeder__substation__branch",
    ):
        areas[area, branch].append(pk)
        feeders[feeder, of_feeder].append((area, pk))
    found = [
        _found(SignalRule.AREA, keys, since, today, branch, transformer_area_id=area)
        for (area, branch), keys in areas.items()
        if len(keys) >= OF_AREA
    ]
    found += [
        _found(SignalRule.FEEDER, [pk for _area, pk in those], since, today, branch, feeder_id=feeder)
        for (feeder, branch), those in feeders.items()
        if len(those) >= OF_FEEDER and len({area for area, _pk in those}) > 1
    ]
    return found


def _found(rule: SignalRule, keys: list[int], since: date, today: date, branch: int, **place: Any) -> Found:
    return Found(
        kind=SignalKind.PLACE.value,
        rule=rule.value,
        series=f"place:{rule.value}:{next(iter(place.values()))}",
        branch_id=branch,
        first_day=since,
        last_day=today,
        number=len(keys),
        score=sqrt(len(keys)),
        complaint_keys=keys,
        **place,
    )
