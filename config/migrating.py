"""Which operations of migrations would lock or rewrite a big table while people work; read from the files, no database asked.

A migration that does so nevertheless, for a reason, says the reason in a constant of its module: `LOCKS = "why it is short"`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.postgres.operations import (
    AddConstraintNotValid,
    AddIndexConcurrently,
    RemoveIndexConcurrently,
    ValidateConstraint,
)
from django.db import models
from django.db.migrations import operations as do
from django.db.migrations.migration import Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models import Func
from django.db.models.functions import Now

ACCEPTED = {
    "analytics": "0013_stretches_know_receipt",
    "channels_intake": "0010_inspection_source",
    "complaints": "0044_virus_scan",
    "customers": "0006_readings",
    "staff": "0008_company_sign_in",
}
"""The newest migration of each app that was accepted as it is; only later ones are judged. Moved forward with a release."""

BIG = {
    "complaints": {
        *("complaint", "complaintwords", "event", "clock", "ledgerentry", "alarm", "notice", "attachment", "feedback"),
        "receipt",
    },
    "channels_intake": {"inboundrecord"},
    "customers": {"customer", "account", "premise", "meter", "customerevent", "searchentry"},
    "analytics": {
        *("complaintfact", "transitionfact", "clockfact", "feedbackfact", "openspan", "openday", "dayrollup", "change"),
    },
}
"""Models whose tables have hundreds of thousands of rows in a company of some size."""

SHORT = (AddIndexConcurrently, RemoveIndexConcurrently, AddConstraintNotValid, ValidateConstraint)


def problems(migration: Migration, before: ProjectState, *, reason: str = "") -> Iterator[str]:
    """What is wrong with one migration, given the models as they were before it; nothing if it declares a reason."""
    if reason:
        return
    state, made = before.clone(), set()
    for operation in migration.operations:
        if isinstance(operation, do.CreateModel):
            made.add(operation.name_lower)
        for problem in _of(operation, migration.app_label, state, made):
            yield f"{migration.app_label}.{migration.name}: {operation.describe()}: {problem}"
        operation.state_forwards(migration.app_label, state)
    if migration.atomic and any(isinstance(one, AddIndexConcurrently) for one in migration.operations):
        yield f"{migration.app_label}.{migration.name}: CONCURRENTLY needs atomic = False"
    kinds = [type(one) for one in migration.operations]
    if AddConstraintNotValid in kinds and ValidateConstraint in kinds:
        yield f"{migration.app_label}.{migration.name}: validate in a later migration, or the lock is kept meanwhile"


def _of(operation: Operation, app: str, state: ProjectState, made: set[str]) -> Iterator[str]:
    if isinstance(operation, do.SeparateDatabaseAndState):
        for one in operation.database_operations:
            yield from _of(one, app, state, made)
        return
    if isinstance(operation, do.RunPython | do.RunSQL):
        yield "what it locks cannot be read from here"
        return
    model = getattr(operation, "model_name_lower", "")
    if isinstance(operation, do.RenameModel | do.DeleteModel | do.AlterModelTable):
        model = getattr(operation, "old_name_lower", "") or operation.name_lower
    if model in made or model not in BIG.get(app, ()) or isinstance(operation, SHORT):
        return
    if isinstance(operation, do.AddIndex | do.RemoveIndex):
        yield "takes a lock for as long as it reads the table; use AddIndexConcurrently and atomic = False"
    elif isinstance(operation, do.AddConstraint):
        yield "reads the whole table under a lock; use AddConstraintNotValid and, in a later migration, ValidateConstraint"
    elif isinstance(operation, do.AddField):
        yield from _of_new(operation.field)
    elif isinstance(operation, do.AlterField):
        yield from _of_changed(state.models[app, model].fields[operation.name], operation.field)
    elif isinstance(operation, do.RenameField | do.RenameModel | do.AlterModelTable | do.RemoveField | do.DeleteModel):
        yield "programs of the version before still use it; take it away one release later"
    elif isinstance(operation, do.AlterUniqueTogether | do.AlterIndexTogether):
        yield "reads the whole table under a lock"


def _of_new(field: models.Field[Any, Any]) -> Iterator[str]:
    if isinstance(field, models.ManyToManyField):
        return
    if isinstance(field, models.ForeignKey) and getattr(field, "db_constraint", True):
        yield "checks a foreign key over the whole table; add it with db_constraint=False, then the key NOT VALID by SQL"
    if _indexed(field):
        yield "builds an index under a lock; add the index concurrently afterwards"
    if isinstance(field, models.GeneratedField):
        yield "rewrites the whole table"
    default = getattr(field, "db_default", None)
    if isinstance(default, Func) and not isinstance(default, Now):
        yield "its default may differ from row to row, which rewrites the whole table"


def _of_changed(old: models.Field[Any, Any], new: models.Field[Any, Any]) -> Iterator[str]:
    if old.get_internal_type() != new.get_internal_type():
        yield "another type rewrites the whole table"
    if (old.max_length or 0) > (new.max_length or 0) > 0:
        yield "a shorter text rewrites the whole table"
    if old.null and not new.null:
        yield "NOT NULL reads the whole table under a lock; add a CHECK NOT VALID, validate it, then alter"
    if _indexed(new) and not _indexed(old):
        yield "builds an index under a lock"


def _indexed(field: models.Field[Any, Any]) -> bool:
    return bool(field.unique or getattr(field, "db_index", False))
