"""What people are found by is the same whoever wrote it, in whatever order, at once or at the end of the transaction."""

import io
import random
from contextlib import nullcontext

import pytest
from django.db import connection, transaction

from customers.importing import files, taking
from customers.importing.fields import guessed
from customers.models import Account, Customer, Meter, Premise, SearchEntry
from customers.models.search import entries_written_once
from tests.factories import a_branch, an_account

pytestmark = pytest.mark.usefixtures("profile")

# All that should be there, said as plainly as it can be: every piece of one or two characters of name and address.
EXPECTED = """
WITH said AS (
    SELECT a.customer_id, a.id AS account_id, c.branch_id, a.closed_on IS NOT NULL AS is_closed,
        customers_normal(c.name) AS name, customers_normal(p.address) AS address,
        concat_ws(' ', customers_normal(c.name), customers_normal(p.address), customers_normal(a.number), c.phone_digits,
            customers_normal(c.number), (SELECT string_agg(customers_normal(m.number), ' ' ORDER BY m.number)
                FROM customers_meter m WHERE m.account_id = a.id)) AS text
    FROM customers_account a JOIN customers_customer c ON c.id = a.customer_id JOIN customers_premise p ON p.id = a.premise_id
    UNION ALL
    SELECT c.id, NULL, c.branch_id, false, customers_normal(c.name), customers_normal(c.address), concat_ws(' ',
        customers_normal(c.name), customers_normal(c.address), c.phone_digits, customers_normal(c.number))
    FROM customers_customer c
    WHERE c.merged_into_id IS NULL AND NOT EXISTS (SELECT 1 FROM customers_account a WHERE a.customer_id = c.id)
)
SELECT customer_id, account_id, branch_id, is_closed, name, text, ARRAY(
    SELECT DISTINCT substr(word, start, size) COLLATE "C" AS gram FROM unnest(ARRAY[name, address]) word,
        generate_series(1, 2) size, generate_series(1, length(word) - size + 1) start ORDER BY gram)
FROM said
"""
THERE = """
SELECT customer_id, account_id, branch_id, is_closed, name, text,
    ARRAY(SELECT gram COLLATE "C" FROM unnest(grams) gram ORDER BY 1) FROM customers_searchentry
"""
NAMES = ["欧阳 锋", "王 伟", "Ｗang-Lei", "李", "", "国网（唐山）公司", "aaaa", "龘龘龘"]
PLACES = ["和平路 12 号 3-402", "建设道１２３号", "", "Ａ座", "a", "西 山 道", "新华道1号馨瑞园小区12号楼3单元1202室"]


def told(statement: str) -> list:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return sorted(cursor.fetchall(), key=repr)


def is_settled() -> bool:
    return told(EXPECTED) == told(THERE)


def run(statement: str, *given) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, given)


