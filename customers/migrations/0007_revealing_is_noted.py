"""Revealing what is hidden is noted with its reason."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0006_readings"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="reading",
            name="reading_is_noted_once_in_five_minutes",
        ),
        migrations.RemoveConstraint(
            model_name="reading",
            name="reading_kind_is_known",
        ),
        migrations.AddField(
            model_name="reading",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("reach", "to reach the customer"),
                    ("identify", "to make sure who it is"),
                    ("correct", "to check or correct what we hold"),
                ],
                db_default="",
                default="",
                max_length=10,
                verbose_name="why",
            ),
        ),
        migrations.AlterField(
            model_name="reading",
            name="kind",
            field=models.CharField(
                choices=[
                    ("complaint", "Complaint opened"),
                    ("customer", "Customer opened"),
                    ("file", "File opened"),
                    ("search", "Looked for"),
                    ("export", "Taken as a file"),
                    ("api", "Read by a program"),
                    ("access", "Everything put together for the customer"),
                    ("reveal", "Hidden data shown"),
                    ("list", "List of people opened"),
                ],
                max_length=10,
                verbose_name="what",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.UniqueConstraint(
                fields=("user", "window", "kind", "subject", "query", "reason"),
                name="reading_is_noted_once_in_five_minutes",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "kind__in",
                        ["access", "api", "complaint", "customer", "export", "file", "list", "reveal", "search"],
                    )
                ),
                name="reading_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reading",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "reveal"), ("reason__in", ["correct", "identify", "reach"])),
                    models.Q(models.Q(("kind", "reveal"), _negated=True), ("reason", "")),
                    _connector="OR",
                ),
                name="reading_says_why_it_was_shown",
            ),
        ),
    ]
