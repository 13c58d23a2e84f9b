"""`./dev bench`: the product, the least that could be, and django-helpdesk, measured in one run at each volume.

This process needs no Django: it starts servers, asks others (`inside.py`, `load.py`) and writes down what they say.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import beside, bulk, floors, machine, ratios
from bench.inside import Inside
from bench.load import WARMING
from devtools.places import PYTHON, ROOT
from devtools.processes import Process, interrupt_on_signals
from devtools.say import Trouble, line, step
from devtools.up import collect_static, locked, product_processes, served

VOLUMES = (10_000, 100_000, 1_000_000)
CLIENTS = 8
READY_PATIENCE = 60
UNTHROTTLED = {"REDRESS_API_PER_MINUTE": "1000000", "REDRESS_API_PER_MINUTE_OF_ADDRESS": "1000000"}
"""One machine asks as often as thousands of people; otherwise the brake would be measured."""


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

    complaints: Sequence[int]
    only: Sequence[str]
    keep: Path | None
    with_helpdesk: bool
    with_figures: bool
    seconds: float
    most: int
    results: Path

    def asks_for(self, name: str) -> bool:
        return not self.only or any(one.startswith(name) for one in self.only)


def main(arguments: list[str]) -> int:
    wanted = read(arguments)
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)  # servers of its own, whatever the caller's environment says
    for complaints in wanted.complaints:
        found = volume(complaints, wanted)
        written = ratios.write(found, wanted.results)
        line(written.read_text(encoding="utf-8"))
        line(f"Written to {written.relative_to(ROOT) if written.is_relative_to(ROOT) else written}")
    return 0


def read(arguments: list[str]) -> Wanted:
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("--complaints", type=int, nargs="+", default=list(VOLUMES), metavar="N")
    parser.add_argument(
        "--only", action="append", default=[], metavar="SCENARIO", help="those that begin so; may be repeated"
    )
    parser.add_argument("--keep", type=Path, metavar="DATA", help="a folder to keep, with one for each volume in it")
    parser.add_argument("--without-helpdesk", action="store_true")
    parser.add_argument("--without-figures", action="store_true", help="build none; board and reports are left out")
    parser.add_argument("--seconds", type=float, default=3, help="for each scenario at one client")
    parser.add_argument("--most", type=int, default=200, help="samples of each scenario at one client")
    parser.add_argument("--results", type=Path, default=ROOT / "bench" / "results", metavar="FOLDER")
    given = parser.parse_args(arguments)
    return Wanted(
        given.complaints,
        given.only,
        given.keep,
        not given.without_helpdesk,
        not given.without_figures,
        given.seconds,
        given.most,
        given.results,
    )


def volume(complaints: int, wanted: Wanted) -> dict[str, Any]:
    """Everything that is measured on a desk of so many complaints."""
    port = free_port()
    with folder(wanted.keep, complaints) as data, locked(data), served(data, port) as (environment, _servers):
        interrupt_on_signals()
        environment |= UNTHROTTLED | {"DJANGO_SETTINGS_MODULE": "bench.settings", "REDRESS_LOG_LEVEL": "WARNING"}
        inside = Inside(environment)
        collect_static(data, environment)
        with step(f"Making ready a desk of {complaints:,} complaints"):
            desk = made_ready(inside, complaints, data / "loaded.json", figures=wanted.with_figures)
        line(f"    {desk}")
        found: dict[str, Any] = {"desk": desk, "asked": complaints, "machine": machine.describe(environment)}
        plan = inside.ask("bench.desk_data:plan", 2 * wanted.most + WARMING + 1, list(wanted.only))
        web = product_processes(data, port, environment)[0]
        with running(web, port), step(f"Asking the product: {len(plan)} scenarios"):
            found["pages"] = generate(plan, web, port, wanted)
        found["bulk"] = bulk.measure(inside, desk["complaints"], wanted.only)
        if "loading_seconds" in desk:
            found["bulk"]["demo loader"] = bulk.rows(complaints, desk["loading_seconds"])
        found["floors"] = floors.measure(inside, environment, data, wanted.seconds)
        if wanted.with_helpdesk and wanted.asks_for("helpdesk"):
            found |= helpdesk(data, environment, desk, wanted)
    return found


def made_ready(inside: Inside, complaints: int, loaded: Path, *, figures: bool) -> dict[str, Any]:
    """What is in the desk, and how long loading took, in whichever run that was."""
    desk: dict[str, Any] = inside.ask("bench.desk_data:fill", complaints, figures)
    if "loading_seconds" in desk:
        loaded.write_text(
            json.dumps({name: desk[name] for name in ("loading_seconds", "figures_seconds") if name in desk})
        )
    return {**json.loads(loaded.read_text()), **desk} if loaded.exists() else desk


def helpdesk(data: Path, environment: Mapping[str, str], desk: Mapping[str, Any], wanted: Wanted) -> dict[str, Any]:
    """The same of django-helpdesk, with as many tickets as there are complaints and as many of them open."""
    versions, port = beside.install(), free_port()
    site = beside.Helpdesk(data, environment, port)
    site.fill(desk["complaints"], desk["open"])
    plan = site.inside.ask("bench.helpdesk.tickets:plan", 2 * wanted.most + WARMING + 1, list(wanted.only))
    with running(site.web(), port) as web, step(f"Asking django-helpdesk: {len(plan)} scenarios"):
        pages = generate(plan, web, port, wanted)
    with step("In bulk: escalation of django-helpdesk"):
        escalated = site.inside.ask("bench.helpdesk.tickets:escalate")
    return {"helpdesk_versions": versions, "helpdesk": pages, "helpdesk_bulk": {"helpdesk: escalation": escalated}}


@contextlib.contextmanager
def folder(keep: Path | None, complaints: int) -> Iterator[Path]:
    data = (keep / str(complaints)).resolve() if keep else Path(tempfile.mkdtemp(prefix="redress-bench-"))
    try:
        yield data
    finally:
        if keep is None:
            shutil.rmtree(data, ignore_errors=True)


def generate(plan: list[dict[str, Any]], web: Process, port: int, wanted: Wanted) -> list[dict[str, Any]]:
    given = {
        "port": port, "clients": CLIENTS, "seconds": wanted.seconds, "most": wanted.most,
        "processes": machine.children(web.child.pid if web.child else 0), "scenarios": plan,
    }  # fmt: skip
    done = subprocess.run(
        [str(PYTHON), "-m", "bench.load"], input=json.dumps(given), stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    if done.returncode:
        raise Trouble("The load generator failed; its reason is above.")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    for one in found:
        if "failed" in one:
            line(f"    {one['name']}: {one['failed']}")
    return found


@contextlib.contextmanager
def running(web: Process, port: int) -> Iterator[Process]:
    """The web answers; it stops at the end."""
    web.start()
    try:
        until = time.monotonic() + READY_PATIENCE
        while not _answers(port):
            if not web.is_running or time.monotonic() > until:
                raise Trouble(f"{web.name} did not start: {web.last_words()}")
            time.sleep(0.1)
        yield web
    finally:
        web.stop(patience=15)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
