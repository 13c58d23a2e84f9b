"""From the first released schema to the newest with a million complaints, while others read and write as the product would.

    .venv/bin/python -m bench.migrating [--complaints 1000000] [--data FOLDER]

Servers and data are its own, in a temporary folder (or --data, which is kept). It ends with 1 if a row was lost or
changed, the history or the figures are not what they should be, or the product does not start on what came out.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg2

from bench import first_release
from bench.desk import served
from devtools.say import line, step

PAUSE = 0.02
"""Seconds between two turns of somebody who reads or writes."""
TRIES = 20
SHOWN_SECONDS, SHOWN_WAIT = 1.0, 0.5
CHANGED = {
    ("complaints_complaint", "version"): "others wrote meanwhile",
}
"""Columns that need not be what they were, and why."""
UNJUDGED = """
SELECT count(*) FROM complaints_feedback
WHERE (verdict, rating, attitude_rating) IS DISTINCT FROM
    (CASE WHEN solved THEN 'yes' WHEN NOT solved THEN 'no' ELSE '' END, score, attitude)
"""


@dataclass
class Others:
    """Somebody who reads and somebody who writes, each turn noted with when it began and how long it took."""

    turns: list[tuple[str, float, float]] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    written: int = 0

    def longest(self, began: float, ended: float, who: str) -> float:
        """The longest turn that fell into this time, or reached into it, as far as it did."""
        inside = [
            min(at + took, ended) - max(at, began)
            for name, at, took in self.turns
            if name == who and at < ended and at + took > began
        ]
        return max(inside, default=0.0)


def read(cursor: Any, turn: int) -> None:
    """A page of the queue, and a complaint with its history."""
    cursor.execute(
        "SELECT id, reference, status, next_due_at FROM complaints_complaint "
        "WHERE NOT status = 'closed' ORDER BY next_due_at, id LIMIT 25"
    )
    found = cursor.fetchall()
    cursor.execute(
        "SELECT number, move, at, details FROM complaints_event WHERE complaint_id = %s ORDER BY number",
        [found[turn % len(found)][0]],
    )
    cursor.fetchall()


def write(cursor: Any, turn: int) -> None:
    """A note: the complaint is locked, its event written, its version counted."""
    cursor.execute("BEGIN")
    cursor.execute("SELECT id, version, status FROM complaints_complaint WHERE id = %s FOR UPDATE", [turn % 200 + 1])
    key, version, status = cursor.fetchone()
    cursor.execute(
        "INSERT INTO complaints_event "
        "(complaint_id, number, move, from_status, to_status, at, recorded_at, role, actor_name, details) "
        "VALUES (%s, %s, 'note', %s, %s, now(), now(), 'supervisor', '王五', '{\"note\": \"电话已接通\"}')",
        [key, version + 1, status, status],
    )
    cursor.execute("UPDATE complaints_complaint SET version = version + 1 WHERE id = %s", [key])
    cursor.execute("COMMIT")


@contextmanager
def working(dsn: str) -> Iterator[Others]:
    """Others read and write until this ends."""
    others, is_over = Others(), threading.Event()

    def work(who: str, do: Callable[[Any, int], None]) -> None:
        connection, turn = psycopg2.connect(dsn), 0
        connection.autocommit = True
        with connection.cursor() as cursor:
            while not is_over.wait(PAUSE):
                began = time.monotonic()
                try:
                    do(cursor, turn)
                    others.written += who == "writes"
                except psycopg2.Error as error:
                    others.refused[str(error).splitlines()[0]] = others.refused.get(str(error).splitlines()[0], 0) + 1
                    cursor.execute("ROLLBACK")
                others.turns.append((who, began, time.monotonic() - began))
                turn += 1
        connection.close()

    threads = [threading.Thread(target=work, args=one) for one in (("reads", read), ("writes", write))]
    for one in threads:
        one.start()
    try:
        yield others
    finally:
        is_over.set()
        for one in threads:
            one.join()


@dataclass
class Done:
    """One migration: when, how much it wrote, and which tables it wrote anew."""

    name: str
    began: float
    ended: float
    rows: int
    megabytes: float
    rewritten: str


class Watch:
    """What the database has written so far, seen from a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self.connection = psycopg2.connect(dsn)
        self.connection.autocommit = True
        self.seen = self.look()

    def look(self) -> tuple[int, float, dict[str, tuple[int, int]]]:
        with self.connection.cursor() as cursor:
            cursor.execute("SELECT coalesce(sum(n_tup_ins + n_tup_upd), 0)::bigint FROM pg_stat_user_tables")
            rows = cursor.fetchone()[0]
            cursor.execute("SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 / 1e6")
            megabytes = cursor.fetchone()[0]
            cursor.execute(
                "SELECT relname, relfilenode, reltuples::bigint FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            )
            return rows, megabytes, {name: (node, count) for name, node, count in cursor.fetchall()}

    def since(self) -> tuple[int, float, str]:
        (rows, megabytes, tables), self.seen = self.seen, self.look()
        anew = [
            f"{name} ({count})"
            for name, (node, count) in self.seen[2].items()
            if name in tables and tables[name][0] != node and count > 0
        ]
        return self.seen[0] - rows, self.seen[1] - megabytes, ", ".join(anew)


def migrate(dsn: str) -> tuple[list[Done], int]:
    """To the newest schema as `manage.py migrate` does it; what each migration did, and how often it had to be run again."""
    from django.core.management import CommandError, call_command  # noqa: PLC0415  Django is set up only once servers run
    from django.db import OperationalError, connection  # noqa: PLC0415

    from config.management.commands.migrate import Command  # noqa: PLC0415

    done: list[Done] = []
    watch = Watch(dsn)

    class Timed(Command):
        began = 0.0

        def migration_progress_callback(self, action: str, migration: Any = None, fake: bool = False) -> None:
            super().migration_progress_callback(action, migration, fake)
            if action == "apply_start":
                self.began = time.monotonic()
            elif action == "apply_success":
                ended = time.monotonic()
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_stat_force_next_flush()")
                done.append(Done(str(migration), self.began, ended, *watch.since()))

    for tries in range(TRIES):
        try:
            call_command(Timed(), interactive=False, verbosity=0)
        except (CommandError, OperationalError) as error:
            line(f"  run again: {str(error).splitlines()[0]}")
        else:
            return done, tries
    raise SystemExit(f"It could not be migrated in {TRIES} tries.")


def sums(cursor: Any, upto: dict[str, int], columns: dict[str, list[str]]) -> dict[tuple[str, str], tuple[int, int]]:
    """For each column how many rows, and a sum over them that changes if any of them does."""
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for table, names in columns.items():
        each = ", ".join(
            f"""bit_xor(hashtextextended(id || ':' || coalesce("{name}"::text, '-'), 0))""" for name in names
        )
        cursor.execute(f"SELECT count(*), {each} FROM {table} WHERE id <= %s", [upto[table]])
        count, *values = cursor.fetchone()
        found |= {(table, name): (count, value) for name, value in zip(names, values, strict=True)}
    return found


def columns_of(cursor: Any, tables: Any) -> dict[str, list[str]]:
    cursor.execute(
        "SELECT table_name, array_agg(column_name::text ORDER BY column_name) FROM information_schema.columns "
        "WHERE table_schema = 'public' AND table_name = ANY(%s) GROUP BY table_name",
        [list(tables)],
    )
    return dict(cursor.fetchall())


def troubles(before: dict[tuple[str, str], tuple[int, int]], upto: dict[str, int]) -> Iterator[str]:
    """What is not as it should be: rows, history, figures, the start of the product, its pages."""
    from django.core.management import CommandError, call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from analytics.grains import check, refresh  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415
    from staff.models import User  # noqa: PLC0415

    with step("Comparing rows"), connection.cursor() as cursor:
        there = columns_of(cursor, upto)
        wanted: dict[str, list[str]] = {}
        for table, name in before:
            if name in there.get(table, []):
                wanted.setdefault(table, []).append(name)
        after = sums(cursor, upto, wanted)
    for (table, name), (count, value) in before.items():
        if (table, name) not in after:
            yield f"{table}.{name} is gone"
        elif after[table, name][0] != count:
            yield f"{table}: {count} rows were there, {after[table, name][0]} are"
        elif after[table, name][1] != value and (table, name) not in CHANGED:
            yield f"{table}.{name} was changed"
    with step("Comparing what was answered with its verdicts"), connection.cursor() as cursor:
        cursor.execute(UNJUDGED)
        if (unjudged := cursor.fetchone()[0]) > 0:
            yield f"{unjudged} answers have another verdict or rating than they said"
    with step("Making it ready, as every start does"):
        call_command("prepare", verbosity=0)
    with step("Comparing the history with its hashes"):
        try:
            call_command("verify_history", verbosity=0)
        except CommandError as error:
            yield str(error)
    with step("Building the figures, and comparing them"):
        refresh.rebuild()
        refresh.refresh()
        result = check.check()
    if result is None or result.findings:
        yield f"figures: {result and result.findings}"
    call_command("collectstatic", interactive=False, verbosity=0)
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="boss"))
    some = Complaint.objects.filter(pk__lte=upto["complaints_complaint"]).earliest("pk")
    for address in ("/desk/", f"/complaints/{some.reference}/", "/board/"):
        answer = client.get(address)
        if answer.status_code != 200:
            yield f"{address} answers {answer.status_code}"


