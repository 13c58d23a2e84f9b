"""The main figures of the board and of each report in plain SQL over the raw rows, and where the page says the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from analytics import board
from analytics.filters import USUAL_DAYS
from analytics.grains.buckets import ERROR
from analytics.periods import Period
from analytics.reports import all_reports
from analytics.reports.base import Findings, filters_for
from analytics.reports.improvement import MOST
from complaints.states import OPEN, UNFINISHED
from staff.models import User

LONG = timedelta(days=730)
Numbers = Sequence[float]
SAME = """(o.account_id = c.account_id OR o.customer_id = c.customer_id
    OR (length(c.contact_phone) >= 7 AND o.contact_phone = c.contact_phone)) AND o.subcategory_id = c.subcategory_id"""
IS_COMPLAINT = "c.request_type = 'complaint' AND c.merged_into_id IS NULL"
RECEIVED = (
    f"FROM complaints_complaint c WHERE {IS_COMPLAINT} AND c.received_at >= %(start)s AND c.received_at < %(end)s"
)
CLOSED = f"FROM complaints_complaint c WHERE {IS_COMPLAINT} AND c.closed_at >= %(start)s AND c.closed_at < %(end)s"


def _total(table: str, *columns: int) -> Callable[[Findings], Numbers]:
    """What stands in these columns of a table's line of totals."""

    def pick(found: Findings) -> Numbers:
        total = next(one for one in found.tables if one.code == table).total
        return [total[column].raw for column in columns]

    return pick


def _sums(table: str, *columns: int) -> Callable[[Findings], Numbers]:
    """The sums of these columns of a table."""

    def pick(found: Findings) -> Numbers:
        rows = next(one for one in found.tables if one.code == table).rows
        return [sum(row[column].raw or 0 for row in rows) for column in columns]

    return pick


def _last(table: str, column: int) -> Callable[[Findings], Numbers]:
    def pick(found: Findings) -> Numbers:
        return [next(one for one in found.tables if one.code == table).rows[-1][column].raw]

    return pick


@dataclass(frozen=True)
class Case:
    """A page, what it says and the statement that says it, too."""

    name: str
    sql: str
    pick: Callable[[Any], Numbers]

    @property
    def is_board(self) -> bool:
        return self.name == "board"

    @property
    def url(self) -> str:
        return "/board/" if self.is_board else f"/reports/{self.name}/"

    def addresses(self) -> Iterator[tuple[str, str]]:
        yield "page", self.url
        if not self.is_board:
            today = timezone.localdate()
            yield "json", f"/api/v1/reports/{self.name}/"
            yield "long", f"{self.url}?from={today - LONG}&to={today}&granularity=month"

    def kept(self, user: User) -> list[float]:
        at = timezone.now()
        if self.is_board:
            return list(self.pick(board.read(user, at)))
        report = all_reports()[self.name]
        return list(self.pick(report.read(filters_for(report, {}, user, at).chosen(), user, at)))

    def raw(self) -> list[float]:
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params())
            return [float(value) if value is not None else 0 for value in cursor.fetchone()]


def params() -> dict[str, Any]:
    today = timezone.localdate()
    period = Period(today - timedelta(days=USUAL_DAYS - 1), today)
    month = Period(today - timedelta(days=board.SATISFACTION_DAYS - 1), today)
    return {
        "start": period.start,
        "end": period.end,
        "first": period.first,
        "last": period.last,
        "now": timezone.now(),
        "today": Period(today, today).start,
        "month": month.start,
        "zone": settings.TIME_ZONE,
        "open": sorted(OPEN),
        "unfinished": sorted(UNFINISHED),
    }


def is_same(kept: Numbers, raw: Numbers) -> bool:
    """Whole numbers are the same; what was measured lies within the width of a bucket."""
    return len(kept) == len(raw) and all(
        a == b if float(a).is_integer() and float(b).is_integer() else abs(a - b) <= 2 * ERROR * max(abs(b), 0.05)
        for a, b in zip(kept, raw, strict=True)
    )


def cases() -> list[Case]:
    """One for the board and one for each report there is."""
    known = [Case(name, sql, pick) for name, (sql, pick) in CASES.items()]
    assert {case.name for case in known} == {"board", *all_reports()}
    return known


def _board(found: board.Board) -> Numbers:
    rated = found.satisfaction
    return [found.received.value, found.resolved.value, found.open.value, rated.asked, rated.rated, rated.satisfied]  # type: ignore[list-item]


