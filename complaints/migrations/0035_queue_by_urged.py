"""The most urged first: without it every open complaint was read and put in order for one page."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("complaints", "0034_what_is_known")]

    operations = [
        AddIndexConcurrently(
            model_name="complaint",
            index=models.Index(
                models.OrderBy(models.F("urged_count"), descending=True),
                models.F("id"),
                condition=models.Q(("status", "closed"), _negated=True),
                name="queue_by_urged",
            ),
        ),
    ]
