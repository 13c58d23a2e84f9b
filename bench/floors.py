"""The same SQL without Django: pgbench for what is asked for again and again, one statement for what is looked up once."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.inside import Inside
from bench.machine import PROGRAMS, connected

LATENCY = re.compile(r"latency average = ([\d.]+) ms")
RATE = re.compile(r"tps = ([\d.]+) ")
TWO_ROWS = """BEGIN;
INSERT INTO bench_complaint (reference, name, phone, place, story, received_at) VALUES (gen_random_uuid()::text, '王五',
 '13900000000', '和平路 1 号', '大风后停电，全楼都没有电，问了几次都没有人说什么时候来电。', now());
INSERT INTO bench_event (complaint_id, move, at)
 VALUES (currval(pg_get_serial_sequence('bench_complaint', 'id')), 'register', now());
COMMIT;
"""


def measure(inside: Inside, environment: Mapping[str, str], data: Path, seconds: float) -> dict[str, Any]:
    """Milliseconds and answers a second of each statement."""
    told = inside.ask("bench.scenarios.statements:told")
    scripts = {"two rows": TWO_ROWS, **told["scripts"]}
    found = {name: pgbench(script, environment, data, seconds) for name, script in scripts.items()}
    return {"pgbench": found, "statements": told["statements"]}


def pgbench(script: str, environment: Mapping[str, str], data: Path, seconds: float) -> dict[str, float]:
    """At one client, and at eight."""
    file = data / "pgbench.sql"
    file.write_text(script, encoding="utf-8")
    how_long = ["-T", str(round(seconds / 2))] if seconds >= 2 else ["-t", "20"]
    common = [str(PROGRAMS / "pgbench"), *connected(environment), "-n", "-f", str(file), *how_long]
    one, eight = (
        subprocess.run([*common, "-c", str(clients), "-j", "1"], capture_output=True, text=True, check=True).stdout
        for clients in (1, 8)
    )
    file.unlink()
    return {"ms": float(LATENCY.findall(one)[0]), "per_second": float(RATE.findall(eight)[0])}
