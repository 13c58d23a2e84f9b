"""Looking closely at one thing: the command of `bench.pages` and `bench.sent`, its profile, and what it asks the database."""

from __future__ import annotations

import argparse
import cProfile
import pstats
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from uuid import uuid4

from bench.desk import served
from devtools.say import line, step

Ask = Callable[[], Any]
Prepared = Callable[[], Ask]
"""What comes before and is not measured; gives what is."""
OF_PROFILE = (
    r"redress|complaints|channels_intake|config|staff|analytics|"
    r"django/(template|db|middleware|core/handlers|contrib|urls|utils)"
)
CODE = {"kind": "OUT-03"}
WHO = {"is_anonymous": "no", "contact_name": "王五", "language": "zh-hans"}
ANSWERS = {"OUT-supply_on": "no", "OUT-notice_received": "no"}


def main(
    program: str,
    named: Callable[[], Mapping[str, Prepared]],
    tell: Callable[[int], None],
    *,
    complaints: int,
    rounds: int,
) -> None:
    """Reads the command line, serves the made-up utility, and profiles or lists one of those `named`, or tells of all."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}")
    parser.add_argument("--complaints", type=int, default=complaints)
    parser.add_argument("--rounds", type=int, default=rounds, help="of each")
    parser.add_argument("--data", type=Path, help="a folder to keep; a second run on it builds nothing")
    parser.add_argument("--profile", metavar="NAME", help="which to profile")
    parser.add_argument("--statements", metavar="NAME", help="whose statements are listed")
    given = parser.parse_args()
    with served(given.data) as data:
        from django.core.management import call_command  # noqa: PLC0415  Django is set up only once servers run
        from django.test import override_settings  # noqa: PLC0415

        if not (data / "built").exists():
            with step(f"Building {given.complaints} complaints"):
                call_command("prepare", verbosity=0)
                call_command("demo", complaints=given.complaints, verbosity=0)
            (data / "built").touch()
        call_command("migrate", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        with override_settings(ROOT_URLCONF="bench.minimal"):
            if given.profile:
                profile(named()[given.profile], given.rounds)
            elif given.statements:
                statements(named()[given.statements])
            else:
                tell(given.rounds)


def profile(prepared: Prepared, rounds: int) -> None:
    """Only what is measured is watched."""
    for _ in range(3):
        prepared()()
    watch = cProfile.Profile(time.process_time)
    for _ in range(rounds):
        watch.runcall(prepared())
    found = pstats.Stats(watch)
    found.sort_stats("cumulative").print_stats(OF_PROFILE, 170)
    found.sort_stats("tottime").print_stats(45)


def statements(prepared: Prepared) -> None:
    """What is asked of the database, in its order, without the columns."""
    from django.db import connection  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    prepared()()
    ask = prepared()
    with CaptureQueriesContext(connection) as caught:
        ask()
    for number, one in enumerate(caught.captured_queries, 1):
        line(f"{number:3} {one['time']} {re.sub(r'SELECT .*? FROM', 'SELECT … FROM', one['sql'])[:700]}")


def public_form(n: int) -> Ask:
    """The n-th customer fills in the public form; what is left is to send it."""
    from django.test import Client  # noqa: PLC0415

    form = uuid4()
    customer = Client(headers={"host": "localhost"}, REMOTE_ADDR=f"127.9.{n // 250}.{n % 250 + 1}")
    customer.post("/complain/", {"form_id": str(form), "category": "OUT"})
    told = {"story": story(), "place": f"和平路 {n} 号", **ANSWERS}
    for name, said in (("kind", CODE), ("story", told), ("who", WHO | {"contact_phone": mobile(n)}), ("photos", {})):
        assert customer.post(f"/complain/{form}/{name}/", said).status_code == 302
    return lambda: customer.post(f"/complain/{form}/check/", {})


def story() -> str:
    return f"大风后停电，全楼都没有电，问了几次都没有人说什么时候来电。编号 {uuid4()}"


def mobile(n: int) -> str:
    """Another number for each n."""
    return f"139{n * 7919 % 100_000_000:08d}"


def two_rows() -> dict[str, str]:
    """What the least form is sent."""
    return {
        "reference": uuid4().hex,
        "name": "王五",
        "phone": "13800000000",
        "place": "和平路 1 号",
        "story": story(),
    }
