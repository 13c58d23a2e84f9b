"""What sending costs inside: statements, processor time, time in the database, beside the least form in the same run.

    .venv/bin/python -m bench.sent [--complaints 2000] [--rounds 60] [--data FOLDER] [--profile NAME] [--statements NAME]

Servers and the made-up utility are its own. Each thing is sent through the whole of Django, one after the other and round after
round; what comes before the last request is not measured. `--profile` prints where the time of one goes, `--statements` what it
asks the database.
"""

from __future__ import annotations

import itertools
import json
import os
import statistics
import time
from pathlib import Path
from uuid import uuid4

from bench import closely
from bench.closely import ANSWERS, Ask, Prepared, mobile, story
from bench.counting import Counting
from devtools.say import line

LEAST = "the least: two rows written"


def sendings() -> dict[str, Prepared]:
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

    def least() -> Ask:
        said = closely.two_rows()
        return lambda: anybody.post("/least/new/", said)

    def public() -> Ask:
        return closely.public_form(next(number))

    def api() -> Ask:
        n = next(number)
        said = {
            "category": "OUT", "subcategory": "OUT-03", "story": story(), "place": f"和平路 {n} 号", "contact_name": "李四",
            "contact_phone": mobile(n),
        }  # fmt: skip
        key = {"Idempotency-Key": uuid4().hex}
        return lambda: agent.post("/api/v1/complaints/", json.dumps(said), "application/json", headers=key)

    def call() -> Ask:
        n = next(number)
        phone = mobile(n)
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


def tell(rounds: int) -> None:
    found = measure(rounds)
    least = found[LEAST][1] + found[LEAST][2]
    line("| sent | statements | processor ms: Python | database | together, beside the least |")
    line("| --- | --- | --- | --- | --- |")
    for name, (asked, worked, database) in found.items():
        line(f"| {name} | {asked:.0f} | {worked:.1f} | {database:.1f} | {(worked + database) / least:.1f} |")


if __name__ == "__main__":
    closely.main("bench.sent", sendings, tell, complaints=2_000, rounds=60)
