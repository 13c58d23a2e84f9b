"""A new complaint is made findable by words without what only a changed one needs: no lock, no history, no second look.

It gives the same row as `complaints_refresh_words`, which stays for what is changed later.
"""

from django.db import migrations

LOCKS = "replaces a function, no table"

# By way of keys, whatever the tables were like when a connection planned it. The words are made once (OFFSET 0), and used twice.
NEW = r"""
CREATE OR REPLACE FUNCTION complaints_follow_new() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO complaints_complaintwords (complaint_id, received_at, text, words)
    SELECT c.id, c.received_at, n.text, complaints_words(n.text) || array_to_tsvector(ARRAY['#b' || c.branch_id])
    FROM after_it c
    LEFT JOIN customers_customer p ON p.id = c.customer_id
    LEFT JOIN customers_account a ON a.id = c.account_id
    CROSS JOIN LATERAL (SELECT complaints_normal(concat_ws(E'\n',
        replace(c.reference, '-', ''), c.contact_name, nullif(p.name, c.contact_name), c.contact_phone, c.contact_email,
        a.number, c.source_reference, c.place, c.contact_address, c.story, c.remedy_sought
    )) AS text OFFSET 0) n
    ORDER BY c.id;
    RETURN NULL;
END $$
"""
BEFORE = """
CREATE OR REPLACE FUNCTION complaints_follow_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM complaints_refresh_words(ARRAY(SELECT id FROM after_it));
    RETURN NULL;
END $$;
ALTER FUNCTION complaints_follow_new() RESET enable_seqscan
"""


class Migration(migrations.Migration):
    dependencies = [("complaints", "0048_editions_of_the_rulebook")]

    operations = [migrations.RunSQL(NEW, BEFORE)]
