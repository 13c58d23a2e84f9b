"""The mix of a storm's hour against the whole product: how it answers, and whether everything it acknowledged is there once.

    .venv/bin/python -m bench.storm_hour [--users 40] [--seconds 150] [--port 8168]

The product is started by its own program, with its demonstration and on servers of its own, in a temporary folder; locust
plays the people.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from devtools.places import PYTHON, ROOT
from devtools.processes import interrupt_on_signals
from devtools.say import Trouble, line, step

READY_PATIENCE, SETTLE_PATIENCE = 1200, 300
PEOPLE = """
import json
from staff.models import User
there = User.objects.filter(is_active=True, role__in=["agent", "supervisor"]).values_list("role", "username")
print("STORM", json.dumps({role: [name for its, name in there if its == role][:30] for role in ("agent", "supervisor")}))
"""
LEFT = """
import json
from datetime import timedelta
from django.db.models import F, Max
from django.utils.dateparse import parse_datetime
from complaints import database_clock
from complaints.models import Alarm, Complaint, Notice
from channels_intake.models import UnsentForm
now, since = database_clock.now(), parse_datetime("SINCE")
stories = list(Complaint.objects.filter(story__contains="编号 ").values_list("story", flat=True))
held = [row.content.get("story", {}).get("story", "") for row in UnsentForm.objects.filter(held_at__isnull=False)]
due = {"alarms": Alarm.objects.due(now).count(), "notices": Notice.objects.due(now).count()}
rung = Alarm.objects.filter(fire_at__gte=since, event__isnull=False).annotate(lag=F("settled_at") - F("fire_at"))
at_once = Notice.objects.filter(created_at__gte=since, sent_at__isnull=False, attempts=1)
at_once = at_once.filter(next_try_at__lte=F("created_at") + timedelta(seconds=1)).annotate(lag=F("sent_at") - F("created_at"))
lags = {name: [rows.count(), (rows.aggregate(most=Max("lag"))["most"] or timedelta()).total_seconds()]
        for name, rows in (("rung", rung), ("sent", at_once))}
print("STORM", json.dumps({"stories": stories, "held": held, **due, **lags}))
"""


class Product:
    """`./dev up` in a folder of its own."""

    def __init__(self, data: Path, port: int) -> None:
        self.data, self.address, self.said = data, f"http://127.0.0.1:{port}", data.with_suffix(".out")
        with self.said.open("w") as out:
            up = [str(PYTHON), str(ROOT / "dev"), "up", "--port", str(port), "--data", str(data)]
            self.process = subprocess.Popen(up, stdout=out, stderr=out)

    def wait(self) -> None:
        """Until it is ready; raises Trouble when it does not become so."""
        until = time.monotonic() + READY_PATIENCE
        while "Redress is ready" not in self.said.read_text():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Trouble(f"The product did not start:\n{self.said.read_text()[-2000:]}")
            time.sleep(0.5)

    @property
    def password(self) -> str:
        found = re.search(r"Sign in with the password (\S+) as", self.said.read_text())
        assert found is not None
        return found[1]

    def ask(self, code: str) -> Any:
        environment = {**os.environ, "REDRESS_DATA": str(self.data)}
        run = [str(PYTHON), str(ROOT / "dev"), "manage", "shell", "-v", "0", "-c", code]
        said = subprocess.run(run, capture_output=True, text=True, env=environment, check=True).stdout
        return json.loads(next(row for row in said.splitlines() if row.startswith("STORM")).removeprefix("STORM"))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.storm_hour")
    parser.add_argument("--users", type=int, default=40)
    parser.add_argument("--seconds", type=int, default=150)
    parser.add_argument("--port", type=int, default=8168)
    given = parser.parse_args()
    interrupt_on_signals()
    folder = Path(tempfile.mkdtemp(prefix="redress-storm-"))
    product = None
    try:
        with step("Starting the product"):
            product = Product(folder / "data", given.port)
            product.wait()
        with step(f"{given.users} people for {given.seconds} s"):
            began = datetime.now(UTC)
            rows = storm(product, folder, given.users, given.seconds)
            load = os.getloadavg()[0]
        with step("Waiting until alarms and notices have settled"):
            left, seconds = settled(product, began)
        report(rows, folder / "acknowledged", left, seconds)
        line(f"  load of the machine at the end of it: {load:.1f} on {os.cpu_count()} cores")
    finally:
        if product is not None:
            product.stop()
        shutil.rmtree(folder, ignore_errors=True)


def storm(product: Product, folder: Path, users: int, seconds: int) -> list[dict[str, str]]:
    """What locust measured, one row for each kind of request."""
    environment = {
        **os.environ,
        "STORM_PASSWORD": product.password,
        "STORM_PEOPLE": json.dumps(product.ask(PEOPLE)),
        "STORM_ACKNOWLEDGED": str(folder / "acknowledged"),
    }
    options = ["--headless", "--only-summary", "-u", str(users), "-r", "4", "-t", f"{seconds}s", "--stop-timeout", "30"]
    where = ["-f", str(ROOT / "bench" / "storm_users.py"), "--host", product.address, "--csv", str(folder / "figures")]
    # it ends with 1 when a request failed; that is a finding to be told, not a reason to stop
    subprocess.run(
        [str(PYTHON), "-m", "locust", *where, *options], env=environment, stdout=subprocess.DEVNULL, check=False
    )
    with (folder / "figures_failures.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            line(f"  failed {row['Occurrences']} times: {row['Name']}: {row['Error'][:120]}")
    with (folder / "figures_stats.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def settled(product: Product, since: datetime) -> tuple[dict[str, Any], float]:
    """What is left when nothing more is due, and the seconds until then; asking takes some of them."""
    began = time.monotonic()
    while True:
        left: dict[str, Any] = product.ask(LEFT.replace("SINCE", since.isoformat()))
        seconds = time.monotonic() - began
        if not (left["alarms"] or left["notices"]) or seconds > SETTLE_PATIENCE:
            return left, seconds


def report(rows: list[dict[str, str]], acknowledged: Path, left: dict[str, Any], seconds: float) -> None:
    line("  | request | number | a second | p50 ms | p95 ms | failed |\n  | --- | --- | --- | --- | --- | --- |")
    for row in rows:
        each = float(row["Requests/s"])
        line(
            f"  | {row['Name']} | {row['Request Count']} | {each:.1f} | {row['50%']} | {row['95%']} | {row['Failure Count']} |"
        )
    told = [json.loads(one) for one in acknowledged.read_text(encoding="utf-8").splitlines()]
    stories, there = {one["story"] for one in told}, Counter(left["stories"]) + Counter(left["held"])
    line(
        f"  acknowledged: {len(told)} times, {len(stories)} complaints, {len(told) - len(stories)} of them pressed twice"
    )
    line(
        f"  lost: {sum(there[story] == 0 for story in stories)}; there twice: {sum(there[story] > 1 for story in stories)}"
    )
    line(f"  held for a person to look at first: {len(left['held'])}")
    for name, word in (("rung", "alarms that fell due in it were rung"), ("sent", "notices written in it were sent")):
        number, most = left[name]
        line(f"  {number} {word}, the latest {most:.0f} s after its time")
    line(f"  alarms and notices still due: {left['alarms']}, {left['notices']}, {seconds:.0f} s after the last request")


if __name__ == "__main__":
    main()
