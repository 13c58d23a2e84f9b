"""What the database itself guards: history and ledger are never rewritten, references come from one sequence."""

from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations

APPEND_ONLY = ["complaints_event", "complaints_ledgerentry"]

FUNCTION = """
CREATE FUNCTION complaints_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$
"""


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change()",
        f"DROP TRIGGER {table}_is_append_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("complaints", "0002_initial")]

    operations = [
        TrigramExtension(),
        migrations.RunSQL("CREATE SEQUENCE complaint_reference", "DROP SEQUENCE complaint_reference"),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION complaints_refuse_change()"),
        *[trigger(table) for table in APPEND_ONLY],
    ]