CASES: dict[str, tuple[str, Callable[[Any], Numbers]]] = {
    "board": (
        f"""SELECT (SELECT count(*) FROM complaints_complaint c WHERE {IS_COMPLAINT} AND c.received_at >= %(today)s),
        (SELECT count(*) FROM complaints_complaint WHERE resolved_at >= %(today)s),
        (SELECT count(*) FROM complaints_complaint WHERE status = ANY(%(unfinished)s)), asked.*
        FROM (SELECT count(*), count(f.score), count(*) FILTER (WHERE f.score >= 4) FROM complaints_feedback f
            JOIN complaints_complaint c ON c.id = f.complaint_id
            WHERE c.request_type = 'complaint' AND f.asked_at >= %(month)s AND f.asked_at < %(end)s) asked""",
        _board,
    ),
    "trend": (f"SELECT count(*) {RECEIVED}", lambda found: [_total("received", -1)(found)[0]]),
    "satisfaction": (
        """SELECT count(*), count(*) FILTER (WHERE f.answered_by <> ''), count(f.score),
        count(*) FILTER (WHERE f.score >= 4) FROM complaints_feedback f
        JOIN complaints_complaint c ON c.id = f.complaint_id
        WHERE c.request_type = 'complaint' AND f.asked_at >= %(start)s AND f.asked_at < %(end)s""",
        _total("satisfaction", 1, 2, 4, 5),
    ),
    "sla-compliance": (
        """SELECT count(*) FILTER (WHERE NOT k.is_excused AND k.state = 'met'),
        count(*) FILTER (WHERE NOT k.is_excused AND (k.state = 'late' OR k.state = 'cancelled' AND k.stopped_at > k.due_at
            OR k.state NOT IN ('met', 'late', 'cancelled') AND k.due_at < %(now)s))
        FROM complaints_clock k JOIN complaints_complaint c ON c.id = k.complaint_id
        WHERE c.request_type = 'complaint' AND k.kind <> 'request' AND k.statistic = 'each'
        AND k.due_at >= %(start)s AND k.due_at < %(end)s""",
        _sums("sla-compliance", 2, 3),
    ),
    "times": (
        """SELECT count(*), round((percentile_disc(0.5) WITHIN GROUP (ORDER BY seconds) / 3600.0)::numeric, 1),
        round((percentile_disc(0.9) WITHIN GROUP (ORDER BY seconds) / 3600.0)::numeric, 1)
        FROM (SELECT floor(extract(epoch FROM resolved_at - received_at)) AS seconds FROM complaints_complaint
            WHERE request_type = 'complaint' AND resolved_at >= %(start)s AND resolved_at < %(end)s) t""",
        _total("resolved", 1, 2, 3),
    ),
    "backlog": (
        f"""SELECT count(*) FROM complaints_complaint c WHERE {IS_COMPLAINT} AND c.received_at < %(today)s AND coalesce((
            SELECT e.to_status FROM complaints_event e WHERE e.complaint_id = c.id AND e.at < %(today)s
            ORDER BY e.number DESC LIMIT 1), 'registered') = ANY(%(open)s)""",
        _last("open", -1),
    ),
    "rate": (
        f"SELECT count(*), round(10000.0 * count(*) / (SELECT count(*) FROM customers_account), 2) {RECEIVED}",
        _total("rate", 1, 3),
    ),
    "repeats": (
        f"""SELECT count(*), count(*) FILTER (WHERE EXISTS (
            SELECT FROM complaints_complaint o JOIN complaints_event e ON e.complaint_id = o.id
            WHERE {SAME} AND o.id <> c.id AND o.merged_into_id IS NULL AND e.to_status = 'closed' AND e.from_status <> 'closed'
            AND e.at <= c.received_at AND e.at > c.received_at - interval '30 days')) {RECEIVED}""",
        _total("repeats", 1, 2),
    ),
    "channels": (
        f"""SELECT count(*) FILTER (WHERE c.channel = 'phone'), count(*) FILTER (WHERE c.channel = 'web'), count(*)
        {RECEIVED}""",
        _total("mix", 1, 2, -1),
    ),
    "coaching": (
        """SELECT count(*), count(*) FILTER (WHERE f.verdict IN ('substantiated', 'partly')) FROM complaints_conductfinding f
        JOIN complaints_complaint c ON c.id = f.complaint_id
        WHERE c.request_type = 'complaint' AND f.entered_at >= %(start)s AND f.entered_at < %(end)s""",
        lambda found: [_total("findings", 1)(found)[0], sum(_total("findings", 2, 3)(found))],
    ),
    "causes": (
        f"SELECT count(*) {CLOSED} AND c.outcome IN ('upheld', 'partly_upheld')",
        _total("causes", 1),
    ),
    "hot-spots": (
        f"""SELECT sum(n), sum(supply) FROM (SELECT a.feeder_id, count(*) AS n,
            count(*) FILTER (WHERE k.code IN ('OUT', 'VOL')) AS supply FROM complaints_complaint c
            JOIN complaints_category k ON k.id = c.category_id
            LEFT JOIN customers_transformerarea a ON a.id = c.transformer_area_id
            WHERE {IS_COMPLAINT} AND c.received_at >= %(start)s AND c.received_at < %(end)s GROUP BY a.feeder_id) t""",
        _total("hot-spots", 2, 4),
    ),
    "workload": (
        f"""SELECT count(*), (SELECT count(*) FROM complaints_complaint
            WHERE request_type = 'complaint' AND resolved_at >= %(start)s AND resolved_at < %(end)s) {RECEIVED}""",
        _total("workload", 1, 3),
    ),
    "inspections": (
        """SELECT count(*), count(*) FILTER (WHERE state = 'done' AND done_on <= scheduled_on) FROM complaints_inspection
        WHERE state <> 'cancelled' AND scheduled_on BETWEEN %(first)s AND %(last)s""",
        _total("inspections", 1, 4),
    ),
    "improvement": (
        f"""SELECT least(count(*), {MOST}) FROM complaints_coachingaction a JOIN complaints_complaint c ON c.id = a.complaint_id
        WHERE c.request_type = 'complaint' AND a.done_at >= %(start)s AND a.done_at < %(end)s""",
        lambda found: [sum(len(table.rows) for table in found.tables if table.code == "coaching")],
    ),
}
