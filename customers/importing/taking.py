"""Taking staged rows over: checked and written by SQL, some thousands in one transaction, each row exactly once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from time import monotonic
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from customers.importing import files
from customers.importing.fields import NEEDED
from customers.models import (
    Account,
    AreaClass,
    Customer,
    CustomerImport,
    CustomerKind,
    ImportRow,
    Meter,
    Premise,
    SearchEntry,
)
from customers.models.people import ContactMethod
from customers.models.search import entries_written_once
from staff.models import Branch

BATCH = 5000
ONE_AT_A_TIME = 0x1A90
"""The key of the lock under which batches are written: two files about one premise must not both make it."""

# Every check in one statement: the first that holds is the reason. A batch is checked against what earlier ones wrote.
# Only rows with a problem are written.
CHECK = (
    r"""
WITH judged AS MATERIALIZED (SELECT r.id, CASE
    WHEN r.customer_number !~ '^[0-9A-Za-z-]{1,20}$' THEN 'customer_number'
    WHEN greatest(length(r.name) - 120, length(r.phone) - 30, length(r.email) - 254, length(r.postal_address) - 240,
        length(r.vulnerability) - 200, length(r.tariff) - 40, length(r.address) - 240) > 0 THEN 'too_long'
    WHEN r.kind NOT IN ('', {kinds}) THEN 'kind'
    WHEN r.phone <> '' AND (length(customers_digits(r.phone)) NOT BETWEEN 5 AND 20
        OR normalize(r.phone, NFKC) !~ '^[-0-9 +()/.,;转#ext]+$') THEN 'phone'
    WHEN r.email <> '' AND r.email !~ '^[^@[:space:]]+@[^@[:space:].]+([.][^@[:space:].]+)+$' THEN 'email'
    WHEN r.language NOT IN ('', 'zh-hans', 'en') THEN 'language'
    WHEN r.contact_method NOT IN ('', {methods}) THEN 'contact_method'
    WHEN r.is_key NOT IN ('', 'true', 'false') OR r.is_vulnerable NOT IN ('', 'true', 'false')
        OR r.do_not_contact NOT IN ('', 'true', 'false') THEN 'yes_no'
    WHEN r.branch <> '' AND NOT EXISTS (
        SELECT 1 FROM staff_branch b WHERE b.code = r.branch AND b.id = ANY(%(branches)s)) THEN 'branch'
    WHEN c.branch_id <> ALL(%(branches)s) OR p.branch_id <> ALL(%(branches)s) OR h.branch_id <> ALL(%(branches)s)
        THEN 'other_branch'
    WHEN r.manager <> '' AND NOT EXISTS (SELECT 1 FROM staff_user u WHERE u.username = r.manager) THEN 'manager'
    WHEN r.account_number !~ '^[0-9A-Za-z-]{0,20}$' OR (r.account_number = '' AND (r.meter_number <> '' OR r.address <> ''))
        THEN 'account_number'
    WHEN r.account_number <> '' AND r.address = '' AND a.id IS NULL THEN 'address'
    WHEN r.area <> '' AND NOT EXISTS (SELECT 1 FROM customers_transformerarea t WHERE t.code = r.area) THEN 'area'
    WHEN r.area_class NOT IN ('', {areas}) THEN 'area_class'
    WHEN EXISTS (SELECT 1 FROM unnest(ARRAY[r.opened_on, r.closed_on, r.installed_on]) said
        WHERE said <> '' AND (said !~ '^\d{{4}}-\d\d-\d\d$' OR NOT pg_input_is_valid(said, 'date'))) THEN 'date'
    WHEN coalesce(nullif(r.closed_on, '')::date, a.closed_on) < coalesce(nullif(r.opened_on, '')::date, a.opened_on)
        THEN 'date'
    WHEN r.meter_number !~ '^[0-9A-Za-z-]{{0,30}}$' THEN 'meter_number'
    ELSE '' END AS problem
FROM customers_importrow r
LEFT JOIN customers_customer c ON c.number = r.customer_number
LEFT JOIN customers_account a ON a.number = r.account_number
LEFT JOIN customers_premise p ON p.id = a.premise_id
LEFT JOIN customers_meter m ON m.number = r.meter_number
LEFT JOIN customers_account ma ON ma.id = m.account_id
LEFT JOIN customers_premise h ON h.id = ma.premise_id
WHERE r.run_id = %(run)s AND r.number BETWEEN %(first)s AND %(last)s AND r.problem = '')
UPDATE customers_importrow r SET problem = j.problem FROM judged j WHERE j.problem <> '' AND r.id = j.id
""".replace("{1,20}", "{{1,20}}")
    .replace("{0,20}", "{{0,20}}")
    .format(
        kinds=", ".join(f"'{value}'" for value in CustomerKind.values),
        methods=", ".join(f"'{value}'" for value in ContactMethod.values),
        areas=", ".join(f"'{value}'" for value in AreaClass.values),
    )
)

# A name may stand on another row of the same customer, if that row is a good one.
CHECK_NAMES = """
UPDATE customers_importrow SET problem = 'name' WHERE id = ANY(ARRAY(
    SELECT r.id FROM customers_importrow r
    WHERE r.run_id = %(run)s AND r.number BETWEEN %(first)s AND %(last)s AND r.problem = '' AND r.name = ''
        AND NOT EXISTS (SELECT 1 FROM customers_customer c WHERE c.number = r.customer_number OFFSET 0)
        AND NOT EXISTS (SELECT 1 FROM customers_importrow o WHERE o.run_id = r.run_id AND o.problem = '' AND o.name <> ''
            AND o.number BETWEEN %(first)s AND %(last)s AND o.customer_number = r.customer_number OFFSET 0)))
