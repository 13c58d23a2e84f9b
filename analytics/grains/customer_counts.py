"""Counts the supplied accounts, so that no page ever counts millions: once a night by branch, segment and area, and once a
month by transformer area.
"""

from __future__ import annotations

from datetime import date

from django.db import connection
from django.utils import timezone

from analytics.models import AssetCount, CustomerCount
from complaints import database_clock
from customers.models.people import KEY

SUPPLIED = """(account.opened_on IS NULL OR account.opened_on <= %(day)s)
    AND (account.closed_on IS NULL OR account.closed_on > %(day)s)"""

# Two workers at the same time count the same, and the second one's rows are those of the first.
COUNT = f"""
INSERT INTO analytics_customercount (day, branch_id, segment, area_class, n)
SELECT %(day)s, premise.branch_id, CASE WHEN customer.is_key THEN %(key)s ELSE customer.kind END, premise.area_class, count(*)
FROM customers_account account
JOIN customers_premise premise ON premise.id = account.premise_id
JOIN customers_customer customer ON customer.id = account.customer_id
WHERE {SUPPLIED}
GROUP BY 2, 3, 4
ON CONFLICT DO NOTHING
"""
COUNT_ASSETS = f"""
INSERT INTO analytics_assetcount (day, branch_id, transformer_area_id, n)
SELECT %(day)s, premise.branch_id, premise.transformer_area_id, count(*)
FROM customers_account account
JOIN customers_premise premise ON premise.id = account.premise_id
WHERE premise.transformer_area_id IS NOT NULL AND {SUPPLIED}
GROUP BY 2, 3
ON CONFLICT DO NOTHING
"""


def nightly() -> None:
    """Count today's customers when that has not been done, and once a month those of each asset.

    A day on which nothing ran has no count.
    """
    today = timezone.localdate(database_clock.now())
    if not CustomerCount.objects.filter(day=today).exists():
        count(today)
    if not AssetCount.objects.filter(day__gte=today.replace(day=1)).exists():
        count_assets(today)


def count(day: date) -> None:
    """Count the accounts that are supplied on this day, as far as is known now."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, {"day": day, "key": KEY})


def count_assets(day: date) -> None:
    """Count them by transformer area."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT_ASSETS, {"day": day})
