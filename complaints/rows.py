"""Many new rows of one table by one statement, whose text is kept: Django writes it anew each time, field by field."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models

T = TypeVar("T", bound=models.Model)


def insert(rows: Iterable[T]) -> list[T]:
    """As `bulk_create` of their manager: writes them in their order and gives each its key.

    For plain models: no parents, no automatic moments, no defaults of the database; values as the columns take them, and what
    they point to is saved.
    """
    found = list(rows)
    if found:
        model = type(found[0])
        statement, columns = _written_out(model)
        with connection.cursor() as cursor:
            cursor.execute(statement, [[value(row) for row in found] for value in columns])
            keys = cursor.fetchall()
        for row, (key,) in zip(found, keys, strict=True):
            row.pk, row._state.adding, row._state.db = key, False, connection.alias
    return found


@cache
def _written_out(model: type[models.Model]) -> tuple[str, list[Callable[[Any], Any]]]:
    """The statement, and how each of its columns is read from a row."""
    quote, fields = connection.ops.quote_name, [one for one in model._meta.concrete_fields if not one.primary_key]
    names = ", ".join(quote(str(one.column)) for one in fields)
    arrays = ", ".join(f"%s::{_type(one)}[]" for one in fields)
    table, key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    # in this order: the keys come back as the rows were given
    statement = f"INSERT INTO {table} ({names}) SELECT * FROM UNNEST({arrays}) RETURNING {key}"
    return statement, [_reader(one) for one in fields]


def _type(field: models.Field[Any, Any]) -> str:
    return str(field.db_type(connection)).split("(")[0]


def _reader(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    if isinstance(field, models.JSONField):
        return lambda row: json.dumps(getattr(row, field.attname), cls=field.encoder)
    return attrgetter(field.attname)
