"""Who read what about whom, and when a customer was erased."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Rows are written once. Erasure empties what somebody looked for; what was kept long enough is deleted by the same way.
GUARD = """
CREATE FUNCTION customers_guard_reading() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('redress.erasing', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN
            RETURN OLD;
        END IF;
        IF to_jsonb(NEW) - 'query' = to_jsonb(OLD) - 'query' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER customers_reading_is_append_only BEFORE UPDATE OR DELETE ON customers_reading
    FOR EACH ROW EXECUTE FUNCTION customers_guard_reading();
CREATE OR REPLACE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('redress.erasing', true) = 'on'
        AND to_jsonb(NEW) - '{details,query}'::text[] = to_jsonb(OLD) - '{details,query}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""
UNDO_GUARD = """
CREATE OR REPLACE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
DROP TRIGGER customers_reading_is_append_only ON customers_reading;
DROP FUNCTION customers_guard_reading();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0005_supply_voltage"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="customer",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.CreateModel(
            name="Reading",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("window", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("complaint", "Complaint opened"),
                            ("customer", "Customer opened"),
                            ("file", "File opened"),
                            ("search", "Looked for"),
                            ("export", "Taken as a file"),
                            ("api", "Read by a program"),
                            ("access", "Everything put together for the customer"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("complaint", models.BigIntegerField(null=True)),
                ("subject", models.CharField(blank=True, max_length=80)),
                ("query", models.CharField(blank=True, max_length=200)),
                ("address", models.GenericIPAddressField(null=True)),
                ("request_id", models.CharField(blank=True, max_length=64)),
                (
                    "customer",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="readings",
                        to="customers.customer",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "reading",
                "verbose_name_plural": "readings",
                "ordering": ["-at", "-pk"],
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="reading_newest"),
                    models.Index(
                        condition=models.Q(("customer__isnull", False)),
                        fields=["customer", "-at"],
                        name="reading_of_customer",
                    ),
                    models.Index(
                        condition=models.Q(("complaint__isnull", False)),
                        fields=["complaint", "-at"],
                        name="reading_of_complaint",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "window", "kind", "subject", "query"),
                        name="reading_is_noted_once_in_five_minutes",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["access", "api", "complaint", "customer", "export", "file", "search"])
                        ),
                        name="reading_kind_is_known",
                    ),
                ],
            },
        ),
        migrations.RunSQL(GUARD, UNDO_GUARD),
    ]
