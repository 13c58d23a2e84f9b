"""Looking people up in one index that the database itself keeps right."""

import customers.models.people
import customers.models.records
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

NORMAL = r"""
CREATE FUNCTION customers_normal(said text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT lower(regexp_replace(normalize(said, NFKC), '[\s\-‐‑‒–—―_/\\.,;:()+''"·・、。#]', '', 'g'))
$$;
CREATE FUNCTION customers_digits(phone text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT regexp_replace(
        regexp_replace(normalize(phone, NFKC), '[^0-9]', '', 'g'), '^(?:0086|86)([0-9]{11})$', '\1')
$$;
CREATE FUNCTION customers_grams(normal text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT substr(word, start, size)), '{}')
    FROM unnest(string_to_array(normal, ' ')) AS word, generate_series(1, 2) AS size,
        generate_series(1, length(word) - size + 1) AS start
$$;
"""

# Whoever changes a customer, premise, account or meter, by whatever way: these triggers bring the entries in line.
# Planned anew each time: a plan kept from when the tables were empty would read them whole for each of many rows.
# An entry is locked before its sources are read, so that of two who change different sources the second sees the first.
REFRESH = """
CREATE FUNCTION customers_refresh_accounts(wanted bigint[]) RETURNS void LANGUAGE plpgsql
    SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    PERFORM 1 FROM customers_searchentry WHERE account_id IN (SELECT unnest(wanted)) ORDER BY account_id FOR UPDATE;
    INSERT INTO customers_searchentry AS kept (customer_id, account_id, branch_id, is_closed, name, text, grams)
    SELECT a.customer_id, a.id, c.branch_id, a.closed_on IS NOT NULL, n.name,
        concat_ws(' ', n.name, n.address, customers_normal(a.number), c.phone_digits, customers_normal(c.number), (
            SELECT string_agg(customers_normal(m.number), ' ' ORDER BY m.number)
            FROM customers_meter m WHERE m.account_id = a.id)),
        customers_grams(n.name || ' ' || n.address)
    FROM unnest(wanted) AS w(id)
    JOIN customers_account a ON a.id = w.id
    JOIN customers_customer c ON c.id = a.customer_id
    JOIN customers_premise p ON p.id = a.premise_id
    CROSS JOIN LATERAL (SELECT customers_normal(c.name) AS name, customers_normal(p.address) AS address) n
    ORDER BY a.id
    ON CONFLICT (account_id) DO UPDATE SET customer_id = excluded.customer_id, branch_id = excluded.branch_id,
        is_closed = excluded.is_closed, name = excluded.name, text = excluded.text, grams = excluded.grams
    WHERE (kept.customer_id, kept.branch_id, kept.is_closed, kept.name, kept.text)
        IS DISTINCT FROM (excluded.customer_id, excluded.branch_id, excluded.is_closed, excluded.name, excluded.text);
END $$;
CREATE FUNCTION customers_refresh_bare(wanted bigint[]) RETURNS void LANGUAGE plpgsql
    SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    DELETE FROM customers_searchentry e WHERE e.customer_id IN (SELECT unnest(wanted)) AND e.account_id IS NULL
        AND (EXISTS (SELECT 1 FROM customers_account a WHERE a.customer_id = e.customer_id)
            OR NOT EXISTS (
                SELECT 1 FROM customers_customer c WHERE c.id = e.customer_id AND c.merged_into_id IS NULL));
    INSERT INTO customers_searchentry AS kept (customer_id, branch_id, is_closed, name, text, grams)
    SELECT c.id, c.branch_id, false, n.name, concat_ws(' ', n.name, n.address, c.phone_digits, customers_normal(c.number)),
        customers_grams(n.name || ' ' || n.address)
    FROM unnest(wanted) AS w(id)
    JOIN customers_customer c ON c.id = w.id
    CROSS JOIN LATERAL (SELECT customers_normal(c.name) AS name, customers_normal(c.address) AS address) n
    WHERE c.merged_into_id IS NULL AND NOT EXISTS (SELECT 1 FROM customers_account a WHERE a.customer_id = c.id)
    ORDER BY c.id
    ON CONFLICT (customer_id) WHERE account_id IS NULL DO UPDATE SET branch_id = excluded.branch_id,
        name = excluded.name, text = excluded.text, grams = excluded.grams;
END $$;
"""

