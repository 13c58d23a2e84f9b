"""The search entries are always written by way of keys.

While one transaction fills the tables, autovacuum may count them and find nothing yet; the planner then takes them for empty and
reads them from end to end for each of many thousand rows: a load of seconds took a quarter of an hour on a busy machine.
"""

from django.db import migrations

FUNCTIONS = (
    "customers_refresh_accounts(bigint[])",
    "customers_refresh_bare(bigint[])",
    "customers_follow_customer()",
    "customers_follow_account()",
    "customers_follow_premise()",
    "customers_follow_meter()",
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0003_people")]

    operations = [
        migrations.RunSQL(
            f"ALTER FUNCTION {function} SET enable_seqscan = off", f"ALTER FUNCTION {function} RESET enable_seqscan"
        )
        for function in FUNCTIONS
    ]