class Town:
    """Somebody who writes customers, premises, accounts and meters at random, several at once."""

    def __init__(self, draw: random.Random, branches: list[int]) -> None:
        self.draw, self.branches, self.made = draw, branches, 0

    def some(self, model) -> list[int]:
        keys = list(model.objects.order_by("pk").values_list("pk", flat=True))
        return self.draw.sample(keys, min(len(keys), self.draw.randint(1, 4)))

    def number(self, letter: str) -> str:
        self.made += 1
        return f"{letter}-{self.made}"

    def live(self) -> None:
        ways = [self.come, self.settle, self.meter, self.rename, self.move, self.close, self.swap, self.hand_over]
        self.draw.choice([*ways, self.come, self.settle, self.demolish, self.leave, self.merge])()

    def come(self) -> None:
        Customer.objects.bulk_create(
            Customer(
                number=self.number("C"), name=self.draw.choice(NAMES), address=self.draw.choice(PLACES),
                phone=self.draw.choice(["", "138-1234 5678", "+86 13900001111"]), branch_id=self.draw.choice(self.branches),
            )
            for _ in range(self.draw.randint(1, 4))
        )  # fmt: skip

    def settle(self) -> None:
        owners = self.some(Customer)
        places = Premise.objects.bulk_create(
            Premise(address=self.draw.choice(PLACES), branch_id=self.draw.choice(self.branches)) for _ in owners
        )
        Account.objects.bulk_create(
            Account(number=self.number("A"), customer_id=owner, premise=self.draw.choice(places)) for owner in owners
        )

    def meter(self) -> None:
        Meter.objects.bulk_create(
            Meter(number=self.number(self.draw.choice("MZa")), account_id=account) for account in self.some(Account)
        )

    def rename(self) -> None:
        run(
            "UPDATE customers_customer SET name = %s, phone = %s, number = number || 'x', branch_id = %s WHERE id = ANY(%s)",
            self.draw.choice(NAMES), self.draw.choice(["", "0315 222"]), self.draw.choice(self.branches), self.some(Customer),
        )  # fmt: skip

    def move(self) -> None:
        Premise.objects.filter(pk__in=self.some(Premise)).update(address=self.draw.choice(PLACES))
        Customer.objects.filter(pk__in=self.some(Customer)).update(address=self.draw.choice(PLACES))

    def close(self) -> None:
        Account.objects.filter(pk__in=self.some(Account)).update(closed_on=self.draw.choice([None, "2026-03-01"]))

    def swap(self) -> None:
        for account in self.some(Account)[:1]:
            Meter.objects.filter(pk__in=self.some(Meter)).update(account_id=account)

    def hand_over(self) -> None:
        for owner in self.some(Customer)[:1]:
            Account.objects.filter(pk__in=self.some(Account)).update(customer_id=owner)

    def demolish(self) -> None:
        Meter.objects.filter(pk__in=self.some(Meter)).delete()
        accounts = self.some(Account)[:2]
        Meter.objects.filter(account_id__in=accounts).delete()
        Account.objects.filter(pk__in=accounts).delete()

    def leave(self) -> None:
        gone = Customer.objects.filter(pk__in=self.some(Customer), accounts=None, merged_into=None)
        run(
            "DELETE FROM customers_customer c WHERE id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM customers_customer o"
            " WHERE o.merged_into_id = c.id)",
            list(gone.values_list("pk", flat=True)),
        )

    def merge(self) -> None:
        *gone, survivor = self.some(Customer)
        Account.objects.filter(customer_id__in=gone).update(customer_id=survivor)
        Customer.objects.filter(pk__in=gone).update(merged_into_id=survivor)
        if self.draw.random() < 0.3:
            Customer.objects.filter(pk__in=gone).update(merged_into=None)


@pytest.mark.parametrize("seed", range(4))
def test_entries_are_those_of_a_rebuild_whatever_was_written(db, seed):
    an_account()
    town = Town(random.Random(seed), [a_branch().pk, a_branch("west", a_branch()).pk])
    for turn in range(40):
        with entries_written_once() if turn % 2 else nullcontext():
            for _ in range(town.draw.randint(1, 5)):
                town.live()
        assert is_settled(), turn
    assert SearchEntry.objects.count() > 10


def test_what_is_there_is_what_the_rebuild_writes_anew(db):
    town = Town(random.Random(11), [a_branch().pk])
    an_account()
    for _ in range(60):
        town.live()
    before = told(THERE)
    run("DELETE FROM customers_searchentry")
    run("SELECT customers_refresh_accounts(ARRAY(SELECT id FROM customers_account))")
    run("SELECT customers_refresh_bare(ARRAY(SELECT id FROM customers_customer))")
    assert told(THERE) == before
    assert is_settled()


