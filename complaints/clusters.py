"""Which complaints cluster on the network and look like one trouble: a pure function of when and where they came in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple


class Row(NamedTuple):
    """One complaint: its key, when it was received, and the feeder and transformer area that supply its place."""

    key: int
    at: datetime
    feeder: int
    area: int


class Cluster(NamedTuple):
    """Complaints that belong together; `area` is None when more than one area of the feeder has them."""

    feeder: int
    area: int | None
    first_at: datetime
    last_at: datetime
    keys: frozenset[int]


def clusters(rows: Iterable[Row], *, window: timedelta, on_area: int, on_feeder: int) -> list[Cluster]:
    """Every complaint that came with enough others within some span of `window`, on the smallest asset that has them all.

    Enough are `on_feeder` on a feeder, or `on_area` in one transformer area. The order of the rows does not matter, and one
    complaint more never takes another out.
    """
    found = []
    for feeder, near in sorted(_by(rows, "feeder").items()):
        taken: set[int] = set()
        for run in dense(near, window, on_feeder):
            areas = {row.area for row in run}
            found.append(_cluster(feeder, areas.pop() if len(areas) == 1 else None, run))
            taken |= {row.key for row in run}
        for area, nearer in sorted(_by(near, "area").items()):
            for run in dense(nearer, window, on_area):
                rest = [row for row in run if row.key not in taken]
                if rest:
                    found.append(_cluster(feeder, area, rest))
    return found


def dense(rows: Collection[Row], window: timedelta, least: int) -> Iterator[list[Row]]:
    """The rows that lie within some span of `window` with at least `least` of them, in runs without a gap longer than it."""
    ordered = sorted(rows, key=lambda row: (row.at, row.key))
    kept: list[Row] = []
    start, next_free = 0, 0
    for end, row in enumerate(ordered):
        while row.at - ordered[start].at > window:
            start += 1
        if end - start + 1 >= least:
            kept += ordered[max(start, next_free) : end + 1]
            next_free = end + 1
    run: list[Row] = []
    for row in kept:
        if run and row.at - run[-1].at > window:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


def _by(rows: Iterable[Row], field: str) -> dict[int, list[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, field)].append(row)
    return groups


def _cluster(feeder: int, area: int | None, run: Sequence[Row]) -> Cluster:
    return Cluster(feeder, area, run[0].at, run[-1].at, frozenset(row.key for row in run))
