"""An evening says of which stretch of days it is, so that those of a day are found by where stretches end.

The view alone said it, by comparing with each stretch: whoever asked for one evening read all stretches of all years.
"""

from django.db import migrations

LOCKS = "A view is replaced, which reads and writes no row."

EVENINGS = """
CREATE {or_replace} VIEW analytics_openday AS
SELECT s.complaint_id, evening.day,
       CASE WHEN evening.number - began.number <= 1 THEN '0-1'
            WHEN evening.number - began.number <= 3 THEN '2-3'
            WHEN evening.number - began.number <= 5 THEN '4-5'
            WHEN evening.number - began.number <= 10 THEN '6-10'
            ELSE '>10' END AS age{stretch}
FROM analytics_openspan s
JOIN analytics_workingday began ON began.day = s.received_on
JOIN analytics_workingday evening ON evening.day >= s.opened_on AND evening.day < coalesce(s.left_on, 'infinity')
"""
NEW = EVENINGS.format(or_replace="OR REPLACE", stretch=", s.opened_on, s.left_on")
OLD = "DROP VIEW analytics_openday;" + EVENINGS.format(or_replace="", stretch="")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0014_rollups_of_all_below")]

    operations = [migrations.RunSQL(NEW, OLD)]
