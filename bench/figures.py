"""Board and reports over a million complaints and ten million events, beside the same figures computed from raw rows.

    .venv/bin/python -m bench.figures [--complaints 1000000] [--rounds 20] [--data FOLDER]

Servers and data are its own, in a temporary folder (or --data, which is kept) that needs about 20 GB at full size. Building the
figures is measured, then each page as a browser asks for it, through the whole of Django, one person at a time, then what
following an event costs.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.desk import served
from devtools.say import line, step

SINGLES, BURST = 40, 500
LARGE = {
    "complaints_complaint", "complaints_event", "complaints_clock", "complaints_feedback", "analytics_complaintfact",
    "analytics_transitionfact", "analytics_clockfact", "analytics_feedbackfact", "analytics_openspan", "analytics_dayrollup",
}  # fmt: skip
"""What no page may read from end to end."""
RAIL = 'FROM "complaints_notice"'
"""What every page counts of notices beside its own; tests of the queue look after that."""


class Spent:
    """What something took: milliseconds on the clock, of processor in this process, of processor in its database session."""

    def __init__(self) -> None:
        self.wall = self.python = self.database = 0.0
        self._began = (time.perf_counter(), time.process_time(), _database_seconds())

    def end(self) -> None:
        ended = (time.perf_counter(), time.process_time(), _database_seconds())
        self.wall, self.python, self.database = ((b - a) * 1000 for a, b in zip(self._began, ended, strict=True))


@contextmanager
def spent() -> Iterator[Spent]:
    one = Spent()
    yield one
    one.end()


def _database_seconds() -> float:
    """Processor time of the server process behind this connection; 0 where the system does not tell."""
    from django.db import connection  # noqa: PLC0415  Django is set up only once servers run

    connection.ensure_connection()
    file = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return int(file.read_text().split()[0]) / 1e9 if file.exists() else 0.0


# figures


def build_figures() -> dict[str, Any]:
    """Build them as the workers do; what it took, and how much room."""
    from django.db import connection  # noqa: PLC0415

    from analytics.grains import refresh  # noqa: PLC0415
    from analytics.models import DayRollup  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415

    refresh.rebuild()
    with spent() as one:
        refresh.refresh()
    count = Complaint.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT relname, pg_size_pretty(pg_total_relation_size(relid)) FROM pg_stat_user_tables "
            "WHERE relname = ANY(%s) ORDER BY pg_total_relation_size(relid) DESC",
            [sorted(LARGE)],
        )
        sizes = dict(cursor.fetchall())
    return {
        "seconds": round(one.wall / 1000),
        "complaints a second": round(count / one.wall * 1000),
        "processor seconds in Python and in the database": [round(one.python / 1000), round(one.database / 1000)],
        "complaints a processor second": round(count / (one.python + one.database) * 1000),
        "cells of the rollups": DayRollup.objects.count(),
        "sizes": sizes,
    }


def follow() -> list[dict[str, Any]]:
    """What following an event costs: one at a time, and many that wait together."""
    from django.utils import timezone  # noqa: PLC0415

    from analytics.grains import refresh  # noqa: PLC0415
    from bench import worlds  # noqa: PLC0415
    from complaints import workflow  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415
    from staff.actors import Actor, Role  # noqa: PLC0415
    from staff.models import User  # noqa: PLC0415

    by = Actor.staff(User.objects.filter(role=Role.SUPERVISOR, branch__parent=None).earliest("pk"))
    # copies have no ledger, so only the pattern itself can be worked on
    open_ones = list(Complaint.objects.open().filter(pk__lte=worlds.PATTERN).order_by("?")[:BURST])

    def note(complaint: Complaint) -> None:
        workflow.perform("note", complaint, by=by, at=timezone.now(), note="x")

    def work(rows: list[Complaint]) -> Spent:
        for row in rows:
            row.refresh_from_db()
            note(row)
        with spent() as one:
            refresh.refresh()
        return one

    work(open_ones[:1])
    answers = []
    for name, times, size in (("one", SINGLES, 1), (f"{BURST} together", 1, BURST)):
        taken = [work([open_ones[(turn * size + n) % len(open_ones)] for n in range(size)]) for turn in range(times)]
        answers.append(
            {
                "events": name,
                **{
                    what: statistics.median(getattr(one, what) / size for one in taken)
                    for what in vars(taken[0])
                    if what[0] != "_"
                },
            }
        )
    return answers


# pages


def pages(rounds: int) -> list[dict[str, Any]]:
    """Each page, the same as JSON, and its raw statement, in turn and round after round: what else runs hits all alike."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from bench import raw_figures  # noqa: PLC0415
    from staff.actors import Role  # noqa: PLC0415
    from staff.models import User  # noqa: PLC0415

    call_command("collectstatic", interactive=False, verbosity=0)
    user = User.objects.filter(role=Role.SUPERVISOR, branch__parent=None).earliest("pk")
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    answers: dict[str, dict[str, Any]] = {}
    for case in raw_figures.cases():
        kept, raw = case.kept(user), case.raw()
        answers[case.name] = {
            "name": case.name,
            "kept": kept,
            "raw": raw,
            "is_same": raw_figures.is_same(kept, raw),
            "scans": _read_whole(client, case.url),
        }
    times: dict[str, dict[str, list[float]]] = {}
    for turn in range(rounds + 1):
        for case in raw_figures.cases():
            taken: dict[str, float] = {}
            for what, url in case.addresses():
                taken |= {f"{what}_{name}": number for name, number in _asked(client, url).items()}
            if turn % 3 == 0:
                began = time.perf_counter()
                case.raw()
                taken["raw_ms"] = (time.perf_counter() - began) * 1000
            if turn:  # the first is for warming up
                for name, number in taken.items():
                    times.setdefault(case.name, {}).setdefault(name, []).append(number)
    connection.close()
    return [answers[name] | {"times": times[name]} for name in answers]


