"""For migrations that fill a large table while others read and write: in pieces, each committed, with `atomic = False`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState


class InOneTransaction(SeparateDatabaseAndState):
    """These operations, all or none of them, foreign keys included; left out where `unless`, a table that they make, is there."""

    atomic = True

    def __init__(self, *operations: Operation, unless: str = "") -> None:
        super().__init__(operations, operations)
        self.unless = unless

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        if self.unless in schema_editor.connection.introspection.table_names():
            return
        super().database_forwards(app_label, schema_editor, from_state, to_state)
        while schema_editor.deferred_sql:
            schema_editor.execute(schema_editor.deferred_sql.pop(0))


def pieces(cursor: Any, table: str, size: int) -> Iterator[tuple[int, int]]:
    """First and last key of each piece of so many rows, in the order of keys, up to the last there is when it is reached."""
    after = 0
    while True:
        cursor.execute(
            f"SELECT max(id) FROM (SELECT id FROM {table} WHERE id > %s ORDER BY id LIMIT %s) piece", [after, size]
        )
        (upto,) = cursor.fetchone()
        if upto is None:
            return
        yield after + 1, upto
        after = upto
