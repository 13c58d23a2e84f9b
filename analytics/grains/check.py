"""Compares figures with the rows they come from, every night, and says so when they differ.

Two comparisons that together reach from the raw rows to the figures: the facts of complaints that changed lately, and of
a sample of the old, with what their raw rows give now; and the rollups of the last days, and of a sample of older ones, with
what the facts give. A few numbers are moreover counted from the raw rows directly, by other words than the facts use.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Max, Min, Sum
from django.utils import timezone

from analytics.grains import facts
from analytics.grains.refresh import hold
from analytics.grains.series import SERIES, Cell, counted
from analytics.models import Change, Check, ComplaintFact, DayRollup, Generation, GenerationState
from analytics.periods import Period
from complaints import database_clock, figures_told
from complaints.models import Event

RECENT_DAYS, OLD_DAYS = 10, 10
CHANGED, SAMPLED = 3_000, 1_000
SHOWN = 100
HOUR = 3
"""Local time from which the night's comparison is made."""

# Plain counts of raw rows between two moments, to be found again in the rollups.
DIRECT = {
    "received": "SELECT count(*) FROM complaints_complaint WHERE received_at >= %s AND received_at < %s"
    " AND merged_into_id IS NULL",
    "resolved": "SELECT count(*) FROM complaints_complaint WHERE resolved_at >= %s AND resolved_at < %s",
    "asked": "SELECT count(*) FROM complaints_feedback WHERE asked_at >= %s AND asked_at < %s",
}


def nightly() -> Check | None:
    """Compare when the night's comparison has not been made; after an outage at the next chance. None when it has."""
    now = timezone.localtime(database_clock.now())
    night = now.replace(hour=HOUR, minute=0, second=0, microsecond=0)
    due = night if now >= night else night - timedelta(days=1)
    return None if Check.objects.filter(at__gte=due).exists() else check()


def check() -> Check | None:
    """Compare once; None where there are no figures to compare yet. The lock is held, so nothing is counted meanwhile."""
    with transaction.atomic():
        hold()
        now = database_clock.now()
        generation = Generation.objects.filter(state=GenerationState.CURRENT).first()
        if generation is None:
            return None
        today = timezone.localdate(now)
        result = Check(at=now, first_day=today - timedelta(days=RECENT_DAYS), last_day=today)
        findings = [*_facts(result), *_rollups(result, generation), *_direct(result)]
        result.differences, result.findings = len(findings), findings[:SHOWN]
        result.finished_at = database_clock.now()
        if findings and figures_told.tell(now, result.differences):
            result.told_at = now
        result.save()
        return result


def _facts(result: Check) -> Iterator[dict[str, Any]]:
    """Facts that are not what their raw rows give; what waits to be counted is not wrong yet."""
    since = result.at - timedelta(days=RECENT_DAYS)
    changed = Event.objects.filter(move="register", recorded_at__gte=since) | Event.objects.filter(
        move__in=["resolve", "close", "reopen", "merge", "unmerge"], at__gte=since
    )
    ids = set(changed.order_by("-at").values_list("complaint", flat=True)[:CHANGED])
    ids |= _sampled()
    waiting = facts.related(list(Change.objects.values_list("complaint_id", flat=True)[:10_000]))
    compared = sorted(ids - waiting)
    result.sampled = len(compared)
    with connection.cursor() as cursor:
        for model, statement in facts.KINDS.items():
            names = ", ".join(facts.columns(model))
            stored = f"SELECT {names} FROM {model._meta.db_table} WHERE complaint_id = ANY(%(ids)s)"
            cursor.execute(
                f"WITH raw ({names}) AS ({statement}), stored AS ({stored}), differs AS ("
                "(TABLE raw EXCEPT ALL TABLE stored) UNION ALL (TABLE stored EXCEPT ALL TABLE raw)) "
                "SELECT DISTINCT complaint_id FROM differs ORDER BY 1",
                facts.given(compared),
            )
            for (complaint,) in cursor.fetchall():
                yield {"what": model._meta.model_name, "complaint": complaint}


def _sampled() -> set[int]:
    """Up to SAMPLED complaints from all over, by random keys, without reading all."""
    ends = ComplaintFact.objects.aggregate(first=Min("pk"), last=Max("pk"))
    if ends["first"] is None:
        return set()
    keys = random.sample(range(ends["first"], ends["last"] + 1), min(SAMPLED, ends["last"] + 1 - ends["first"]))
    return set(ComplaintFact.objects.filter(pk__in=keys).values_list("pk", flat=True))


def _rollups(result: Check, generation: Generation) -> Iterator[dict[str, Any]]:
    """Cells of the rollups that are not what the facts add up to."""
    old = _old_days(result.first_day)
    for days in [(result.first_day, result.last_day), *((day, day) for day in old)]:
        right = {cell: (n, total) for cell, n, total in counted(above=True, horizon=generation.horizon, days=days)}
        names = ("series", "day", "branch", "request_type", "category", "channel", "key", "bucket", "n", "total")
        rows = DayRollup.objects.filter(generation=generation, series__in=SERIES, day__range=days).exclude(n=0, total=0)
        kept = {Cell(*cell): (n, total) for *cell, n, total in rows.values_list(*names)}
        result.compared += len(right)
        for cell in sorted({*right, *kept}, key=str):
            if right.get(cell) != kept.get(cell):
                yield {
                    "what": cell.series,
                    "day": cell.day.isoformat(),
                    "cell": [str(part) for part in cell[2:]],
                    "figure": kept.get(cell),
                    "facts": right.get(cell),
                }


def _old_days(before: date) -> list[date]:
    """Some days before, on which the sampled complaints came."""
    days = ComplaintFact.objects.filter(pk__in=_sampled(), received_on__lt=before).values_list("received_on", flat=True)
    return sorted(set(days), key=lambda _day: random.random())[:OLD_DAYS]


def _direct(result: Check) -> Iterator[dict[str, Any]]:
    """Whole numbers of the recent days, counted from the raw rows in other words; only while nothing waits to be counted."""
    if Change.objects.exists():
        return
    days = (result.first_day, result.last_day)
    period = Period(*days)
    for series, statement in DIRECT.items():
        with connection.cursor() as cursor:
            cursor.execute(statement, [period.start, period.end])
            raw = cursor.fetchone()[0]
        rows = DayRollup.objects.in_use().filter(branch__parent=None, series=series, day__range=days)
        kept = rows.aggregate(n=Sum("n"))["n"] or 0
        if raw != kept:
            yield {"what": series, "day": f"{days[0]} – {days[1]}", "figure": kept, "raw": raw}
