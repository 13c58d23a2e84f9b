"""Asks for what workers do in bulk, each scenario in a process of its own, the alarms with two workers as in production."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bench.inside import Inside, result
from devtools.say import step

WORKERS = 2
MOST = {"alarms": 2_000, "notice fan-out": 5_000, "customer import": 20_000, "regulator batch": 200, "export": 20_000}
"""Rows of each at most; on a smaller desk no more than it has complaints."""


def measure(inside: Inside, complaints: int, only: Sequence[str]) -> dict[str, Any]:
    counts = {name: min(most, complaints) for name, most in MOST.items() if not only or name.startswith(tuple(only))}
    found: dict[str, Any] = {}
    if counts:
        with step(f"In bulk: {', '.join(counts)}"):
            if "alarms" in counts:
                found = alarms(inside, counts.pop("alarms"))
            found |= inside.ask("bench.scenarios.bulk:alone", counts)
    return found


def rows(count: int, seconds: float) -> dict[str, Any]:
    return {"rows": count, "seconds": round(seconds, 3), "per_second": round(count / seconds, 1) if seconds else 0.0}


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
    together = rows(sum(one["rows"] for one in rung), max(one["seconds"] for one in rung))
    return {"alarms": together, "alarms, plain SQL": plain}
