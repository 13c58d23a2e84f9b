"""Each complaint's events are chained by hashes that the database writes, and sealed all together.

What is hashed is written down in docs/decisions/0026-history-chain.md, so that others can check it with their own tools.

Events that are there are chained in pieces, each committed, while others read and write; only the last step locks the table, for a moment.
An interrupted run may be run again: each step before the last leaves alone what it has done already, and the last is one transaction.
"""

import django.contrib.postgres.functions
from django.db import migrations, models

from complaints.pieces import InOneTransaction, pieces

# Moments in microseconds, because a moment as text depends on the time zone of who asks.
CONTENT = """
CREATE OR REPLACE FUNCTION complaints_event_said(salt uuid, actor_name text, details jsonb) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT sha256(uuid_send(salt) || convert_to(actor_name || chr(31) || details::text, 'UTF8'))
$$;
CREATE OR REPLACE FUNCTION complaints_event_content(e complaints_event) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN convert_to(e.complaint_id || '|' || e.number || '|' || e.move || '|' || e.from_status || '|' || e.to_status
        || '|' || (extract(epoch FROM e.at) * 1000000)::bigint || '|' || (extract(epoch FROM e.recorded_at) * 1000000)::bigint
        || '|' || e.role || '|' || coalesce(e.user_id::text, ''), 'UTF8')
        || coalesce(e.content_hash,
            sha256(uuid_send(e.salt) || convert_to(e.actor_name || chr(31) || e.details::text, 'UTF8')));
END
$$;
CREATE OR REPLACE FUNCTION complaints_link(before bytea, content bytea) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT sha256(before || content) $$;
CREATE OR REPLACE AGGREGATE complaints_chain(bytea) (sfunc = complaints_link, stype = bytea, initcond = '');
"""
# What erasure left of the events before it; the event that says so carries this digest, and is chained itself.
REMAINS = """
CREATE OR REPLACE FUNCTION complaints_remains(complaint bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT encode(sha256(convert_to(coalesce(string_agg(
        number || chr(31) || actor_name || chr(31) || details::text, chr(30) ORDER BY number), ''), 'UTF8')), 'hex')
    FROM complaints_event WHERE complaint_id = complaint AND content_hash IS NOT NULL
$$
"""
UNDO_CONTENT = """
DROP AGGREGATE complaints_chain(bytea);
DROP FUNCTION complaints_link(bytea, bytea);
DROP FUNCTION complaints_event_content(complaints_event);
DROP FUNCTION complaints_event_said(uuid, text, jsonb);
"""

# What was loaded past the triggers has no hash yet; this gives it, and may be called again.
ALL = """
CREATE OR REPLACE FUNCTION complaints_chain_unchained() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    done bigint;
BEGIN
    UPDATE complaints_event e SET hash = chained.hash
    FROM (
        SELECT id, complaints_chain(complaints_event_content(o)) OVER (PARTITION BY complaint_id ORDER BY number) AS hash
        FROM complaints_event o
        WHERE EXISTS (SELECT 1 FROM complaints_event n WHERE n.complaint_id = o.complaint_id AND n.hash = '')
    ) chained
    WHERE chained.id = e.id AND e.hash = '';
    GET DIAGNOSTICS done = ROW_COUNT;
    RETURN done;
END
$$
"""

# By way of keys: while one transaction fills the table, autovacuum counts it as empty.
CHAIN = """
CREATE FUNCTION complaints_chain_event() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    before bytea := '';
BEGIN
    IF NEW.number > 1 THEN
        SELECT hash INTO before FROM complaints_event WHERE complaint_id = NEW.complaint_id AND number = NEW.number - 1;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'event % of complaint % has none before it', NEW.number, NEW.complaint_id
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    NEW.salt := coalesce(NEW.salt, gen_random_uuid());
    NEW.content_hash := NULL;
    NEW.hash := sha256(before || complaints_event_content(NEW));
    RETURN NEW;
END
$$;
CREATE TRIGGER complaints_event_is_chained BEFORE INSERT ON complaints_event
    FOR EACH ROW EXECUTE FUNCTION complaints_chain_event();
"""
UNDO_CHAIN = "DROP TRIGGER complaints_event_is_chained ON complaints_event; DROP FUNCTION complaints_chain_event()"

