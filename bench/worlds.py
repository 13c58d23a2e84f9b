"""A desk of a million complaints with everything that figures are cut by: the made-up utility, copied with its customers by SQL.

Each copy has customers, premises and accounts of its own on the same network. What is closed lies STEP earlier than in the
copy before, what is open a little, so that copies do not fall into the same cells of the figures. One complaint in AGAIN has
the account of every SHARED-th copy, days apart, so that there are repeats.
Keys follow time as in life. Check and unique constraints hold while copying. Alarms, ledger entries, notices and the words of
the search are not copied: no figure reads them.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from analytics.demo import loading
from analytics.grains import customer_counts
from bench import clones
from complaints.models import Complaint, Event

DAYS = 800
PATTERN = 50_000
"""Complaints of the made-up utility; the rest are copies."""
CUSTOMERS = 2
"""For each complaint."""
STEP, STEP_OF_OPEN = "13 hours", "20 minutes"
PIECE = 5_000
AGAIN, SHARED = 20, 7
WHOSE = f"CASE WHEN o.id %% {AGAIN} = 0 THEN n %% {SHARED} + 1 ELSE n END"
"""The copy whose customer it is."""

TABLES = """
customers_customer customers_premise customers_account complaints_complaint complaints_event complaints_clock
complaints_feedback complaints_conductfinding complaints_coachingaction
""".split()  # noqa: SIM905  names are read more easily than a list of them
POINTS_AT = {
    "customer_id": "customers_customer",
    "premise_id": "customers_premise",
    "account_id": "customers_account",
    "complaint_id": "complaints_complaint",
    "merged_into_id": "complaints_complaint",
    "id": "",
}
"""Columns that hold a key of something that is copied, and of what; "" is the table itself."""
POSSESSIONS = ("customer_id", "premise_id", "account_id")
OWN = {
    ("customers_customer", "number"): "'C' || {key}",
    ("customers_customer", "merged_into_id"): "NULL",
    ("customers_account", "number"): "'A' || {key}",
    ("complaints_complaint", "reference"): "'c-' || {key}",
    ("complaints_complaint", "token"): "'c' || {key}",
    ("complaints_complaint", "contact_phone"): (
        f"CASE WHEN o.contact_phone <> '' THEN o.contact_phone || '-' || ({WHOSE}) ELSE '' END"
    ),
    ("complaints_feedback", "token"): "'f' || {key}",
}
"""What a copy may not share with its pattern."""


def build(complaints: int) -> dict[str, Any]:
    """A database with this many complaints; says what is in it and how long that took."""
    call_command("prepare", verbosity=0)
    began, pattern = time.perf_counter(), min(PATTERN, complaints)
    ending = timezone.now()
    loading.load(
        complaints=pattern, days=DAYS, seed=7, ending=ending, customers=CUSTOMERS * pattern, say=lambda _number: None
    )
    loaded = time.perf_counter()
    copy(complaints // pattern - 1)
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE analytics_change")
        cursor.execute("VACUUM ANALYZE")
    _count_customers(ending)
    return {
        "complaints": Complaint.objects.count(),
        "open": Complaint.objects.open().count(),
        "events": Event.objects.count(),
        "pattern_seconds": round(loaded - began, 1),
        "copying_seconds": round(time.perf_counter() - loaded, 1),
    }


def copy(times: int) -> None:
    """Copy everything so many times; indexes that are no constraint are made again afterwards."""
    with clones.without_indexes(TABLES), connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"CREATE TEMP TABLE moved AS SELECT id, CASE WHEN status = 'closed' THEN interval '{STEP}' "
            f"ELSE interval '{STEP_OF_OPEN}' END AS step FROM complaints_complaint"
        )
        cursor.execute("CREATE UNIQUE INDEX ON moved (id)")
        cursor.execute("ANALYZE moved")
        highest = {table: loading.highest(table) for table in TABLES}
        statements = {table: _insert(table, highest) for table in TABLES}
        for table, statement in statements.items():
            for start in range(0, highest[table], _piece(table, highest[table])):
                cursor.execute(statement, {"times": times, "from": start, "to": start + _piece(table, highest[table])})
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
        cursor.execute("SET session_replication_role = DEFAULT")


def _piece(table: str, highest: int) -> int:
    return max(PIECE, highest // 100)


def _insert(table: str, highest: dict[str, int]) -> str:
    """The statement that copies a table: the copies of a row follow each other, so that keys follow time."""
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, table)
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND udt_name = 'timestamptz'",
            [table],
        )
        moments = {row[0] for row in cursor.fetchall()}
    names = [column.name for column in columns]
    complaint = "id" if table == "complaints_complaint" else "complaint_id"
    is_moved = complaint in names
    values = []
    for name in names:
        if (table, name) in OWN:
            value = OWN[table, name].format(key=f"({_key('o.id', highest[table])})")
        elif name in POINTS_AT:
            whose = WHOSE if table == "complaints_complaint" and name in POSSESSIONS else "n"
            value = _key(f'o."{name}"', highest[POINTS_AT[name] or table], whose)
        else:
            value = f'o."{name}" - n * step' if name in moments and is_moved else f'o."{name}"'
        values.append(value)
    join = f"JOIN moved ON moved.id = o.{complaint}" if is_moved else ""
    listed = ", ".join(f'"{name}"' for name in names)
    return (
        f"INSERT INTO {table} ({listed}) SELECT {', '.join(values)} FROM {table} o {join} "
        "CROSS JOIN generate_series(1, %(times)s) n WHERE o.id > %(from)s AND o.id <= %(to)s ORDER BY o.id, n"
    )


def _key(column: str, highest: int, copy: str = "n") -> str:
    """Beyond all that there are, the copies of one next to each other."""
    return f"{highest} + ({column} - 1) * %(times)s + ({copy})"


def _count_customers(ending: datetime) -> None:
    """As the nightly counts would have them at both ends of the history."""
    today = timezone.localdate(ending)
    for day in (today - timedelta(days=DAYS), today):
        customer_counts.count(day)
