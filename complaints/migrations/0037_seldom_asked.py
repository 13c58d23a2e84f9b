"""Few rows that pages ask for again and again: complaints about a colleague, and answers on three steps."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("complaints", "0036_rules_and_figures")]

    operations = [
        AddIndexConcurrently(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("about__isnull", False)), fields=["about"], name="complaint_about_somebody"
            ),
        ),
        AddIndexConcurrently(
            model_name="feedback",
            index=models.Index(
                condition=models.Q(("scale", "three")), fields=["asked_at"], name="feedback_on_three_by_asked"
            ),
        ),
    ]
