"""Service issues of the made-up utility: what storms broke, what was planned, and what many complaints share."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from analytics.demo import network
from analytics.demo.moments import DAY, HOUR, MINUTE, LocalTime, Moment
from analytics.demo.seasons import Day

FAULT_KINDS = frozenset({"OUT-01", "OUT-02", "OUT-06", "OUT-07", "OUT-05"})
PLANNED_KINDS = frozenset({"OUT-03", "OUT-04"})
VOLTAGE_KINDS = frozenset({"VOL-01", "VOL-02"})
FAULT_CAUSES = [
    "大风刮断导线",
    "雷击绝缘子闪络",
    "树木倒压线路",
    "施工挖断电缆",
    "配电变压器高压侧熔断器熔断",
    "车辆撞断电杆",
]


@dataclass(frozen=True, slots=True)
class Issue:
    id: int
    kind: str
    title: str
    cause: str
    branch: int
    feeder: int
    kinds: frozenset[str]
    started: Moment
    expected: Moment
    ended: Moment | None


def issues_of(
    days: list[Day],
    *,
    seed: int,
    ending: Moment,
    local: LocalTime,
    shape: network.Shape,
    stations: list[int],
    first_id: int,
) -> list[Issue]:
    """A few a week, more when it storms; those that have not ended yet are the ones a supervisor looks at."""
    rng = Random(f"issues {seed}")
    found: list[Issue] = []
    for day in days:
        stormy = (
            [s for s in range(network.STATIONS) if network.county_of(s) in day.stormy]
            if day.boost.get("OUT", 1) > 2.5
            else []
        )
        for _number in range(min(4, len(stormy))):
            found.append(_issue(rng, day, "fault", rng.choice(stormy), local, shape, stations, first_id + len(found)))
        for kind, chance in (("fault", 0.35), ("planned_outage", 0.4), ("voltage", 0.04)):
            if rng.random() < chance or (day is days[-1] and kind != "voltage"):
                station = rng.randrange(network.STATIONS)
                found.append(_issue(rng, day, kind, station, local, shape, stations, first_id + len(found)))
    return [_known_by(ending, issue) for issue in found if issue.started < ending]


def _issue(
    rng: Random, day: Day, kind: str, station: int, local: LocalTime, shape: network.Shape, stations: list[int], id: int
) -> Issue:
    feeder = station + network.STATIONS * rng.randrange(shape.feeders // network.STATIONS)
    line = f"{network.STATION_NAMES[station // network.COUNTIES][0]}{feeder // network.STATIONS + 1}线"
    county = network.COUNTY_NAMES[network.county_of(station)][0]
    match kind:
        case "fault":
            started = local.at(day.date, rng.uniform(0, 23.5))
            ended = started + int(60 * rng.lognormvariate(0.9, 0.6)) * MINUTE
            return Issue(
                id, kind, f"{county}{line}故障停电", rng.choice(FAULT_CAUSES), stations[station], feeder, FAULT_KINDS,
                started, started + 3 * HOUR, ended,
            )  # fmt: skip
        case "planned_outage":
            started = local.at(day.date, 8)
            ended = started + rng.randint(5, 11) * HOUR
            return Issue(
                id, kind, f"{county}{line}计划检修停电", "10千伏线路检修", stations[station], feeder, PLANNED_KINDS,
                started, started + 8 * HOUR, ended,
            )  # fmt: skip
    started = local.at(day.date, 18)
    ended = started + rng.randint(10, 70) * DAY
    return Issue(
        id, kind, f"{county}{line}台区低电压", "台区重过载，等待增容", stations[station], feeder, VOLTAGE_KINDS,
        started, started + 30 * DAY, ended,
    )  # fmt: skip


def _known_by(ending: Moment, issue: Issue) -> Issue:
    if issue.ended is None or issue.ended <= ending:
        return issue
    return Issue(
        issue.id, issue.kind, issue.title, issue.cause, issue.branch, issue.feeder, issue.kinds, issue.started,
        max(issue.expected, ending + HOUR), None,
    )  # fmt: skip
