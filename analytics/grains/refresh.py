"""Keeps facts and rollups up to date with what changed, and builds them anew beside the old ones.

Every step is one transaction that takes the one lock, counts what is noted as changed, and stores facts, rollups and how far
it came together. So it may be killed anywhere and run by any number of workers: one counts, the others find nothing to do.
What a complaint adds to the rollups is a function of its stored facts. A step takes the old facts' share out and puts the new
facts' share in, and doing that twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min
from django.utils import timezone

from analytics.grains import facts, working_days
from analytics.grains.series import FORMULA, Cell, counted, question, with_above
from analytics.models import Change, Generation, GenerationState
from complaints import database_clock
from complaints.models import Complaint
from staff.models import User

BATCH = 500
"""Changes that are counted in one transaction."""
PART = 2_000
"""Complaints that a rebuild counts in one transaction."""
SWEPT = 50_000
"""Rows of a replaced generation that are deleted in one transaction."""
LOCK = 0x46494755  # "FIGU"
EVERYTHING = 2**63 - 1
ONE_DAY = timedelta(days=1)

Sums = dict[Cell, tuple[int, int]]


class Step(NamedTuple):
    """What one transaction did: complaints counted, and whether more is left for the next."""

    counted: int
    goes_on: bool


NOTHING = Step(0, False)


def refresh() -> int:
    """Count everything that changed; how many complaints were. Builds the figures first where there are none to use."""
    done, step = 0, Step(0, True)
    while step.goes_on:
        step = _step()
        done += step.counted
    return done


def rebuild(*, by: User | None = None) -> Generation:
    """Ask for a new generation; it is built by `refresh` while the old one stays in use. One at a time."""
    with transaction.atomic():
        hold()
        building = Generation.objects.filter(state=GenerationState.BUILDING).first()
        return building or _begin(database_clock.now(), by)


def formula() -> str:
    """What figures are computed with today: the code's own version, the calendar of working days, the time zone.

    When a branch moves in the tree, the database blots out the formula of what was summed before (`figures_of_a_moved_branch`).
    """
    found = working_days.calendar()
    return f"{FORMULA}/{found.pk if found else '-'}/{settings.TIME_ZONE}"[:40]


@transaction.atomic
def _step() -> Step:
    """One transaction's worth of work; nothing while another worker is at it."""
    if not _lock():
        return NOTHING
    now, today = database_clock.now(), formula()
    states = {one.state: one for one in Generation.objects.exclude(state=GenerationState.RETIRED)}
    current, building = states.get(GenerationState.CURRENT.value), states.get(GenerationState.BUILDING.value)
    if building is not None and building.formula != today:
        _retire(building, now)
        building = None
    if building is None and (current is None or current.formula != today):
        building = _begin(now, None)
    # what was computed otherwise stays as it was until the new generation takes its place
    kept = [one for one in (current, building) if one is not None and one.formula == today]
    for generation in kept:
        _look_back(generation, timezone.localdate(now))
    done, is_all = _count_changes(kept, now)
    if not is_all:
        return Step(done, True)
    if building is not None:
        return Step(done + _build(building, current, now), True)
    return Step(done, _sweep())