FOLLOW = """
CREATE FUNCTION customers_set_phone_digits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.phone_digits := customers_digits(NEW.phone);
    RETURN NEW;
END $$;
CREATE FUNCTION customers_follow_customer() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE wanted bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM customers_searchentry WHERE customer_id IN (SELECT id FROM before_it);
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        wanted := ARRAY(SELECT id FROM after_it);
    ELSE
        wanted := ARRAY(SELECT a.id FROM after_it a JOIN before_it b USING (id)
            WHERE (a.name, a.phone_digits, a.number, a.address, a.branch_id, a.merged_into_id)
                IS DISTINCT FROM (b.name, b.phone_digits, b.number, b.address, b.branch_id, b.merged_into_id));
        PERFORM customers_refresh_accounts(ARRAY(SELECT id FROM customers_account WHERE customer_id IN (SELECT unnest(wanted))));
    END IF;
    PERFORM customers_refresh_bare(wanted);
    RETURN NULL;
END $$;
CREATE FUNCTION customers_follow_account() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
DECLARE wanted bigint[]; owners bigint[]; places bigint[];
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM customers_searchentry WHERE account_id IN (SELECT id FROM before_it);
        PERFORM customers_refresh_bare(ARRAY(SELECT DISTINCT customer_id FROM before_it));
        RETURN NULL;
    ELSIF TG_OP = 'INSERT' THEN
        SELECT array_agg(id), array_agg(DISTINCT customer_id), array_agg(DISTINCT premise_id)
            INTO wanted, owners, places FROM after_it;
    ELSE
        SELECT array_agg(a.id), array_agg(a.customer_id) || array_agg(b.customer_id), array_agg(a.premise_id)
            INTO wanted, owners, places FROM after_it a JOIN before_it b USING (id)
            WHERE (a.number, a.customer_id, a.premise_id, a.closed_on)
                IS DISTINCT FROM (b.number, b.customer_id, b.premise_id, b.closed_on);
        owners := ARRAY(SELECT DISTINCT unnest(owners));
    END IF;
    PERFORM 1 FROM customers_customer WHERE id IN (SELECT unnest(owners)) ORDER BY id FOR SHARE;
    PERFORM 1 FROM customers_premise WHERE id IN (SELECT unnest(places)) ORDER BY id FOR SHARE;
    PERFORM customers_refresh_accounts(wanted);
    PERFORM customers_refresh_bare(owners);
    RETURN NULL;
END $$;
CREATE FUNCTION customers_follow_premise() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    PERFORM customers_refresh_accounts(ARRAY(SELECT id FROM customers_account WHERE premise_id IN (
        SELECT a.id FROM after_it a JOIN before_it b USING (id) WHERE a.address <> b.address)));
    RETURN NULL;
END $$;
CREATE FUNCTION customers_follow_meter() RETURNS trigger LANGUAGE plpgsql SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM customers_refresh_accounts(ARRAY(SELECT DISTINCT account_id FROM after_it));
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM customers_refresh_accounts(ARRAY(SELECT DISTINCT account_id FROM before_it));
    ELSE
        PERFORM customers_refresh_accounts(ARRAY(
            SELECT account_id FROM after_it UNION SELECT account_id FROM before_it));
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER customers_phone_digits BEFORE INSERT OR UPDATE ON customers_customer
    FOR EACH ROW EXECUTE FUNCTION customers_set_phone_digits();
"""

