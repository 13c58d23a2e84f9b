"""The tables: what each scenario took, beside the limit and beside django-helpdesk, with the goal and whether it is met."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

NONE = "–"
SMALLEST = 10_000
"""The volume with which the others are compared."""
GROWTH = 1.5
WHOLE = 1_000_000
"""Complaints at which we are to be so far ahead of an alternative that slows down with each of its tickets."""
WORST = "queue: worst filter"
TOOK = {"loading_seconds": "loaded", "figures_seconds": "figures built"}
NO_FILTERS = {"queue: first", "queue: deepest", "queue: deepest of all"}


@dataclass(frozen=True)
class Goal:
    """A line of the issue's table: ours over the limit at most, the alternative over ours at least.

    `ours`, `limit` and `theirs` name where a figure stands (see `figure`); figures are milliseconds, or a second where
    `is_rate` says so, and then the limit's share and our multiple are meant.
    """

    work: str
    ours: str
    limit: str = ""
    times: float = 0
    theirs: str = ""
    ahead: float = 0
    is_rate: bool = False
    theirs_is_rate: bool = False
    ours_as_rate: str = ""
    bound: float = 0
    """For the 95th percentile in milliseconds at most, or a second at least, where the issue gives a number and no ratio."""


GOALS = [
    Goal(
        "public submission", "public form: send", "least: two rows", 2.5, "helpdesk: submit", 2,
        theirs_is_rate=True, ours_as_rate="public form: send",
    ),
    Goal("queue, first page", "queue: first", "least: 25 rows", 2.5, "helpdesk: queue", 150),
    Goal("queue, deepest page", "queue: deepest", "queue: first", 1.3, "helpdesk: queue, deepest", 600),
    Goal("queue, deepest page of all", "queue: deepest of all", "queue: first", 1.3, "helpdesk: queue, deepest", 600),
    Goal("queue, worst filter", WORST, "queue: first", 1.3, "helpdesk: queue, deepest", 600),
    Goal("two-character search", "search: two characters", "LIKE over the stories", 0, "helpdesk: search", 200, bound=60),
    Goal("complaint page", "complaint", "least: one complaint", 4, "helpdesk: ticket", 4),
    Goal("board", "board", "least: 25 rows", 4, "helpdesk: dashboard", 700),
    Goal("trend report", "report: trend", "received by day, from the rollups", 5, "helpdesk: month report", 3000),
    Goal("API list page", "API: list, 25 rows", "least: 25 rows", 3, "helpdesk: API list", 2000),
    Goal("alarms rung", "alarms", "alarms, plain SQL", 0.2, "helpdesk: escalation", 10, is_rate=True),
    Goal("customer import", "customer import", "COPY, customers", 0.4, is_rate=True),
    Goal("demo loader", "demo loader", is_rate=True, bound=1_000_000 / 600),
]  # fmt: skip


def median(one: dict[str, Any]) -> float:
    return statistics.median(one["one"])


def late(one: dict[str, Any]) -> float:
    """The 95th percentile; of few samples the largest."""
    ordered = sorted(one["one"])
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))])


class Found:
    """What was measured at one volume, by the names of scenarios."""

    def __init__(self, said: dict[str, Any]) -> None:
        self.said = said
        self.asked = [one for one in [*said["pages"], *said.get("helpdesk", [])] if "one" in one]
        self.by_name = {one["name"]: one for one in self.asked}
        filters = [one for one in self.asked if one["name"].startswith("queue: ") and one["name"] not in NO_FILTERS]
        if filters:
            self.by_name[WORST] = max(filters, key=median)
        self.bulk: dict[str, dict[str, Any]] = said.get("bulk", {}) | said.get("helpdesk_bulk", {})

    def ms(self, name: str) -> float | None:
        if name in self.by_name:
            return median(self.by_name[name])
        for kind in ("statements", "pgbench"):
            if name in self.said["floors"].get(kind, {}):
                return float(self.said["floors"][kind][name]["ms"])
        return None

    def late(self, name: str) -> float | None:
        return late(self.by_name[name]) if name in self.by_name else None

    def rate(self, name: str) -> float | None:
        one = self.bulk.get(name) or self.by_name.get(name) or {}
        return one.get("per_second")


def write(said: dict[str, Any], folder: Path) -> Path:
    """The figures as JSON, for the next comparison, and as a page of tables."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{said['asked']}.json").write_text(
        json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    smaller = folder / f"{SMALLEST}.json"
    before = Found(json.loads(smaller.read_text(encoding="utf-8"))) if smaller.exists() else None
    page = folder / f"{said['asked']}.md"
    page.write_text("\n".join(_page(Found(said), before)) + "\n", encoding="utf-8")
    return page


def _page(found: Found, before: Found | None) -> Iterable[str]:
    desk = found.said["desk"]
    yield f"# {desk['complaints']:,} complaints\n"
    yield from _machine(found.said)
    yield "\n## Beside the limit and beside django-helpdesk\n"
    yield from table(
        ["work", "ours", "limit", "ratio, goal", "django-helpdesk", "ahead, goal"], map(_goal(found), GOALS)
    )
    if before is not None and before.said["asked"] != found.said["asked"]:
        yield f"\n## p95 beside that at {SMALLEST:,}\n"
        yield from table(["page", "p95 there, ms", "p95 here, ms", "ratio, goal"], _growth(found, before))
    yield "\n## Each scenario\n"
    yield from table(
        [
            "scenario", "median, p95 ms", "samples", "a second at eight", "queries", "database, Python ms", "memory MB"
        ], map(_scenario, found.asked),
    )  # fmt: skip
    failed = [one for one in [*found.said["pages"], *found.said.get("helpdesk", [])] if "failed" in one]
    yield from (f"\nNot measured: {one['name']} ({one['failed'][:200]})" for one in failed)
    if found.bulk:
        yield "\n## In bulk\n"
        yield from table(["work", "rows", "seconds", "a second"], map(_bulk, found.bulk.items()))
    yield "\n## SQL alone\n"
    yield from table(["statement", "ms at one client", "a second at eight"], _statements(found.said["floors"]))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterable[str]:
    """The one way in which a table is written."""
    yield f"| {' | '.join(head)} |"
    yield f"| {' | '.join('---' for _ in head)} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _machine(said: dict[str, Any]) -> Iterable[str]:
    on, desk = said["machine"], said["desk"]
    packages = ", ".join(f"{name} {number}" for name, number in on["packages"].items())
    settings = ", ".join(f"{name} {value}" for name, value in on["settings"].items())
    yield (
        f"{on['date']}, revision {on['revision']}; {on['processors']} × {on['processor']}, {on['memory_gb']} GB, {on['system']}; "
        f"load of the machine when it began {on['load'][0]}. Python {on['python']}, {packages}, PostgreSQL {on['postgresql']} "
        f"({settings}). Two web processes of four threads, the settings of `./dev up`, no worker beside them."
    )
    loaded = "".join(f"; {what} in {desk[name]:,.0f} s" for name, what in TOOK.items() if name in desk)
    yield f"\n{desk['complaints']:,} complaints, {desk['open']:,} of them open, {desk['events']:,} events{loaded}."
    if "helpdesk_versions" in said:
        yield f"\nBeside it: {said['helpdesk_versions']}."


def _goal(found: Found) -> Callable[[Goal], list[str]]:
    is_whole = found.said["asked"] >= WHOLE

    def row(goal: Goal) -> list[str]:
        read = found.rate if goal.is_rate else found.ms
        ours, limit = read(goal.ours), read(goal.limit)
        theirs = (found.rate if goal.is_rate or goal.theirs_is_rate else found.ms)(goal.theirs)
        mine = found.rate(goal.ours_as_rate) if goal.ours_as_rate else ours
        unit = " /s" if goal.is_rate else " ms"
        cells = [goal.work, _said(ours, unit), _said(limit, unit)]
        ratio = ours / limit if ours and limit else None
        if goal.bound:
            held = found.late(goal.ours) if not goal.is_rate else ours
            cells.append(f"{'' if goal.is_rate else 'p95 '}{_kept(held, round(goal.bound), is_most=not goal.is_rate)}")
        else:
            cells.append(_kept(ratio, goal.times, is_most=not goal.is_rate))
        cells.append(_said(theirs, " /s" if goal.is_rate or goal.theirs_is_rate else " ms"))
        ahead = None
        if mine and theirs:
            ahead = mine / theirs if goal.is_rate or goal.theirs_is_rate else theirs / mine
        cells.append(_kept(ahead, goal.ahead, is_most=False, judges=is_whole) if goal.ahead else NONE)
        return cells

    return row


def _kept(ratio: float | None, goal: float, *, is_most: bool, judges: bool = True) -> str:
    """The ratio and its goal; `judges` says whether the goal is meant for so many complaints."""
    sign = "≤" if is_most else "≥"
    if ratio is None:
        return f"{NONE} ({sign} {goal:g})"
    is_met = ratio <= goal if is_most else ratio >= goal
    return f"{_number(ratio)} ({sign} {goal:g}){'' if is_met or not judges else ' **not met**'}"


def _growth(found: Found, before: Found) -> Iterable[list[str]]:
    for one in found.asked:
        if one["name"] in before.by_name and one["name"].startswith(("queue", "search", "complaint")):
            then, now = late(before.by_name[one["name"]]), late(one)
            yield [one["name"], _number(then), _number(now), _kept(now / then, GROWTH, is_most=True)]


def _scenario(one: dict[str, Any]) -> list[str]:
    inside = f"{one['database']:.1f}, {one['processor']:.1f}" if "database" in one else NONE
    return [
        one["name"],
        f"{_number(median(one))}, {_number(late(one))}",
        str(len(one["one"])) + (", given up" if one.get("gave_up") else ""),
        _said(one.get("per_second")),
        f"{one['queries']:.0f}" if "queries" in one else NONE,
        inside,
        _said(one.get("memory")),
    ]


def _bulk(item: tuple[str, dict[str, Any]]) -> list[str]:
    name, one = item
    return [name, f"{one['rows']:,}", _number(one["seconds"]), _number(one["per_second"])]


def _statements(floors: dict[str, Any]) -> Iterable[list[str]]:
    for name, one in floors.get("pgbench", {}).items():
        yield [f"pgbench: {name}", _number(one["ms"]), _number(one["per_second"])]
    for name, one in floors.get("statements", {}).items():
        yield [name, _number(one["ms"]), NONE]


def _said(value: float | None, unit: str = "") -> str:
    return NONE if value is None else f"{_number(value)}{unit}"


def _number(value: float) -> str:
    """Three figures that count."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2 if value >= 0.1 else 4
    return f"{value:,.{digits}f}"