@pytest.mark.django_db(transaction=True)
def test_who_asks_for_entries_at_the_end_and_forgets_them_has_them_after_the_commit(profile):

    account = an_account(name="欧阳锋")
    with transaction.atomic():
        run("SET LOCAL redress.search_at_commit = 'on'")
        Customer.objects.filter(pk=account.customer_id).update(name="黄药师")
        Meter.objects.create(number="M1", account=account)
        Customer.objects.create(number="C-9", name="洪七公", branch=a_branch())
        assert not is_settled()
    assert is_settled()
    assert set(SearchEntry.objects.values_list("name", flat=True)) == {"黄药师", "洪七公"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM customers_searchdue")
        assert cursor.fetchone() == (0,)
    Customer.objects.filter(number="C-9").update(name="周伯通")
    assert is_settled()


def brought(text: str) -> None:
    given = files.receive(io.BytesIO(text.encode()), name="x.csv", branch=a_branch(), by=None)
    header, _rows = files.preview(given)
    taking.confirm(given, guessed(header), a_branch())
    taking.carry_on(given)


def test_entries_after_files_are_those_of_a_rebuild(db, monkeypatch):
    monkeypatch.setattr(taking, "BATCH", 7)
    draw = random.Random(5)
    survivor = Customer.objects.create(number="K0", name="甲", branch=a_branch())
    for _ in range(6):
        brought(
            "客户编号,姓名,手机,户号,用电地址,表号,销户日期\n"
            + "".join(
                f"K{draw.randint(1, 20)},{draw.choice(NAMES)},{draw.choice(['', '13812345678', '12'])},"
                f"{draw.choice(['', f'5{draw.randint(1, 25)}'])},{draw.choice(PLACES)},"
                f"{draw.choice(['', f'M{draw.randint(1, 25)}'])},{draw.choice(['', '', '2026-03-01'])}\n"
                for _ in range(40)
            )
        )
        assert is_settled()
        Customer.objects.filter(pk__in=Customer.objects.exclude(pk=survivor.pk).order_by("?")[:1]).update(
            merged_into=survivor
        )
    assert Account.objects.count() > 10


FILLED = """
INSERT INTO customers_customer (number, kind, name, phone, phone_digits, email, address, language, contact_method, branch_id,
    is_key, is_vulnerable, vulnerability, do_not_contact)
SELECT 'N' || n, 'household', '王' || n, '139' || n, '', '', '', 'zh-hans', 'phone', {branch}, false, false, '', false
FROM generate_series(1, {rows}) n;
INSERT INTO customers_premise (address, branch_id, area_class)
SELECT '路' || n, {branch}, 'urban' FROM generate_series(1, {rows}) n;
SET LOCAL enable_seqscan = off;
INSERT INTO customers_account (number, customer_id, premise_id, tariff) SELECT c.number, c.id, p.id, ''
FROM customers_customer c
CROSS JOIN LATERAL (SELECT id FROM customers_premise WHERE address = '路' || substr(c.number, 2) LIMIT 1) p;
INSERT INTO customers_meter (number, account_id) SELECT number, id FROM customers_account;
"""
READ = """
SELECT sum(pg_stat_get_xact_tuples_returned(oid) + pg_stat_get_xact_tuples_fetched(oid)) FROM pg_class
WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace
"""
MANY = 2000


class TakenBack(Exception):
    """Nothing of it stays but the space it took."""


@pytest.fixture
def emptied(db):
    """Tables that were filled and emptied, and count as empty however much is written to them."""
    branch = a_branch().pk
    try:
        with transaction.atomic():
            run(FILLED.format(branch=branch, rows=MANY))
            raise TakenBack
    except TakenBack:
        run("ANALYZE customers_customer, customers_premise, customers_account, customers_meter, customers_searchentry")
    assert told("SELECT reltuples FROM pg_class WHERE relname = 'customers_account' AND relpages > 0") == [(0,)]
    run("DISCARD PLANS")
    return branch


def read() -> int:
    return int(told(READ)[0][0])


def test_what_is_written_to_an_emptied_table_reads_a_few_rows_for_each(emptied):
    before = read()
    run(FILLED.format(branch=emptied, rows=MANY))
    for table, column in {"customer": "name", "premise": "address", "account": "number", "meter": "number"}.items():
        run(f"UPDATE customers_{table} SET {column} = {column} || '-x'")
    assert read() - before < MANY * 400
    assert is_settled()
    before = read()
    run("DELETE FROM customers_meter; DELETE FROM customers_account; DELETE FROM customers_customer")
    assert read() - before < MANY * 400
    assert not SearchEntry.objects.exists()


def test_a_file_taken_over_into_emptied_tables_reads_a_few_rows_for_each(emptied):
    """Even where the database remembers rows that are gone: one address for all of them."""
    run(
        "INSERT INTO customers_premise (address, branch_id, area_class) "
        f"SELECT '和平路', {emptied}, 'urban' FROM generate_series(1, {MANY})"
    )
    run("ANALYZE customers_premise; DELETE FROM customers_premise; DISCARD PLANS")
    before = read()
    brought(
        "客户编号,姓名,手机,户号,用电地址,表号\n"
        + "".join(f"K{n},王{n},139{n:08d},5{n},和平路{n}号,M{n}\n" for n in range(MANY))
    )
    assert read() - before < MANY * 400
    assert SearchEntry.objects.count() == MANY
    assert is_settled()


@pytest.mark.parametrize(
    "text", ["", " ", "a", "a b", "ab c", "abc", "aaaa", "欧阳锋 和平路12号3402", "a  b", " ab ", "x\ny z"]
)
def test_grams_are_every_piece_of_one_or_two_characters_of_each_word(db, text):
    expected = {
        word[at : at + size] for word in text.split(" ") for size in (1, 2) for at in range(len(word) - size + 1)
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_grams(%s)", [text])
        grams = cursor.fetchone()[0]
    assert set(grams) == expected
    assert len(grams) == len(expected)
