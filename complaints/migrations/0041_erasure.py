"""What is kept how long, what must not be erased, what was; and who was the same person, for figures."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


# Rows that are written once: erasure may take words from these columns, and nothing else, from nobody else.
ERASED = {
    "complaints_billingfinding": "disputed verified_by meter_reference no_adjustment_because",
    "complaints_callattempt": "note",
    "complaints_conductfinding": (
        "about_told place call_reference said witnesses because apology_by apology_text no_coaching_because"
    ),
    "complaints_feedbackversion": "comment",
    "complaints_inspectionevent": "note",
    "complaints_outagefinding": "notice_evidence",
    "complaints_receipt": "reason",
    "complaints_staffpart": "statement action_on_staff",
    "complaints_surveyanswer": "comment",
    "complaints_voltagefinding": "temporary_measure permanent_measure appliances",
}
LANE = """
CREATE FUNCTION complaints_only_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('redress.erasing', true) = 'on'
        AND to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE OR REPLACE FUNCTION complaints_only_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('redress.erasing', true) = 'on'
        AND to_jsonb(NEW) - '{point,withdrawn_because}'::text[] = to_jsonb(OLD) - '{point,withdrawn_because}'::text[] THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
       OR to_jsonb(NEW) - '{withdrawn_at,withdrawn_by_id,withdrawn_because}'::text[]
          <> to_jsonb(OLD) - '{withdrawn_at,withdrawn_by_id,withdrawn_because}'::text[] THEN
        RAISE EXCEPTION 'rows of % are only withdrawn, once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""
UNDO_LANE = """
DROP FUNCTION complaints_only_erased();
CREATE OR REPLACE FUNCTION complaints_only_withdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.withdrawn_at IS NOT NULL
       OR to_jsonb(NEW) - '{withdrawn_at,withdrawn_by_id,withdrawn_because}'::text[]
          <> to_jsonb(OLD) - '{withdrawn_at,withdrawn_by_id,withdrawn_because}'::text[] THEN
        RAISE EXCEPTION 'rows of % are only withdrawn, once', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END
$$;
"""


def guarded(table: str, function: str) -> str:
    name = f"{table}_is_append_only"
    return (
        f"DROP TRIGGER {name} ON {table}; CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION {function};"
    )


def lane(table: str, columns: str) -> migrations.RunSQL:
    names = ", ".join(f"'{name}'" for name in columns.split())
    return migrations.RunSQL(
        guarded(table, f"complaints_only_erased({names})"), guarded(table, "complaints_refuse_change()")
    )


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0040_history_is_chained"),
        ("customers", "0006_readings"),
        ("staff", "0005_absences"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ErasedFile",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("path", models.CharField(max_length=300)),
                ("noted_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="Erasure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="how the customer asked")),
                ("asked_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("declined_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("complaints", models.PositiveIntegerField(default=0)),
                ("stopped_because", models.CharField(blank=True, max_length=300)),
            ],
            options={
                "verbose_name": "erasure",
                "verbose_name_plural": "erasures",
                "ordering": ["-asked_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="why")),
                ("until", models.DateField(blank=True, null=True, verbose_name="until")),
                ("placed_at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
                "ordering": ["-placed_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="RetentionRule",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name_zh", models.CharField(max_length=120, verbose_name="name in Chinese")),
                ("name_en", models.CharField(max_length=120, verbose_name="name in English")),
                ("code", models.SlugField(unique=True)),
                (
                    "of",
                    models.CharField(
                        choices=[("complaints", "Complaints, after closing"), ("readings", "Record of who read what")],
                        default="complaints",
                        max_length=12,
                        verbose_name="what is kept",
                    ),
                ),
                (
                    "severities",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("special", "Special"),
                                ("major", "Major"),
                                ("important", "Important"),
                                ("ordinary", "Ordinary"),
                            ],
                            max_length=10,
                        ),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("months", models.PositiveSmallIntegerField(verbose_name="months")),
                ("source", models.CharField(blank=True, max_length=300, verbose_name="source")),
                ("is_active", models.BooleanField(default=True, verbose_name="in force")),
            ],
            options={
                "verbose_name": "retention period",
                "verbose_name_plural": "retention periods",
                "ordering": ["of", "months", "code"],
            },
        ),
        migrations.CreateModel(
            name="SamePerson",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="complaint",
            name="complaint_can_be_answered",
        ),
        migrations.AddField(
            model_name="complaint",
            name="erased_at",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name="complaint",
            name="segment_kept",
            field=models.CharField(blank=True, db_default="", editable=False, max_length=20),
        ),
        migrations.AddIndex(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("erased_at__isnull", True), ("status", "closed")),
                fields=["closed_at"],
                name="complaint_to_erase",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("is_anonymous", True),
                    ("erased_at__isnull", False),
                    ("account__isnull", False),
                    models.Q(("contact_phone", ""), _negated=True),
                    models.Q(("contact_email", ""), _negated=True),
                    models.Q(("contact_address", ""), _negated=True),
                    _connector="OR",
                ),
                name="complaint_can_be_answered",
            ),
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("erased_at__isnull", True),
                    models.Q(
                        ("account__isnull", True),
                        ("contact_address", ""),
                        ("contact_email", ""),
                        ("contact_name", ""),
                        ("contact_phone", ""),
                        ("customer__isnull", True),
                        ("status", "closed"),
                    ),
                    _connector="OR",
                ),
                name="erased_complaint_is_closed_and_nobodys",
            ),
        ),
        migrations.AddIndex(
            model_name="erasedfile",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)), fields=["id"], name="erased_file_to_delete"
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="confirmed_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="erasures", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="erasure",
            name="declined_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="complaint",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="customer",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="lifted_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="legalhold",
            name="placed_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="retentionrule",
            name="category",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="complaints.category",
            ),
        ),
        migrations.AddField(
            model_name="sameperson",
            name="complaint",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="complaints.complaint"
            ),
        ),
        migrations.AddField(
            model_name="sameperson",
            name="other",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="complaints.complaint"
            ),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.UniqueConstraint(
                condition=models.Q(("declined_at__isnull", True), ("finished_at__isnull", True)),
                fields=("customer",),
                name="erasure_is_asked_for_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirmed_at__isnull", True), ("confirmed_by__isnull", True)),
                    models.Q(
                        ("confirmed_at__isnull", False),
                        ("confirmed_by__isnull", False),
                        models.Q(("confirmed_by", models.F("asked_by")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="erasure_is_confirmed_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="erasure",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at__isnull", True), ("confirmed_at__isnull", False), _connector="OR"),
                name="erasure_ends_after_it_was_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("complaint__isnull", True), ("customer__isnull", False)),
                    models.Q(("complaint__isnull", False), ("customer__isnull", True)),
                    _connector="OR",
                ),
                name="hold_is_of_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="hold_says_why"),
        ),
        migrations.AddConstraint(
            model_name="legalhold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("lifted_at__isnull", True), ("lifted_by__isnull", True)),
                    models.Q(("lifted_at__isnull", False), ("lifted_by__isnull", False)),
                    _connector="OR",
                ),
                name="hold_is_lifted_by_somebody",
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("of__in", ["complaints", "readings"])), name="retention_is_of_something_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="retentionrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("months__gte", 1)), name="retention_lasts_a_month_at_least"
            ),
        ),
        migrations.AddConstraint(
            model_name="sameperson",
            constraint=models.UniqueConstraint(fields=("complaint", "other"), name="same_person_is_said_once"),
        ),
        migrations.RunSQL(LANE, UNDO_LANE),
        *(lane(table, columns) for table, columns in ERASED.items()),
    ]
