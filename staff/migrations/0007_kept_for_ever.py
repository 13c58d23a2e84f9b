"""What happened at the door is never rewritten; tokens of before are kept as hashes, and end."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION staff_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER staff_entryevent_is_append_only BEFORE UPDATE OR DELETE ON staff_entryevent
FOR EACH ROW EXECUTE FUNCTION staff_refuse_change();
"""
ALLOW = """
DROP TRIGGER staff_entryevent_is_append_only ON staff_entryevent;
DROP FUNCTION staff_refuse_change();
"""
OLD_TOKENS = """
DO $$ BEGIN
  IF to_regclass('authtoken_token') IS NOT NULL THEN
    INSERT INTO staff_apitoken (user_id, name, scopes, start, digest, made_at, expires_at)
    SELECT user_id, 'API', ARRAY['complaints:read', 'complaints:write', 'reports:read'], left(key, 8),
           encode(sha256(convert_to(key, 'UTF8')), 'hex'), now(), now() + interval '90 days'
    FROM authtoken_token;
    DROP TABLE authtoken_token;
  END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("staff", "0006_who_came_in")]

    operations = [
        migrations.RunSQL(REFUSE, ALLOW),
        migrations.RunSQL(OLD_TOKENS, migrations.RunSQL.noop),
    ]
