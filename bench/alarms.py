"""The steps of the ringing benchmark that need Django, each run in a process of its own and answering with one dictionary."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django.urls import reverse

from bench import clones
from complaints import database_clock
from complaints.models import Alarm, Complaint, Event
from complaints.tasks import RUNG_TOGETHER, ring_alarms
from config.garbage import collect_seldom

OPEN_SHARE = 0.2
OPEN_FOR = timedelta(days=6)
"""Over how many days the open complaints came in; the closed ones before them, over CLOSED_FOR."""
CLOSED_FOR = timedelta(days=500)

BRING_DUE = """
WITH one_each AS (
    SELECT DISTINCT ON (complaint_id) id FROM complaints_alarm WHERE settled_at IS NULL AND fire_at > now()
    ORDER BY complaint_id, md5(id::text)
), chosen AS (SELECT id FROM one_each ORDER BY md5(id::text) LIMIT %s)
UPDATE complaints_alarm SET fire_at = now() - random() * interval '1 minute' WHERE id IN (SELECT id FROM chosen)
RETURNING id
"""
SETTLE_WHAT_IS_NEAR = """
UPDATE complaints_alarm SET settled_at = fire_at WHERE settled_at IS NULL AND fire_at < now() + interval '1 day'
"""
PLAIN_EVENT = """
INSERT INTO complaints_event
    (complaint_id, number, move, from_status, to_status, at, recorded_at, role, actor_name, details)
SELECT c.id, (SELECT max(number) + 1 FROM complaints_event e WHERE e.complaint_id = c.id),
    'warn', c.status, c.status, a.fire_at, now(), 'clock', '', '{}'
FROM complaints_alarm a JOIN complaints_complaint c ON c.id = a.complaint_id WHERE a.id = %s RETURNING id
"""
KNOW_THE_EVENT = """
UPDATE complaints_complaint c SET version = c.version + 1 FROM complaints_alarm a
WHERE a.complaint_id = c.id AND a.id = ANY(%s)
"""
"""So that a further run on the same desk can ring what is left: the number of the next event is the complaint's version."""


def build(complaints: int) -> dict[str, Any]:
    """A database with this many complaints; counts what is in it."""
    call_command("prepare", verbosity=0)
    made = clones.patterns()
    each = len(made.open)
    open_times = max(1, round(complaints * OPEN_SHARE / each))
    closed_times = max(1, round(complaints * (1 - OPEN_SHARE) / each))
    with clones.without_indexes():
        clones.copy(made.open, open_times, step=OPEN_FOR / open_times)
        clones.copy(made.closed, closed_times, step=CLOSED_FOR / closed_times)
        clones.chain()
    lost = clones.rows_pointing_nowhere()
    with connection.cursor() as cursor:
        cursor.execute(SETTLE_WHAT_IS_NEAR)
        cursor.execute("VACUUM ANALYZE")
    return {
        "policies": each,
        "complaints": Complaint.objects.count(),
        "open": Complaint.objects.open().count(),
        "events": Event.objects.count(),
        "alarms": Alarm.objects.count(),
        "pending": Alarm.objects.pending().count(),
        "rows_pointing_nowhere": lost,
    }


def bring_due(count: int) -> list[int]:
    """Make one alarm of each of `count` open complaints due within the past minute; answers with their ids."""
    with connection.cursor() as cursor:
        cursor.execute(BRING_DUE, [count])
        return [row[0] for row in cursor.fetchall()]


def idle() -> dict[str, Any]:
    """What one sweep that finds nothing reads."""
    statement, given = Alarm.objects.due(database_clock.now())[:RUNG_TOGETHER].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", given)
        plan = cursor.fetchone()[0][0]
    began = time.perf_counter()
    assert ring_alarms() == 0
    return {
        "buffers": plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"],
        "index": plan["Plan"]["Plans"][0].get("Index Name", ""),
        "sweep_ms": round((time.perf_counter() - began) * 1000, 2),
    }


def work() -> dict[str, Any]:
    """Be one worker: take turns until nothing is due, once told to begin."""
    ring_alarms()
    reverse("complaints:complaint", args=["x"])  # loads all addresses, which a worker does once in its life
    collect_seldom()  # as Celery's workers do
    answer({"ready": True})
    sys.stdin.readline()
    began, before, rung, turns = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF), 0, 0
    database_before = _database_cpu()
    while Alarm.objects.due(database_clock.now()).exists():
        rung += ring_alarms()
        turns += 1
    after = resource.getrusage(resource.RUSAGE_SELF)
    database_after = _database_cpu()
    return {
        "rung": rung,
        "turns": turns,
        "seconds": time.perf_counter() - began,
        "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        "database_cpu": database_after - database_before,
    }


def _database_cpu() -> float:
    """Seconds of processor time of the server process behind this connection; 0 where there is no /proc to ask."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        stat = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not stat.exists():
        return 0.0
    user, system = stat.read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def verdict(alarms: list[int]) -> dict[str, Any]:
    """Whether each of these rang once at its own time, and how many rang before one that was due earlier."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FILTER (WHERE e.id IS NULL), count(*) FILTER (WHERE e.at <> a.fire_at), "
            "(SELECT count(*) FROM complaints_event x JOIN complaints_alarm y ON y.complaint_id = x.complaint_id "
            " WHERE y.id = ANY(%(ids)s) AND x.role = 'clock' AND x.at = y.fire_at AND x.id <> y.event_id) "
            "FROM complaints_alarm a LEFT JOIN complaints_event e ON e.id = a.event_id WHERE a.id = ANY(%(ids)s)",
            {"ids": alarms},
        )
        unrung, wrong_time, twice = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FILTER (WHERE behind > interval '0'), max(behind), count(*) FROM (SELECT "
            "max(a.fire_at) OVER (ORDER BY e.id ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) - a.fire_at AS behind "
            "FROM complaints_alarm a JOIN complaints_event e ON e.id = a.event_id WHERE a.id = ANY(%s)) ordered",
            [alarms],
        )
        late, most, total = cursor.fetchone()
        cursor.execute(
            "SELECT count(*) FROM complaints_notice n JOIN complaints_alarm a USING (event_id) WHERE a.id = ANY(%s)",
            [alarms],
        )
        notices = cursor.fetchone()[0]
    return {
        "unrung": unrung,
        "wrong_time": wrong_time,
        "rung_twice": twice,
        "inversions": late / total,
        "most_behind_seconds": most.total_seconds(),
        "notices": notices,
    }


def plain(count: int) -> dict[str, Any]:
    """The same two rows written by hand, in one transaction for each alarm: seconds for each."""
    alarms = bring_due(count)
    began = time.perf_counter()
    with connection.cursor() as cursor:
        for alarm in alarms:
            with transaction.atomic():
                cursor.execute(PLAIN_EVENT, [alarm])
                event = cursor.fetchone()[0]
                cursor.execute(
                    "UPDATE complaints_alarm SET settled_at = now(), event_id = %s WHERE id = %s", [event, alarm]
                )
    seconds = time.perf_counter() - began
    with connection.cursor() as cursor:
        cursor.execute(KNOW_THE_EVENT, [alarms])
    return {"seconds_each": seconds / count}


def answer(said: object) -> None:
    """One line of JSON for the process that asked."""
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


def run(step: Callable[..., object], *given: Any) -> None:
    answer(step(*given))
