"""Complaints found by words, in one index that the database itself keeps right.

Those that are there are put into it in pieces, each committed, while others read and write. An interrupted run may be run again.
"""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.db import migrations, models

from complaints.pieces import InOneTransaction, pieces

# Said again for what is asked in complaints/search.py. Small letters are those of ASCII, whatever the database's locale.
WORDS = r"""
CREATE FUNCTION complaints_normal(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT translate(normalize(said, NFKC), 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')
$$;
CREATE FUNCTION complaints_words(normal text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT array_to_tsvector(coalesce(array_agg(DISTINCT word), '{}')) FROM (
        SELECT substr(run[1], start, 2) AS word
        FROM regexp_matches(normal, '[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]+', 'g') AS run,
            generate_series(1, length(run[1])) AS start
        UNION ALL
        SELECT left(run[1], 40) FROM regexp_matches(normal, '[a-z0-9\u00c0-\u1fff]+', 'g') AS run
        UNION ALL
        SELECT substr(run[1], start, 40)
        FROM regexp_matches(normal, '[0-9]{5,}', 'g') AS run, generate_series(2, least(length(run[1]) - 3, 30)) AS start
    ) AS said
$$;
CREATE FUNCTION complaints_said(details jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT nullif(concat_ws(E'\n', details->>'note', details->>'message', details->>'reason', details->>'comment',
        details->>'resolution', details->>'summary'), '')
$$;
"""

# A row is locked before its sources are read, so that of two who change different sources the second sees the first.
# Planned anew each time, and by way of keys: a plan from when the tables were empty, or from when autovacuum took them for
# empty because nothing was committed yet, would read them whole for each of many rows.
REFRESH = r"""
CREATE FUNCTION complaints_refresh_words(wanted bigint[]) RETURNS void LANGUAGE plpgsql
    SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
BEGIN
    PERFORM 1 FROM complaints_complaintwords WHERE complaint_id IN (SELECT unnest(wanted)) ORDER BY complaint_id FOR UPDATE;
    INSERT INTO complaints_complaintwords AS kept (complaint_id, received_at, text, words)
    SELECT c.id, c.received_at, n.text, complaints_words(n.text) || array_to_tsvector(ARRAY['#b' || c.branch_id])
    FROM unnest(wanted) AS w(id)
    JOIN complaints_complaint c ON c.id = w.id
    LEFT JOIN customers_customer p ON p.id = c.customer_id
    LEFT JOIN customers_account a ON a.id = c.account_id
    CROSS JOIN LATERAL (SELECT complaints_normal(concat_ws(E'\n',
        replace(c.reference, '-', ''), c.contact_name, nullif(p.name, c.contact_name), c.contact_phone, c.contact_email,
        a.number, c.source_reference, c.place, c.contact_address, c.story, c.remedy_sought,
        (SELECT string_agg(complaints_said(e.details), E'\n' ORDER BY e.number)
            FROM complaints_event e WHERE e.complaint_id = c.id AND e.role <> 'clock')
    )) AS text) n
    ORDER BY c.id
    ON CONFLICT (complaint_id) DO UPDATE
        SET received_at = excluded.received_at, text = excluded.text, words = excluded.words;
END $$;
"""

