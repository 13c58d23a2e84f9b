"""Notices of early warnings, and whether a person wants them."""

import django.db.models.deletion
import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0038_files_of_notices"),
        ("customers", "0005_supply_voltage"),
        ("staff", "0005_absences"),
    ]

    operations = [
        migrations.AddField(
            model_name="notice",
            name="signal",
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name="notice",
            name="signal_branch",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.branch"
            ),
        ),
        migrations.AddField(
            model_name="tellinghabit",
            name="of_signals",
            field=models.BooleanField(
                db_default=True, default=True, verbose_name="early warnings by e-mail while I am on duty"
            ),
        ),
        migrations.AddConstraint(
            model_name="notice",
            constraint=models.UniqueConstraint(
                models.F("signal"),
                django.db.models.functions.text.Lower("address"),
                condition=models.Q(("signal__isnull", False)),
                name="told_once_of_a_signal",
            ),
        ),
    ]
