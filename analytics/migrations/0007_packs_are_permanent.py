"""What was handed over, and what was asked for it, is never rewritten."""

from django.db import migrations


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change()",
        f"DROP TRIGGER {table}_is_append_only ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [("analytics", "0006_packs"), ("complaints", "0003_guards")]

    operations = [trigger("analytics_pack"), trigger("analytics_frozenpack")]
