"""What the pages that people open most cost in processor time, beside the least that such pages could cost.

    .venv/bin/python -m bench.pages [--complaints 6000] [--rounds 40] [--data FOLDER] [--profile PAGE] [--statements PAGE]

Servers and the made-up utility are its own. Each page is asked for through the whole of Django by a supervisor who sees all, page
after page and round after round. `--profile` prints where the time of one page goes, `--statements` what it asks the
database.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import os
import pstats
import re
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.desk import served
from devtools.say import line, step

LEAST_LIST, LEAST_DETAIL, LEAST_WRITE = "the least: 25 rows", "the least: one complaint", "the least: two rows written"
Ask = Callable[[], Any]
BESIDE = {"complaint": LEAST_DETAIL, "public submission": LEAST_WRITE}
Page = Callable[[], Ask]
"""What comes before a page and is not measured; gives what is."""
CODE = {"kind": "OUT-03"}
WHO = {"is_anonymous": "no", "contact_name": "王五", "contact_phone": "13800138000", "language": "zh-hans"}
ANSWERS = {"OUT-supply_on": "no", "OUT-notice_received": "no"}


def build(complaints: int) -> None:
    """The made-up utility with this many complaints and its figures."""
    from django.core.management import call_command  # noqa: PLC0415  Django is set up only once servers run

    call_command("prepare", verbosity=0)
    call_command("demo", complaints=complaints, verbosity=0)


def asked() -> dict[str, Page]:
    """What is asked for, by name."""
    from django.conf import settings  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from bench import minimal  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415
    from staff.actors import Role  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    user = User.objects.get_or_create(
        username="bench-all", defaults={"branch": Branch.objects.get(parent=None), "role": Role.SUPERVISOR}
    )[0]
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    anybody = Client(headers={"host": "localhost"})
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = os.environ.get("BENCH_LANGUAGE", "en")
    with connection.cursor() as cursor:
        cursor.execute(minimal.TABLES)
    one = Complaint.objects.filter(status="investigating", assignee__isnull=False).order_by("pk")[3]

    number = itertools.count(1)

    def page(url: str) -> Page:
        return lambda: lambda: client.get(url)

    def least_write() -> Ask:
        said = {
            "reference": uuid4().hex,
            "name": "Wang",
            "phone": "13800000000",
            "place": "1 Ring Road",
            "story": "No power.",
        }
        return lambda: anybody.post("/least/new/", said)

    def submission() -> Ask:
        n, form = next(number), uuid4()
        customer = Client(headers={"host": "localhost"}, REMOTE_ADDR=f"127.9.{n // 250}.{n % 250 + 1}")
        customer.post("/complain/", {"form_id": str(form), "category": "OUT"})
        story = {"story": f"大风后停电，全楼都没有电。编号 {form}", "place": f"和平路 {n} 号", **ANSWERS}
        for name, said in (("kind", CODE), ("story", story), ("who", WHO), ("photos", {})):
            assert customer.post(f"/complain/{form}/{name}/", said).status_code == 302
        return lambda: customer.post(f"/complain/{form}/check/", {})

    return {
        LEAST_LIST: page("/least/"),
        LEAST_DETAIL: page(f"/least/{one.reference}/"),
        LEAST_WRITE: least_write,
        "queue": page("/desk/?view=unfinished"),
        "queue, all": page("/desk/?view=all"),
        "search: 停电": page("/desk/?q=停电"),
        "complaint": page(one.get_absolute_url()),
        "board": page("/board/"),
        "trend": page("/reports/trend/"),
        "API: list": page("/api/v1/complaints/"),
        "public submission": submission,
    }


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Milliseconds of processor and statements for each page."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    pages = asked()
    times: dict[str, list[float]] = {name: [] for name in pages}
    counted: dict[str, int] = {}
    for name, page in pages.items():
        assert page()().status_code in (200, 302), name
        ask = page()
        with CaptureQueriesContext(connection) as caught:
            ask()
        counted[name] = len(caught.captured_queries)
    for _ in range(rounds):
        for name, page in pages.items():
            ask = page()
            worked = time.process_time()
            ask()
            times[name].append((time.process_time() - worked) * 1000)
    return {
        name: {"cpu": statistics.median(taken), "least": min(taken), "statements": counted[name]}
        for name, taken in times.items()
    }


def profile(page: Page, rounds: int) -> None:
    for _ in range(3):
        page()()
    watch = cProfile.Profile(time.process_time)
    for _ in range(rounds):
        watch.runcall(page())
    found = pstats.Stats(watch)
    found.sort_stats("cumulative").print_stats(
        r"redress|complaints|config|staff|analytics|django/(template|db|middleware|core/handlers|contrib|urls|utils)",
        110,
    )
    found.sort_stats("tottime").print_stats(45)


def statements(page: Page) -> None:
    """What is asked of the database, shortened."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    page()()
    ask = page()
    with CaptureQueriesContext(connection) as caught:
        ask()
    for number, one in enumerate(caught.captured_queries, 1):
        line(f"{number:3} {one['time']} {re.sub(r'SELECT .*? FROM', 'SELECT … FROM', one['sql'])[:300]}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.pages")
    parser.add_argument("--complaints", type=int, default=6_000)
    parser.add_argument("--rounds", type=int, default=40, help="of each page")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    parser.add_argument("--profile", help="the page to profile")
    parser.add_argument("--statements", help="the page whose statements are listed")
    given = parser.parse_args()
    with served(given.data) as data:
        from django.core.management import call_command  # noqa: PLC0415
        from django.test import override_settings  # noqa: PLC0415

        if not (data / "built").exists():
            with step(f"Building {given.complaints} complaints"):
                build(given.complaints)
            (data / "built").touch()
        call_command("collectstatic", interactive=False, verbosity=0)
        with override_settings(ROOT_URLCONF="bench.minimal"):
            if given.profile:
                profile(asked()[given.profile], given.rounds)
            elif given.statements:
                statements(asked()[given.statements])
            else:
                answers = measure(given.rounds)
                line("| page | processor ms: median, least | statements | beside the least |")
                line("| --- | --- | --- | --- |")
                for name, one in answers.items():
                    beside = BESIDE.get(name, LEAST_LIST)
                    line(
                        f"| {name} | {one['cpu']:.1f}, {one['least']:.1f} | {one['statements']} "
                        f"| {one['cpu'] / answers[beside]['cpu']:.1f} |"
                    )


if __name__ == "__main__":
    main()
