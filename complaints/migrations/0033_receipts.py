"""Receipts of notices; and before that, the verdicts of answers that are there.

The verdicts are filled in pieces, each committed, while others read and write. An interrupted run may be run again: answers that
have their verdict are left alone, and the rest is one transaction.
"""

import django.db.models.deletion
from django.db import migrations, models

from complaints.pieces import InOneTransaction, pieces

VERDICTS = """
UPDATE complaints_feedback
SET verdict = CASE WHEN solved THEN 'yes' ELSE 'no' END, rating = score, attitude_rating = attitude
WHERE solved IS NOT NULL AND verdict = '' AND id BETWEEN %s AND %s
"""
PIECE = 10_000
"""Answers that get their verdict in one transaction."""


def fill_verdicts(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for first, last in pieces(cursor, "complaints_feedback", PIECE):
            cursor.execute(VERDICTS, [first, last])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("complaints", "0032_feedback_in_full"),
    ]

    operations = [
        migrations.RunPython(fill_verdicts, migrations.RunPython.noop),
        InOneTransaction(
            migrations.AddField(
                model_name="notice",
                name="delivered_at",
                field=models.DateTimeField(null=True),
            ),
            migrations.CreateModel(
                name="Receipt",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    (
                        "arrival",
                        models.CharField(
                            choices=[("delivered", "Delivered"), ("failed", "Not delivered")], max_length=10
                        ),
                    ),
                    ("sending", models.DateTimeField()),
                    ("reason", models.CharField(blank=True, max_length=200)),
                    ("received_at", models.DateTimeField()),
                    (
                        "notice",
                        models.ForeignKey(
                            on_delete=django.db.models.deletion.PROTECT, related_name="receipts", to="complaints.notice"
                        ),
                    ),
                ],
                options={
                    "verbose_name": "receipt",
                    "verbose_name_plural": "receipts",
                    "ordering": ["pk"],
                    "constraints": [
                        models.UniqueConstraint(fields=("notice", "arrival", "sending"), name="receipt_is_noted_once"),
                        models.CheckConstraint(
                            condition=models.Q(("arrival__in", ["delivered", "failed"])),
                            name="receipt_arrival_is_known",
                        ),
                    ],
                },
            ),
            migrations.RunSQL(
                "CREATE TRIGGER complaints_receipt_is_append_only BEFORE UPDATE OR DELETE ON complaints_receipt "
                "FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change()",
                "DROP TRIGGER complaints_receipt_is_append_only ON complaints_receipt",
            ),
            unless="complaints_receipt",
        ),
    ]
