"""What is rare among all complaints is found without going through them: the most urgent, and the urged.

The indexes of queues hold what is open. Whoever looks at all, closed ones included, and asks for one of these few, read the table from
its newest complaint on until there were enough.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("complaints", "0050_rules_of_notice_are_changed")]

    operations = [
        AddIndexConcurrently(
            model_name="complaint",
            index=models.Index(
                models.OrderBy(models.F("received_at"), descending=True),
                models.OrderBy(models.F("id"), descending=True),
                condition=models.Q(("priority", 1)),
                name="complaint_most_urgent",
            ),
        ),
        AddIndexConcurrently(
            model_name="complaint",
            index=models.Index(
                condition=models.Q(("urged_count__gt", 0)), fields=["urged_count"], name="complaint_urged"
            ),
        ),
    ]
