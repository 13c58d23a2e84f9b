"""Asks for what workers do in bulk, each scenario in a process of its own, the alarms with two workers as in production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.inside import Inside, result
from devtools.say import step

WORKERS = 2
SCENARIOS = {
    "notice fan-out": "fan_out",
    "customer import": "customers",
    "regulator batch": "batch",
    "export": "export",
}
MOST = {"alarms": 2_000, "notice fan-out": 5_000, "customer import": 20_000, "regulator batch": 200, "export": 20_000}
"""Rows of each at most; on a smaller desk no more than it has complaints."""


def measure(inside: Inside, complaints: int, only: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    wanted = [name for name in MOST if not only or name.startswith(tuple(only))]
    for name in wanted:
        with step(f"In bulk: {name}"):
            count = min(MOST[name], complaints)
            where = f"bench.scenarios.bulk:{SCENARIOS.get(name)}"
            found |= alarms(inside, count) if name == "alarms" else inside.ask(where, count)
    return found


def alarms(inside: Inside, count: int) -> dict[str, Any]:
    """Two workers begin together; what they rang, over the time until the later one found nothing due."""
    crew = [inside.begin("bench.scenarios.bulk:ring") for _ in range(WORKERS)]
    for one in crew:
        assert one.stdout is not None
        one.stdout.readline()
    plain = inside.ask("bench.scenarios.bulk:due", count)
    for one in crew:
        assert one.stdin is not None
        one.stdin.write("begin\n")
        one.stdin.flush()
    rung = [result(one, "Ringing") for one in crew]
    rows, seconds = sum(one["rows"] for one in rung), max(one["seconds"] for one in rung)
    together = {"rows": rows, "seconds": seconds, "per_second": round(rows / seconds, 1) if seconds else 0.0}
    return {"alarms": together, "alarms, plain SQL": plain}
