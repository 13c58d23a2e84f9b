"""How long a file of a million customers takes beside COPY, how much memory, and what comes of its bad rows.

    .venv/bin/python -m bench.importing [--rows 1000000] [--data FOLDER]

The file is written first, in GB18030 as spreadsheets in China save it; every hundredth row names no customer. As many rows are
then copied into the same tables, and taken back. Beside the clock stands the processor time of this process and its session of
the database, which other work on the machine disturbs less. Servers and data are its own, in a temporary folder (or --data,
which is kept).
"""

from __future__ import annotations

import argparse
import csv
import os
import random
import resource
import time
from pathlib import Path
from typing import Any

from bench import lookup
from bench.desk import served
from devtools.say import line, step

HEADER = ("客户编号", "姓名", "手机", "户号", "用电地址", "表号")
BAD_EACH = 100
MOST_COPIED = 50_000


def write(path: Path, rows: int, *, first: int = 0) -> None:
    """A file of so many customers whose numbers come after `first`."""
    draw = random.Random(4)
    with path.open("w", encoding="gb18030", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for n in range(first + 1, first + rows + 1):
            name = "" if n % BAD_EACH == 0 else lookup.name(draw)
            writer.writerow(
                (f"K{n:09d}", name, lookup.phone(draw), 5_100_000_000 + n, lookup.address(draw), f"M{n:010d}")
            )


def measure(path: Path, rows: int) -> None:
    from django.core.management import call_command  # noqa: PLC0415  Django is set up only once servers run

    from bench.scenarios import bulk  # noqa: PLC0415
    from customers.importing import files, taking  # noqa: PLC0415
    from customers.importing.fields import guessed  # noqa: PLC0415
    from customers.models import Account, Customer, ImportRow, SearchEntry  # noqa: PLC0415
    from staff.models import Branch  # noqa: PLC0415

    call_command("prepare", verbosity=0)
    root = Branch.objects.get(parent=None)
    before, began, used = _memory(), time.perf_counter(), _processor()
    with path.open("rb") as stream:
        run = files.receive(stream, name=path.name, branch=root, by=None)
    header, _rows = files.preview(run)
    taking.confirm(run, guessed(header), root)
    received = time.perf_counter() - began
    while run.finished_at is None:
        taking.carry_on(run, for_seconds=30)
        run.refresh_from_db()
    seconds = time.perf_counter() - began
    line(f"  received and looked at: {received:.1f} s; all: {seconds:.1f} s, {rows / seconds:.0f} rows a second")
    line(f"  processor: {(_processor() - used) / rows * 1e6:.0f} microseconds a row")
    line(f"  memory of the process: {before} MB before, {_memory()} MB at most")
    line(f"  came of it: {run.counts}, {run.rejected} rejected; {ImportRow.objects.filter(run=run).count()} to be seen")
    line(f"  there: {Customer.objects.count()} customers, {Account.objects.count()} accounts")
    line(f"  to be found by the look-up: {SearchEntry.objects.count()}")
    began = time.perf_counter()
    with path.open("rb") as stream:
        again = files.receive(stream, name=path.name, branch=root, by=None)
    line(f"  the same file again: {time.perf_counter() - began:.1f} s, the same import: {again.pk == run.pk}")
    for name, copied in _copies(bulk, min(rows, MOST_COPIED)).items():
        line(f"  {name}: {copied}")


def _copies(bulk: Any, count: int) -> dict[str, str]:
    """What each COPY came to."""
    found, used = {}, _processor()
    for name, copy in bulk.COPIES.items():
        rows = bulk.rolled_back(lambda copy=copy: copy(count))
        used, before = _processor(), used
        found[name] = (
            f"{rows['per_second']:.0f} rows a second, processor {(used - before) / count * 1e6:.0f} microseconds a row"
        )
    return found


def _processor() -> float:
    """Seconds that this process and its database session have had of a processor."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = cursor.fetchone()[0]
    user, system = Path(f"/proc/{session}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return time.process_time() + (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.importing")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="a folder to keep")
    given = parser.parse_args()
    with served(given.data) as data:
        path = data / "customers.csv"
        with step(f"Writing a file of {given.rows} rows"):
            write(path, given.rows)
        line(f"  {path.stat().st_size // 1_000_000} MB")
        measure(path, given.rows)


if __name__ == "__main__":
    main()
