"""Migrations newer than the accepted ones lock no big table unnoticed, none waits long for a lock, and what only adds is done together."""

import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.postgres.functions import RandomUUID
from django.contrib.postgres.operations import AddConstraintNotValid, AddIndexConcurrently, ValidateConstraint
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, migrations, models
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.models.functions import Now

from complaints.pieces import InOneTransaction, pieces
from config.migrating import ACCEPTED, BIG, problems
from config.together import Together, together

INDEX = models.Index(fields=["story"], name="by_story")
CHECK = models.CheckConstraint(condition=models.Q(version__gte=0), name="version_is_positive")
STORY = models.TextField()


@pytest.fixture(scope="module")
def loader():
    return MigrationLoader(None)


@pytest.fixture(scope="module")
def today(loader):
    return loader.project_state()


def later(loader):
    """Every migration of ours that comes after the accepted ones."""
    for app, newest in ACCEPTED.items():
        assert (app, newest) in loader.disk_migrations, f"{app}.{newest} is not there; move ACCEPTED"
        accepted = {key for key in loader.graph.forwards_plan((app, newest)) if key[0] == app}
        yield from sorted(key for key in loader.disk_migrations if key[0] == app and key not in accepted)


def made(*operations, atomic=True):
    migration = migrations.Migration("9999_new", "complaints")
    migration.operations, migration.atomic = list(operations), atomic
    return migration


def test_no_new_migration_locks_a_big_table_unnoticed(loader):
    found = []
    for key in later(loader):
        migration = loader.disk_migrations[key]
        reason = getattr(sys.modules[type(migration).__module__], "LOCKS", "")
        found += problems(migration, loader.project_state(key, at_end=False), reason=reason)
    assert found == []


def test_the_big_tables_are_there(today):
    assert {(app, model) for app, names in BIG.items() for model in names} <= today.models.keys()


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        (migrations.AddIndex("complaint", INDEX), "AddIndexConcurrently"),
        (migrations.AddConstraint("complaint", CHECK), "AddConstraintNotValid"),
        (migrations.AddField("event", "more", models.UUIDField(db_default=RandomUUID())), "rewrites"),
        (migrations.AddField("event", "more", models.ForeignKey("complaints.Team", models.CASCADE, null=True, db_index=False)), "foreign key"),
        (migrations.AddField("event", "more", models.TextField(default="", db_index=True)), "index under a lock"),
        (migrations.AlterField("complaint", "version", models.TextField()), "another type"),
        (migrations.AlterField("complaint", "contact_phone", models.CharField(max_length=3)), "shorter"),
        (migrations.RemoveField("complaint", "story"), "one release later"),
        (migrations.RunSQL("SELECT 1"), "cannot be read"),
        (migrations.RunPython(migrations.RunPython.noop), "cannot be read"),
        (migrations.SeparateDatabaseAndState([migrations.AddIndex("complaint", INDEX)]), "AddIndexConcurrently"),
    ],
)  # fmt: skip
def test_what_locks_or_rewrites_a_big_table_is_found_unless_it_says_why(today, operation, said):
    migration = made(operation)
    (problem,) = problems(migration, today)
    assert said in problem
    assert problem.startswith("complaints.9999_new: ")
    assert list(problems(migration, today, reason="The table was empty in every installation.")) == []


@pytest.mark.parametrize(
    "operations",
    [
        [migrations.AddField("complaint", "more", models.TextField(default=""))],
        [migrations.AddField("complaint", "more", models.DateTimeField(db_default=Now()))],
        [AddConstraintNotValid("complaint", CHECK)],
        [ValidateConstraint("complaint", "version_is_positive")],
        [migrations.AddIndex("desksettings", models.Index(fields=["id"], name="small"))],
        [
            migrations.CreateModel("Quite", [("id", models.BigAutoField(primary_key=True)), ("story", STORY)]),
            migrations.AddIndex("quite", INDEX),
        ],
    ],
)
def test_what_is_short_is_let_through(today, operations):
    assert list(problems(made(*operations), today)) == []


def test_concurrently_needs_a_migration_without_a_transaction(today):
    (problem,) = problems(made(AddIndexConcurrently("complaint", INDEX)), today)
    assert "atomic = False" in problem
    assert list(problems(made(AddIndexConcurrently("complaint", INDEX), atomic=False), today)) == []


def test_a_constraint_is_validated_in_a_later_migration(today):
    both = made(AddConstraintNotValid("complaint", CHECK), ValidateConstraint("complaint", "version_is_positive"))
    assert ["later migration" in problem for problem in problems(both, today)] == [True]


@pytest.mark.django_db(transaction=True)
def test_migrate_gives_up_soon_where_somebody_holds_a_lock():
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
            with pytest.raises(CommandError, match="run it again"):
                call_command("migrate", lock_timeout=1, verbosity=0)
    finally:
        other.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",)


