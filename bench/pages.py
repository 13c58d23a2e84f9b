"""What the pages that people open most cost in processor time, beside the least that such pages could cost.

    .venv/bin/python -m bench.pages [--complaints 6000] [--rounds 40] [--data FOLDER] [--profile PAGE] [--statements PAGE]

Servers and the made-up utility are its own. Each page is asked for through the whole of Django by a supervisor who sees all, page
after page and round after round. `--profile` prints where the time of one page goes, `--statements` what it asks the
database.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time

from bench import closely
from bench.closely import Ask, Prepared
from devtools.say import line

LEAST_LIST, LEAST_DETAIL, LEAST_WRITE = "the least: 25 rows", "the least: one complaint", "the least: two rows written"
BESIDE = {"complaint": LEAST_DETAIL, "public submission": LEAST_WRITE}


def asked() -> dict[str, Prepared]:
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

    def page(url: str) -> Prepared:
        return lambda: lambda: client.get(url)

    def least_write() -> Ask:
        said = closely.two_rows()
        return lambda: anybody.post("/least/new/", said)

    def submission() -> Ask:
        return closely.public_form(next(number))

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


def tell(rounds: int) -> None:
    answers = measure(rounds)
    line("| page | processor ms: median, least | statements | beside the least |")
    line("| --- | --- | --- | --- |")
    for name, one in answers.items():
        beside = answers[BESIDE.get(name, LEAST_LIST)]["cpu"]
        line(f"| {name} | {one['cpu']:.1f}, {one['least']:.1f} | {one['statements']} | {one['cpu'] / beside:.1f} |")


if __name__ == "__main__":
    closely.main("bench.pages", asked, tell, complaints=6_000, rounds=40)
