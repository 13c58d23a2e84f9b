"""Migrating without drawing the models anew after each single operation.

Django keeps the models of a migration as classes, and makes them and all that are related to them anew after every operation that
changes one. Where nearly all tables hang together that is nine tenths of what migrating an empty database costs. Operations that
only add are here told to the state one after the other, and the classes made once; the statements stay the same, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations import operations as do
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

FEWEST = 3
"""Fewer are as cheap each for itself: that makes only the neighbours of one model anew."""


class Together(Operation):
    """Operations none of which needs to see the state between them."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        state.is_delayed = True
        state.clear_delayed_apps_cache()
        state.is_delayed = False  # made from nothing when next asked for, so none of them will be behind
        for one in self.operations:
            one.state_forwards(app_label, state)

    def database_forwards(
        self, app_label: str, schema_editor: BaseDatabaseSchemaEditor, from_state: ProjectState, to_state: ProjectState
    ) -> None:
        for one in self.operations:
            one.database_forwards(app_label, schema_editor, from_state, to_state)

    def describe(self) -> str:
        return "; ".join(one.describe() for one in self.operations)


def together(migration: Migration) -> list[Operation]:
    """The operations of a migration in their order, those that may be done together in one."""
    if not migration.atomic:
        return list(migration.operations)
    return [one for run in _runs(migration.operations) for one in ([Together(run)] if _draws(run) >= FEWEST else run)]


def _draws(run: Sequence[Operation]) -> int:
    return sum(not isinstance(one, do.RunSQL) for one in run)


def _runs(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    run: list[Operation] = []
    for one in operations:
        if not _may_join(one, run):
            yield run
            run = []
        run.append(one)
        if not _only_adds(one):
            yield run
            run = []
    yield run


def _only_adds(one: Operation) -> bool:
    """Types themselves: what somebody derived from them may want to see more."""
    if type(one) is do.RunSQL:
        return not one.state_operations
    return type(one) in (do.CreateModel, do.AddField, do.AddIndex, do.AddConstraint, do.RemoveConstraint)


def _may_join(one: Operation, run: Sequence[Operation]) -> bool:
    """Not where it concerns a model that the run makes, which would be made with it already, or undoes what the run did."""
    if not _only_adds(one):
        return not run
    if isinstance(one, do.RunSQL | do.CreateModel):
        return True
    made = {other.name_lower for other in run if isinstance(other, do.CreateModel)}
    if getattr(one, "model_name_lower", "") in made:
        return False
    if isinstance(one, do.RemoveConstraint):
        added = [other.deconstruct()[2]["constraint"] for other in run if isinstance(other, do.AddConstraint)]
        return one.deconstruct()[2]["name"] not in [constraint.name for constraint in added]
    return True
