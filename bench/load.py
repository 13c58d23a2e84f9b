"""The load generator: a process of its own that reads a plan and writes what it measured. `python -m bench.load < PLAN > RESULT`

Each request has a connection of its own, as a reverse proxy makes them, so that the web's processes share the work; each journey
comes from an address of its own (Linux has all of 127/8), because the door holds back what one address sends in numbers.
"""

from __future__ import annotations

import itertools
import json
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any

from bench.asking import CSRF

PATIENCE = 300
"""Seconds after which nobody waits any longer; that time is the sample then."""
TOLD = "x-bench-"
SLOW = 2.0
"""Seconds; what takes longer is asked for less often, and not by eight at once."""
WARMING = 4
"""Requests of each scenario that are not counted: both processes of the web load what it needs."""
_address = itertools.count(1)


class Failed(Exception):
    """An answer that was not the expected one."""


class Visitor:
    """One browser on one journey."""

    def __init__(self, port: int, journey: dict[str, Any]) -> None:
        self.port, self.journey = port, journey
        self.cookies = {"csrftoken": CSRF, **journey["cookies"]}
        number = next(_address)
        self.source = (f"127.{number // 62500 % 200 + 8}.{number // 250 % 250}.{number % 250 + 1}", 0)

    def lead(self) -> Visitor:
        for request in self.journey["before"]:
            self.ask(request)
        return self

    def ask(self, request: dict[str, Any], more: dict[str, str] | None = None) -> dict[str, str]:
        """The headers of the answer. Raises Failed."""
        connection = HTTPConnection(
            "127.0.0.1", self.port, timeout=PATIENCE, source_address=self.source if sys.platform == "linux" else None
        )
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        headers = {"Cookie": cookie, "Host": f"127.0.0.1:{self.port}", **request["headers"], **(more or {})}
        try:
            connection.request(request["method"], request["path"], request["body"] or None, headers)
            answer = connection.getresponse()
            body = answer.read()
            for value in answer.headers.get_all("Set-Cookie", []):
                self.cookies |= {name: one.value for name, one in SimpleCookie(value).items()}
        finally:
            connection.close()
        location = answer.headers.get("Location", "")
        if answer.status != request["expected"] or request["leads_to"] not in location:
            said = location or body[-300:].decode(errors="replace")
            raise Failed(f"{request['method']} {request['path']}: {answer.status} {said}")
        return {name.lower(): value for name, value in answer.headers.items()}

    def timed(self) -> float:
        began = time.perf_counter()
        self.ask(self.journey["timed"])
        return time.perf_counter() - began


class Source:
    """Where visitors come from: for a scenario that loops without end, else until the journeys are used up."""

    def __init__(self, port: int, scenario: dict[str, Any]) -> None:
        journeys = scenario["journeys"]
        self.loops = scenario["loops"]
        self._port, self._left = port, itertools.cycle(journeys) if self.loops else iter(journeys)
        self._lock = threading.Lock()

    def next(self) -> Visitor | None:
        with self._lock:
            journey = next(self._left, None)
        return None if journey is None else Visitor(self._port, journey)

    def led(self, count: int) -> list[Visitor]:
        """So many who stand just before what is timed; fewer when no more are left."""
        found = (self.next() for _ in range(count))
        return [one.lead() for one in found if one is not None]


def measure(port: int, scenario: dict[str, Any], *, seconds: float, most: int, clients: int) -> dict[str, Any]:
    """One client first, then several at once; fails as a whole, with the reason, when one answer is not the expected one."""
    source = Source(port, scenario)
    told: dict[str, float] = {}
    try:
        counted = source.led(1)[0]
        began = time.perf_counter()
        headers = counted.ask(counted.journey["timed"], {"X-Bench": "1"})
        first = time.perf_counter() - began
        told = {name.removeprefix(TOLD): float(value) for name, value in headers.items() if name.startswith(TOLD)}
        if first > max(seconds, SLOW):  # counting is nothing beside it
            return {"name": scenario["name"], "one": [round(first * 1000, 3)], **told}
        if first < SLOW and most > 1:
            for visitor in source.led(WARMING):
                visitor.timed()
        one = list(_alone(source, seconds, most))
        if not one:
            raise Failed("there are too few journeys")
        enough = clients + int(3 * seconds / min(one))  # more than they can use up
        several = _together(source, seconds / 2, min(most, enough), clients) if max(one) < SLOW else {}
    except TimeoutError:
        return {"name": scenario["name"], "one": [PATIENCE * 1000.0], "gave_up": True, **told}
    except Failed as failed:
        return {"name": scenario["name"], "failed": str(failed), **told}
    return {"name": scenario["name"], "one": [round(taken * 1000, 3) for taken in one], **several, **told}


def _alone(source: Source, seconds: float, most: int) -> Iterator[float]:
    until = time.perf_counter() + seconds
    for number in range(most):
        if number and time.perf_counter() > until:
            return
        visitors = source.led(1)
        if not visitors:
            return
        yield visitors[0].timed()


def _together(source: Source, seconds: float, most: int, clients: int) -> dict[str, Any]:
    """How many a second get their answer. Who has to be led there is led before the time begins."""
    waiting = [] if source.loops else source.led(most)
    if not source.loops and len(waiting) < 2:
        return {}
    until, lock, done, failed = time.perf_counter() + seconds, threading.Lock(), itertools.count(), list[Failed]()

    def next_one() -> Visitor | None:
        with lock:
            if source.loops:
                return source.next()
            return waiting.pop() if waiting else None

    def client() -> None:
        while time.perf_counter() < until and (visitor := next_one()) is not None:
            try:
                visitor.timed()
            except Failed as reason:
                failed.append(reason)
                return
            next(done)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    number = next(done)
    return {"together": number, "per_second": round(number / (time.perf_counter() - began), 2)}


def warm(port: int, scenario: dict[str, Any], clients: int) -> None:
    """Let every thread of the web connect to the database before anything is timed."""
    _together(Source(port, scenario), 1, clients * WARMING, clients)


def memory(processes: Sequence[int]) -> float | None:
    """Megabytes of the largest of these processes, shared pages included; nothing where the system does not tell."""
    found = [Path(f"/proc/{process}/status") for process in processes]
    sizes = [
        int(line.split()[1]) / 1024
        for file in found
        if file.exists()
        for line in file.read_text().splitlines()
        if line.startswith("VmRSS")
    ]
    return round(max(sizes), 1) if sizes else None


def main() -> None:
    plan = json.load(sys.stdin)
    for scenario in plan["scenarios"][:1]:
        warm(plan["port"], scenario, plan["clients"])
    for scenario in plan["scenarios"]:
        result = measure(plan["port"], scenario, seconds=plan["seconds"], most=plan["most"], clients=plan["clients"])
        print(json.dumps({**result, "memory": memory(plan["processes"])}), flush=True)


if __name__ == "__main__":
    main()
