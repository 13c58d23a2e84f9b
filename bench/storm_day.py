"""The day of a storm at a utility of sixty million customers, minute by minute, on as many machines as it takes.

    .venv/bin/python -m bench.storm_day COSTS.json [--customers 60000000] [--seed 7]

What one request, one alarm or one notice costs in processor time comes from COSTS.json, which `bench.costs` measures on the
real product. Everything else is the arithmetic of waiting: requests arrive as a storm brings them, take a web process for their
time, then a processor of the database for theirs; what is done later takes a worker. Nothing here knows more of the product than
those times: locks, disks and networks are not in it, so its machines are the least that could do, not a promise.
docs/scaling.md says how it is read.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from devtools.say import line

MINUTES = 24 * 60
CUSTOMERS, WITHOUT_SUPPLY = 60_000_000, 0.03


@dataclass(frozen=True, slots=True)
class Storm:
    """What comes to the desk. The shares are assumptions of this program: change them, and say so beside the result."""

    customers: int = CUSTOMERS
    without_supply: float = WITHOUT_SUPPLY
    """Of all customers, on the worst day."""
    complaining: float = 0.15
    """Of those without supply: once, on any channel."""
    on_the_web: float = 0.6
    """Of those who complain; the others call, and an agent types."""
    looks: float = 6.0
    """At the page of one's own complaint, each."""
    notices: float = 3.0
    """To each complainant: received, when supply is expected, supply is back."""
    alarms: float = 0.2
    """That really ring, for each complaint: most are answered before."""
    customers_of_an_agent: int = 15_000
    customers_of_a_supervisor: int = 150_000
    refresh: float = 0.5
    """Pages of the queue that one agent or supervisor opens in a minute."""
    peak: float = 11.0
    """Hour of the day at which most supply fails, and how wide that is."""
    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor milliseconds of one piece of work: in a web process, in the database, in a worker."""

    web: float = 0.0
    database: float = 0.0
    worker: float = 0.0


@dataclass(frozen=True, slots=True)
class Machines:
    """Processors for each part."""

    web: int
    database: int
    workers: int


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work: when it comes, in seconds of the day, and what it is."""

    at: float
    kind: str


@dataclass(slots=True)
class Outcome:
    """Waiting and busy time of a day."""

    answered: list[float]
    """Seconds from a request to its answer."""
    later: list[float]
    """Seconds from when deferred work was due to its end."""
    busy: dict[str, float]
    """Share of each part's processors in use in its worst hour."""


KINDS = ("complain", "register", "look", "queue", "board", "alarm", "notice", "follow")
"""`complain` and `register` are the whole way through a form; `follow` is what workers do for a complaint afterwards."""


def served(work: Iterable[tuple[float, float]], processors: int) -> Iterator[float]:
    """When each piece of work ends, first come first served: (arrival, need) in seconds, by arrival."""
    free = [0.0] * processors
    for at, need in work:
        end = max(at, free[0]) + need
        heapq.heapreplace(free, end)
        yield end


def day(storm: Storm, seed: int) -> list[Piece]:
    """All work of the day in order.

    Supply fails around the peak; whoever complains does so soon afterwards, and looks again for hours.
    """
    rng = random.Random(seed)
    complaints = round(storm.customers * storm.without_supply * storm.complaining)
    found: list[Piece] = []
    for _number in range(complaints):
        at = _within(rng.gauss(storm.peak, storm.width) * 3600 + rng.expovariate(1 / 1200))
        found += (Piece(at, "complain" if rng.random() < storm.on_the_web else "register"), Piece(at, "follow"))
        found += (Piece(_within(at + rng.expovariate(1 / 5400)), "look") for _look in range(_count(rng, storm.looks)))
        found += (Piece(_within(at + rng.uniform(0, 14400)), "notice") for _one in range(_count(rng, storm.notices)))
        found += (Piece(_within(at + rng.uniform(1800, 28800)), "alarm") for _one in range(_count(rng, storm.alarms)))
    supervisors = round(storm.customers / storm.customers_of_a_supervisor)
    people = supervisors + round(storm.customers / storm.customers_of_an_agent)
    found += (Piece(rng.uniform(0, 86400), "queue") for _page in range(round(people * storm.refresh * MINUTES)))
    found += (Piece(rng.uniform(0, 86400), "board") for _page in range(supervisors * MINUTES))
    return sorted(found, key=lambda piece: piece.at)


def _within(second: float) -> float:
    return min(max(second, 0.0), 86399.0)


def _count(rng: random.Random, mean: float) -> int:
    """So many that the mean is right."""
    return math.floor(mean) + (rng.random() < mean % 1)


