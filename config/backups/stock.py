"""What a database holds, in numbers that must be the same after a restore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.db import connection, models

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
GUARDS = {
    "constraints": "SELECT count(*) FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace"
    " WHERE n.nspname = 'public' AND c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.convalidated",
    "indexes": "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND i.indisvalid",
    "triggers": "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
    " JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'public' AND NOT t.tgisinternal AND t.tgenabled = 'O'",
    "sequences": "SELECT count(*) FROM pg_sequences WHERE schemaname = 'public'",
}
"""Only what is in force counts: a foreign key that was not validated, or a trigger switched off, is one too few."""
WORDLESS = (
    "SELECT count(*) FROM complaints_complaint c"
    " WHERE NOT EXISTS (SELECT FROM complaints_complaintwords w WHERE w.complaint_id = c.id)"
)


def tables() -> list[str]:
    return [row[0] for row in _rows(TABLES)]


def counts() -> dict[str, int]:
    """The rows of every table, counted one by one."""
    return {name: _number(f"SELECT count(*) FROM {connection.ops.quote_name(name)}") for name in tables()}


def guards() -> dict[str, int]:
    """How many constraints, indexes, triggers and sequences are in force."""
    return {name: _number(statement) for name, statement in GUARDS.items()}


def migrations() -> list[str]:
    return [f"{app}.{name}" for app, name in _rows("SELECT app, name FROM django_migrations ORDER BY 1, 2")]


def without_words() -> int:
    """Complaints that no search finds."""
    return _number(WORDLESS)


def files_named() -> Iterator[str]:
    """The names of all files that rows speak of."""
    for model in apps.get_models():
        for field in model._meta.concrete_fields:
            if isinstance(field, models.FileField):
                names = model._default_manager.exclude(**{field.name: ""}).order_by().values_list(field.name, flat=True)
                yield from names.iterator(5_000)


def moment() -> tuple[str, str]:
    """The moment of this transaction and where the write-ahead log stands; on a replica, how far it has replayed."""
    place = "CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END"
    at, log = _rows(f"SELECT transaction_timestamp(), {place}")[0]
    return at.isoformat(), str(log)


def _number(statement: str) -> int:
    return int(_rows(statement)[0][0])


def _rows(statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()