TABLES = {
    "INSERT": "NEW TABLE AS after_it",
    "UPDATE": "OLD TABLE AS before_it NEW TABLE AS after_it",
    "DELETE": "OLD TABLE AS before_it",
}
FOLLOWED = {
    "customer": ("INSERT", "UPDATE", "DELETE"),
    "account": ("INSERT", "UPDATE", "DELETE"),
    "premise": ("UPDATE",),
    "meter": ("INSERT", "UPDATE", "DELETE"),
}
TRIGGERS = ";\n".join(
    f"CREATE TRIGGER customers_search_{event.lower()} AFTER {event} ON customers_{table} "
    f"REFERENCING {TABLES[event]} FOR EACH STATEMENT EXECUTE FUNCTION customers_follow_{table}()"
    for table, events in FOLLOWED.items()
    for event in events
)
FILL = """
UPDATE customers_customer SET phone_digits = phone_digits WHERE phone_digits <> customers_digits(phone);
SELECT customers_refresh_accounts(ARRAY(SELECT id FROM customers_account));
SELECT customers_refresh_bare(ARRAY(SELECT id FROM customers_customer));
"""
UNDO_TRIGGERS = "DROP TRIGGER customers_phone_digits ON customers_customer;\n" + ";\n".join(
    f"DROP TRIGGER customers_search_{event.lower()} ON customers_{table}"
    for table, events in FOLLOWED.items()
    for event in events
)
UNDO_FUNCTIONS = """
DROP FUNCTION customers_follow_meter(), customers_follow_premise(), customers_follow_account(),
    customers_follow_customer(), customers_set_phone_digits(), customers_refresh_bare(bigint[]),
    customers_refresh_accounts(bigint[])
"""
UNDO_NORMAL = "DROP FUNCTION customers_normal(text), customers_digits(text), customers_grams(text)"
GUARD = """
CREATE FUNCTION customers_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed or deleted', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER customers_event_is_append_only BEFORE UPDATE OR DELETE ON customers_customerevent
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
CREATE TRIGGER customers_export_is_append_only BEFORE UPDATE OR DELETE ON customers_customerexport
    FOR EACH ROW EXECUTE FUNCTION customers_refuse_change();
"""
UNDO_GUARD = """
DROP TRIGGER customers_export_is_append_only ON customers_customerexport;
DROP TRIGGER customers_event_is_append_only ON customers_customerevent;
DROP FUNCTION customers_refuse_change()
"""


