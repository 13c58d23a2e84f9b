"""What happened to inspections and to the safety settings is never rewritten."""

from django.db import migrations

TABLES = ("complaints_inspectionevent", "complaints_safetyrulechange")


class Migration(migrations.Migration):
    dependencies = [("complaints", "0027_inspections")]

    operations = [
        migrations.RunSQL(
            f"CREATE TRIGGER {table}_is_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change()",
            f"DROP TRIGGER {table}_is_append_only ON {table}",
        )
        for table in TABLES
    ]