QUITE = migrations.CreateModel("Quite", [("id", models.BigAutoField(primary_key=True))])
MORE = migrations.AddField("quite", "more", models.TextField(default=""))
SAID = migrations.AddConstraint("quite", models.CheckConstraint(condition=~models.Q(more="no"), name="more_is_said"))
UNSAID = migrations.RemoveConstraint("quite", "more_is_said")
FOUND = migrations.AddIndex("quite", models.Index(fields=["more"], name="by_more"))
BOUND = migrations.AddField("quite", "complaint", models.ForeignKey("complaints.Complaint", models.CASCADE, null=True))
WRITTEN = migrations.RunSQL("SELECT 1", migrations.RunSQL.noop)
CHANGED = migrations.AlterField("quite", "more", models.CharField(max_length=9, default=""))
MANY = [migrations.CreateModel(f"Quite{n}", [("id", models.BigAutoField(primary_key=True))]) for n in range(3)]


@pytest.mark.parametrize(
    ("operations", "sizes"),
    [
        ([QUITE, MORE, SAID, FOUND], [1, 3]),
        ([QUITE, MORE, BOUND, SAID, UNSAID], [1, 3, 1]),
        ([MORE, WRITTEN, SAID, FOUND], [4]),
        ([MORE, SAID], [1, 1]),
        ([*MANY, CHANGED, *MANY], [3, 1, 3]),
        ([*MANY, migrations.RunPython(migrations.RunPython.noop), MORE], [3, 1, 1]),
        ([*MANY, migrations.RunSQL("SELECT 1", state_operations=[MORE]), SAID], [3, 1, 1]),
        ([*MANY, AddIndexConcurrently("complaint", INDEX)], [3, 1]),
        ([], []),
    ],
)
def test_what_only_adds_is_done_together_up_to_what_must_see_it(operations, sizes):
    done = together(made(*operations))
    assert [len(one.operations) if isinstance(one, Together) else 1 for one in done] == sizes
    assert flat(done) == operations


def test_without_a_transaction_each_is_done_for_itself():
    assert together(made(*MANY, atomic=False)) == MANY


def flat(operations):
    return [one for some in operations for one in (some.operations if isinstance(some, Together) else [some])]


def everything(loader):
    return [
        migration
        for migration, _ in MigrationExecutor(None).migration_plan(loader.graph.leaf_nodes(), clean_start=True)
    ]


def test_every_migration_keeps_its_operations_in_order_and_leads_to_the_same_models(loader):
    one_by_one, at_once = loader.project_state([]), loader.project_state([])
    for migration in everything(loader):
        assert flat(together(migration)) == migration.operations
        migration.mutate_state(one_by_one, preserve=False)
        for operation in together(migration):
            operation.state_forwards(migration.app_label, at_once)
    assert len(at_once.models) == len(one_by_one.models) > 100
    assert MigrationAutodetector(one_by_one, at_once).changes(loader.graph) == {}


@pytest.mark.django_db
def test_done_together_the_database_hears_the_same_statements_in_the_same_order(today):
    operations = [QUITE, MORE, BOUND, SAID, WRITTEN, FOUND, UNSAID, SAID, CHANGED, *MANY]

    def said(operations):
        state = today.clone()
        migration = made(*operations)
        with connection.schema_editor(collect_sql=True) as editor:
            for operation in migration.operations:
                before = state.clone()
                operation.state_forwards("complaints", state)
                operation.database_forwards("complaints", editor, before, state)
        return editor.collected_sql

    done = together(made(*operations))
    assert len(done) < len(operations)
    assert said(done) == said(operations)


@pytest.mark.django_db
def test_pieces_cover_every_key_once():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE sparse AS SELECT id FROM unnest(ARRAY[1, 2, 5, 900, 901]) id")
        assert list(pieces(cursor, "sparse", 2)) == [(1, 2), (3, 900), (901, 901)]
        cursor.execute("DELETE FROM sparse")
        assert list(pieces(cursor, "sparse", 2)) == []


@pytest.mark.django_db
def test_what_is_done_in_one_transaction_is_not_done_again_where_its_table_is(today):
    again = InOneTransaction(QUITE, MORE, unless="complaints_quite")
    state = today.clone()
    again.state_forwards("complaints", state)
    assert "more" in state.models["complaints", "quite"].fields
    with connection.schema_editor() as editor:
        again.database_forwards("complaints", editor, today, state)
        again.database_forwards("complaints", editor, today, state)
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, more FROM complaints_quite")
        assert cursor.fetchall() == []


def test_a_desk_of_the_first_release_comes_to_the_newest_schema_while_people_work():
    done = subprocess.run(
        [sys.executable, "-m", "bench.migrating", "--complaints", "300"],
        cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "Nothing was lost or changed" in done.stderr
