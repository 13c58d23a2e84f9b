"""The causes of notices are looked at once, without a lock."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("complaints", "0046_a_broken_chain_is_told")]

    operations = [ValidateConstraint(model_name="notice", name="notice_has_one_cause")]
