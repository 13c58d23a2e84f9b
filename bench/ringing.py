"""How fast due alarms ring: two workers, a desk of any size, and as many alarms as wanted due in the same minute.

    .venv/bin/python -m bench.ringing [--complaints 1000000] [--alarms 10000] [--workers 2]

Servers and data are its own, in a temporary folder (or --data, which is kept) that needs about 12 GB for a million complaints.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from devtools.places import PYTHON, ROOT
from devtools.processes import interrupt_on_signals
from devtools.say import line, step
from devtools.servers import Servers

PLAIN = 1000


class Bench:
    """The steps of `bench.alarms`, each in a process of its own, on servers that can be started anew."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.environment: dict[str, str] = {}

    def serve(self, *, throw_away: bool) -> Servers:
        servers = Servers(self.data, {}, throw_away=throw_away)
        servers.start()
        self.environment = {
            **os.environ,
            **servers.environment,
            "PYTHONPATH": str(ROOT),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "REDRESS_SECRET_KEY": "only-for-measuring",
            "REDRESS_DATA": str(self.data),
            "REDRESS_HTTPS": "false",
            "REDRESS_LOG_LEVEL": "WARNING",
        }
        return servers

    def begin(self, name: str, *given: object) -> subprocess.Popen[str]:
        arguments = ", ".join([f"alarms.{name}", *(repr(one) for one in given)])
        code = f"import django; django.setup(); from bench import alarms; alarms.run({arguments})"
        return subprocess.Popen(
            [str(PYTHON), "-c", code],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=self.environment,
        )  # fmt: skip

    def ask(self, name: str, *given: object) -> Any:
        return self.result(self.begin(name, *given))

    def result(self, process: subprocess.Popen[str]) -> Any:
        said, _nothing = process.communicate()
        if process.returncode:
            raise SystemExit(f"A step failed ({process.returncode}); its reason is above.")
        return json.loads(said.splitlines()[-1])

    def ring(self, alarms: int, workers: int) -> tuple[list[int], float, list[dict[str, Any]]]:
        """Bring alarms due before the eyes of workers that begin together; seconds until the last one found nothing due."""
        crew = [self.begin("work") for _ in range(workers)]
        for one in crew:
            assert one.stdout is not None
            one.stdout.readline()
        due = self.ask("bring_due", alarms)
        began = time.perf_counter()
        for one in crew:
            assert one.stdin is not None
            one.stdin.write("begin\n")
            one.stdin.flush()
        done = [self.result(one) for one in crew]
        return due, time.perf_counter() - began, done


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.ringing")
    parser.add_argument("--complaints", type=int, default=1_000_000, help="how many in all; a fifth of them is open")
    parser.add_argument("--alarms", type=int, default=10_000, help="how many fall due in the same minute")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    given = parser.parse_args()
    interrupt_on_signals()
    data = given.data.resolve() if given.data else Path(tempfile.mkdtemp(prefix="redress-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    try:
        measure(Bench(data), given.complaints, given.alarms, given.workers)
    finally:
        if given.data is None:
            shutil.rmtree(data, ignore_errors=True)


def measure(bench: Bench, complaints: int, alarms: int, workers: int) -> None:
    """Build without durability, ring with it."""
    built = bench.data / "built.json"
    if not built.exists():
        servers = bench.serve(throw_away=True)
        try:
            with step(f"Building {complaints} complaints"):
                began = time.perf_counter()
                made = bench.ask("build", complaints)
                made["build_seconds"] = round(time.perf_counter() - began, 1)
        finally:
            servers.stop()
        os.sync()  # what was built without durability must not be written back while the ringing is measured
        built.write_text(json.dumps(made))
    servers = bench.serve(throw_away=False)
    try:
        idle = bench.ask("idle")
        with step(f"Ringing {alarms} alarms with {workers} workers"):
            due, seconds, crew = bench.ring(alarms, workers)
        verdict = bench.ask("verdict", due)
        plain = bench.ask("plain", min(PLAIN, alarms))
    finally:
        servers.stop()
    report(json.loads(built.read_text()), idle, len(due), seconds, crew, verdict, plain)


def report(
    built: dict[str, Any],
    idle: dict[str, Any],
    due: int,
    seconds: float,
    crew: list[dict[str, Any]],
    verdict: dict[str, Any],
    plain: dict[str, Any],
) -> None:
    each = len(crew) * seconds / due
    line("\n".join(f"  {name.replace('_', ' ')}: {value}" for name, value in built.items()))
    line(f"  idle sweep: {idle['buffers']} buffers of index {idle['index']}, {idle['sweep_ms']} ms in all")
    line(f"  due: {due}; rung by the workers: {' + '.join(str(one['rung']) for one in crew)}")
    line(f"  seconds until none was due: {seconds:.1f} ({due / seconds:.0f} a second)")
    line(
        f"  worker-milliseconds for each alarm: {each * 1000:.2f}; processor time {_mean(crew, 'cpu', due):.2f} in the worker, "
        f"{_mean(crew, 'database_cpu', due):.2f} in the database"
    )
    line(
        f"  plain SQL, the same alarm and event: {plain['seconds_each'] * 1000:.2f} ms; ratio {each / plain['seconds_each']:.1f}"
    )
    line(
        f"  never rung: {verdict['unrung']}; rung twice: {verdict['rung_twice']}; at a wrong time: {verdict['wrong_time']}"
    )
    line(
        f"  rung after a younger one: {verdict['inversions']:.2%}, by at most {verdict['most_behind_seconds'] * 1000:.0f} ms "
        f"of due time; notices: {verdict['notices']}"
    )


def _mean(crew: list[dict[str, Any]], what: str, due: int) -> float:
    return sum(one[what] for one in crew) / due * 1000


if __name__ == "__main__":
    main()