def report(done: list[Done], others: Others, tries: int) -> None:
    line("| migration | seconds | longest wait: reads, writes s | rows written | WAL MB | written anew |")
    line("| --- | --- | --- | --- | --- | --- |")
    rest: list[tuple[Done, float, float]] = []
    for one in done:
        reads, writes = (others.longest(one.began, one.ended, who) for who in ("reads", "writes"))
        if one.ended - one.began < SHOWN_SECONDS and max(reads, writes) < SHOWN_WAIT and not one.rewritten:
            rest.append((one, reads, writes))
            continue
        line(_row(one.name, one.ended - one.began, reads, writes, one.rows, one.megabytes, one.rewritten))
    line(
        _row(
            f"{len(rest)} others",
            sum(one.ended - one.began for one, _, _ in rest),
            max((reads for _, reads, _ in rest), default=0.0),
            max((writes for _, _, writes in rest), default=0.0),
            sum(one.rows for one, _, _ in rest),
            sum(one.megabytes for one, _, _ in rest),
            "",
        )
    )
    line(
        f"all: {done[-1].ended - done[0].began:.1f} s; run again {tries} times; {others.written} notes written meanwhile"
    )
    for said, count in others.refused.items():
        line(f"  {count} times refused: {said}")


def _row(name: str, seconds: float, reads: float, writes: float, rows: int, megabytes: float, rewritten: str) -> str:
    return f"| {name} | {seconds:.1f} | {reads:.1f}, {writes:.1f} | {rows} | {megabytes:.0f} | {rewritten} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.migrating")
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="a folder to keep")
    given = parser.parse_args()
    with served(given.data):
        from django.core.management import call_command  # noqa: PLC0415
        from django.db import connection  # noqa: PLC0415

        with step("Migrating to the first release"):
            for app, name in first_release.SCHEMA.items():
                call_command("migrate", app, name, interactive=False, verbosity=0)
        with step(f"Filling it with {given.complaints} complaints"), connection.cursor() as cursor:
            rows = first_release.fill(cursor, given.complaints)
            upto = {}
            for table in rows:
                cursor.execute(f"SELECT max(id) FROM {table}")
                upto[table] = cursor.fetchone()[0]
            before = sums(cursor, upto, columns_of(cursor, rows))
            dsn = connection.connection.dsn
        line(", ".join(f"{table} {count}" for table, count in rows.items()))
        with step("Migrating to the newest"), working(dsn) as others:
            done, tries = migrate(dsn)
        report(done, others, tries)
        found = list(troubles(before, upto))
    for one in found:
        line(f"WRONG: {one}")
    if found:
        sys.exit(1)
    line("Nothing was lost or changed; history, figures and pages are right.")


if __name__ == "__main__":
    main()
