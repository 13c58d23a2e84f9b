"""The program that measures works from end to end on a tiny desk; nothing here says how long anything may take."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bench import load, ratios
from bench.asking import Journey, Request, Scenario, looks
from devtools.places import PYTHON, ROOT


def test_everything_is_measured_on_a_tiny_desk_and_written_down(tmp_path):
    command = [str(PYTHON), "-m", "bench", "--complaints", "200", "--without-helpdesk", "--seconds", "0", "--most", "1"]
    environment = {
        **os.environ,
        "DATABASE_URL": "postgres://nobody@/nothing",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [*command, "--results", str(tmp_path)], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "200.json").read_text(encoding="utf-8"))
    assert [one["name"] for one in found["pages"] if "failed" in one] == []
    assert all(one["one"] and one["queries"] >= 0 for one in found["pages"])
    names = {one["name"] for one in found["pages"]} | set(found["bulk"]) | set(found["floors"]["statements"])
    wanted = {name for goal in ratios.GOALS for name in (goal.ours, goal.limit) if name not in ("", ratios.WORST)}
    assert wanted <= names
    assert [name for name, one in found["bulk"].items() if not one["rows"]] == []
    page = (tmp_path / "200.md").read_text(encoding="utf-8")
    assert "| queue, first page |" in page
    assert str(ROOT) not in page
    assert os.uname().nodename not in page


@pytest.fixture
def web():
    """Answers everything, but knows no /missing/; tells whether it was asked to count."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers.get("X-Bench")))
            self.send_response(404 if self.path == "/missing/" else 200)
            self.send_header("X-Bench-Queries", "7")
            self.end_headers()

        def log_message(self, *given):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    thread.join()
    server.server_close()


def measured(port, scenario, **more):
    given = {"seconds": 0, "most": 1, "clients": 2, "processes": [], **more}
    return load.measure(port, [scenario.as_plan()], **given)[0]


def test_only_one_request_of_a_scenario_is_counted_inside_and_it_is_not_timed(web):
    port, asked = web
    found = measured(port, looks("page", ["/"], {}))
    assert found["queries"] == 7
    assert len(found["one"]) == 1
    assert [counts for _path, counts in asked if counts] == ["1"]


def test_an_answer_that_was_not_expected_is_told_and_not_timed(web):
    port, _asked = web
    found = measured(port, looks("page", ["/missing/"], {}))
    assert found["failed"].startswith("GET /missing/: 404")
    assert "one" not in found


def test_what_leads_there_is_asked_for_first_and_journeys_are_used_once(web):
    port, asked = web
    journeys = [Journey(Request(f"/{n}/send/"), [Request(f"/{n}/open/")]) for n in range(9)]
    measured(port, Scenario("form", journeys, loops=False), most=2, seconds=5)
    sent = [path for path, _counts in asked if path.endswith("send/")]
    assert len(sent) == len(set(sent)) == 9
    assert all(
        asked.index((path.replace("send", "open"), None)) < index
        for index, (path, _counts) in enumerate(asked)
        if path in sent
    )


def test_the_web_is_warmed_by_what_may_be_asked_for_again_or_by_journeys_that_are_then_used_up(web):
    port, asked = web
    form = Scenario("form", [Journey(Request(f"/{n}/send/")) for n in range(99)], loops=False).as_plan()
    load.warm(port, [form, looks("page", ["/page/"], {}).as_plan()], 2)
    assert {path for path, _counts in asked} == {"/page/"}
    asked.clear()
    load.warm(port, [form], 2)
    sent = [path for path, _counts in asked]
    left = {journey["timed"]["path"] for journey in form["journeys"]}
    assert len(sent) == len(set(sent)) > 0
    assert left
    assert not left & set(sent)


def said(asked, **more):
    page = {"queries": 3, "database": 1.0, "processor": 2.0, "memory": 90.0, "per_second": 50.0}
    pages = [
        {"name": "queue: first", "one": [20.0, 21.0, 90.0], **page},
        {"name": "least: 25 rows", "one": [10.0], **page},
    ]
    machine = {
        "date": "2026-11-30", "revision": "abc", "processors": 2, "processor": "x", "memory_gb": 24, "system": "Linux",
        "load": [0.1, 0, 0], "python": "3", "packages": {}, "postgresql": "18", "settings": {},
    }  # fmt: skip
    desk = {"complaints": asked, "open": 1, "events": 2}
    floors = {"pgbench": {}, "statements": {}}
    return {"asked": asked, "desk": desk, "machine": machine, "pages": pages, "floors": floors, **more}


def test_a_ratio_stands_beside_its_goal_and_says_when_it_is_not_met(tmp_path):
    helpdesk = [{"name": "helpdesk: queue", "one": [4200.0]}]
    page = ratios.write(said(10_000, helpdesk=helpdesk), tmp_path).read_text(encoding="utf-8")
    assert "| queue, first page | 21.0 ms | 10.0 ms | 2.10 (≤ 2.5) | 4,200 ms | 200 (≥ 150) |" in page
    helpdesk[0]["one"] = [210.0]
    page = ratios.write(said(1_000_000, helpdesk=helpdesk), tmp_path).read_text(encoding="utf-8")
    assert "| 210 ms | 10.0 (≥ 150) **not met** |" in page
    page = ratios.write(said(10_000, helpdesk=helpdesk), tmp_path).read_text(encoding="utf-8")
    assert "| 210 ms | 10.0 (≥ 150) |" in page  # how far we are to be ahead is said of a million


def test_a_larger_desk_is_held_beside_the_smallest(tmp_path):
    ratios.write(said(10_000), tmp_path)
    larger = said(1_000_000)
    larger["pages"][0]["one"] = [150.0]
    page = ratios.write(larger, tmp_path).read_text(encoding="utf-8")
    assert "| queue: first | 90.0 | 150 | 1.67 (≤ 1.5) **not met** |" in page
