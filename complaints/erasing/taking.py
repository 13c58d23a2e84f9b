"""Takes what is personal from complaints and customers: every column of the inventory, in the caller's transaction.

Files are noted and deleted after the commit. What figures are made of stays: moments, codes, who was the same person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus

from django.apps import apps
from django.core.files.storage import default_storage
from django.db import connection
from django.utils import timezone

from complaints.erasing import inventory
from complaints.erasing.inventory import Held
from complaints.models import Complaint, ErasedFile
from complaints.models.complaint import make_token
from complaints.same_person import KNOWN_BY
from customers.models import Account, Customer

Values = Mapping[str, list[Any]]
BATCH = 200

PAIRS = f"""
INSERT INTO complaints_sameperson (complaint_id, other_id)
SELECT pair.* FROM complaints_complaint c
JOIN complaints_complaint o ON {KNOWN_BY} AND o.subcategory_id = c.subcategory_id AND o.id <> c.id
CROSS JOIN LATERAL (VALUES (c.id, o.id), (o.id, c.id)) pair
WHERE c.id = %s ON CONFLICT DO NOTHING
"""
EVENTS = """
UPDATE complaints_event SET
    content_hash = coalesce(content_hash, complaints_event_said(salt, actor_name, details)), salt = NULL,
    actor_name = CASE WHEN role = 'customer' THEN '' ELSE actor_name END,
    details = (SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(details) WHERE key = ANY(%s))
WHERE complaint_id = %s AND move <> 'erase'
"""


@contextmanager
def _allowed() -> Iterator[None]:
    """The guards of rows that are never changed let erasure through, for these statements only."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL redress.erasing = 'on'")
        yield
        cursor.execute("SET LOCAL redress.erasing = ''")


def from_complaint(complaint: Complaint, at: datetime) -> str:
    """Take from a locked complaint and everything that hangs on it; what remains of its events, as a digest for the event.

    The complaint's own columns are set and not saved, as with every move.
    """
    with _allowed(), connection.cursor() as cursor:
        cursor.execute(PAIRS, [complaint.pk])
        cursor.execute(EVENTS, [sorted(inventory.KEPT_DETAILS), complaint.pk])
        cursor.execute("SELECT complaints_remains(%s)", [complaint.pk])
        remains = str(cursor.fetchone()[0])
        cursor.execute(
            "UPDATE complaints_notice SET state = 'overtaken' WHERE state = 'queued' AND complaint_id = %s",
            [complaint.pk],
        )
        values = values_of([complaint.pk], [])
        for held in inventory.OF_COMPLAINTS:
            if held.label != Complaint._meta.label:
                _take(held, values)
    complaint.segment_kept = complaint.customer.segment if complaint.customer is not None else ""
    complaint.erased_at = at
    for name, how in next(one for one in inventory.OF_COMPLAINTS if one.label == Complaint._meta.label).columns.items():
        setattr(complaint, name, _emptied(complaint, name, how))
    return remains


def _emptied(complaint: Complaint, name: str, how: str) -> Any:
    value = getattr(complaint, name)
    return {
        inventory.BLANK: "",
        inventory.WORDS: inventory.GONE if value else "",
        inventory.EMPTY: [] if isinstance(value, list) else {},
        inventory.NUMBERED: make_token(),
        inventory.NULL: None,
    }[how]


def from_customers(customers: Iterable[Customer]) -> None:
    """Take from these customers what is not in their complaints, which are erased by now."""
    people = list(customers)
    with _allowed(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE complaints_notice SET state = 'overtaken' WHERE state = 'queued' AND customer_id = ANY(%s)",
            [[one.pk for one in people]],
        )
        values = values_of([], people)
        of_notices = [one for one in inventory.OF_COMPLAINTS if "customers)s" in one.of or "addresses)s" in one.of]
        for held in [*of_notices, *inventory.OF_CUSTOMERS[1:], inventory.OF_CUSTOMERS[0]]:
            _take(held, values)
        cursor.execute(
            "UPDATE customers_customer SET erased_at = %s, is_vulnerable = false, version = version + 1 WHERE id = ANY(%s)",
            [timezone.now(), [one.pk for one in people]],
        )


def values_of(complaints: list[int], people: list[Customer]) -> Values:
    """What the conditions of the inventory speak of."""
    reached = [said for one in people for said in (one.phone, one.phone_digits, one.email.lower()) if said]
    numbers = [one.number for one in people]
    accounts = Account.objects.filter(customer__in=people).values_list("number", flat=True) if people else []
    named = [said for one in people for said in (one.name, one.phone, one.phone_digits, one.email) if len(said) > 1]
    return {
        "complaints": complaints,
        "customers": [one.pk for one in people],
        "addresses": sorted(set(reached)),
        "numbers": numbers,
        "names": sorted({said for one in (*named, *numbers, *accounts) for said in (one, quote_plus(one))}),
    }


def _take(held: Held, values: Values) -> None:
    model = apps.get_model(held.label)
    table = model._meta.db_table
    where = f"WHERE {held.of}"
    with connection.cursor() as cursor:
        if held.is_deleted:
            cursor.execute(f"DELETE FROM {table} {where}", _typed(values))
            return
        files = [name for name, how in held.columns.items() if how == inventory.FILE]
        for name in files:
            cursor.execute(f'SELECT "{name}" FROM {table} {where} AND "{name}" <> %(nothing)s', _typed(values))
            ErasedFile.objects.bulk_create(ErasedFile(path=path) for (path,) in cursor.fetchall())
        changes = [
            f'"{name}" = {_expression(name, how)}'
            for name, how in held.columns.items()
            if how != inventory.DONE_BY_DATABASE
        ]
        if changes:
            cursor.execute(f"UPDATE {table} SET {', '.join(changes)} {where}", _typed(values))


def _typed(values: Values) -> dict[str, Any]:
    return {**values, "nothing": ""}


def _expression(name: str, how: str) -> str:
    return {
        inventory.WORDS: f"""CASE WHEN "{name}" = '' THEN '' ELSE '{inventory.GONE}' END""",
        inventory.BLANK: "''",
        inventory.FILE: "''",
        inventory.NUMBERED: f"'{inventory.GONE}' || id",
        inventory.EMPTY: f"""CASE jsonb_typeof("{name}") WHEN 'array' THEN '[]'::jsonb ELSE '{{}}'::jsonb END""",
        inventory.NULL: "NULL",
    }[how]


def delete_files() -> int:
    """Delete the noted files; one that is gone already is done. A storage that fails is tried again by the next turn."""
    done = 0
    for one in ErasedFile.objects.filter(deleted_at=None)[:BATCH]:
        default_storage.delete(one.path)
        one.deleted_at, one.path = timezone.now(), ""
        one.save()
        done += 1
    return done
