"""Statements of the ORM that are kept written out: Django needs half a millisecond to write one as SQL, more where tables join,
and a page asks twenty. Never what was answered is kept, only the question.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from copy import copy
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet
from django.db import connections
from django.db.models import Model, QuerySet
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
Row = TypeVar("Row")
MOST_KEPT = 300
"""Shapes of one statement that are kept; then it begins again."""
NUMBERS, MOMENT = (2_000_000_011, 2_000_100_004), datetime(1913, 7, 11, 3, 7, 13, 171_717, tzinfo=UTC)
APART = timedelta(days=37, hours=7, minutes=13)


class NotWritten(TypeError):
    """Something else is done with a value than to compare with it."""


class Statement(Generic[M, Row]):
    """A statement that is the same but for its values.

    `build` makes the query of values. These are numbers, texts, days or moments, and it does nothing with them but to hand them
    to filters that compare with them as they are; days and moments may be moved by a length of time. It is called twice with
    marks in place of the values, and what differs between the two statements is where the values go. On what else the SQL
    depends (whose branches, which role) is the shape; for each shape another statement is kept.
    """

    def __init__(self, build: Callable[..., QuerySet[M, Row]]) -> None:
        self._build = build
        self._kept: dict[Hashable, _Kept] = {}

    def __call__(self, *values: Any, shape: tuple[Hashable, ...] = (), **of: Any) -> QuerySet[M, Row]:
        """The rows for these values, not asked for yet. To narrow them further is to write the statement out after all.

        `of` is what else `build` is given by name; of it the shape has to say everything.
        """
        known = shape, tuple(map(type, values))
        kept = self._kept.get(known)
        if kept is None:
            kept = _written(partial(self._build, **of), values)
            if len(self._kept) >= MOST_KEPT:
                self._kept.clear()
            self._kept[known] = kept
        if kept.query is None:
            return kept.rows.none()
        query = copy(kept.query)
        query.given = tuple(part.of(values) for part in kept.params)
        query.again = partial(self._build, *values, **of)
        rows = kept.rows.all()
        # the setter forgets how rows are made of values
        rows.query, rows._iterable_class = query, kept.rows._iterable_class
        return rows


class _WrittenQuery(Query):
    """A query that knows how it is written. It holds the marks and not the values: whatever is made of it is built anew."""

    compiled: _WrittenCompiler
    sql: str
    converters: dict[str, dict[int, Any]]
    """By the kind of database, for all who use this statement."""
    given: tuple[Any, ...]
    again: Callable[[], QuerySet[Any, Any]]

    def get_compiler(self, using: str | None = None, connection: Any = None, elide_empty: bool = True) -> SQLCompiler:
        compiler = copy(self.compiled)
        compiler.query, compiler.using = self, using
        compiler.connection = connections[using] if using else connection
        return compiler

    def clone(self) -> Any:
        return self.again().query


class _WrittenCompiler(SQLCompiler):
    query: _WrittenQuery

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> tuple[str, Any]:
        return self.query.sql, self.query.given

    def get_converters(self, expressions: Any) -> dict[int, Any]:
        """What makes values of a row's columns, which are the same each time."""
        found = self.query.converters.get(self.connection.vendor)
        if found is None:
            found = self.query.converters[self.connection.vendor] = super().get_converters(expressions)
        return found


class _Param(NamedTuple):
    """Always the same (`given`), or the value at a place, moved by so much."""

    place: int | None
    given: Any = None
    moved: timedelta | None = None

    def of(self, values: Sequence[Any]) -> Any:
        if self.place is None:
            return self.given
        return values[self.place] + self.moved if self.moved else values[self.place]


class _Kept(NamedTuple):
    rows: QuerySet[Any, Any]
    query: _WrittenQuery | None
    """None where it is known without asking that there are none."""
    params: tuple[_Param, ...]


def _written(build: Callable[..., QuerySet[Any, Any]], values: tuple[Any, ...]) -> _Kept:
    marks = [[_mark(value, place, turn) for place, value in enumerate(values)] for turn in (0, 1)]
    made = [build(*of) for of in marks]
    if _is_empty(build(*values)):
        return _Kept(made[0], None, ())
    compilers = [rows.query.get_compiler(using=rows.db) for rows in made]
    try:
        (sql, first), (again, second) = (compiler.as_sql() for compiler in compilers)
    except EmptyResultSet:
        raise NotWritten(
            "there is always something to ask for, but not with the marks: they do not fit their column"
        ) from None
    if sql != again:
        raise NotWritten(f"it depends on a value what is asked:\n{sql}\n{again}")
    params = tuple(_param(one, other, *marks) for one, other in zip(first, second, strict=True))
    query: Any = made[0].query.chain(_WrittenQuery)
    query.compiled, query.sql, query.converters = compilers[0], sql, {}
    query.compiled.__class__ = _WrittenCompiler
    return _Kept(made[0], query, params)


def _is_empty(rows: QuerySet[Any, Any]) -> bool:
    """Whether it is known without asking that there are none."""
    try:
        rows.query.get_compiler(using=rows.db).as_sql()
    except EmptyResultSet:
        return True
    return False


def _param(one: Any, other: Any, first: list[Any], second: list[Any]) -> _Param:
    """Where a parameter comes from, which was `one` with the first marks and is `other` with the second."""
    if type(one) is type(other) and one == other:
        return _Param(None, one)
    for place, (begun, then) in enumerate(zip(first, second, strict=True)):
        if type(one) is not type(begun):
            continue
        if (one, other) == (begun, then):
            return _Param(place)
        if isinstance(one, date) and one - begun == other - then:
            return _Param(place, moved=one - begun)
    raise NotWritten(f"{one!r} and {other!r} follow from a value that is not compared with as it is")


def _mark(value: Any, place: int, turn: int) -> Any:
    """What no column holds and no `build` adds, of the same kind as the value."""
    if isinstance(value, bool) or value is None:
        raise NotWritten(f"{value!r} belongs to the shape of a statement")
    if isinstance(value, int):
        return NUMBERS[turn] + place
    if isinstance(value, datetime):
        return MOMENT + (place + 1) * (turn + 1) * APART
    if isinstance(value, date):
        return MOMENT.date() + (place + 1) * (turn + 1) * timedelta(APART.days)
    if isinstance(value, str):
        return f"\u2045mark {place} {turn}\u2046"
    raise NotWritten(f"{value!r}: only numbers, texts, days and moments can be put in anew")
