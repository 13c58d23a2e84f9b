"""What each piece of a storm's work costs in processor time: web processes, workers, database. `bench.storm_day` reckons with it.

    .venv/bin/python -m bench.costs COSTS.json [--seconds 40] [--port 8169]

The product runs as `./dev up` runs it, with its made-up utility. One visitor after another does one kind of work (the people
are those of `bench.storm_hour`) while workers and beat stand still, so that what the database does is the request's; then they go
on, and what they use until nothing is left is what one complaint, one alarm or one notice costs afterwards. What an idle product
uses meanwhile is taken off. Processor time is read from the system, so other work on the machine hardly counts.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import platform
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.storm_hour import PEOPLE, Product
from devtools.places import PYTHON, ROOT
from devtools.processes import interrupt_on_signals
from devtools.say import Trouble, line, step

ASKED = {
    "complain": ("Customer", "public form: open"),
    "register": ("Agent", "agent: register"),
    "look": ("Customer", "tracking page"),
    "queue": ("Supervisor", "queue"),
    "board": ("Wall", "board on the wall"),
}
"""The work, which is also the tag of the task; whose it is; and the request of which there is one in each piece of it."""
MANY, SOON, PATIENCE = 300, 2.0, 600
DUE = f"""
import json
from bench.alarms import bring_due
print("STORM", json.dumps(len(bring_due({MANY}))))
"""
SAID = f"""
import json
from complaints import issues
from complaints.models import ServiceIssue
from staff.models import User
issue = ServiceIssue.objects.public().filter(restored_at=None).earliest("pk")
for number in range({MANY}):
    issues.follow(issue, "sms", f"139{{number:08d}}", language="zh-hans")
