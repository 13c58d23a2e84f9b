"""Everything that is held about one customer, as a file to hand out: rows as JSON, the same to read, and the files.

It is read by the inventory of what erasure takes, so what one of the two knows the other knows. What only colleagues may know of
each other (statements of staff and coaching) is left out.
"""

from __future__ import annotations

import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.apps import apps
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.template.loader import render_to_string

from complaints.erasing import inventory
from complaints.erasing.deciding import complaints_of
from complaints.erasing.taking import values_of
from customers.models import Customer

IN_MEMORY = 8 * 1024 * 1024
NOT_HANDED_OUT = frozenset(
    {
        *("complaints.StaffPart", "complaints.CoachingAction", "complaints.ConductFinding", "complaints.BulkLine"),
        *("complaints.UnsentMove", "complaints.ComplaintWords", "customers.SearchEntry", "customers.CustomerExport"),
        "customers.Reading",
    }
)
NEVER = frozenset({"salt", "hash", "content_hash", "token", "raw", "sha256"})
"""Columns that say nothing about the person, or open something."""


def everything(people: list[Customer]) -> IO[bytes]:
    """An open ZIP file; small ones never touch the disk."""
    out = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    tables = list(_tables(people))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        rows = {label: found for label, _name, found in tables}
        archive.writestr("everything.json", json.dumps(rows, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1))
        archive.writestr(
            "everything.html", render_to_string("complaints/handed_out.html", {"tables": tables, "people": people})
        )
        for path in sorted(set(_files(tables))):
            if default_storage.exists(path):
                with default_storage.open(path) as file, archive.open(f"files/{path.rsplit('/', 1)[-1]}", "w") as copy:
                    for piece in file.chunks():
                        copy.write(piece)
    out.seek(0)
    return out


def _tables(people: list[Customer]) -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Each table's label, what it is called, and its rows about these people."""
    values = values_of([one.pk for one in complaints_of(people)], people)
    for held in [*inventory.OF_CUSTOMERS, *inventory.OF_COMPLAINTS]:
        if held.label in NOT_HANDED_OUT:
            continue
        model = apps.get_model(held.label)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table} WHERE {held.of}", values)
            names = [column.name for column in cursor.description]
            rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        shown = [{name: value for name, value in row.items() if name not in NEVER} for row in rows]
        if shown:
            yield held.label, str(model._meta.verbose_name_plural), shown


def _files(tables: list[tuple[str, str, list[dict[str, Any]]]]) -> Iterator[str]:
    columns = {
        one.label: [name for name, how in one.columns.items() if how == inventory.FILE]
        for one in inventory.OF_COMPLAINTS
    }
    for label, _name, rows in tables:
        for row in rows:
            yield from (row[name] for name in columns.get(label, ()) if row[name])
