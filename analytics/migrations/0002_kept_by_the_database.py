"""What the database itself does for figures: notes what changed, and knows buckets and evenings."""

from django.db import migrations

BUCKET = """
CREATE FUNCTION analytics_bucket(value bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN value IS NULL THEN -1
        WHEN value <= 0 THEN 0
        ELSE 1 + ceil(ln(value::float8) / ln(1.04::float8))
    END::smallint
$$
"""

OPEN_DAYS = """
CREATE VIEW analytics_openday AS
SELECT s.complaint_id, evening.day,
       CASE WHEN evening.number - began.number <= 1 THEN '0-1'
            WHEN evening.number - began.number <= 3 THEN '2-3'
            WHEN evening.number - began.number <= 5 THEN '4-5'
            WHEN evening.number - began.number <= 10 THEN '6-10'
            ELSE '>10' END AS age
FROM analytics_openspan s
JOIN analytics_complaintfact f ON f.complaint_id = s.complaint_id
JOIN analytics_workingday began ON began.day = f.received_on
JOIN analytics_workingday evening ON evening.day >= s.opened_on AND (s.left_on IS NULL OR evening.day < s.left_on)
"""

# One row for each complaint and transaction. The conflict can only be with a row of the same transaction, so nobody waits.
NOTE = """
CREATE FUNCTION analytics_note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (complaint_id, xact, at)
    SELECT DISTINCT complaint_id, pg_current_xact_id()::text::bigint, clock_timestamp() FROM changed
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""
NOTE_CUSTOMER = """
CREATE FUNCTION analytics_note_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_change (complaint_id, xact, at)
    SELECT id, pg_current_xact_id()::text::bigint, clock_timestamp() FROM complaints_complaint WHERE customer_id = NEW.id
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""


def noted(table: str, change: str) -> migrations.RunSQL:
    name = f"{table}_{change}_is_noted"
    return migrations.RunSQL(
        f"CREATE TRIGGER {name} AFTER {change} ON {table} REFERENCING NEW TABLE AS changed "
        "FOR EACH STATEMENT EXECUTE FUNCTION analytics_note()",
        f"DROP TRIGGER {name} ON {table}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0001_figures"),
        ("complaints", "0025_moves_and_causes_known"),
        ("customers", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(BUCKET, "DROP FUNCTION analytics_bucket(bigint)"),
        migrations.RunSQL(OPEN_DAYS, "DROP VIEW analytics_openday"),
        migrations.RunSQL(NOTE, "DROP FUNCTION analytics_note()"),
        migrations.RunSQL(NOTE_CUSTOMER, "DROP FUNCTION analytics_note_customer()"),
        noted("complaints_event", "insert"),
        noted("complaints_clock", "insert"),
        noted("complaints_clock", "update"),
        noted("complaints_feedback", "insert"),
        noted("complaints_feedback", "update"),
        migrations.RunSQL(
            "CREATE TRIGGER customers_customer_segment_is_noted AFTER UPDATE ON customers_customer FOR EACH ROW "
            "WHEN (OLD.kind IS DISTINCT FROM NEW.kind OR OLD.is_key IS DISTINCT FROM NEW.is_key) "
            "EXECUTE FUNCTION analytics_note_customer()",
            "DROP TRIGGER customers_customer_segment_is_noted ON customers_customer",
        ),
    ]