issues.say(issue, by=User.objects.filter(role="supervisor").earliest("pk"), text_zh="抢修队已到现场。")
print("STORM", json.dumps(2 * {MANY}))
"""
"""A greeting to each who follows, and what is said."""
LEFT = """
import json
from analytics.models import Change
from complaints import database_clock
from complaints.models import Alarm, IssueUpdate, Notice
now = database_clock.now()
left = [Alarm.objects.due(now), Notice.objects.due(now), IssueUpdate.objects.filter(told_at=None), Change.objects.all()]
print("STORM", json.dumps(sum(rows.count() for rows in left)))
"""


@dataclass(frozen=True, slots=True)
class Used:
    """Processor seconds up to now."""

    web: float
    database: float
    worker: float

    def since(self, before: Used) -> Used:
        return Used(self.web - before.web, self.database - before.database, self.worker - before.worker)

    def less(self, idle: Used, share: float) -> Used:
        """Without this share of what an idle product uses."""
        return Used(*(max(0.0, mine - its * share) for mine, its in zip(self.all, idle.all, strict=True)))

    @property
    def all(self) -> tuple[float, float, float]:
        return self.web, self.database, self.worker

    def each(self, number: int) -> dict[str, float]:
        """Milliseconds for each of so many."""
        return {name: round(seconds * 1000 / number, 2) for name, seconds in zip(PARTS, self.all, strict=True)}


PARTS = ("web", "database", "worker")


class Running:
    """The processes of a product that runs."""

    def __init__(self, product: Product) -> None:
        self.up = psutil.Process(product.process.pid)

    def of(self, part: str) -> list[psutil.Process]:
        found = []
        for process in self.up.children(recursive=True):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                if part == _part(process):
                    found.append(process)
        return found

    def used(self) -> Used:
        return Used(*(sum(_seconds(process) for process in self.of(part)) for part in PARTS))

    @contextmanager
    def without_workers(self) -> Iterator[None]:
        standing = self.of("worker")
        for process in standing:
            process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for process in standing:
                process.send_signal(signal.SIGCONT)


def _part(process: psutil.Process) -> str:
    said = " ".join(process.cmdline())
    if "postgres" in process.name():
        return "database"
    if "celery" in said:
        return "worker"
    return "web" if "gunicorn" in said or "config.serving" in said else ""


def _seconds(process: psutil.Process) -> float:
    """With what its children used that are gone."""
    with suppress(psutil.NoSuchProcess):
        return sum(process.cpu_times()[:4])
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.costs")
    parser.add_argument("costs", type=Path, help="where to write them")
    parser.add_argument("--seconds", type=int, default=40, help="of each kind of work")
    parser.add_argument("--port", type=int, default=8169)
    given = parser.parse_args()
    interrupt_on_signals()
    folder = Path(tempfile.mkdtemp(prefix="redress-costs-"))
    product = None
    try:
        with step("Starting the product"):
            product = Product(folder / "data", given.port)
            product.wait()
        said = measure(product, folder, given.seconds)
        given.costs.write_text(json.dumps(said, indent=2) + "\n", encoding="utf-8")
    finally:
        if product is not None:
            product.stop()
        shutil.rmtree(folder, ignore_errors=True)


def measure(product: Product, folder: Path, seconds: int) -> dict[str, object]:
    running, costs = Running(product), {}
    settle(product)
    with step("Idle"):
        before = running.used()
        time.sleep(seconds)
        idle = running.used().since(before)
    people = json.dumps(product.ask(PEOPLE))
    for kind in ASKED:
        with step(kind), running.without_workers():
            before = running.used()
            number, took = visited(kind, product, folder, people, seconds)
            costs[kind] = running.used().since(before).less(Used(idle.web, 0, 0), took / seconds).each(number)
        if kind == "complain":
            costs["follow"] = afterwards(product, running, number, idle, seconds)
        settle(product)
        line(f"    {number}: {costs[kind]}")
    for kind, code in (("alarm", DUE), ("notice", SAID)):
        with running.without_workers():
            number = product.ask(code)
        costs[kind] = afterwards(product, running, number, idle, seconds)
        line(f"    {kind} {number}: {costs[kind]}")
    machine = {"processors": os.cpu_count(), "machine": platform.machine(), "python": platform.python_version()}
    return {"costs": costs, "seconds_of_each": seconds, **machine}


def visited(kind: str, product: Product, folder: Path, people: str, seconds: int) -> tuple[int, float]:
    """One visitor does one kind of work; how often, and in how many seconds."""
    whose, request = ASKED[kind]
    environment = {
        **os.environ,
        "STORM_PASSWORD": product.password,
        "STORM_PEOPLE": people,
        "STORM_ACKNOWLEDGED": str(folder / "acknowledged"),
        "STORM_HURRY": "1",
    }
    options = ["--headless", "--only-summary", "-u", "1", "-r", "1", "-t", f"{seconds}s", "--stop-timeout", "30"]
    where = ["-f", str(ROOT / "bench" / "storm_users.py"), "--host", product.address, "--csv", str(folder / kind)]
    began = time.monotonic()
    done = subprocess.run(
        [str(PYTHON), "-m", "locust", *where, *options, whose, "--tags", kind],
        env=environment,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Trouble(f"Requests failed:\n{done.stdout[-1500:]}{done.stderr[-1500:]}")
    with (folder / f"{kind}_stats.csv").open(encoding="utf-8") as file:
        numbers = {row["Name"]: int(row["Request Count"]) for row in csv.DictReader(file)}
    return numbers[request], time.monotonic() - began


def afterwards(product: Product, running: Running, number: int, idle: Used, seconds: int) -> dict[str, float]:
    """What workers and the database use until nothing is left, for each of so many; what pages ask meanwhile is nobody's."""
    before, began = running.used(), time.monotonic()
    settle(product)
    used = running.used().since(before).less(idle, (time.monotonic() - began) / seconds)
    return Used(0, used.database, used.worker).each(number)


def settle(product: Product) -> None:
    """Wait until nothing is left to do. Raises Trouble when that takes too long."""
    until = time.monotonic() + PATIENCE
    while product.ask(LEFT):
        if time.monotonic() > until:
            raise Trouble(f"After {PATIENCE} s there still is work left.")
        time.sleep(SOON)


if __name__ == "__main__":
    main()