FOLLOW = r"""
CREATE FUNCTION complaints_follow_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM complaints_refresh_words(ARRAY(SELECT id FROM after_it));
    RETURN NULL;
END $$;
CREATE FUNCTION complaints_follow_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM complaints_refresh_words(ARRAY[NEW.id]);
    RETURN NULL;
END $$;
CREATE FUNCTION complaints_follow_said() RETURNS trigger LANGUAGE plpgsql
    SET plan_cache_mode = force_custom_plan SET enable_seqscan = off AS $$
BEGIN
    UPDATE complaints_complaintwords AS kept
    SET text = kept.text || E'\n' || more.text, words = kept.words || complaints_words(more.text)
    FROM (SELECT complaint_id, complaints_normal(string_agg(complaints_said(details), E'\n' ORDER BY number)) AS text
        FROM after_it WHERE role <> 'clock' AND complaints_said(details) IS NOT NULL GROUP BY complaint_id) AS more
    WHERE kept.complaint_id = more.complaint_id;
    RETURN NULL;
END $$;
CREATE FUNCTION complaints_follow_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM complaints_refresh_words(ARRAY(SELECT id FROM complaints_complaint WHERE customer_id = NEW.id));
    RETURN NULL;
END $$;
CREATE TRIGGER complaints_words_new AFTER INSERT ON complaints_complaint
    REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION complaints_follow_new();
CREATE TRIGGER complaints_words_changed AFTER UPDATE ON complaints_complaint FOR EACH ROW
    WHEN ((OLD.reference, OLD.contact_name, OLD.contact_phone, OLD.contact_email, OLD.contact_address, OLD.source_reference,
        OLD.place, OLD.story, OLD.remedy_sought, OLD.customer_id, OLD.account_id, OLD.branch_id, OLD.received_at)
        IS DISTINCT FROM
        (NEW.reference, NEW.contact_name, NEW.contact_phone, NEW.contact_email, NEW.contact_address, NEW.source_reference,
        NEW.place, NEW.story, NEW.remedy_sought, NEW.customer_id, NEW.account_id, NEW.branch_id, NEW.received_at))
    EXECUTE FUNCTION complaints_follow_changed();
CREATE TRIGGER complaints_words_said AFTER INSERT ON complaints_event
    REFERENCING NEW TABLE AS after_it FOR EACH STATEMENT EXECUTE FUNCTION complaints_follow_said();
CREATE TRIGGER complaints_words_renamed AFTER UPDATE OF name ON customers_customer FOR EACH ROW
    WHEN (OLD.name IS DISTINCT FROM NEW.name) EXECUTE FUNCTION complaints_follow_renamed();
"""
UNDO_FOLLOW = """
DROP TRIGGER complaints_words_new ON complaints_complaint;
DROP TRIGGER complaints_words_changed ON complaints_complaint;
DROP TRIGGER complaints_words_said ON complaints_event;
DROP TRIGGER complaints_words_renamed ON customers_customer;
DROP FUNCTION complaints_follow_new(), complaints_follow_changed(), complaints_follow_said(), complaints_follow_renamed();
"""
UNDO_WORDS = "DROP FUNCTION complaints_normal(text), complaints_words(text), complaints_said(jsonb)"


PIECE = 1_000


def find_those_there(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        for first, last in pieces(cursor, "complaints_complaint", PIECE):
            cursor.execute(
                "SELECT complaints_refresh_words(ARRAY(SELECT id FROM complaints_complaint WHERE id BETWEEN %s AND %s))",
                [first, last],
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("complaints", "0013_investigate"), ("customers", "0003_people")]

    operations = [
        InOneTransaction(
            migrations.RunSQL(WORDS, UNDO_WORDS),
            migrations.CreateModel(
                name="ComplaintWords",
                fields=[
                    (
                        "complaint",
                        models.OneToOneField(
                            db_constraint=False,
                            on_delete=django.db.models.deletion.CASCADE,
                            primary_key=True,
                            related_name="words",
                            serialize=False,
                            to="complaints.complaint",
                        ),
                    ),
                    ("received_at", models.DateTimeField()),
                    ("text", models.TextField()),
                    ("words", django.contrib.postgres.search.SearchVectorField()),
                ],
                options={
                    "indexes": [
                        models.Index(
                            models.OrderBy(models.F("received_at"), descending=True),
                            models.OrderBy(models.F("complaint"), descending=True),
                            name="complaint_words_by_received",
                        ),
                        django.contrib.postgres.indexes.GinIndex(fields=["words"], name="complaint_by_words"),
                    ],
                },
            ),
            migrations.AddIndex(
                model_name="event",
                index=models.Index(
                    condition=models.Q(
                        (
                            "move__in",
                            ("register", "dispatch", "transfer", "assign", "return", "reopen", "supplement", "resume"),
                        )
                    ),
                    fields=["recorded_at"],
                    name="event_by_arrival",
                ),
            ),
            migrations.RunSQL(REFRESH, "DROP FUNCTION complaints_refresh_words(bigint[])"),
            migrations.RunSQL(FOLLOW, UNDO_FOLLOW),
            unless="complaints_complaintwords",
        ),
        migrations.RunPython(find_those_there, migrations.RunPython.noop),
    ]
