"""Statements beside which pages are held: the rows of the least pages, a search without an index, what a report sums up."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from bench import minimal
from complaints.models import Complaint

ROUNDS, FEW = 20, 3
DAYS = 90
LIKE = "SELECT count(*) FROM complaints_complaint WHERE story LIKE '%%停电%%'"
SUMMED = """SELECT day, sum(n) FROM analytics_dayrollup r
JOIN analytics_generation g ON g.id = r.generation_id AND g.state = 'current'
JOIN staff_branch b ON b.id = r.branch_id AND b.parent_id IS NULL
WHERE series = 'received' AND day >= %(first)s AND request_type = 'complaint' GROUP BY day ORDER BY day"""
COUNTED = """SELECT (received_at AT TIME ZONE 'Asia/Shanghai')::date, count(*) FROM complaints_complaint
WHERE request_type = 'complaint' AND received_at >= %(first)s GROUP BY 1 ORDER BY 1"""


def told() -> dict[str, Any]:
    """Scripts for pgbench, and the milliseconds of statements that are asked for here."""
    first = timezone.localdate() - timedelta(days=DAYS)
    statements = {
        "LIKE over the stories": (LIKE, {}, FEW),
        "received by day, from the rollups": (SUMMED, {"first": first}, ROUNDS),
        "received by day, from the complaints": (COUNTED, {"first": first}, FEW),
    }
    return {
        "scripts": {"25 rows": _rows(), "one complaint": _one()},
        "statements": {name: _milliseconds(*given) for name, given in statements.items()},
    }


def _rows() -> str:
    """What the least page of 25 rows reads."""
    return _written(minimal.rows()) + ";\n"


def _one() -> str:
    one = Complaint.objects.select_related("category", "assignee").filter(pk=Complaint.objects.latest("pk").pk)
    return f"{_written(one)};\n{_written(one[0].events.all())};\n"


def _written(rows: Any) -> str:
    statement, given = rows.query.sql_with_params()
    connection.ensure_connection()
    with connection.cursor() as cursor:
        text = cursor.cursor.mogrify(statement, given)
    return text.decode() if isinstance(text, bytes) else str(text)


def _milliseconds(statement: str, given: dict[str, Any], rounds: int) -> dict[str, float]:
    taken = []
    with connection.cursor() as cursor:
        for _ in range(rounds):
            began = time.perf_counter()
            cursor.execute(statement, given)
            cursor.fetchall()
            taken.append((time.perf_counter() - began) * 1000)
    return {"ms": round(statistics.median(taken), 3), "samples": rounds}
