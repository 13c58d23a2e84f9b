"""Who is there in the hour of a storm, for locust; `bench.storm_hour` starts it and judges what is left afterwards.

What the product acknowledged is written to the file that STORM_ACKNOWLEDGED names, one line for each.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import re
import threading
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

from locust import HttpUser, between, constant, tag, task
from requests.adapters import HTTPAdapter

PASSWORD = os.environ["STORM_PASSWORD"]
PEOPLE: dict[str, list[str]] = json.loads(os.environ["STORM_PEOPLE"])
ROADS = ["和平路", "建设路", "人民路", "解放路", "中山路"]
ANSWERS = {"OUT-supply_on": "no", "OUT-notice_received": "no"}
HURRY = bool(os.environ.get("STORM_HURRY"))
"""Nobody thinks between two requests, where it is their cost that is looked for."""
_number = itertools.count(1)
_writing = threading.Lock()


def _told_before() -> list[str]:
    """Tokens of pages that were told in this run and before."""
    path = Path(os.environ["STORM_ACKNOWLEDGED"])
    rows = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [page for row in rows if (page := json.loads(row)["page"])]


_told = _told_before()


def acknowledged(story: str, told: str, page: str = "") -> None:
    """The product said that it has it, and where it can be followed: from here on it must be there, once."""
    with _writing, open(os.environ["STORM_ACKNOWLEDGED"], "a", encoding="utf-8") as file:
        file.write(json.dumps({"story": story, "told": told, "page": page}) + "\n")


def pause(least: int, most: int) -> Any:
    """Between two pieces of work, in seconds."""
    return constant(0) if HURRY else between(least, most)


def a_story() -> str:
    return f"大风后停电，全楼都没有电。编号 {uuid4().hex}"


def a_phone() -> str:
    return f"138{random.randint(0, 99999999):08d}"


class FromElsewhere(HTTPAdapter):
    """Calls from an address of its own: the door holds back what one address sends in numbers."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        super().init_poolmanager(*args, **more, source_address=(self.address, 0))


class Visitor(HttpUser):
    abstract = True

    def on_start(self) -> None:
        number = next(_number)
        self.client.mount("http://", FromElsewhere(f"127.9.{number // 250 % 250}.{number % 250 + 1}"))

    def post(self, url: str, said: dict[str, Any], name: str, *, expected: tuple[int, ...] = (302,)) -> Any:
        token = self.client.cookies.get("csrftoken", "")
        headers = {"Referer": f"{self.host}{url}"}
        with self.client.post(
            url,
            {**said, "csrfmiddlewaretoken": token},
            name=name,
            headers=headers,
            allow_redirects=False,
            catch_response=True,
        ) as answer:
            if answer.status_code in expected:
                answer.success()
            else:
                answer.failure(f"{answer.status_code} at {name}")
        return answer


class Customer(Visitor):
    """Complains on the web, presses twice now and then, and looks where it stands."""

    weight = 6
    wait_time = pause(1, 4)

    @tag("complain")
    @task(3)
    def complain(self) -> None:
        self.client.cookies.clear()
        form, story = uuid4(), a_story()
        self.client.get("/complain/", name="public form: open")
        steps: list[tuple[str, dict[str, Any]]] = [
            ("kind", {"kind": "OUT-03"}),
            ("story", {"story": story, "place": f"{random.choice(ROADS)} {random.randint(1, 999)} 号", **ANSWERS}),
            ("who", {"is_anonymous": "no", "contact_name": "王五", "contact_phone": a_phone(), "language": "zh-hans"}),
            ("photos", {}),
        ]
        self.post("/complain/", {"form_id": str(form), "category": "OUT"}, "public form: a step")
        for name, said in steps:
            self.post(f"/complain/{form}/{name}/", said, "public form: a step")
        for _press in range(2 if random.random() < 0.2 else 1):
            answer = self.post(f"/complain/{form}/check/", {}, "public form: send")
            where = answer.headers.get("Location", "")
            if found := re.search(r"/received/([^/]+)/", where):
                acknowledged(story, found[1], page=found[1])
                _told.append(found[1])
            elif where.endswith("/sent/"):
                acknowledged(story, "held")

    @tag("look")
    @task(4)
    def look(self) -> None:
        if _told:
            self.client.get(f"/track/{random.choice(_told)}/", name="tracking page")


class Colleague(Visitor):
    abstract = True
    people: list[str] = []

    def on_start(self) -> None:
        super().on_start()
        self.client.get("/sign-in/", name="sign in")
        username = self.people[next(_number) % len(self.people)]
        self.post("/sign-in/", {"username": username, "password": PASSWORD}, "sign in: send")


class Agent(Colleague):
    """Looks the caller up and writes the call down."""

    weight = 3
    wait_time = pause(2, 6)
    people = PEOPLE["agent"]

    @tag("register")
    @task
    def register(self) -> None:
        phone, story, place = a_phone(), a_story(), f"{random.choice(ROADS)} 1 号"
        self.client.get(f"/customers/look-up/?q={phone}", name="look-up")
        self.client.get(f"/customers/look-up/?q={random.choice(ROADS)}", name="look-up")
        self.client.get("/desk/new/phone/", name="agent: open the form")
        caller = {"contact_name": "李四", "contact_phone": phone, "contact_method": "phone", "caller_number": phone}
        what = {
            "category": "OUT",
            "subcategory": "OUT-03",
            "request_type": "complaint",
            "story": story,
            "place": place,
            **ANSWERS,
        }
        said = {"form_id": str(uuid4()), "call_id": uuid4().hex[:12], "language": "zh-hans", **caller, **what}
        said |= {"OUT-outage_since": time.strftime("%Y-%m-%dT00:00"), "OUT-life_support": "no"}
        answer = self.post("/desk/new/phone/", said, "agent: register")
        if found := re.search(r"/registered/([^/]+)/", answer.headers.get("Location", "")):
            acknowledged(story, found[1])


class Supervisor(Colleague):
    """Keeps the queue before them and moves what is in it."""

    weight = 2
    wait_time = pause(2, 5)
    people = PEOPLE["supervisor"]

    @tag("queue")
    @task(3)
    def queue(self) -> None:
        self.client.get("/desk/?view=unfinished", name="queue")

    @tag("move")
    @task(2)
    def move(self) -> None:
        found = self.client.get(
            "/api/v1/complaints/?status=registered,dispatched&page_size=20", name="API: list"
        ).json()
        rows = found.get("results", [])
        if rows:
            url = f"/api/v1/complaints/{random.choice(rows)['reference']}/moves/note/"
            headers = {"X-CSRFToken": self.client.cookies.get("csrftoken", ""), "Referer": str(self.host)}
            self.client.post(url, json={"details": {"note": "抢修队已出发。"}}, headers=headers, name="move")


class Wall(Colleague):
    weight = 1
    wait_time = pause(10, 20)
    people = PEOPLE["supervisor"]

    @tag("board")
    @task
    def board(self) -> None:
        self.client.get("/board/?wall=1", name="board on the wall")