# An event may change in two ways only: it gets the hash that it has not, or erasure takes its words and leaves their hash.
GUARD = """
CREATE FUNCTION complaints_guard_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.hash = '' AND NEW.hash <> '' AND to_jsonb(NEW) - 'hash' = to_jsonb(OLD) - 'hash' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND current_setting('redress.erasing', true) = 'on' AND NEW.salt IS NULL
        AND NEW.content_hash = coalesce(OLD.content_hash, complaints_event_said(OLD.salt, OLD.actor_name, OLD.details))
        AND to_jsonb(NEW) - '{salt,content_hash,actor_name,details}'::text[]
            = to_jsonb(OLD) - '{salt,content_hash,actor_name,details}'::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
DROP TRIGGER complaints_event_is_append_only ON complaints_event;
CREATE TRIGGER complaints_event_is_append_only BEFORE UPDATE OR DELETE ON complaints_event
    FOR EACH ROW EXECUTE FUNCTION complaints_guard_event();
"""
UNDO_GUARD = """
DROP TRIGGER complaints_event_is_append_only ON complaints_event;
DROP FUNCTION complaints_guard_event();
CREATE TRIGGER complaints_event_is_append_only BEFORE UPDATE OR DELETE ON complaints_event
    FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change();
"""
SEALS = """
CREATE FUNCTION complaints_guard_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.sealed_at IS NULL AND NEW.sealed_at IS NOT NULL AND NEW.id = OLD.id
        AND (NEW.at, NEW.upto, NEW.horizon) = (OLD.at, OLD.upto, OLD.horizon) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER complaints_historyseal_is_append_only BEFORE UPDATE OR DELETE ON complaints_historyseal
    FOR EACH ROW EXECUTE FUNCTION complaints_guard_seal();
"""
UNDO_SEALS = """
DROP TRIGGER complaints_historyseal_is_append_only ON complaints_historyseal;
DROP FUNCTION complaints_guard_seal();
"""

# Constants cost nothing; a salt for each row would be written under a lock, so those that are there get theirs with their hash.
COLUMNS = """
ALTER TABLE complaints_event ADD COLUMN IF NOT EXISTS salt uuid, ADD COLUMN IF NOT EXISTS content_hash bytea,
    ADD COLUMN IF NOT EXISTS hash bytea DEFAULT ''::bytea NOT NULL, DROP CONSTRAINT IF EXISTS event_is_salted_until_erased;
ALTER TABLE complaints_event ALTER COLUMN salt SET DEFAULT gen_random_uuid();
ALTER TABLE complaints_event ADD CONSTRAINT event_is_salted_until_erased CHECK (
    (content_hash IS NULL AND salt IS NOT NULL) OR (content_hash IS NOT NULL AND salt IS NULL)) NOT VALID;
"""
UNDO_COLUMNS = "ALTER TABLE complaints_event DROP COLUMN salt, DROP COLUMN content_hash, DROP COLUMN hash"
# Until the last step an event may get salt and hash, and nothing else may change. WHEN is cheaper than asking in a function.
LET_CHAIN = """
DROP TRIGGER IF EXISTS complaints_event_is_append_only ON complaints_event;
DROP TRIGGER IF EXISTS complaints_event_gets_its_hash_only ON complaints_event;
CREATE TRIGGER complaints_event_is_append_only BEFORE DELETE ON complaints_event
    FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change();
CREATE TRIGGER complaints_event_gets_its_hash_only BEFORE UPDATE ON complaints_event FOR EACH ROW
    WHEN (OLD.hash <> '' OR NEW.hash = '' OR OLD.salt <> NEW.salt
        OR (OLD.id, OLD.complaint_id, OLD.number, OLD.move, OLD.from_status, OLD.to_status, OLD.at, OLD.recorded_at, OLD.role,
            OLD.actor_name, OLD.user_id, OLD.details, OLD.content_hash)
        IS DISTINCT FROM (NEW.id, NEW.complaint_id, NEW.number, NEW.move, NEW.from_status, NEW.to_status, NEW.at, NEW.recorded_at,
            NEW.role, NEW.actor_name, NEW.user_id, NEW.details, NEW.content_hash))
    EXECUTE FUNCTION complaints_refuse_change();
"""
UNDO_LET_CHAIN = """
DROP TRIGGER complaints_event_is_append_only ON complaints_event;
CREATE TRIGGER complaints_event_is_append_only BEFORE UPDATE OR DELETE ON complaints_event
    FOR EACH ROW EXECUTE FUNCTION complaints_refuse_change();
"""
LET_CHAIN_NO_MORE = "DROP TRIGGER complaints_event_gets_its_hash_only ON complaints_event"
CHAINED = """
WITH salted AS MATERIALIZED (
    SELECT o AS event, coalesce(o.salt, gen_random_uuid()) AS salt FROM complaints_event o WHERE o.complaint_id {those}
)
UPDATE complaints_event e SET salt = chained.salt, hash = chained.hash
FROM (
    SELECT (event).id, salt, complaints_chain(complaints_event_content(
        jsonb_populate_record(event, jsonb_build_object('salt', salt)))) OVER (PARTITION BY (event).complaint_id ORDER BY (event).number) AS hash
    FROM salted
) chained
WHERE chained.id = e.id AND e.hash = '' AND e.complaint_id {those}
"""
PIECE = 2_000
"""Complaints whose events are chained in one transaction."""
UNCHAINED = [
    "DROP INDEX IF EXISTS complaints_event_unchained",
    "CREATE INDEX CONCURRENTLY complaints_event_unchained ON complaints_event (complaint_id) WHERE hash = ''",
]
REST = (
    "LOCK TABLE complaints_event IN ACCESS EXCLUSIVE MODE; SET LOCAL enable_seqscan = off;"
    + CHAINED.format(those="IN (SELECT complaint_id FROM complaints_event WHERE hash = '')")
    + "; SET LOCAL enable_seqscan = on; DROP INDEX complaints_event_unchained"
)


