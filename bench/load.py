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
from collections.abc import Callable, Iterator, Sequence
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
ROUNDS, MOST_WARMING = 3, 50
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


class Measured:
    """One scenario: begun, asked for by one client in several rounds, then by several at once.

    It fails as a whole, with the reason, when one answer is not the expected one.
    """

    def __init__(self, port: int, scenario: dict[str, Any]) -> None:
        self.source = Source(port, scenario)
        self.said: dict[str, Any] = {"name": scenario["name"]}
        self.times: list[float] = []
        self.is_over = False

    def _tried(self, work: Callable[[], None]) -> None:
        if self.is_over:
            return
        try:
            work()
        except TimeoutError:
            self.times, self.is_over, self.said["gave_up"] = [float(PATIENCE)], True, True
        except Failed as failed:
            self.times, self.is_over, self.said["failed"] = [], True, str(failed)

    def begin(self, seconds: float, most: int) -> None:
        """The first request tells what it cost inside; it is a sample only where it takes all the time there is."""

        def first() -> None:
            visitor = self.source.led(1)[0]
            began = time.perf_counter()
            headers = visitor.ask(visitor.journey["timed"], {"X-Bench": "1"})
            taken = time.perf_counter() - began
            told = {name.removeprefix(TOLD): float(value) for name, value in headers.items() if name.startswith(TOLD)}
            self.said |= told
            if taken > max(seconds, SLOW):
                self.times, self.is_over = [taken], True
            elif most > 1:
                for more in self.source.led(WARMING if taken < SLOW else 0):
                    more.timed()

        self._tried(first)

    def alone(self, seconds: float, most: int) -> None:
        self._tried(lambda: self.times.extend(_alone(self.source, seconds, most)))

    def together(self, seconds: float, most: int, clients: int) -> None:
        def at_once() -> None:
            if self.times and max(self.times) < SLOW:
                enough = clients + int(3 * clients * seconds / min(self.times))  # more than they can use up
                self.said |= _together(self.source, seconds, min(most, enough), clients)

        self._tried(at_once)

    def told(self) -> dict[str, Any]:
        if not self.times and "failed" not in self.said:
            self.said["failed"] = "there are too few journeys"
        return {**self.said, **({"one": [round(taken * 1000, 3) for taken in self.times]} if self.times else {})}


def measure(
    port: int, scenarios: Sequence[dict[str, Any]], *, seconds: float, most: int, clients: int, processes: Sequence[int]
) -> list[dict[str, Any]]:
    """Round after round at one client, so that what else the machine does hits all alike; then each by several at once."""
    found = [Measured(port, scenario) for scenario in scenarios]
    for one in found:
        one.begin(seconds, most)
    rounds = min(ROUNDS, most)
    for _round in range(rounds):
        for one in found:
            one.alone(seconds / rounds, most // rounds)
    for one in found:
        one.together(seconds / 2, most, clients)
        one.said["memory"] = memory(processes)
    return [one.told() for one in found]


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


def warm(port: int, scenarios: Sequence[dict[str, Any]], clients: int) -> None:
    """Until each process of the web has loaded itself and each thread is connected to the database.

    By the first page that may be asked for again and again; where all is sent, by journeys that are then used up.
    """
    scenario = next((one for one in scenarios if one["loops"]), scenarios[0])
    quick, many = 0, clients * WARMING
    for _round in range(MOST_WARMING if scenario["loops"] else 2 * ROUNDS):
        part = scenario
        if not scenario["loops"]:
            part = {**scenario, "journeys": scenario["journeys"][:many]}
            scenario["journeys"] = scenario["journeys"][many:]
        began = time.perf_counter()
        _together(Source(port, part), 0.2, many, clients)
        quick = quick + 1 if time.perf_counter() - began < SLOW else 0
        if quick == ROUNDS:
            return


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
    if plan["scenarios"]:
        warm(plan["port"], plan["scenarios"], plan["clients"])
    given = {name: plan[name] for name in ("seconds", "most", "clients", "processes")}
    print(json.dumps(measure(plan["port"], plan["scenarios"], **given)))


if __name__ == "__main__":
    main()
