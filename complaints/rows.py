"""New rows by statements whose text is kept: Django writes it anew each time, field by field, and sends each by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models.expressions import DatabaseDefault
from django.db.models.fields import NOT_PROVIDED

T = TypeVar("T", bound=models.Model)


def insert(rows: Iterable[T]) -> list[T]:
    """As `bulk_create` of their manager: writes them in their order and gives each its key and what the database fills in.

    For plain models: no parents, no files; values as the columns take them, and what they point to is saved.
    """
    found = list(rows)
    if found:
        _write([found])
    return found


def insert_in_turn(*tables: Iterable[models.Model]) -> None:
    """As `insert` for one table after the other, all of them sent at once.

    The database answers for the last only. The rows of the others bring their keys, or are not asked for them; what they
    leave to the database is read when somebody looks at it.
    """
    found = [rows for rows in map(list, tables) if rows]
    if found:
        _write(found)


def _write(tables: Sequence[Sequence[models.Model]]) -> None:
    statements, values = [], []
    for rows in tables:
        insertion = _insertion(rows[0])
        statements.append(insertion.of(len(rows)))
        values += [read(row) for row in rows for read in insertion.columns]
    with connection.cursor() as cursor:
        cursor.execute(";\n".join(statements), values)
        answers = cursor.fetchall()
    for row, answer in zip(tables[-1], answers, strict=True):
        for name, value in zip(insertion.answered, answer, strict=True):
            setattr(row, name, value)
    for rows in tables:
        for row in rows:
            row._state.adding, row._state.db = False, connection.alias
            for name in _left(row):
                delattr(row, name)


@dataclass(frozen=True, slots=True)
class _Insertion:
    """How rows of one table are written: `columns` read the values from a row, `answered` are the attributes that come back."""

    head: str
    row: str
    tail: str
    columns: Sequence[Callable[[Any], Any]]
    answered: Sequence[str]

    def of(self, number: int) -> str:
        # in this order: the answers come back as the rows were given
        return f"{self.head}{', '.join([self.row] * number)}{self.tail}"


def _insertion(row: models.Model) -> _Insertion:
    """For rows that leave the same to the database as this one."""
    return _written_out(type(row), row.pk is None, _left(row))


def _left(row: models.Model) -> frozenset[str]:
    """What the row leaves to the database."""
    return frozenset(name for name in _may_be_left(type(row)) if isinstance(getattr(row, name), DatabaseDefault))


@cache
def _may_be_left(model: type[models.Model]) -> list[str]:
    return [one.attname for one in model._meta.concrete_fields if one.db_default is not NOT_PROVIDED]


@cache
def _written_out(model: type[models.Model], without_key: bool, left: frozenset[str]) -> _Insertion:
    quote, every = connection.ops.quote_name, model._meta.concrete_fields
    answered = [one for one in every if one.primary_key or one.attname in left]
    written = [one for one in every if one.attname not in left and not (one.primary_key and without_key)]
    names = ", ".join(quote(str(one.column)) for one in written)
    return _Insertion(
        head=f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ",
        row=f"({', '.join(['%s'] * len(written))})",
        tail=f" RETURNING {', '.join(quote(str(one.column)) for one in answered)}",
        columns=[_reader(one) for one in written],
        answered=[one.attname for one in answered],
    )


def _reader(field: models.Field[Any, Any]) -> Callable[[Any], Any]:
    name = field.attname
    if isinstance(field, models.JSONField):
        return lambda row: None if (said := getattr(row, name)) is None else json.dumps(said, cls=field.encoder)
    if isinstance(field, models.DateField) and (field.auto_now or field.auto_now_add):
        return lambda row: field.pre_save(row, True)
    return attrgetter(name)