"""
GOOD = "customers_importrow r WHERE r.run_id = %(run)s AND r.number BETWEEN %(first)s AND %(last)s AND r.problem = ''"
OF_CUSTOMER = f"SELECT DISTINCT ON (r.customer_number) r.* FROM {GOOD} ORDER BY r.customer_number, r.number DESC"
OF_ACCOUNT = (
    f"SELECT DISTINCT ON (r.account_number) r.* FROM {GOOD} AND r.account_number <> '' "
    "ORDER BY r.account_number, r.number DESC"
)
OF_METER = f"SELECT DISTINCT ON (r.meter_number) r.* FROM {GOOD} AND r.meter_number <> '' ORDER BY r.meter_number, r.number DESC"
CUSTOMER = {
    "name": "coalesce(nullif(r.name, ''), {old})",
    "kind": "coalesce(nullif(r.kind, ''), {old}, 'household')",
    "phone": "coalesce(nullif(r.phone, ''), {old}, '')",
    "email": "coalesce(nullif(r.email, ''), {old}, '')",
    "address": "coalesce(nullif(r.postal_address, ''), {old}, '')",
    "language": "coalesce(nullif(r.language, ''), {old}, 'zh-hans')",
    "contact_method": "coalesce(nullif(r.contact_method, ''), {old}, 'phone')",
    "is_key": "coalesce(nullif(r.is_key, '')::boolean, {old}, false)",
    "is_vulnerable": "coalesce(nullif(r.is_vulnerable, '')::boolean, {old}, false)",
    "vulnerability": "coalesce(nullif(r.vulnerability, ''), {old}, '')",
    "do_not_contact": "coalesce(nullif(r.do_not_contact, '')::boolean, {old}, false)",
    "branch_id": "coalesce((SELECT id FROM staff_branch b WHERE b.code = r.branch), {old}, %(branch)s)",
    "account_manager_id": "coalesce((SELECT id FROM staff_user u WHERE u.username = r.manager), {old})",
}
"""What each column of a customer becomes; an empty cell leaves what was there."""
CHANGE_CUSTOMERS = f"""
UPDATE customers_customer c SET {", ".join(f"{name} = v.{name}" for name in CUSTOMER)}, version = c.version + 1
FROM (SELECT c.id, {", ".join(f"{value.format(old=f'c.{name}')} AS {name}" for name, value in CUSTOMER.items())}
    FROM ({OF_CUSTOMER}) r JOIN customers_customer c ON c.number = r.customer_number WHERE c.merged_into_id IS NULL) v
WHERE v.id = c.id AND ({", ".join(f"c.{name}" for name in CUSTOMER)})
    IS DISTINCT FROM ({", ".join(f"v.{name}" for name in CUSTOMER)})
"""
# A customer's name may stand on another of its rows of the batch.
ADD_CUSTOMERS = f"""
INSERT INTO customers_customer (number, phone_digits, {", ".join(CUSTOMER)})
SELECT r.customer_number, '', {", ".join(value.format(old="NULL") for value in CUSTOMER.values())}
FROM (SELECT last.id, last.run_id, last.number, last.customer_number, coalesce(nullif(last.name, ''), (
        SELECT max(o.name) FROM {GOOD.replace("customers_importrow r", "customers_importrow o").replace("r.", "o.")}
            AND o.customer_number = last.customer_number)) AS name,
        last.kind, last.phone, last.email, last.postal_address, last.language, last.contact_method, last.is_key,
        last.is_vulnerable, last.vulnerability, last.do_not_contact, last.branch, last.manager
    FROM ({OF_CUSTOMER}) last) r
