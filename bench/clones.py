"""A desk of any size, made in minutes: one complaint per policy is registered for real, then copied with its rows by SQL.

Copies keep every value of their pattern except keys, references and moments (moved by whole copies), so each satisfies what
the pattern satisfied. Check and unique constraints are in force while copying; foreign keys are counted afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from complaints import workflow
from complaints.models import SERVICE, Channel, Complaint, Policy, RootCause, Source, Subcategory
from customers.models import AreaClass, Customer
from staff.actors import THE_CUSTOMER, Actor, Role
from staff.models import Branch, Team, TeamKind, User

TABLES = {
    "complaints_complaint": "o.id = ANY(%(patterns)s)",
    "complaints_event": "o.complaint_id = ANY(%(patterns)s)",
    "complaints_clock": "o.complaint_id = ANY(%(patterns)s)",
    "complaints_ledgerentry": "o.clock_id IN (SELECT id FROM complaints_clock WHERE complaint_id = ANY(%(patterns)s))",
    "complaints_alarm": "o.complaint_id = ANY(%(patterns)s)",
    "complaints_feedback": "o.complaint_id = ANY(%(patterns)s)",
}
"""What is copied, each table after those it points at, and which of its rows belong to the patterns. Notices are not."""
POINTS_AT = {"complaint_id": "complaints_complaint", "event_id": "complaints_event", "clock_id": "complaints_clock"}
UNIQUE = {
    ("complaints_complaint", "reference"): "'c-' || {key}",
    ("complaints_complaint", "token"): "'c' || {key}",
    ("complaints_feedback", "token"): "'f' || {key}",
    ("complaints_event", "hash"): "''::bytea",
    ("complaints_alarm", "settled_at"): (
        "CASE WHEN o.settled_at IS NOT NULL THEN o.settled_at + {shift}"
        " WHEN o.fire_at + {shift} < now() + interval '1 day' THEN o.fire_at + {shift} END"
    ),
}
"""What a copy may not share with its pattern; its own alarms lie at least a day ahead."""
AT_ONCE = 250
"""Copies of all patterns in one statement: few enough to be sorted in memory."""
WAY_TO_THE_END = ("dispatch", "accept", "contact", "arrive", "restore", "resolve", "feedback")


@dataclass(frozen=True)
class Patterns:
    """The ids of complaints registered for real: some still open, some closed."""

    open: list[int]
    closed: list[int]


def patterns() -> Patterns:
    """One open and one closed complaint for each policy in force."""
    staff = _staff()
    now = timezone.now()
    made = Patterns([], [])
    for policy in Policy.objects.filter(is_current=True).order_by("code"):
        made.open.append(_registered(policy, staff, at=now).pk)
        old = _registered(policy, staff, at=now - timedelta(days=20))
        for step, name in enumerate(WAY_TO_THE_END, start=1):
            old.refresh_from_db()
            if old.permits(name, Role.SUPERVISOR) or name == "feedback":
                _make(name, old, staff, at=now - timedelta(days=20) + timedelta(hours=3 * step))
        made.closed.append(old.pk)
    return made


def _staff() -> Actor:
    """A root branch with every kind of team and three supervisors who hear of breaches."""
    root = Branch.objects.get(parent=None)
    for kind in TeamKind.values:
        Team.objects.get_or_create(
            branch=root, kind=kind, defaults={"code": f"bench-{kind}", "name_zh": kind, "name_en": kind}
        )
    people = [
        User.objects.create_user(f"boss{number}", role=Role.SUPERVISOR, branch=root, email=f"boss{number}@example.org")
        for number in range(3)
    ]
    return Actor.staff(people[0])


def _registered(policy: Policy, by: Actor, *, at: datetime) -> Complaint:
    wanted = {name: str(values[0]) for name, values in policy.match.items()}
    kinds = Subcategory.objects.order_by("code")
    for name, lookup in {"subcategory": "code", "category": "category__code", "request_type": "request_type"}.items():
        if name in wanted and kinds.filter(**{lookup: wanted[name]}).exists():
            kinds = kinds.filter(**{lookup: wanted[name]})
    kind = kinds[0]
    customer = None
    if "segment" in wanted:
        customer = Customer.objects.create(
            number=f"bench-{Customer.objects.count()}", name="李四", branch=Branch.objects.get(parent=None), is_key=True
        )
    complaint = Complaint(
        category=kind.category,
        subcategory=kind,
        priority=int(wanted.get("priority", str(kind.default_priority)).lstrip("P")),
        severity=wanted.get("severity", "ordinary"),
        request_type=wanted.get("request_type", "complaint"),
        channel=wanted.get("channel", Channel.PHONE),
        source=wanted.get("source", Source.HOTLINE),
        area_class=wanted.get("area", AreaClass.URBAN),
        branch=Branch.objects.get(parent=None),
        customer=customer,
        contact_name="李四",
        contact_phone="13800001234",
        story="小区昨晚停电，没有收到通知。",
    )
    workflow.register(complaint, by=by, at=at)
    return complaint


def _make(name: str, complaint: Complaint, by: Actor, *, at: datetime) -> None:
    said: dict[str, dict[str, Any]] = {
        "dispatch": {"team": Team.objects.filter(kind=TeamKind.DISPATCH).first()},
        "contact": {"reached": True, "method": "phone"},
        "resolve": {
            # that we served somebody badly is answered with findings, which the patterns have not
            "outcome": "not_upheld" if complaint.category.code == SERVICE else "upheld",
            "root_cause": RootCause.objects.filter(children__isnull=True).first(),
            "resolution": "已更换熔断器，供电恢复。",
        },
        "feedback": {"solved": True, "score": 5},
    }
    actor = THE_CUSTOMER if name == "feedback" else by
    workflow.perform(name, complaint, by=actor, at=at, **said.get(name, {}))


def copy(ids: list[int], times: int, *, step: timedelta) -> None:
    """Copy these complaints and all their rows `times` times, each copy's moments one `step` before the last one's."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        for table, belongs in TABLES.items():
            cursor.execute(
                f"CREATE TEMP TABLE of_{table} ON COMMIT DROP AS SELECT o.*, row_number() OVER (ORDER BY o.id) AS of_place, "
                f"count(*) OVER () AS of_size, (SELECT max(id) FROM {table}) AS of_first FROM {table} o WHERE {belongs}",
                {"patterns": ids},
            )
            cursor.execute(f"ANALYZE of_{table}")
        statements = {table: _insert(table) for table in TABLES}
        for start in range(1, times + 1, AT_ONCE):
            for statement in statements.values():
                cursor.execute(
                    statement, {"start": start, "end": min(start + AT_ONCE - 1, times), "step": step.total_seconds()}
                )
        for table in TABLES:
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")


