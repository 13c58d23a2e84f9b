"""What a new complaint may repeat, among a million complaints of two million accounts: how long until agents see it.

    .venv/bin/python -m bench.duplicates [--accounts 2000000] [--complaints 1000000] [--queries 200] [--data FOLDER]

Servers and data are its own, in a temporary folder (or --data, which is kept) that needs about 8 GB at full size.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import lookup
from bench.desk import served
from devtools.say import line, step

AREAS, FEEDERS = 20_000, 1_000
OPEN_SHARE = 5
"""One complaint in so many is not closed."""
STORM = 300
"""Outages of one feeder, reported within two days and all open."""
PIECE = 50_000
FEW = 5
WORDS = """
停电了 一直没有来电 跳闸 电压很低 灯一闪一闪 电费太高 上个月 这个月 抄表不对 态度不好 打了三次电话 没有人来 变压器响
电线掉下来 冰箱坏了 空调带不动 整栋楼 只有我家 昨天晚上 今天早上 老人在家 请尽快处理 说好上午来 没有通知 停水停电 小区门口
""".split()  # noqa: SIM905  words are read more easily than a list of them
INDEXES = ("duplicates_by_words", "duplicates_by_asset", "complaint_by_phone")
"""What is taken away to see what they are worth."""


def build(accounts: int, complaints: int) -> dict[str, Any]:
    """Accounts as `bench.lookup` makes them, on a network; complaints copied from one that was registered for real."""
    from django.db import connection  # noqa: PLC0415  Django is set up only once servers run

    made = lookup.build(accounts)
    began = time.perf_counter()
    draw = random.Random(2)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            "INSERT INTO customers_substation (id, code, name_zh, name_en, branch_id) "
            "SELECT 1, 'S', 'S', 'S', min(id) FROM staff_branch"
        )
        cursor.execute(
            "INSERT INTO customers_feeder (id, code, name_zh, name_en, substation_id) "
            "SELECT n, 'F' || n, 'F' || n, 'F' || n, 1 FROM generate_series(1, %s) n",
            [FEEDERS],
        )
        # of ten branches in turn, as the premises are
        cursor.execute(
            "INSERT INTO customers_transformerarea (id, code, name_zh, name_en, feeder_id, branch_id, area_class) "
            "SELECT n, 'T' || n, 'T' || n, 'T' || n, 1 + n %% %s, "
            "(SELECT branch_id FROM customers_premise WHERE id = 1 + (n - 1) %% 10), 'urban' FROM generate_series(1, %s) n",
            [FEEDERS, AREAS],
        )
        cursor.execute("UPDATE customers_premise SET transformer_area_id = 1 + (id - 1) %% %s", [AREAS])
        cursor.execute("CREATE TEMP TABLE told (n int PRIMARY KEY, story text)")
        for n in range(2_000):
            cursor.execute("INSERT INTO told VALUES (%s, %s)", [n, "，".join(draw.sample(WORDS, k=draw.randint(3, 9)))])
        _copy(cursor, complaints, accounts)
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
    return made | {"complaints_seconds": round(time.perf_counter() - began, 1)}


def _copy(cursor: Any, complaints: int, accounts: int) -> None:
    """Of a year, evenly; people complain once or a few times, a fifth of it is open, and on one feeder there is a storm."""
    from bench import clones  # noqa: PLC0415
    from complaints.models import Category, Complaint  # noqa: PLC0415

    made = clones.patterns()
    Complaint.objects.exclude(pk__in=(pattern := (made.open[0], made.closed[0]))).update(
        received_at="2020-01-01T00:00Z", entered_at="2020-01-01T00:00Z"
    )
    codes = list(Category.objects.order_by("code").values_list("pk", flat=True))
    own = {
        "id": "base + x.n",
        "reference": "'b-' || x.n",
        "token": "'b' || x.n",
        "category_id": f"(ARRAY{codes})[1 + x.n %% {len(codes)}]",
        "subcategory_id": "NULL",
        "account_id": "a.id",
        "customer_id": "a.customer_id",
        "premise_id": "a.premise_id",
        "transformer_area_id": "p.transformer_area_id",
        "branch_id": "p.branch_id",
        "contact_phone": "c.phone",
        "story": "t.story",
        "received_at": "moment",
        "entered_at": "moment",
    }
    cursor.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = 'complaints_complaint' ORDER BY ordinal_position"
    )
    names = [row[0] for row in cursor.fetchall()]
    values = ", ".join(own.get(name, f'o."{name}"') for name in names)
    columns = ", ".join(f'"{name}"' for name in names)
    cursor.execute("SELECT max(id) FROM complaints_complaint")
    (base,) = cursor.fetchone()
    for first in range(1, complaints + 1, PIECE):
        cursor.execute(
            f"INSERT INTO complaints_complaint ({columns}) SELECT {values} FROM ("
            # as in life the oldest come first and what is open is new: half of the newest two fifths
            "  SELECT n, %(base)s::bigint AS base, now() - (%(all)s - n) * interval '1 year' / %(all)s AS moment,"
            "  CASE WHEN n %% 2 = 0 AND n > %(all)s * (1 - 2.0 / %(share)s) THEN %(open)s ELSE %(closed)s END AS pattern,"
            # a third comes from people who complain again and again
            "  1 + CASE WHEN n %% 3 = 0 THEN n * 7 %% (%(accounts)s / 100) ELSE n * 7919::bigint %% %(accounts)s END AS account"
            "  FROM generate_series(%(first)s, %(last)s) n) x"
            " JOIN complaints_complaint o ON o.id = x.pattern JOIN customers_account a ON a.id = x.account"
            " JOIN customers_customer c ON c.id = a.customer_id JOIN customers_premise p ON p.id = a.premise_id"
            " JOIN told t ON t.n = x.n * 31 %% 2000",
            {
                "base": base,
                "all": complaints,
                "share": OPEN_SHARE,
                "open": pattern[0],
                "closed": pattern[1],
                "accounts": accounts,
                "first": first,
                "last": min(first + PIECE - 1, complaints),
            },
        )
    outage = Category.objects.get(code="OUT").pk
    cursor.execute(
        "UPDATE complaints_complaint SET transformer_area_id = 1 + (id %% 20) * %s, category_id = %s "
        "WHERE id IN (SELECT id FROM complaints_complaint WHERE status <> 'closed' ORDER BY received_at DESC LIMIT %s)",
        [FEEDERS, outage, STORM],
    )
    cursor.execute(
        "SELECT setval(pg_get_serial_sequence('complaints_complaint', 'id'), max(id)) FROM complaints_complaint"
    )


def cases(count: int) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What stands in the form when duplicates are asked for."""
    from complaints.models import Category, Complaint  # noqa: PLC0415
    from customers.models import Account  # noqa: PLC0415

    draw = random.Random(3)
    kinds = {category.code: category for category in Category.objects.all()}
    newest = Complaint.objects.order_by("-pk").values_list("pk", flat=True)[0]
    of = Account.objects.select_related("customer", "premise__transformer_area__feeder")

    def drawn() -> list[Complaint]:
        keys = [draw.randrange(1000, newest) for _ in range(count)]
        return list(Complaint.objects.filter(pk__in=keys).select_related("category"))

    again = drawn()
    accounts = of.in_bulk([row.account_id for row in again])
    storming = list(of.filter(premise__transformer_area__in=[1 + n * FEEDERS for n in range(20)])[:count])
    story = "，".join(WORDS[:5])
    yield (
        "an account that complained before, its story typed",
        [
            {"category": row.category, "account": accounts[row.account_id], "story": row.story}
            for row in again
            if row.account_id
        ],
    )
    yield "a phone only", [{"category": row.category, "account": None, "phone": row.contact_phone} for row in drawn()]
    yield "an account amid a storm", [{"category": kinds["OUT"], "account": one, "story": story} for one in storming]
    yield "a story only", [{"category": row.category, "account": None, "story": row.story} for row in drawn()]
    unknown = [f"1990000{n:04d}" for n in range(count)]
    yield "somebody unknown", [{"category": kinds["SVC"], "account": None, "phone": one} for one in unknown]


