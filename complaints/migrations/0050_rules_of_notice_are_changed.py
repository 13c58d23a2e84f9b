"""Who changed the rules of notice of outages, and why."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

LOCKS = "only the new table gets a trigger"

PERMANENT = """
CREATE TRIGGER complaints_outageruleschange_is_append_only BEFORE UPDATE OR DELETE ON complaints_outageruleschange
    FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("complaints", "0049_new_words_at_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OutageRulesChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("reason", models.CharField(max_length=300)),
                ("before", models.JSONField(default=dict)),
                ("after", models.JSONField(default=dict)),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "change of the rules of notice",
                "verbose_name_plural": "changes of the rules of notice",
                "ordering": ["-pk"],
                "constraints": [
                    models.CheckConstraint(
                        name="change_of_notice_rules_says_why", condition=models.Q(("reason", ""), _negated=True)
                    )
                ],
            },
        ),
        migrations.RunSQL(
            PERMANENT, "DROP TRIGGER complaints_outageruleschange_is_append_only ON complaints_outageruleschange"
        ),
    ]