WHERE NOT EXISTS (SELECT 1 FROM customers_customer c WHERE c.number = r.customer_number)
"""
# Whoever was merged away lives on in the survivor.
OWNER = "SELECT coalesce(c.merged_into_id, c.id) FROM customers_customer c WHERE c.number = r.customer_number"
PLACE = f"""
SELECT r.*, ({OWNER}) AS owner_id, a.id AS account_id,
    coalesce((SELECT id FROM staff_branch b WHERE b.code = r.branch), p.branch_id, %(branch)s) AS branch_id,
    coalesce((SELECT id FROM customers_transformerarea t WHERE t.code = r.area), p.transformer_area_id) AS area_id,
    coalesce(nullif(r.area_class, ''), (SELECT t.area_class FROM customers_transformerarea t WHERE t.code = r.area),
        p.area_class, 'urban') AS class,
    coalesce(nullif(r.address, ''), p.address) AS place
FROM ({OF_ACCOUNT}) r
LEFT JOIN customers_account a ON a.number = r.account_number LEFT JOIN customers_premise p ON p.id = a.premise_id
"""
SAME_PLACE = """
p.address = l.place AND p.branch_id = l.branch_id AND p.area_class = l.class
AND p.transformer_area_id IS NOT DISTINCT FROM l.area_id
"""
ADD_PREMISES = f"""
INSERT INTO customers_premise (address, branch_id, transformer_area_id, area_class)
SELECT DISTINCT l.place, l.branch_id, l.area_id, l.class FROM ({PLACE}) l
WHERE NOT EXISTS (SELECT 1 FROM customers_premise p WHERE {SAME_PLACE})
"""
# An account stays at its own premise where that says the same as another.
WANTED_ACCOUNTS = f"""
SELECT l.account_number, l.account_id, l.owner_id, l.tariff, l.opened_on, l.closed_on,
    (SELECT p.id FROM customers_premise p WHERE {SAME_PLACE}
        ORDER BY p.id = (SELECT premise_id FROM customers_account a WHERE a.id = l.account_id) DESC NULLS LAST, p.id LIMIT 1)
        AS premise_id
FROM ({PLACE}) l
"""
CHANGE_ACCOUNTS = f"""
UPDATE customers_account a SET customer_id = w.owner_id, premise_id = w.premise_id, tariff = w.tariff,
    opened_on = w.opened_on, closed_on = w.closed_on
FROM (SELECT a.id, w.owner_id, w.premise_id, coalesce(nullif(w.tariff, ''), a.tariff) AS tariff,
        coalesce(nullif(w.opened_on, '')::date, a.opened_on) AS opened_on,
        coalesce(nullif(w.closed_on, '')::date, a.closed_on) AS closed_on
    FROM ({WANTED_ACCOUNTS}) w JOIN customers_account a ON a.id = w.account_id) w
WHERE w.id = a.id AND (a.customer_id, a.premise_id, a.tariff, a.opened_on, a.closed_on)
    IS DISTINCT FROM (w.owner_id, w.premise_id, w.tariff, w.opened_on, w.closed_on)
"""
ADD_ACCOUNTS = f"""
INSERT INTO customers_account (number, customer_id, premise_id, tariff, opened_on, closed_on)
SELECT account_number, owner_id, premise_id, tariff, nullif(opened_on, '')::date, nullif(closed_on, '')::date
FROM ({WANTED_ACCOUNTS}) w WHERE account_id IS NULL
"""
CHANGE_METERS = f"""
UPDATE customers_meter m SET account_id = w.account_id, installed_on = w.installed_on
FROM (SELECT m.id, a.id AS account_id, coalesce(nullif(r.installed_on, '')::date, m.installed_on) AS installed_on
    FROM ({OF_METER}) r JOIN customers_meter m ON m.number = r.meter_number
    JOIN customers_account a ON a.number = r.account_number) w
