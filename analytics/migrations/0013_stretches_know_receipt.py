"""A stretch of open days knows when the complaint came, so that its age needs no other table."""

from django.db import migrations, models

EVENINGS = """
CREATE VIEW analytics_openday AS
SELECT s.complaint_id, evening.day,
       CASE WHEN evening.number - began.number <= 1 THEN '0-1'
            WHEN evening.number - began.number <= 3 THEN '2-3'
            WHEN evening.number - began.number <= 5 THEN '4-5'
            WHEN evening.number - began.number <= 10 THEN '6-10'
            ELSE '>10' END AS age
FROM analytics_openspan s
{joined}
JOIN analytics_workingday evening ON evening.day >= s.opened_on AND evening.day < coalesce(s.left_on, 'infinity')
"""
NEW = EVENINGS.format(joined="JOIN analytics_workingday began ON began.day = s.received_on")
OLD = EVENINGS.format(
    joined="JOIN analytics_complaintfact f ON f.complaint_id = s.complaint_id "
    "JOIN analytics_workingday began ON began.day = f.received_on"
)
GONE = "DROP VIEW analytics_openday"
FILL = """
UPDATE analytics_openspan s SET received_on = f.received_on FROM analytics_complaintfact f
WHERE f.complaint_id = s.complaint_id
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0012_counting_faster")]

    operations = [
        migrations.RunSQL(GONE, OLD),
        migrations.AddField("openspan", "received_on", models.DateField(null=True)),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.AlterField("openspan", "received_on", models.DateField()),
        migrations.RunSQL(NEW, GONE),
    ]