def _asked(client: Any, url: str) -> dict[str, float]:
    from django.db import connection  # noqa: PLC0415

    inside, count = 0.0, 0

    def timed(execute: Any, *given: Any) -> Any:
        nonlocal inside, count
        began = time.perf_counter()
        try:
            return execute(*given)
        finally:
            inside, count = inside + time.perf_counter() - began, count + 1

    with connection.execute_wrapper(timed), spent() as one:
        answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
    return {"ms": one.wall, "db": inside * 1000, "cpu": one.python + one.database, "statements": count}


def _read_whole(client: Any, url: str) -> list[str]:
    """The large tables that a statement of this page reads from end to end."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    with CaptureQueriesContext(connection) as caught:
        client.get(url)
    found: set[str] = set()
    for query in caught.captured_queries:
        if query["sql"].lstrip("(").startswith("SELECT") and RAIL not in query["sql"]:
            with connection.cursor() as cursor:
                cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql']}".replace("%", "%%"), [])
                found |= {node for node in _scanned(cursor.fetchone()[0][0]["Plan"]) if node in LARGE}
    return sorted(found)


def _scanned(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", []):
        yield from _scanned(part)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.figures")
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20, help="of each page")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    given = parser.parse_args()
    with served(given.data) as data:
        from bench import worlds  # noqa: PLC0415

        for name, title, build in (
            ("built", f"Building {given.complaints} complaints", lambda: worlds.build(given.complaints)),
            ("counted", "Building the figures", build_figures),
        ):
            if not (data / f"{name}.json").exists():
                with step(title):
                    (data / f"{name}.json").write_text(json.dumps(build()))
            line((data / f"{name}.json").read_text())
        with step("Asking for pages"):
            answers = pages(given.rounds)
        (data / "pages.json").write_text(json.dumps(answers))
        report(answers)
        with step("Following events"):
            followed = follow()
        for one in followed:
            line(str(one))


def report(answers: list[dict[str, Any]]) -> None:
    line(
        "| page | page: p50, p95 ms | in statements | processor | JSON: p50 ms | two years: p50 ms | raw: p50 ms | raw ÷ page |"
    )
    line("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for one in answers:
        mid = {name: statistics.median(values) for name, values in one["times"].items()}
        late = sorted(one["times"]["page_ms"])[int(len(one["times"]["page_ms"]) * 0.95) - 1]
        cells = [
            one["name"],
            f"{mid['page_ms']:.0f}, {late:.0f}",
            f"{mid['page_statements']:.0f}, {mid['page_db']:.0f} ms",
            f"{mid['page_cpu']:.0f}",
            *(f"{mid[what]:.0f}" if what in mid else "–" for what in ("json_ms", "long_ms", "raw_ms")),
            f"{mid['raw_ms'] / mid['page_ms']:.1f}",
        ]
        line(f"| {' | '.join(cells)} |")
    for one in answers:  # that the page says what the raw rows say
        line(f"{one['name']}: {one['kept']} {'=' if one['is_same'] else '≠'} {one['raw']} {' '.join(one['scans'])}")


if __name__ == "__main__":
    main()