def simulate(work: Sequence[Piece], costs: dict[str, Cost], machines: Machines) -> Outcome:
    """One day through web processes or workers, and then the database, which both share."""
    deferred = [piece for piece in work if costs[piece.kind].worker]
    asked = [piece for piece in work if not costs[piece.kind].worker]
    stages = []
    for pieces, processors, part in ((asked, machines.web, "web"), (deferred, machines.workers, "worker")):
        needs = ((piece.at, getattr(costs[piece.kind], part) / 1000) for piece in pieces)
        ends = served(needs, processors)
        stages += [(end, costs[piece.kind].database / 1000, piece) for end, piece in zip(ends, pieces, strict=True)]
    stages.sort(key=lambda one: one[0])
    outcome = Outcome([], [], _busy(work, costs, machines))
    for end, (_at, _need, piece) in zip(
        served(((at, need) for at, need, _ in stages), machines.database), stages, strict=True
    ):
        (outcome.later if costs[piece.kind].worker else outcome.answered).append(end - piece.at)
    return outcome


def _busy(work: Sequence[Piece], costs: dict[str, Cost], machines: Machines) -> dict[str, float]:
    """What comes in the worst hour beside what an hour of the processors is."""
    found = {}
    for part, processors in (("web", machines.web), ("database", machines.database), ("worker", machines.workers)):
        hours = [0.0] * 24
        for piece in work:
            hours[int(piece.at // 3600)] += getattr(costs[piece.kind], part)
        found[part] = max(hours) / 1000 / 3600 / processors
    return found


def percentile(times: Sequence[float], share: float) -> float:
    """The smallest of the times that this share does not exceed; nothing waited is 0."""
    ordered = sorted(times)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0.0


GOALS = {"answered": 1.0, "later": 60.0}
"""Seconds that 99 of 100 may take: a page, and what is done later."""


def least(work: Sequence[Piece], costs: dict[str, Cost]) -> tuple[Machines, Outcome]:
    """The fewest processors of each part with which the goals are met: from what the worst hour needs, a tenth more each time."""
    alone = _busy(work, costs, Machines(1, 1, 1))
    web, database, workers = (math.ceil(alone[part]) for part in ("web", "database", "worker"))
    while True:
        machines = Machines(web, database, workers)
        outcome = simulate(work, costs, machines)
        slow = {name: percentile(getattr(outcome, name), 0.99) > most for name, most in GOALS.items()}
        if not any(slow.values()):
            return machines, outcome
        web += math.ceil(web / 10) * slow["answered"]
        workers += math.ceil(workers / 10) * slow["later"]
        database += math.ceil(database / 10)


def costs_of(path: Path) -> dict[str, Cost]:
    """Raises SystemExit when the file does not say what each kind of work costs."""
    said = json.loads(path.read_text(encoding="utf-8"))["costs"]
    if missing := set(KINDS) - set(said):
        raise SystemExit(f"{path.name} does not say what this costs: {', '.join(sorted(missing))}.")
    return {kind: Cost(**said[kind]) for kind in KINDS}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.storm_day")
    parser.add_argument("costs", type=Path, help="what bench.costs wrote")
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--without-supply", type=float, default=WITHOUT_SUPPLY, metavar="SHARE")
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    costs = costs_of(given.costs)
    work = day(Storm(customers=given.customers, without_supply=given.without_supply), given.seed)
    machines, outcome = least(work, costs)
    report(work, costs, machines, outcome)


def report(work: Sequence[Piece], costs: dict[str, Cost], machines: Machines, outcome: Outcome) -> None:
    line("  | work | of the day | in its busiest minute | web ms | database ms | worker ms |")
    line("  | --- | --- | --- | --- | --- | --- |")
    for kind in KINDS:
        minutes = Counter(int(piece.at // 60) for piece in work if piece.kind == kind)
        cost = costs[kind]
        line(
            f"  | {kind} | {minutes.total():,} | {max(minutes.values(), default=0):,} "
            f"| {cost.web:.1f} | {cost.database:.1f} | {cost.worker:.1f} |"
        )
    line("\n  | processors | number | busy in the worst hour |\n  | --- | --- | --- |")
    for part, number in (("web", machines.web), ("database", machines.database), ("worker", machines.workers)):
        line(f"  | {part} | {number} | {outcome.busy[part]:.0%} |")
    line("\n  | seconds | median | 99 of 100 | longest |\n  | --- | --- | --- | --- |")
    for name, times in (("until the answer", outcome.answered), ("until done, of what is done later", outcome.later)):
        line(
            f"  | {name} | {percentile(times, 0.5):.3f} | {percentile(times, 0.99):.3f} | {max(times, default=0):.3f} |"
        )


if __name__ == "__main__":
    main()