def milliseconds(work: Callable[[dict[str, Any]], object], given: list[dict[str, Any]]) -> list[float]:
    times = []
    for one in given:
        began = time.perf_counter()
        work(one)
        times.append((time.perf_counter() - began) * 1000)
    return times


def measure(count: int) -> list[dict[str, Any]]:
    from django.db import connection, transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from complaints.duplicates import likely  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    whole, own = (
        User.objects.get_or_create(username=f"dup-{branch.code}", defaults={"branch": branch})[0]
        for branch in (Branch.objects.get(parent=None), Branch.objects.get(code="b1"))
    )
    at = timezone.now() + timedelta(minutes=1)
    answers = []
    for kind, given in cases(count):
        work = {user: (lambda one, user=user: likely(user, at=at, **one)) for user in (whole, own)}
        milliseconds(work[whole], given[:10])
        everywhere, branch = milliseconds(work[whole], given), milliseconds(work[own], given)
        with transaction.atomic(), connection.cursor() as cursor:
            for index in INDEXES:
                cursor.execute(f"DROP INDEX {index}")
            without = milliseconds(work[whole], given[:FEW])
            transaction.set_rollback(True)
        found = sum(len(work[whole](one)) for one in given) / len(given)
        spread = {
            **lookup._spread("all", everywhere),
            **lookup._spread("branch", branch),
            **lookup._spread("without", without),
        }
        answers.append({"kind": kind, "found": found, **spread})
    return answers


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.duplicates")
    parser.add_argument("--accounts", type=int, default=2_000_000)
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200, help="of each case")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    given = parser.parse_args()
    with served(given.data) as data:
        if not (data / "built.json").exists():
            with step(f"Building {given.complaints} complaints of {given.accounts} accounts"):
                (data / "built.json").write_text(json.dumps(build(given.accounts, given.complaints)))
        line((data / "built.json").read_text())
        with step("Looking for duplicates"):
            answers = measure(given.queries)
        line("| in the form | shown | all: p50, p95 ms | one branch: p50, p95 ms | without the indexes: p50 ms |")
        line("| --- | --- | --- | --- | --- |")
        for one in answers:
            line(
                f"| {one['kind']} | {one['found']:.1f} | {one['all_p50']:.1f}, {one['all_p95']:.1f} "
                f"| {one['branch_p50']:.1f}, {one['branch_p95']:.1f} | {one['without_p50']:.0f} |"
            )


if __name__ == "__main__":
    main()
