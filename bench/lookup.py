"""How fast people are found: look-ups as agents type them among two million accounts, beside a sequential LIKE.

    .venv/bin/python -m bench.lookup [--accounts 2000000] [--queries 200] [--data FOLDER]

Servers and data are its own, in a temporary folder (or --data, which is kept) that needs about 5 GB for two million accounts.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.desk import served
from devtools.say import line, step

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎"
GIVEN = (
    "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红春梅秀珍建国志文海燕晓东丹辉鹏飞宇浩然子轩梓涵欣怡佳琪雨桐"
    "一诺俊熙思源嘉铭瑞霖博凯晨曦若萱诗瑶雅婷慧琳美玲淑贞德福永康立新振宏光荣学成正义家兴长胜庆丰金宝银凤春生夏冬秋月"
)
ROADS = [
    "建设",
    "和平",
    "新华",
    "文化",
    "解放",
    "人民",
    "友谊",
    "学院",
    "站前",
    "北新",
    "南新",
    "西山",
    "龙泽",
    "大里",
    "河东",
    "长宁",
    "裕华",
    "光明",
    "翔云",
    "华岩",
]
KINDS = ["道", "路", "街", "里", "巷"]
ESTATES = [
    "馨",
    "瑞",
    "祥",
    "锦",
    "金",
    "凤",
    "龙",
    "天",
    "东",
    "西",
    "南",
    "北",
    "新",
    "世",
    "富",
    "康",
    "安",
    "福",
    "阳",
    "鹭",
]
ENDINGS = ["园小区", "家园", "花园", "新村", "公寓", "里小区", "名城", "华庭", "雅苑", "嘉园"]
DISTRICTS = ["路北区", "路南区", "开平区", "古冶区", "丰润区", "丰南区", "曹妃甸区", "滦州市", "迁安市", "遵化市"]
PIECE = 100_000
FEW = 5
LIKE = """
SELECT a.id FROM customers_account a JOIN customers_customer c ON c.id = a.customer_id
JOIN customers_premise p ON p.id = a.premise_id LEFT JOIN customers_meter m ON m.account_id = a.id
WHERE c.name LIKE %(q)s OR p.address LIKE %(q)s OR c.phone_digits LIKE %(q)s OR a.number LIKE %(q)s OR m.number LIKE %(q)s
ORDER BY a.number LIMIT 8
"""


def name(draw: random.Random) -> str:
    """Names as they are spread: a few surnames are most people's."""
    surname = SURNAMES[min(int(draw.expovariate(0.09)), len(SURNAMES) - 1)]
    return surname + "".join(draw.choices(GIVEN, k=1 if draw.random() < 0.2 else 2))


def address(draw: random.Random) -> str:
    road = draw.choice(ROADS) + draw.choice(KINDS)
    estate = draw.choice(ESTATES) + draw.choice(ESTATES) + draw.choice(ENDINGS)
    flat = f"{draw.randint(1, 40)}号楼{draw.randint(1, 6)}单元{draw.randint(1, 30)}0{draw.randint(1, 4)}室"
    return f"唐山市{draw.choice(DISTRICTS)}{road}{draw.randint(1, 300)}号{estate}{flat}"


def phone(draw: random.Random) -> str:
    return f"1{draw.choice(['38', '39', '50', '51', '58', '86', '87', '99'])}{draw.randrange(10**8):08d}"


def build(accounts: int) -> dict[str, Any]:
    """So many customers, each with a premise, an account and a meter; entries are then written by the triggers' own function."""
    from django.core.management import call_command  # noqa: PLC0415  Django is set up only once servers run
    from django.db import connection  # noqa: PLC0415

    from staff.models import Branch  # noqa: PLC0415

    call_command("prepare", verbosity=0)
    root = Branch.objects.get(parent=None)
    branches = [
        Branch.objects.create(code=f"b{n}", name_zh=f"{n}", name_en=f"{n}", parent=root).pk for n in range(1, 11)
    ]
    draw, seconds = random.Random(1), {}
    tables: dict[str, tuple[str, Callable[[int], str]]] = {
        "customers_customer": (
            "id number kind name phone phone_digits email address language contact_method branch_id is_key"
            " is_vulnerable vulnerability do_not_contact",
            lambda n: (
                f"{n}\tC{n:09d}\thousehold\t{name(draw)}\t{(tel := phone(draw))}\t{tel}\t\t\tzh-hans\tphone\t"
                f"{branches[n % 10]}\tf\tf\t\tf"
            ),
        ),
        "customers_premise": ("id address branch_id area_class", lambda n: f"{n}\t{address(draw)}\t{branches[n % 10]}\turban"),
        "customers_account": (
            "id number customer_id premise_id tariff",
            lambda n: f"{n}\t{3_100_000_000 + n * 7 % 899_999_963}\t{n}\t{n}\t",
        ),
        "customers_meter": ("id number account_id", lambda n: f"{n}\tM{n * 13 % 99_999_989:010d}\t{n}"),
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica; DROP INDEX search_by_grams; SET maintenance_work_mem = '1GB'"
        )
        began = time.perf_counter()
        for table, (columns, row) in tables.items():
            for first in range(1, accounts + 1, PIECE):
                lines = "\n".join(row(n) for n in range(first, min(first + PIECE, accounts + 1)))
                cursor.copy_expert(f"COPY {table} ({', '.join(columns.split())}) FROM STDIN", io.StringIO(lines + "\n"))
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {accounts})")
        seconds["copy"] = time.perf_counter() - began
        began = time.perf_counter()
        for first in range(1, accounts + 1, PIECE):
            cursor.execute(
                "SELECT customers_refresh_accounts(ARRAY(SELECT generate_series(%s, %s)::bigint))",
                [first, min(first + PIECE - 1, accounts)],
            )
        seconds["entries"] = time.perf_counter() - began
        began = time.perf_counter()
        cursor.execute("CREATE INDEX search_by_grams ON customers_searchentry USING gin (grams)")
        seconds["index"] = time.perf_counter() - began
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute(
            "SELECT pg_total_relation_size('customers_searchentry') / 1000000, pg_relation_size('search_by_grams') / 1000000"
        )
        total, index = cursor.fetchone()
    return {"seconds": seconds, "search_table_mb": total, "gram_index_mb": index}