def chain() -> None:
    """The copied events get the hashes of their own chains; triggers, which write them, were off."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE complaints_event")  # else the statement is planned for a table that is nearly empty
        cursor.execute("SELECT complaints_chain_unchained()")


@contextmanager
def without_indexes(tables: Collection[str] = tuple(TABLES)) -> Iterator[None]:
    """Drops the indexes that are no constraint and makes them again afterwards, which is faster than keeping them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT i.relname, pg_get_indexdef(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid "
            "JOIN pg_class t ON t.oid = x.indrelid WHERE NOT x.indisunique AND t.relname = ANY(%s)",
            [list(tables)],
        )
        dropped = cursor.fetchall()
        for name, _definition in dropped:
            cursor.execute(f"DROP INDEX {name}")
        yield
        cursor.execute("SET maintenance_work_mem = '256MB'")
        for _name, definition in dropped:
            cursor.execute(definition)


def _insert(table: str) -> str:
    """The statement that copies a table: keys counted up from the largest there is, copy by copy."""
    key, shift = _key("o"), "- n * make_interval(secs => %(step)s)"
    names, values, joins = [], [], []
    with connection.cursor() as cursor:
        columns = connection.introspection.get_table_description(cursor, table)
        cursor.execute(
            "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND udt_name = 'timestamptz'",
            [table],
        )
        moments = {row[0] for row in cursor.fetchall()}
    for name in (column.name for column in columns):
        value = f'o."{name}"'
        if (table, name) in UNIQUE:
            value = UNIQUE[table, name].format(key=f"({key})", shift=shift)
        elif name == "id":
            value = key
        elif name in POINTS_AT:
            joins.append(f"LEFT JOIN of_{POINTS_AT[name]} {name} ON {name}.id = o.{name}")
            value = _key(name)
        elif name in moments:
            value = f"{value} {shift}"
        names.append(f'"{name}"')
        values.append(value)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} "
        f"FROM generate_series(%(start)s, %(end)s) n CROSS JOIN of_{table} o {' '.join(joins)} ORDER BY n, o.of_place"
    )


def _key(alias: str) -> str:
    return f"{alias}.of_first + (n - 1) * {alias}.of_size + {alias}.of_place"


def rows_pointing_nowhere() -> int:
    """Copied rows whose complaint, event or clock is not there; foreign keys were not checked while copying."""
    lost = 0
    with connection.cursor() as cursor:
        for table in TABLES:
            names = {column.name for column in connection.introspection.get_table_description(cursor, table)}
            for name in names & set(POINTS_AT):
                cursor.execute(
                    f"SELECT count(*) FROM {table} o LEFT JOIN {POINTS_AT[name]} there ON there.id = o.{name} "
                    f"WHERE o.{name} IS NOT NULL AND there.id IS NULL"
                )
                lost += cursor.fetchone()[0]
    return lost
