"""The database notes which complaints have new words, in the transaction that wrote them, and in bulk loads as well."""

from django.db import migrations

# One row for each complaint and transaction. The conflict can only be with a row of the same transaction, so nobody waits.
NOTE = """
CREATE FUNCTION analytics_note_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO analytics_termchange (complaint_id, xact) VALUES (NEW.id, pg_current_xact_id()::text::bigint)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
"""
NEW = """
CREATE TRIGGER complaints_complaint_words_are_new AFTER INSERT ON complaints_complaint
    FOR EACH ROW EXECUTE FUNCTION analytics_note_words()
"""
CHANGED = """
CREATE TRIGGER complaints_complaint_words_changed AFTER UPDATE ON complaints_complaint FOR EACH ROW
    WHEN (OLD.story IS DISTINCT FROM NEW.story OR OLD.branch_id IS DISTINCT FROM NEW.branch_id
        OR OLD.merged_into_id IS DISTINCT FROM NEW.merged_into_id OR OLD.received_at IS DISTINCT FROM NEW.received_at
        OR OLD.request_type IS DISTINCT FROM NEW.request_type OR OLD.contact_name IS DISTINCT FROM NEW.contact_name
        OR OLD.place IS DISTINCT FROM NEW.place)
    EXECUTE FUNCTION analytics_note_words()
"""
ALWAYS = """
ALTER TABLE complaints_complaint ENABLE ALWAYS TRIGGER complaints_complaint_words_are_new;
ALTER TABLE complaints_complaint ENABLE ALWAYS TRIGGER complaints_complaint_words_changed;
"""
THOSE_THERE = """
INSERT INTO analytics_termchange (complaint_id, xact)
SELECT id, 0 FROM complaints_complaint WHERE received_at > now() - interval '100 days'
"""


class Migration(migrations.Migration):
    dependencies = [
        ("analytics", "0004_signals"),
        ("complaints", "0034_what_is_known"),
    ]

    operations = [
        migrations.RunSQL(NOTE, "DROP FUNCTION analytics_note_words()"),
        migrations.RunSQL(NEW, "DROP TRIGGER complaints_complaint_words_are_new ON complaints_complaint"),
        migrations.RunSQL(CHANGED, "DROP TRIGGER complaints_complaint_words_changed ON complaints_complaint"),
        migrations.RunSQL(ALWAYS, migrations.RunSQL.noop),
        migrations.RunSQL(THOSE_THERE, migrations.RunSQL.noop),
    ]