def queries(count: int) -> Iterator[tuple[str, list[str]]]:
    """What agents type, drawn from the people who are there."""
    from django.db import connection  # noqa: PLC0415

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.name, c.phone_digits, a.number, m.number, p.address FROM customers_account a "
            "JOIN customers_customer c ON c.id = a.customer_id JOIN customers_premise p ON p.id = a.premise_id "
            "JOIN customers_meter m ON m.account_id = a.id "
            "WHERE a.id IN (SELECT (random() * (SELECT max(id) FROM customers_account))::bigint FROM generate_series(1, %s))",
            [count],
        )
        rows = cursor.fetchall()
    yield "whole name", [row[0] for row in rows]
    yield "first two characters of a name", [row[0][:2] for row in rows]
    yield "last two characters of a name", [row[0][-2:] for row in rows]
    yield "name and road", [f"{row[0]} {row[4][6:9]}" for row in rows]
    yield "road and number", [row[4][6 : row[4].index("号") + 1] for row in rows]
    yield "estate and building", [row[4][row[4].index("号") + 1 : row[4].index("号楼") + 2] for row in rows]
    yield "district (a tenth of all)", [row[4][3:6] for row in rows]
    yield "whole phone, spaced", [f"{row[1][:3]} {row[1][3:7]} {row[1][7:]}" for row in rows]
    yield "first four digits of a phone", [row[1][:4] for row in rows]
    yield "whole account number", [row[2] for row in rows]
    yield "first six digits of an account number", [row[2][:6] for row in rows]
    yield "whole meter number, small m", [row[3].lower() for row in rows]
    yield "a name that nobody has", [row[0][::-1] + "龘" for row in rows]


def milliseconds(work: Callable[[str], object], texts: list[str]) -> list[float]:
    times = []
    for text in texts:
        began = time.perf_counter()
        work(text)
        times.append((time.perf_counter() - began) * 1000)
    return times


def measure(count: int) -> list[dict[str, Any]]:
    from django.db import connection  # noqa: PLC0415

    from customers.lookup import look_up  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    people = {
        code: User.objects.get_or_create(username=f"bench-{code}", defaults={"branch": Branch.objects.get(code=code)})[
            0
        ]
        for code in ("b1",)
    }
    whole = User.objects.get_or_create(username="bench", defaults={"branch": Branch.objects.get(parent=None)})[0]

    def like(text: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(LIKE, {"q": f"%{text.replace(' ', '')}%"})
            cursor.fetchall()

    answers = []
    for kind, texts in queries(count):
        milliseconds(lambda text: look_up(text, whole), texts[:10])
        everywhere = milliseconds(lambda text: look_up(text, whole), texts)
        own = milliseconds(lambda text: look_up(text, people["b1"]), texts)
        beside = milliseconds(like, texts[:FEW])
        answers.append(
            {"kind": kind, **_spread("all", everywhere), **_spread("branch", own), **_spread("like", beside)}
        )
    return answers


def _spread(of: str, times: list[float]) -> dict[str, float]:
    ordered = sorted(times)
    return {
        f"{of}_p50": statistics.median(ordered),
        f"{of}_p95": ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))],
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.lookup")
    parser.add_argument("--accounts", type=int, default=2_000_000)
    parser.add_argument("--queries", type=int, default=200, help="of each kind")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    given = parser.parse_args()
    with served(given.data) as data:
        if not (data / "built.json").exists():
            with step(f"Building {given.accounts} accounts"):
                (data / "built.json").write_text(json.dumps(build(given.accounts)))
        line((data / "built.json").read_text())
        with step("Looking people up"):
            answers = measure(given.queries)
        line("| what is typed | all: p50, p95 ms | one branch: p50, p95 ms | LIKE: p50 ms |\n| --- | --- | --- | --- |")
        for one in answers:
            line(
                f"| {one['kind']} | {one['all_p50']:.1f}, {one['all_p95']:.1f} "
                f"| {one['branch_p50']:.1f}, {one['branch_p95']:.1f} | {one['like_p50']:.0f} |"
            )


if __name__ == "__main__":
    main()
