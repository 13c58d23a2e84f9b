"""Files may wait for a virus scanner. What was there before stays open: no scanner was asked for then."""

from django.db import migrations, models

import complaints.models.attachment

STATES = [
    ("unscanned", "not scanned"),
    ("waiting", "waiting for the virus scan"),
    ("clean", "clean"),
    ("infected", "infected"),
]


class Migration(migrations.Migration):
    dependencies = [("complaints", "0043_causes_of_notices")]

    operations = [
        migrations.AddField(
            model_name="attachment",
            name="scan",
            field=models.CharField(choices=STATES, default="unscanned", max_length=10, verbose_name="virus scan"),
        ),
        migrations.AlterField(
            model_name="attachment",
            name="scan",
            field=models.CharField(
                choices=STATES,
                default=complaints.models.attachment.scan_state_at_first,
                max_length=10,
                verbose_name="virus scan",
            ),
        ),
        migrations.AddField(model_name="attachment", name="scanned_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="attachment",
            name="found",
            field=models.CharField(blank=True, default="", max_length=120),
            preserve_default=False,
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(
                condition=models.Q(("scan", "waiting")), fields=["added_at", "id"], name="attachment_to_scan"
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                name="attachment_is_judged_once_scanned",
                condition=models.Q(("scan__in", ["clean", "infected"]), ("scanned_at__isnull", False))
                | models.Q(("scan__in", ["unscanned", "waiting"]), ("scanned_at", None)),
            ),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.CheckConstraint(
                name="attachment_infected_says_with_what",
                condition=models.Q(models.Q(("scan", "infected")), models.Q(("found", ""), _negated=True))
                | models.Q(models.Q(("scan", "infected"), _negated=True), models.Q(("found", ""))),
            ),
        ),
    ]