WHERE w.id = m.id AND (m.account_id, m.installed_on) IS DISTINCT FROM (w.account_id, w.installed_on)
"""
ADD_METERS = f"""
INSERT INTO customers_meter (number, account_id, installed_on)
SELECT r.meter_number, a.id, nullif(r.installed_on, '')::date
FROM ({OF_METER}) r JOIN customers_account a ON a.number = r.account_number
WHERE NOT EXISTS (SELECT 1 FROM customers_meter m WHERE m.number = r.meter_number)
"""
TABLES = [model._meta.db_table for model in (ImportRow, Customer, Premise, Account, Meter, SearchEntry)]
STEPS = {
    "customers_changed": CHANGE_CUSTOMERS,
    "customers_added": ADD_CUSTOMERS,
    "premises_added": ADD_PREMISES,
    "accounts_changed": CHANGE_ACCOUNTS,
    "accounts_added": ADD_ACCOUNTS,
    "meters_changed": CHANGE_METERS,
    "meters_added": ADD_METERS,
}


def confirm(run: CustomerImport, columns: Mapping[str, int], branch: Branch) -> bool:
    """Decide that this file is taken over so; true for the one call that decided it."""
    assert all(name in columns for name in NEEDED)
    undecided = CustomerImport.objects.filter(pk=run.pk, confirmed_at__isnull=True)
    return bool(undecided.update(columns=dict(columns), branch=branch, confirmed_at=timezone.now()))


def carry_on(run: CustomerImport, *, for_seconds: float = 50) -> None:
    """Read and take over what is left. Killed at any moment, the next call goes on where the last transaction ended.

    Any number of workers may call it at once: one works, the others return. After `for_seconds` it leaves the rest to the
    next turn.
    """
    ends = monotonic() + for_seconds
    run.refresh_from_db()
    if not run.is_read:
        for _read in files.stage(run):
            if monotonic() > ends:
                return
    while _take_batch(run):
        if monotonic() > ends:
            return


@transaction.atomic
def _take_batch(run: CustomerImport) -> bool:
    """Take the next rows over; false when there are none left, or they are not read yet."""
    mine = CustomerImport.objects.select_for_update(of=("self",), skip_locked=True).select_related("asked_by__branch")
    locked = mine.filter(pk=run.pk).first()
    if locked is None or locked.finished_at is not None or not locked.is_read:
        return False
    last = min(locked.reached + BATCH, locked.read_rows)
    given: dict[str, Any] = {
        "run": locked.pk,
        "first": locked.reached + 1,
        "last": last,
        "branch": locked.branch_id,
        "branches": _allowed(locked),
    }
    counts = Counter(locked.counts)
    with connection.cursor() as cursor, entries_written_once():
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
        # every step finds its rows by an index
        cursor.execute("SET LOCAL enable_seqscan = off")
        if locked.reached == 0:
            # what is remembered of rows that are gone picks the wrong index: with one address for all, premises were looked for
            # by their branch
            cursor.execute(f"ANALYZE {', '.join(TABLES)}")
        _count_uncounted(cursor)
        cursor.execute(CHECK, given)
        cursor.execute(CHECK_NAMES, given)
        for name, statement in STEPS.items():
            _count_uncounted(cursor)
            cursor.execute(statement, given)
            counts[name] += cursor.rowcount
        cursor.execute(f"DELETE FROM {GOOD}", given)
    locked.rejected = ImportRow.objects.filter(run=locked).filter(number__lte=last).count()
    locked.counts, locked.reached = dict(counts), last
    locked.finished_at = timezone.now() if last == locked.read_rows else None
    locked.save(update_fields=["counts", "reached", "rejected", "finished_at"])
    return locked.finished_at is None


def _count_uncounted(cursor: Any) -> None:
    """What one step filled is counted before the next reads it.

    A table that counts as empty or nearly so for its size, as new ones do and those that were emptied, is planned as if reading
    all of it for each row cost nothing. Once it has a row a page it is left to the database's own counting.
    """
    cursor.execute(
        "SELECT oid::regclass::text FROM pg_class WHERE oid = ANY(%s::text[]::regclass[]) "
        "AND (reltuples <= 0 OR reltuples < pg_relation_size(oid) / current_setting('block_size')::int)",
        [TABLES],
    )
    uncounted = [row[0] for row in cursor.fetchall()]
    if uncounted:
        cursor.execute(f"ANALYZE {', '.join(uncounted)}")


def _allowed(run: CustomerImport) -> list[int]:
    """The branches that the file may write in: those below the one it was confirmed for, or all of a command's."""
    top = run.asked_by.branch if run.asked_by is not None else None
    branches = (
        Branch.objects.all()
        if run.asked_by is None
        else Branch.objects.filter(path__startswith=top.path if top else "-")
    )
    return list(branches.values_list("pk", flat=True))


def unfinished() -> list[CustomerImport]:
    return list(
        CustomerImport.objects.filter(confirmed_at__isnull=False, finished_at__isnull=True).order_by("asked_at")
    )
