"""What sending costs inside: statements, processor time, time in the database, beside the least form in the same run.

    .venv/bin/python -m bench.sent [--complaints 2000] [--rounds 60] [--data FOLDER] [--profile NAME] [--statements NAME]

Servers and the made-up utility are its own. Each thing is sent through the whole of Django, one after the other and round after
round; what comes before the last request is not measured. `--profile` prints where the time of one goes, `--statements` what it
asks the database.
"""

from __future__ import annotations

import argparse
import cProfile
import itertools
import json
import os
import pstats
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.counting import Counting
from bench.desk import served
from bench.pages import ANSWERS, CODE, WHO, build
from devtools.say import line, step

LEAST = "the least: two rows written"
Ask = Callable[[], Any]
Sending = Callable[[], Ask]
"""What comes before and is not measured; gives what is."""
OF_PROFILE = r"complaints|channels_intake|config|staff|django/(template|db|middleware|core/handlers|contrib|urls|utils)"


def sendings() -> dict[str, Sending]:
    """What is sent, by name."""
    from django.conf import settings  # noqa: PLC0415  Django is set up only once servers run
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from bench import minimal  # noqa: PLC0415
    from complaints.models import Complaint  # noqa: PLC0415
    from staff.actors import Role  # noqa: PLC0415
    from staff.models import Branch, User  # noqa: PLC0415

    def signed_in(role: str) -> Client:
        fields = {"branch": Branch.objects.get(parent=None), "role": role}
        client = Client(headers={"host": "localhost"})
        client.force_login(User.objects.get_or_create(username=f"bench-{role}", defaults=fields)[0])
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = os.environ.get("BENCH_LANGUAGE", "zh-hans")
        return client

    agent, supervisor = signed_in(Role.AGENT), signed_in(Role.SUPERVISOR)
    anybody = Client(headers={"host": "localhost"})
    with connection.cursor() as cursor:
        cursor.execute(minimal.TABLES)
    working = Complaint.objects.filter(status__in=["dispatched", "investigating"]).order_by("pk")
    notable = itertools.cycle(working.values_list("reference", flat=True))
    number = itertools.count(1)

    def story() -> str:
        return f"大风后停电，全楼都没有电，问了几次都没有人说什么时候来电。编号 {uuid4()}"

    def least() -> Ask:
        said = {
            "reference": uuid4().hex,
            "name": "王五",
            "phone": "13800000000",
            "place": "和平路 1 号",
            "story": story(),
        }
        return lambda: anybody.post("/least/new/", said)

    def public() -> Ask:
        n, form = next(number), uuid4()
        customer = Client(headers={"host": "localhost"}, REMOTE_ADDR=f"127.9.{n // 250}.{n % 250 + 1}")
        customer.post("/complain/", {"form_id": str(form), "category": "OUT"})
        told = {"story": story(), "place": f"和平路 {n} 号", **ANSWERS}
        who = WHO | {"contact_phone": f"139{n * 7919 % 100_000_000:08d}"}
        for name, said in (("kind", CODE), ("story", told), ("who", who), ("photos", {})):
            assert customer.post(f"/complain/{form}/{name}/", said).status_code == 302
        return lambda: customer.post(f"/complain/{form}/check/", {})

    def api() -> Ask:
        n = next(number)
        said = {
            "category": "OUT", "subcategory": "OUT-03", "story": story(), "place": f"和平路 {n} 号", "contact_name": "李四",
            "contact_phone": f"139{n * 7919 % 100_000_000:08d}",
        }  # fmt: skip
        key = {"Idempotency-Key": uuid4().hex}
        return lambda: agent.post("/api/v1/complaints/", json.dumps(said), "application/json", headers=key)

    def call() -> Ask:
        n = next(number)
        phone = f"139{n * 7919 % 100_000_000:08d}"
        said = {
            "form_id": str(uuid4()), "call_id": uuid4().hex[:12], "language": "zh-hans", "contact_name": "李四",
            "contact_phone": phone, "contact_method": "phone", "caller_number": phone, "category": "OUT",
            "subcategory": "OUT-03", "request_type": "complaint", "story": story(), "place": f"和平路 {n} 号", **ANSWERS,
            "OUT-outage_since": timezone.localtime().strftime("%Y-%m-%dT00:00"), "OUT-life_support": "no",
        }  # fmt: skip
        return lambda: agent.post("/desk/new/phone/", said)

    def note() -> Ask:
        address = f"/complaints/{next(notable)}/moves/note/"
        return lambda: supervisor.post(address, {"note": "抢修队已出发。"})

    return {
        LEAST: least,
        "public form: send": public,
        "API: register": api,
        "agent: register": call,
        "move: note": note,
    }


def measure(rounds: int) -> dict[str, tuple[float, float, float]]:
    """For each the medians of statements, and of milliseconds of processor in Python and in the database."""
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")

    def database() -> float:
        """Milliseconds that the server has worked for this connection, whatever else the machine does."""
        return int(server.read_text().split()[0]) / 1e6

    every = sendings()
    found: dict[str, list[tuple[float, float, float]]] = {name: [] for name in every}
    for turn in range(rounds + 3):
        for name, sending in every.items():
            ask, counting = sending(), Counting()
            began, before = time.process_time(), database()
            with connection.execute_wrapper(counting):
                answer = ask()
            took = (time.process_time() - began) * 1000
            assert answer.status_code in (201, 302), (name, answer.status_code, answer.content[:500])
            if turn >= 3:
                found[name].append((counting.statements, took, database() - before))
    return {name: tuple(map(statistics.median, zip(*rows, strict=True))) for name, rows in found.items()}


def profile(sending: Sending, rounds: int) -> None:
    """Only what is measured is watched."""
    for _ in range(3):
        sending()()
    watch = cProfile.Profile(time.process_time)
    for _ in range(rounds):
        watch.runcall(sending())
    found = pstats.Stats(watch)
    found.sort_stats("cumulative").print_stats(OF_PROFILE, 170)
    found.sort_stats("tottime").print_stats(40)


def statements(sending: Sending) -> None:
    """What is asked of the database, in its order."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    sending()()
    ask = sending()
    with CaptureQueriesContext(connection) as caught:
        ask()
    for number, one in enumerate(caught.captured_queries, 1):
        line(f"{number:3} {one['time']} {one['sql'][:700]}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.sent")
    parser.add_argument("--complaints", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=60, help="of each")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    parser.add_argument("--profile", help="what to profile")
    parser.add_argument("--statements", help="whose statements are listed")
    given = parser.parse_args()
    with served(given.data) as data:
        from django.core.management import call_command  # noqa: PLC0415
        from django.test import override_settings  # noqa: PLC0415

        if not (data / "built").exists():
            with step(f"Building {given.complaints} complaints"):
                build(given.complaints)
            (data / "built").touch()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        with override_settings(ROOT_URLCONF="bench.minimal"):
            if given.profile:
                profile(sendings()[given.profile], given.rounds)
            elif given.statements:
                statements(sendings()[given.statements])
            else:
                found = measure(given.rounds)
                least = found[LEAST][1] + found[LEAST][2]
                line("| sent | statements | processor ms: Python | database | together, beside the least |")
                line("| --- | --- | --- | --- | --- |")
                for name, (asked, worked, database) in found.items():
                    line(
                        f"| {name} | {asked:.0f} | {worked:.1f} | {database:.1f} | {(worked + database) / least:.1f} |"
                    )


if __name__ == "__main__":
    main()