class Migration(migrations.Migration):
    dependencies = [
        ("customers", "0002_initial"),
        ("staff", "0002_duty"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL(NORMAL, UNDO_NORMAL),
        migrations.CreateModel(
            name="CustomerEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("edit", "Changed"), ("merge", "Merged"), ("unmerge", "Merge undone")], max_length=10
                    ),
                ),
                ("at", models.DateTimeField()),
                ("details", models.JSONField(default=dict)),
            ],
            options={
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="CustomerExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("made_at", models.DateTimeField()),
                ("format", models.CharField(max_length=4)),
                ("query", models.CharField(blank=True, max_length=200)),
                ("customers", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "export of customers",
                "verbose_name_plural": "exports of customers",
                "ordering": ["-made_at"],
            },
        ),
        migrations.CreateModel(
            name="CustomerImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="file")),
                ("file", models.FileField(upload_to=customers.models.records.import_path)),
                ("sha256", models.CharField(max_length=64, unique=True)),
                ("encoding", models.CharField(max_length=20, verbose_name="encoding")),
                ("delimiter", models.CharField(max_length=1)),
                ("columns", models.JSONField(default=dict)),
                ("asked_at", models.DateTimeField()),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("is_read", models.BooleanField(default=False)),
                ("read_rows", models.PositiveIntegerField(default=0)),
                ("reached", models.PositiveIntegerField(default=0)),
                ("rejected", models.PositiveIntegerField(default=0)),
                ("counts", models.JSONField(default=dict)),
                ("finished_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "customer import",
                "verbose_name_plural": "customer imports",
                "ordering": ["-asked_at"],
            },
        ),
        migrations.CreateModel(
            name="CustomerMerge",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reason", models.CharField(max_length=300, verbose_name="why")),
                ("moved", models.JSONField(default=dict)),
                ("made_at", models.DateTimeField()),
                ("undone_at", models.DateTimeField(null=True)),
            ],
            options={
                "verbose_name": "merge of customers",
                "verbose_name_plural": "merges of customers",
                "ordering": ["-made_at"],
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("number", models.PositiveIntegerField()),
                ("problem", models.CharField(max_length=40)),
                ("customer_number", models.TextField()),
                ("name", models.TextField()),
                ("kind", models.TextField()),
                ("phone", models.TextField()),
                ("email", models.TextField()),
                ("postal_address", models.TextField()),
                ("language", models.TextField()),
                ("contact_method", models.TextField()),
                ("is_key", models.TextField()),
                ("is_vulnerable", models.TextField()),
                ("vulnerability", models.TextField()),
                ("do_not_contact", models.TextField()),
                ("branch", models.TextField()),
                ("manager", models.TextField()),
                ("account_number", models.TextField()),
                ("tariff", models.TextField()),
                ("opened_on", models.TextField()),
                ("closed_on", models.TextField()),
                ("address", models.TextField()),
                ("area", models.TextField()),
                ("area_class", models.TextField()),
                ("meter_number", models.TextField()),
                ("installed_on", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="SearchEntry",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("is_closed", models.BooleanField()),
                ("name", models.TextField()),
                ("text", models.TextField()),
                ("grams", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
            ],
        ),
        migrations.RemoveIndex(
            model_name="customer",
            name="customer_by_phone",
        ),
        migrations.AddField(
            model_name="customer",
            name="merged_into",
            field=models.ForeignKey(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="customers.customer",
            ),
        ),
        migrations.AddField(
            model_name="customer",
            name="version",
            field=models.PositiveIntegerField(db_default=1, editable=False),
        ),
        migrations.AlterField(
            model_name="customer",
            name="account_manager",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="managed_customers",
                to=settings.AUTH_USER_MODEL,
                verbose_name="account manager",
            ),
        ),
        migrations.AddIndex(
            model_name="account",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(customers.models.people.Normal("number"), "text_pattern_ops"),
                name="account_by_normal_number",
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass("phone_digits", "varchar_pattern_ops"), name="customer_by_phone"
            ),
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(customers.models.people.Normal("number"), "text_pattern_ops"),
                name="customer_by_normal_number",
            ),
        ),
        migrations.AddIndex(
            model_name="meter",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass(customers.models.people.Normal("number"), "text_pattern_ops"),
                name="meter_by_normal_number",
            ),
        ),
        migrations.AddIndex(
            model_name="premise",
            index=models.Index(fields=["address", "branch"], name="premise_by_address"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("merged_into__isnull", True),
                    models.Q(("merged_into", models.F("id")), _negated=True),
                    _connector="OR",
                ),
                name="customer_not_merged_into_itself",
            ),
        ),
        migrations.AddField(
            model_name="customerevent",
            name="customer",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="events", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="customerevent",
            name="user",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="customerexport",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="customerimport",
            name="asked_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="customerimport",
            name="branch",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="staff.branch"),
        ),
        migrations.AddField(
            model_name="customermerge",
            name="made_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="customermerge",
            name="merged",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="mergings", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="customermerge",
            name="survivor",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="merges", to="customers.customer"
            ),
        ),
        migrations.AddField(
            model_name="customermerge",
            name="undone_by",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
            ),
        ),
        migrations.AddField(
            model_name="importrow",
            name="run",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="rows",
                to="customers.customerimport",
            ),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="account",
            field=models.OneToOneField(
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.account",
            ),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="branch",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="staff.branch",
            ),
        ),
        migrations.AddField(
            model_name="searchentry",
            name="customer",
            field=models.ForeignKey(
                db_constraint=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="customers.customer",
            ),
        ),
        migrations.AddIndex(
            model_name="customerimport",
            index=models.Index(
                condition=models.Q(("confirmed_at__isnull", False), ("finished_at__isnull", True)),
                fields=["asked_at"],
                name="import_to_carry_on",
            ),
        ),
        migrations.AddConstraint(
            model_name="customerimport",
            constraint=models.CheckConstraint(
                condition=models.Q(("finished_at__isnull", True), ("confirmed_at__isnull", False), _connector="OR"),
                name="import_ends_after_it_was_confirmed",
            ),
        ),
        migrations.AddConstraint(
            model_name="customermerge",
            constraint=models.UniqueConstraint(
                condition=models.Q(("undone_at__isnull", True)), fields=("merged",), name="customer_is_merged_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="customermerge",
            constraint=models.CheckConstraint(
                condition=models.Q(("merged", models.F("survivor")), _negated=True),
                name="customer_is_not_merged_into_itself",
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["run", "customer_number"], name="import_row_by_customer"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.UniqueConstraint(fields=("run", "number"), name="import_row_once"),
        ),
        migrations.AddIndex(
            model_name="searchentry",
            index=django.contrib.postgres.indexes.GinIndex(fields=["grams"], name="search_by_grams"),
        ),
        migrations.AddIndex(
            model_name="searchentry",
            index=models.Index(
                django.contrib.postgres.indexes.OpClass("name", "text_pattern_ops"), name="search_by_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="searchentry",
            constraint=models.UniqueConstraint(
                condition=models.Q(("account__isnull", True)), fields=("customer",), name="one_entry_without_account"
            ),
        ),
        migrations.RunSQL(REFRESH + FOLLOW, UNDO_FUNCTIONS),
        migrations.RunSQL(TRIGGERS, UNDO_TRIGGERS),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RunSQL(GUARD, UNDO_GUARD),
    ]
