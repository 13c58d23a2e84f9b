"""Who hears of a signal by notice: the supervisors on duty in its branch, once, by the same roster as alarms."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from functools import partial

from analytics.models import Signal
from analytics.signals.wording import sentence
from complaints import signals_told

MOST_AT_ONCE = 5
"""So many of a branch are told after one look, the strongest first; the others after the next, unless somebody has seen them."""


def tell(now: datetime) -> int:
    """Tell of what this look has seen and nobody has been told of or acknowledged yet; how many signals.

    In the transaction of the look, under its lock: a signal is told of once, whoever looks.
    """
    rows = Signal.objects.new().filter(told_at__isnull=True, seen_at=now)
    told: Counter[int] = Counter()
    for signal in rows.select_related("branch", "category", "transformer_area", "feeder").select_for_update(
        of=("self",)
    ):
        if told[signal.branch_id] < MOST_AT_ONCE:
            signals_told.tell(signal.pk, signal.branch, partial(sentence, signal), at=now)
            signal.told_at = now
            signal.save(update_fields=["told_at"])
            told[signal.branch_id] += 1
    return told.total()
