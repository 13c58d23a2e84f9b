"""The queue among a million complaints: first page, deepest page, worst filters, searches, and the counts beside them.

    .venv/bin/python -m bench.queue [--complaints 1000000] [--accounts 200000] [--rounds 30] [--data FOLDER]

Servers and data are its own, in a temporary folder (or --data, which is kept) that needs about 8 GB at full size. Pages are
asked for as a browser does, through the whole of Django, by one person at a time.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import duplicates
from bench.desk import served
from devtools.say import line, step

PIECE = 50_000
RARE = [(100, "变压器漏油"), (1_000, "鸟窝短路"), (30_000, "蓄电池鼓包")]
"""One complaint in so many speaks of it, besides the words that every fourth has."""


def build(accounts: int, complaints: int) -> dict[str, Any]:
    """What `bench.duplicates` makes, spread over people, teams and statuses, with a note on every third and the words of all."""
    from django.db import connection  # noqa: PLC0415  Django is set up only once servers run

    from complaints.models import Category  # noqa: PLC0415
    from staff.models import Branch  # noqa: PLC0415

    made = duplicates.build(accounts, complaints)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        people = _people()
        branches = list(Branch.objects.exclude(parent=None).order_by("pk").values_list("pk", flat=True)[:10])
        categories = list(Category.objects.order_by("code").values_list("pk", flat=True))
        rare = " || ".join(f"CASE WHEN id %% {n} = 7 THEN '，{word}' ELSE '' END" for n, word in RARE)
        cursor.execute(
            f"""
            UPDATE complaints_complaint SET
                story = story || {rare},
                branch_id = (%(branches)s::bigint[])[1 + id / 13 %% 10],
                category_id = (%(categories)s::bigint[])[1 + id / 11 %% 5],
                status = CASE WHEN status = 'closed' THEN 'closed'
                    ELSE (ARRAY['registered', 'dispatched', 'investigating', 'investigating', 'waiting'])[1 + id / 5 %% 5] END,
                channel = (ARRAY['phone', 'phone', 'phone', 'web', 'web', 'visit', 'letter', 'regulator'])[1 + (id / 7) %% 8],
                priority = (ARRAY[3, 3, 3, 2, 4, 3, 2])[1 + (id / 3) %% 7] - CASE WHEN id %% 211 = 0 THEN 1 ELSE 0 END,
                severity = CASE WHEN id %% 97 = 0 THEN 'major' WHEN id %% 997 = 0 THEN 'special' ELSE 'ordinary' END,
                urged_count = CASE WHEN id %% 50 = 0 THEN 2 ELSE 0 END,
                assignee_id = CASE WHEN id / 5 %% 4 = 0 THEN NULL ELSE (%(people)s::bigint[])[1 + (id / 5) %% %(count)s] END,
                next_due_at = CASE WHEN status = 'closed' THEN NULL
                    WHEN id / 5 %% 20 = 0 THEN now() - id %% 5000 * interval '1 minute'
                    ELSE now() + id %% 20000 * interval '1 minute' END
            """,
            {"people": people, "count": len(people), "categories": categories, "branches": branches},
        )
    made["spread_seconds"] = round(time.perf_counter() - began, 1)
    return made | _say()


def _say() -> dict[str, Any]:
    """A note on every third, and the words of all."""
    from django.db import connection  # noqa: PLC0415

    made: dict[str, Any] = {}
    began = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SELECT min(id), max(id) FROM complaints_complaint")
        first, last = cursor.fetchone()
        cursor.execute(
            "INSERT INTO complaints_event (complaint_id, number, move, from_status, to_status, at, recorded_at, role, "
            "actor_name, details) SELECT id, 1000, 'note', status, status, received_at, received_at, 'agent', '', "
            "jsonb_build_object('note', '班组回电：' || (ARRAY['接头烧坏', '表后断线', '等待材料', '已约客户'])[1 + id % 4]) "
            "FROM complaints_complaint WHERE id % 3 = 0"
        )
        cursor.execute("DROP INDEX complaint_by_words")
        for start in range(first, last + 1, PIECE):
            cursor.execute(
                "SELECT complaints_refresh_words(ARRAY(SELECT id FROM complaints_complaint WHERE id BETWEEN %s AND %s))",
                [start, start + PIECE - 1],
            )
        made["words_seconds"] = round(time.perf_counter() - began, 1)
        cursor.execute("CREATE INDEX complaint_by_words ON complaints_complaintwords USING gin (words)")
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT pg_size_pretty(pg_total_relation_size('complaints_complaintwords')), "
            "pg_size_pretty(pg_relation_size('complaint_by_words'))"
        )
        made["words_size"], made["index_size"] = cursor.fetchone()
    return made


def _people() -> list[int]:
    from staff.actors import Role  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    branches = list(Branch.objects.order_by("path"))
    return [
        User.objects.get_or_create(
            username=f"worker-{n}", defaults={"branch": branches[n % len(branches)], "role": Role.INVESTIGATOR}
        )[0].pk
        for n in range(200)
    ]


def pages() -> Iterator[tuple[str, str, str]]:
    """What is asked for: a name, the address, and the address of the page before whose mark of the next page is followed."""
    from complaints import paging  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415

    yield "open, first page", "/desk/?view=unfinished", ""
    unfinished = Complaint.objects.unfinished().by_due_next()
    last = unfinished.reverse()[60]
    yield "open, deepest page", f"/desk/?view=unfinished&after={paging.mark_of(last.next_due_at, last.pk)}", ""
    yield "all, first page", "/desk/?view=all", ""
    oldest = Complaint.objects.order_by("received_at", "pk")[60]
    yield "all, deepest page", f"/desk/?view=all&after={paging.mark_of(oldest.received_at, oldest.pk)}", ""
    yield "deadline missed", "/desk/?view=breached", ""
    yield "nobody is on it", "/desk/?view=unassigned", ""
    yield "safety", "/desk/?view=safety", ""
    yield "from the regulator", "/desk/?view=regulator", ""
    yield "clocks paused (there are hardly any)", "/desk/?view=held", ""
    yield "causes to remove", "/desk/?view=causes", ""
    yield "filter: special severity, by letter, all", "/desk/?view=all&severity=special&channel=letter", ""
    yield "filter: nothing fits, all", "/desk/?view=all&severity=special&channel=letter&priority=1&status=waiting", ""
    yield "filter: one person, all", "/desk/?view=all&assignee=worker-7", ""
    yield "filter: one day in spring, billing", "/desk/?view=all&category=BIL&received_from={day}&received_to={day}", ""
    yield "search: 停电 (every third)", "/desk/?q=停电", ""
    yield "search: 漏油 (one in 100)", "/desk/?q=漏油", ""
    yield "search: 鸟窝 (one in 1,000)", "/desk/?q=鸟窝", ""
    yield "search: 鼓包 (one in 30,000)", "/desk/?q=鼓包", ""
    yield "search: 停电 漏油", "/desk/?q=停电 漏油", ""
    yield "search: 变压器漏油", "/desk/?q=变压器漏油", ""
    yield "search: 灯 (one character)", "/desk/?q=灯", ""
    yield "search: 接头 (in notes)", "/desk/?q=接头", ""
    yield "search: 犀牛 (nobody says it)", "/desk/?q=犀牛", ""
    yield "search: 停电 among the open", "/desk/?view=unfinished&q=停电", ""
    yield "search: 鸟窝 among the missed", "/desk/?view=breached&q=鸟窝", ""
    yield "search: last four digits of a phone", "/desk/?q=4711", ""


def measure(rounds: int) -> list[dict[str, Any]]:
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from staff.actors import Role  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    call_command("collectstatic", interactive=False, verbosity=0)
    clients = []
    for branch in (Branch.objects.get(parent=None), Branch.objects.get(code="b1")):
        user = User.objects.get_or_create(
            username=f"queue-{branch.code}", defaults={"branch": branch, "role": Role.SUPERVISOR}
        )[0]
        client = Client(headers={"host": "localhost"})
        client.force_login(user)
        clients.append(client)
    day = datetime.now(UTC).replace(month=4, day=15).date().isoformat()
    answers = []
    for name, url, _before in pages():
        row: dict[str, Any] = {"name": name}
        for who, client in zip(("all", "branch"), clients, strict=True):
            times = []
            for _ in range(rounds):
                began = time.perf_counter()
                response = client.get(url.format(day=day))
                times.append((time.perf_counter() - began) * 1000)
                assert response.status_code == 200, (url, response.status_code)
            with CaptureQueriesContext(connection) as caught:
                client.get(url.format(day=day))
            row |= {
                f"{who}_p50": statistics.median(times),
                f"{who}_p95": sorted(times)[int(len(times) * 0.95) - 1],
                f"{who}_sql": sum(float(query["time"]) for query in caught.captured_queries) * 1000,
                "queries": len(caught.captured_queries),
            }
        line(f"  {name}: {row['all_p50']:.0f} / {row['branch_p50']:.0f} ms")
        answers.append(row)
    return answers


def sequential() -> float:
    """The same two characters looked for without an index, in SQL: milliseconds."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute("SELECT count(*) FROM complaints_complaint WHERE story LIKE '%%鸟窝%%'")
        return (time.perf_counter() - began) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.queue")
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=30, help="of each page")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    given = parser.parse_args()
    with served(given.data) as data:
        if not (data / "built.json").exists():
            with step(f"Building {given.complaints} complaints of {given.accounts} accounts"):
                (data / "built.json").write_text(json.dumps(build(given.accounts, given.complaints)))
        line((data / "built.json").read_text())
        answers = measure(given.rounds)
        line(f"The same characters with LIKE and no index: {sequential():.0f} ms")
        line("| page | all: p50, p95 ms | one branch: p50, p95 ms | in the database | queries |")
        line("| --- | --- | --- | --- | --- |")
        for one in answers:
            line(
                f"| {one['name']} | {one['all_p50']:.1f}, {one['all_p95']:.1f} "
                f"| {one['branch_p50']:.1f}, {one['branch_p95']:.1f} "
                f"| {one['all_sql']:.0f}, {one['branch_sql']:.0f} | {one['queries']} |"
            )


if __name__ == "__main__":
    main()
