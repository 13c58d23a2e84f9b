"""Evenings found by their range alone, and a stretch found again by its beginning."""

from django.db import migrations, models

EVENINGS = """
CREATE OR REPLACE VIEW analytics_openday AS
SELECT s.complaint_id, evening.day,
       CASE WHEN evening.number - began.number <= 1 THEN '0-1'
            WHEN evening.number - began.number <= 3 THEN '2-3'
            WHEN evening.number - began.number <= 5 THEN '4-5'
            WHEN evening.number - began.number <= 10 THEN '6-10'
            ELSE '>10' END AS age
FROM analytics_openspan s
JOIN analytics_complaintfact f ON f.complaint_id = s.complaint_id
JOIN analytics_workingday began ON began.day = f.received_on
JOIN analytics_workingday evening ON evening.day >= s.opened_on AND {until}
"""
OLD = EVENINGS.format(until="(s.left_on IS NULL OR evening.day < s.left_on)")
NEW = EVENINGS.format(until="evening.day < coalesce(s.left_on, 'infinity')")


class Migration(migrations.Migration):
    dependencies = [("analytics", "0011_signals_told")]

    operations = [
        migrations.RunSQL(NEW, OLD),
        migrations.RemoveIndex("openspan", "open_span_of_complaint"),
        migrations.AddConstraint(
            "openspan", models.UniqueConstraint(name="open_span_begins_once", fields=["fact", "opened_on"])
        ),
    ]
