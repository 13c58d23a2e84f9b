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
LEAST_LIST, LEAST_DETAIL = "the least: 25 rows", "the least: one complaint"
MOVED = 200
QUEUE_INDEXES = """
queue_by_due team_queue_by_due my_queue_by_due branch_queue_by_due queue_by_status queue_by_priority queue_by_urged
queue_of_regulator complaint_by_channel complaint_by_severity
""".split()  # noqa: SIM905  names are read more easily than a list of them
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


def pages() -> Iterator[tuple[str, str]]:
    """What is asked for: a name and the address."""
    from complaints import paging  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415

    yield "open, first page", "/desk/?view=unfinished"
    unfinished = Complaint.objects.unfinished().by_due_next()
    last = unfinished.reverse()[60]
    yield "open, deepest page", f"/desk/?view=unfinished&after={paging.mark_of(last.next_due_at, last.pk)}"
    yield "all, first page", "/desk/?view=all"
    oldest = Complaint.objects.order_by("received_at", "pk")[60]
    yield "all, deepest page", f"/desk/?view=all&after={paging.mark_of(oldest.received_at, oldest.pk)}"
    yield "open, most urged first", "/desk/?view=unfinished&sort=urged"
    yield "open, by priority", "/desk/?view=unfinished&sort=priority"
    yield "open, newest first", "/desk/?view=unfinished&sort=newest"
    yield "deadline missed", "/desk/?view=breached"
    yield "nobody is on it", "/desk/?view=unassigned"
    yield "safety", "/desk/?view=safety"
    yield "from the regulator", "/desk/?view=regulator"
    yield "clocks paused (there are hardly any)", "/desk/?view=held"
    yield "causes to remove", "/desk/?view=causes"
    yield "filter: special severity, by letter, all", "/desk/?view=all&severity=special&channel=letter"
    yield "filter: nothing fits, all", "/desk/?view=all&severity=special&channel=letter&priority=1&status=waiting"
    yield "filter: one person, all", "/desk/?view=all&assignee=worker-7"
    yield "filter: one day in spring, billing", "/desk/?view=all&category=BIL&received_from={day}&received_to={day}"
    yield "search: 停电 (every third)", "/desk/?q=停电"
    yield "search: 漏油 (one in 100)", "/desk/?q=漏油"
    yield "search: 鸟窝 (one in 1,000)", "/desk/?q=鸟窝"
    yield "search: 鼓包 (one in 30,000)", "/desk/?q=鼓包"
    yield "search: 停电 漏油", "/desk/?q=停电 漏油"
    yield "search: 变压器漏油", "/desk/?q=变压器漏油"
    yield "search: 灯 (one character)", "/desk/?q=灯"
    yield "search: 接头 (in notes)", "/desk/?q=接头"
    yield "search: 犀牛 (nobody says it)", "/desk/?q=犀牛"
    yield "search: 停电 among the open", "/desk/?view=unfinished&q=停电"
    yield "search: 鸟窝 among the missed", "/desk/?view=breached&q=鸟窝"
    yield "search: last four digits of a phone", "/desk/?q=4711"
    yield "search: 1390 (how many phones begin)", "/desk/?q=1390"


def beside() -> Iterator[tuple[str, str]]:
    """Other pages of the desk, and the least that such pages could cost (`bench.minimal`)."""
    from complaints.models import Complaint  # noqa: PLC0415

    one = Complaint.objects.filter(status="investigating", branch__code="b1").order_by("pk")[100]
    yield LEAST_LIST, "/least/"
    yield LEAST_DETAIL, f"/least/{one.reference}/"
    yield "a complaint", one.get_absolute_url()
    yield "the board", "/board/"


def measure(rounds: int) -> list[dict[str, Any]]:
    """Each page by each person, one after the other and round after round, so that what else runs here hits all alike."""
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client, override_settings  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    from staff.actors import Role  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    call_command("collectstatic", interactive=False, verbosity=0)
    clients = {}
    for who, branch in (("all", Branch.objects.get(parent=None)), ("branch", Branch.objects.get(code="b1"))):
        user = User.objects.get_or_create(
            username=f"queue-{branch.code}", defaults={"branch": branch, "role": Role.SUPERVISOR}
        )[0]
        clients[who] = Client(headers={"host": "localhost"})
        clients[who].force_login(user)
    day = datetime.now(UTC).replace(month=4, day=15).date().isoformat()
    asked = [*beside(), *((name, url.format(day=day)) for name, url in pages())]
    answers: dict[str, dict[str, Any]] = {name: {"name": name} for name, _url in asked}
    with override_settings(ROOT_URLCONF="bench.minimal"):
        for who, client in clients.items():
            for name, url in asked:
                assert client.get(url).status_code == 200, url
                with CaptureQueriesContext(connection) as caught:
                    client.get(url)
                answers[name][f"{who}_queries"] = len(caught.captured_queries)
        for _ in range(rounds):
            for who, client in clients.items():
                for name, url in asked:
                    wall, worked = time.perf_counter(), time.process_time()
                    client.get(url)
                    answers[name].setdefault(f"{who}_ms", []).append((time.perf_counter() - wall) * 1000)
                    answers[name].setdefault(f"{who}_cpu", []).append((time.process_time() - worked) * 1000)
    return list(answers.values())


def indexes() -> dict[str, float]:
    """What the indexes of queues and filters cost a move: milliseconds of the same notes with and without them."""
    from django.db import connection, transaction  # noqa: PLC0415

    from complaints import turn, workflow  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415
    from staff.actors import Actor  # noqa: PLC0415
    from staff.models import User  # noqa: PLC0415

    by = Actor.staff(User.objects.get(username="queue-b1"))
    keys = list(Complaint.objects.filter(status="investigating").order_by("-pk").values_list("pk", flat=True)[:MOVED])
    taken: dict[str, list[float]] = {"with": [], "without": []}
    for _ in range(3):
        for kind, times in taken.items():
            with transaction.atomic(), connection.cursor() as cursor:
                for index in QUEUE_INDEXES if kind == "without" else ():
                    cursor.execute(f"DROP INDEX {index}")
                with turn.begun() as now:
                    for complaint in Complaint.objects.filter(pk__in=keys):
                        began = time.perf_counter()
                        workflow.perform("note", complaint, by=by, at=now, note="x")
                        times.append((time.perf_counter() - began) * 1000)
                transaction.set_rollback(True)
    return {kind: statistics.median(times) for kind, times in taken.items()}


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
        with step("Asking for pages"):
            answers = measure(given.rounds)
        line(f"The same characters with LIKE and no index: {sequential():.0f} ms")
        line(f"A note with the indexes of queues and without: {indexes()}")
        line("| page | all: p50, p95 ms | one branch: p50, p95 ms | processor in Python | queries |")
        line("| --- | --- | --- | --- | --- |")
        for one in answers:
            line(
                f"| {one['name']} | {_spread(one['all_ms'])} | {_spread(one['branch_ms'])} "
                f"| {statistics.median(one['all_cpu']):.0f}, {statistics.median(one['branch_cpu']):.0f} "
                f"| {one['all_queries']}, {one['branch_queries']} |"
            )


def _spread(times: list[float]) -> str:
    return f"{statistics.median(times):.0f}, {sorted(times)[int(len(times) * 0.95) - 1]:.0f}"


if __name__ == "__main__":
    main()
