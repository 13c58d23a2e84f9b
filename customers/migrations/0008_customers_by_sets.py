"""What people are found by is written for whole sets, and once a transaction where the writer wishes so.

Every read goes from the changed rows to an index, whatever the planner believes of the tables: each is a LATERAL query of one
table by one key with LIMIT or OFFSET, which is never turned into a join. Rows before and after are compared by EXCEPT, which is
planned the same for one row and for a million.
"""

from django.db import migrations

LOCKS = "functions are replaced and a new table is made; no row and no trigger of a table that people use is touched"

# Two characters at a time from the first and from the second of each word, and all characters; as a tsvector each stands once.
GRAMS = r"""
CREATE OR REPLACE FUNCTION customers_grams(normal text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT tsvector_to_array(array_to_tsvector(array_remove(
        string_to_array(replace(normal, ' ', ''), NULL) || string_to_array(
            regexp_replace(normal, '[^ ][^ ]', '\& ', 'g') || ' '
            || regexp_replace(regexp_replace(normal, '(?:^| )[^ ]', ' ', 'g'), '[^ ][^ ]', '\& ', 'g'), ' '),
        '')))
$$;
"""
PLANNED = """
    SET plan_cache_mode = force_custom_plan SET enable_seqscan = off SET enable_presorted_aggregate = off
    SET enable_memoize = off SET jit = off
"""
# An entry is locked before its sources are read, so that of two who change different sources the second sees the first.
REFRESH = f"""
CREATE OR REPLACE FUNCTION customers_refresh_accounts(wanted bigint[]) RETURNS void LANGUAGE plpgsql {PLANNED} AS $$
BEGIN
    PERFORM 1 FROM customers_searchentry WHERE account_id = ANY(wanted) ORDER BY account_id FOR UPDATE;
    INSERT INTO customers_searchentry AS kept (customer_id, account_id, branch_id, is_closed, name, text, grams)
    SELECT a.customer_id, w.id, c.branch_id, a.closed_on IS NOT NULL, n.name,
        concat_ws(' ', n.name, n.address, customers_normal(a.number), c.phone_digits, customers_normal(c.number), m.numbers),
        CASE WHEN starts_with(e.text, n.name || ' ' || n.address || ' ') THEN e.grams
            ELSE customers_grams(n.name || ' ' || n.address) END
    FROM (SELECT DISTINCT unnest(wanted) AS id ORDER BY id) w
    CROSS JOIN LATERAL (SELECT * FROM customers_account WHERE id = w.id LIMIT 1) a
    CROSS JOIN LATERAL (SELECT * FROM customers_customer WHERE id = a.customer_id LIMIT 1) c
    CROSS JOIN LATERAL (SELECT * FROM customers_premise WHERE id = a.premise_id LIMIT 1) p
    CROSS JOIN LATERAL (
        SELECT string_agg(customers_normal(number), ' ' ORDER BY number) AS numbers
        FROM customers_meter WHERE account_id = w.id) m
    CROSS JOIN LATERAL (SELECT customers_normal(c.name) AS name, customers_normal(p.address) AS address OFFSET 0) n
    LEFT JOIN LATERAL (SELECT text, grams FROM customers_searchentry WHERE account_id = w.id LIMIT 1) e ON true
    ON CONFLICT (account_id) DO UPDATE SET customer_id = excluded.customer_id, branch_id = excluded.branch_id,
        is_closed = excluded.is_closed, name = excluded.name, text = excluded.text, grams = excluded.grams
    WHERE (kept.customer_id, kept.branch_id, kept.is_closed, kept.name, kept.text)
        IS DISTINCT FROM (excluded.customer_id, excluded.branch_id, excluded.is_closed, excluded.name, excluded.text);
END $$;
CREATE OR REPLACE FUNCTION customers_refresh_bare(wanted bigint[]) RETURNS void LANGUAGE plpgsql {PLANNED} AS $$
BEGIN
    DELETE FROM customers_searchentry WHERE id = ANY(ARRAY(
        SELECT e.id FROM (SELECT DISTINCT unnest(wanted) AS id ORDER BY id) w
        CROSS JOIN LATERAL (SELECT id, account_id FROM customers_searchentry WHERE customer_id = w.id OFFSET 0) e
        LEFT JOIN LATERAL (SELECT id, merged_into_id FROM customers_customer WHERE id = w.id LIMIT 1) c ON true
        WHERE e.account_id IS NULL AND (c.id IS NULL OR c.merged_into_id IS NOT NULL
            OR EXISTS (SELECT 1 FROM customers_account WHERE customer_id = w.id OFFSET 0))));
    INSERT INTO customers_searchentry AS kept (customer_id, branch_id, is_closed, name, text, grams)
    SELECT w.id, c.branch_id, false, n.name, concat_ws(' ', n.name, n.address, c.phone_digits, customers_normal(c.number)),
        customers_grams(n.name || ' ' || n.address)
    FROM (
        SELECT id FROM (SELECT DISTINCT unnest(wanted) AS id) o
        WHERE NOT EXISTS (SELECT 1 FROM customers_account WHERE customer_id = o.id OFFSET 0) ORDER BY id) w
    CROSS JOIN LATERAL (SELECT * FROM customers_customer WHERE id = w.id AND merged_into_id IS NULL LIMIT 1) c
    CROSS JOIN LATERAL (SELECT customers_normal(c.name) AS name, customers_normal(c.address) AS address OFFSET 0) n
    ON CONFLICT (customer_id) WHERE account_id IS NULL DO UPDATE SET branch_id = excluded.branch_id,
        name = excluded.name, text = excluded.text, grams = excluded.grams
    WHERE (kept.branch_id, kept.name, kept.text) IS DISTINCT FROM (excluded.branch_id, excluded.name, excluded.text);
END $$;
"""
# A row of the table asks for entries to be brought in line; it is taken away as that is done, and so is never seen by others.
DUE = """
CREATE TABLE IF NOT EXISTS customers_searchdue (account_ids bigint[] NOT NULL, customer_ids bigint[] NOT NULL);
CREATE OR REPLACE FUNCTION customers_refresh_due() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE accounts bigint[]; customers bigint[];
BEGIN
    WITH due AS (DELETE FROM customers_searchdue RETURNING account_ids, customer_ids)
    SELECT ARRAY(SELECT unnest(account_ids) FROM due), ARRAY(SELECT unnest(customer_ids) FROM due)
        INTO accounts, customers;
    PERFORM customers_refresh_accounts(accounts);
    PERFORM customers_refresh_bare(customers);
    RETURN NULL;
END $$;
DROP TRIGGER IF EXISTS customers_search_at_commit ON customers_searchdue;
CREATE CONSTRAINT TRIGGER customers_search_at_commit AFTER INSERT ON customers_searchdue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION customers_refresh_due();
CREATE OR REPLACE FUNCTION customers_refresh(accounts bigint[], customers bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('redress.search_at_commit', true) = 'on' THEN
        INSERT INTO customers_searchdue VALUES (coalesce(accounts, '{}'), coalesce(customers, '{}'));
        RETURN;
    END IF;
    IF cardinality(accounts) > 0 THEN
        PERFORM customers_refresh_accounts(accounts);
    END IF;
    IF cardinality(customers) > 0 THEN
        PERFORM customers_refresh_bare(customers);
    END IF;
END $$;
"""
FOLLOW = f"""
CREATE OR REPLACE FUNCTION customers_follow_customer() RETURNS trigger LANGUAGE plpgsql {PLANNED} AS $$
DECLARE changed bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := ARRAY(SELECT id FROM before_it);
        DELETE FROM customers_searchentry WHERE customer_id = ANY(changed);
    ELSIF TG_OP = 'INSERT' THEN
        PERFORM customers_refresh('{{}}', ARRAY(SELECT id FROM after_it));
    ELSE
        changed := ARRAY(SELECT id FROM (
            SELECT id, name, phone_digits, number, address, branch_id, merged_into_id FROM after_it
            EXCEPT SELECT id, name, phone_digits, number, address, branch_id, merged_into_id FROM before_it) different);
        PERFORM customers_refresh(ARRAY(
            SELECT a.id FROM unnest(changed) AS w(id)
            CROSS JOIN LATERAL (SELECT id FROM customers_account WHERE customer_id = w.id OFFSET 0) a), changed);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION customers_follow_account() RETURNS trigger LANGUAGE plpgsql {PLANNED} AS $$
DECLARE wanted bigint[]; owners bigint[]; places bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        wanted := ARRAY(SELECT id FROM before_it);
        DELETE FROM customers_searchentry WHERE account_id = ANY(wanted);
        PERFORM customers_refresh('{{}}', ARRAY(SELECT customer_id FROM before_it));
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(id), array_agg(customer_id), array_agg(premise_id) INTO wanted, owners, places FROM after_it;
    ELSE
        SELECT array_agg(id), array_agg(customer_id), array_agg(premise_id) INTO wanted, owners, places FROM (
            SELECT id, number, customer_id, premise_id, closed_on FROM after_it
            EXCEPT SELECT id, number, customer_id, premise_id, closed_on FROM before_it) different;
        owners := owners || ARRAY(SELECT customer_id FROM (
            SELECT id, number, customer_id, premise_id, closed_on FROM before_it
            EXCEPT SELECT id, number, customer_id, premise_id, closed_on FROM after_it) different);
    END IF;
    PERFORM 1 FROM customers_customer WHERE id = ANY(owners) ORDER BY id FOR SHARE;
    PERFORM 1 FROM customers_premise WHERE id = ANY(places) ORDER BY id FOR SHARE;
    PERFORM customers_refresh(wanted, owners);
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION customers_follow_premise() RETURNS trigger LANGUAGE plpgsql {PLANNED} AS $$
DECLARE changed bigint[];
BEGIN
    changed := ARRAY(SELECT id FROM (SELECT id, address FROM after_it EXCEPT SELECT id, address FROM before_it) different);
    PERFORM customers_refresh(ARRAY(
        SELECT a.id FROM unnest(changed) AS w(id)
        CROSS JOIN LATERAL (SELECT id FROM customers_account WHERE premise_id = w.id OFFSET 0) a), '{{}}');
    RETURN NULL;
END $$;
CREATE OR REPLACE FUNCTION customers_follow_meter() RETURNS trigger LANGUAGE plpgsql {PLANNED} AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM customers_refresh(ARRAY(SELECT account_id FROM after_it), '{{}}');
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM customers_refresh(ARRAY(SELECT account_id FROM before_it), '{{}}');
    ELSE
        PERFORM customers_refresh(ARRAY(
            SELECT account_id FROM after_it UNION SELECT account_id FROM before_it), '{{}}');
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("customers", "0007_revealing_is_noted")]

    # going back leaves the functions: they do for the version before what its own did
    operations = [migrations.RunSQL(GRAMS + REFRESH + DUE + FOLLOW, migrations.RunSQL.noop)]