def _lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def hold() -> None:
    """Wait until nobody counts, and let nobody count until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _count_changes(kept: Collection[Generation], now: datetime) -> tuple[int, bool]:
    """Count the oldest changes into the generations; how many complaints, and whether that was all there was."""
    found = list(Change.objects.order_by("pk")[:BATCH])
    if found:
        ids = facts.related({change.complaint_id for change in found})
        recount(ids, kept)
        Change.objects.filter(pk__in=[change.pk for change in found]).delete()
    is_all = len(found) < BATCH
    oldest = None if is_all else Change.objects.aggregate(oldest=Min("at"))["oldest"]
    Generation.objects.filter(pk__in=[generation.pk for generation in kept]).update(as_of=min(now, oldest or now))
    return len({change.complaint_id for change in found}), is_all


def recount(ids: Collection[int], kept: Collection[Generation], also: Generation | None = None) -> None:
    """Compute facts anew and carry the difference into the generations that hold them; `also` gets all of them as new."""
    shares = {generation: {pk for pk in ids if pk <= generation.reached} for generation in kept}
    before = {generation: _sums(held, generation.horizon) for generation, held in shares.items()}
    facts.write(ids)
    for generation, held in shares.items():
        _add(generation, _difference(_sums(held, generation.horizon), before[generation]))
    if also is not None:
        _add_all(also, complaints=list(ids), horizon=also.horizon)


def _sums(ids: Collection[int], horizon: date) -> Sums:
    return {cell: (n, total) for cell, n, total in counted(complaints=list(ids), horizon=horizon)} if ids else {}


def _difference(after: Sums, before: Sums) -> Sums:
    changed = {cell: (after.get(cell, (0, 0)), before.get(cell, (0, 0))) for cell in {*after, *before}}
    return {cell: (new[0] - old[0], new[1] - old[1]) for cell, (new, old) in changed.items() if new != old}


COLUMNS = {
    "series": "text",
    "day": "date",
    "branch_id": "bigint",
    "request_type": "text",
    "category_id": "bigint",
    "channel": "text",
    "key": "text",
    "bucket": "smallint",
    "n": "bigint",
    "total": "bigint",
}


_KEYS = ", ".join(["generation_id", *(name for name in COLUMNS if name not in ("n", "total"))])
_ADD = f"""INSERT INTO analytics_dayrollup AS kept (generation_id, {", ".join(COLUMNS)}) SELECT %s, added.* FROM ({{}}) AS added
ON CONFLICT ({_KEYS}) DO UPDATE SET n = kept.n + excluded.n, total = kept.total + excluded.total"""


def _add(generation: Generation, sums: Sums) -> None:
    """Add to the rollups of these branches and of those above; rows that come to nothing stay as zeros."""
    if not sums:
        return
    lines = zip(*((*cell, *numbers) for cell, numbers in sorted(sums.items())), strict=True)
    types = ", ".join(f"%s::{kind}[]" for kind in COLUMNS.values())
    with connection.cursor() as cursor:
        cells = with_above(f"SELECT * FROM unnest({types})")
        cursor.execute(_ADD.format(cells), [generation.pk, *map(list, lines)])


def _add_all(generation: Generation, **narrowed: Any) -> None:
    """Add what `question` finds, without its ever leaving the database."""
    sql, params = question(**narrowed)
    with connection.cursor() as cursor:
        cursor.execute(_ADD.format(with_above(sql)), [generation.pk, *params])


# evenings


def _look_back(generation: Generation, today: date) -> None:
    """Count who was open on the evenings since the last one that was counted."""
    yesterday = today - ONE_DAY
    if generation.horizon >= yesterday:
        return
    working_days.reach(today)
    days = (generation.horizon + ONE_DAY, yesterday)
    _add_all(generation, horizon=yesterday, up_to=generation.reached, days=days, series=["open"])
    generation.horizon = yesterday
    generation.save(update_fields=["horizon"])


# building anew


def _begin(now: datetime, by: User | None) -> Generation:
    today, found = timezone.localdate(now), formula()
    if Generation.objects.filter(state=GenerationState.CURRENT, formula=found).exists():
        working_days.reach(today)
    else:
        working_days.number(today)
    return Generation.objects.create(
        formula=found,
        horizon=today - ONE_DAY,
        asked_by=by,
        started_at=now,
        complaints=Complaint.objects.count(),
    )


def _retire(generation: Generation, now: datetime) -> None:
    generation.state, generation.finished_at = GenerationState.RETIRED, now
    generation.save(update_fields=["state", "finished_at"])


def _build(building: Generation, current: Generation | None, now: datetime) -> int:
    """Count the next complaints into the new generation, or let it take the old one's place when all are in."""
    ids = list(Complaint.objects.filter(pk__gt=building.reached).order_by("pk").values_list("pk", flat=True)[:PART])
    if ids:
        kept = [current] if current is not None and current.formula == building.formula else []
        recount(ids, kept, also=building)
        building.reached, building.counted = ids[-1], building.counted + len(ids)
    else:
        if current is not None:
            _retire(current, now)
        building.state, building.finished_at, building.reached = GenerationState.CURRENT, now, EVERYTHING
    building.save(update_fields=["state", "finished_at", "reached", "counted"])
    return len(ids)


def _sweep() -> bool:
    """Delete rows of a replaced generation, a part at a time; whether there may be more."""
    retired = Generation.objects.filter(state=GenerationState.RETIRED, is_swept=False).first()
    if retired is None:
        return False
    with connection.cursor() as cursor:
        # by their place in the table: planned while it was taken for empty, a look-up of each would read all for each
        cursor.execute(_SWEEP, [retired.pk, SWEPT])
        is_done = cursor.rowcount == 0
    if is_done:
        retired.is_swept = True
        retired.save(update_fields=["is_swept"])
    return True


_SWEEP = """DELETE FROM analytics_dayrollup WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM analytics_dayrollup WHERE generation_id = %s LIMIT %s))"""