def chain_those_there(apps, schema_editor):
    """Piece by piece; events that are written meanwhile wait for the last step."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        for first, last in pieces(cursor, "complaints_complaint", PIECE):
            cursor.execute(CHAINED.format(those="BETWEEN %(first)s AND %(last)s"), {"first": first, "last": last})
        cursor.execute("RESET enable_seqscan")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("complaints", "0039_signals_told")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(COLUMNS, UNDO_COLUMNS)],
            state_operations=[
                migrations.AddField(
                    model_name="event",
                    name="salt",
                    field=models.UUIDField(
                        db_default=django.contrib.postgres.functions.RandomUUID(), editable=False, null=True
                    ),
                ),
                migrations.AddField(
                    model_name="event",
                    name="content_hash",
                    field=models.BinaryField(editable=False, null=True),
                ),
                migrations.AddField(
                    model_name="event",
                    name="hash",
                    field=models.BinaryField(db_default=b"", editable=False),
                ),
                migrations.AddConstraint(
                    model_name="event",
                    constraint=models.CheckConstraint(
                        name="event_is_salted_until_erased",
                        condition=models.Q(salt__isnull=False, content_hash__isnull=True)
                        | models.Q(salt__isnull=True, content_hash__isnull=False),
                    ),
                ),
            ],
        ),
        migrations.RunSQL(CONTENT, UNDO_CONTENT),
        migrations.RunSQL(REMAINS, "DROP FUNCTION complaints_remains(bigint)"),
        migrations.RunSQL(ALL, "DROP FUNCTION complaints_chain_unchained()"),
        migrations.RunSQL(LET_CHAIN, UNDO_LET_CHAIN),
        migrations.RunPython(chain_those_there, migrations.RunPython.noop),
        migrations.RunSQL(
            "ALTER TABLE complaints_event VALIDATE CONSTRAINT event_is_salted_until_erased", migrations.RunSQL.noop
        ),
        migrations.RunSQL(UNCHAINED, migrations.RunSQL.noop),
        InOneTransaction(
            migrations.RunSQL(REST, migrations.RunSQL.noop),
            migrations.CreateModel(
                name="HistorySeal",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("at", models.DateTimeField()),
                    ("upto", models.BigIntegerField()),
                    ("horizon", models.BigIntegerField()),
                    ("events", models.BigIntegerField(default=0)),
                    ("digest", models.BinaryField(default=b"")),
                    ("sealed_at", models.DateTimeField(null=True)),
                ],
                options={"ordering": ["-pk"]},
            ),
            migrations.CreateModel(
                name="HistoryCheck",
                fields=[
                    (
                        "id",
                        models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID"),
                    ),
                    ("at", models.DateTimeField()),
                    ("finished_at", models.DateTimeField()),
                    ("upto", models.BigIntegerField()),
                    ("swept_to", models.BigIntegerField(default=0)),
                    ("chains", models.BigIntegerField(default=0)),
                    ("events", models.BigIntegerField(default=0)),
                    ("seals", models.BigIntegerField(default=0)),
                    ("faults", models.BigIntegerField(default=0)),
                    ("findings", models.JSONField(default=list)),
                ],
                options={"ordering": ["-pk"]},
            ),
            migrations.AddConstraint(
                model_name="historyseal",
                constraint=models.UniqueConstraint(
                    fields=["sealed_at"],
                    name="one_seal_is_in_the_making",
                    condition=models.Q(sealed_at__isnull=True),
                    nulls_distinct=False,
                ),
            ),
            migrations.RunSQL(CHAIN, UNDO_CHAIN),
            migrations.RunSQL(GUARD, UNDO_GUARD),
            migrations.RunSQL(LET_CHAIN_NO_MORE, migrations.RunSQL.noop),
            migrations.RunSQL(SEALS, UNDO_SEALS),
        ),
    ]
