"""Those who complain while everything dies: each goes on with the same complaint until the product says that it has it."""

import itertools
import json
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import requests
from requests.adapters import HTTPAdapter

from tests.channels_intake.test_desk_forms import filled
from tests.channels_intake.test_public_form import ANSWERS

PACE = 0.4
"""Seconds between two complaints of one person, as between two breaths: a steady load, not the most that goes."""
TIMEOUT = 20


class FromElsewhere(HTTPAdapter):
    """Calls from an address of its own: the door holds back what one address sends in numbers."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **more):
        super().init_poolmanager(*args, **more, source_address=(self.address, 0))


class Person(threading.Thread):
    """`acknowledged` says of each story what the product answered, and when the last try of it began."""

    numbers = itertools.count(1)

    def __init__(self, product):
        super().__init__()
        self.product, self.acknowledged, self.broken = product, {}, None
        self.stopping = threading.Event()
        self.http = self.a_browser()

    def a_browser(self):
        number, browser = next(self.numbers), requests.Session()
        browser.mount("http://", FromElsewhere(f"127.8.{number // 200}.{number % 200 + 1}"))
        browser.headers["Referer"] = self.product.address
        browser.cookies.set("language", "en")
        return browser

    def run(self):
        try:
            while not self.stopping.wait(PACE):
                story, began = f"停电 {uuid4().hex}", time.monotonic()
                self.acknowledged[story] = (self.complain(story), began)
        except AssertionError as error:
            self.broken = error  # the test looks; a thread that ends in silence would look like a quiet person

    def last_began(self):
        """When the newest of what was acknowledged was begun."""
        return max((began for _answer, began in list(self.acknowledged.values())), default=0.0)

    def answered(self, method, path, **more):
        """The answer to this request, asked again while the product is away or breaks."""
        while True:
            try:
                answer = self.http.request(
                    method, self.product.address + path, timeout=TIMEOUT, allow_redirects=False, **more
                )
                if answer.status_code < 500 or answer.status_code == 507:
                    return answer
            except requests.RequestException:
                pass  # nobody listens just now, or the connection was cut: the same again
            assert not self.product.given_up.is_set(), path
            self.product.given_up.wait(0.2)

    def post(self, path, said, **more):
        token = self.http.cookies.get("csrftoken", "")
        return self.answered("POST", path, data={**said, "csrfmiddlewaretoken": token}, **more)


class Customer(Person):
    """The public form, step by step, with a photo where there is room for it."""

    def __init__(self, product, picture=None):
        super().__init__(product)
        self.picture, self.refused = picture, 0

    def complain(self, story):
        self.http = self.a_browser()
        form = f"/complain/{uuid4()}"
        self.answered("GET", "/complain/")
        self.post("/complain/", {"form_id": form.rpartition("/")[2], **ANSWERS["category"]})
        for step in ("kind", "story", "who"):
            said = ANSWERS[step] | ({"story": story} if step == "story" else {})
            assert self.post(f"{form}/{step}/", said).status_code == 302, step
        with_photo = {"files": {"files": ("pole.png", self.picture, "image/png")}} if self.picture else {}
        answer = self.post(f"{form}/photos/", {}, **with_photo)
        if answer.status_code == 507:
            assert "Files cannot be kept just now" in answer.text
            self.refused += 1
            answer = self.post(f"{form}/photos/", {})
        assert answer.status_code == 302
        answer = self.post(f"{form}/check/", {})
        if answer.status_code == 507:
            assert "Not sent yet: your photos cannot be kept" in answer.text
            self.refused += 1
            answer = self.post(f"{form}/check/", {"without_files": "1"})
        found = re.fullmatch(r"/complain/received/([^/]+)/", answer.headers.get("Location", ""))
        assert found, (answer.status_code, answer.headers.get("Location"))
        return found[1]


class Program(Person):
    """A program of somebody else: the same key until it has the reference. What it brings came days ago, so alarms ring."""

    def __init__(self, product, token):
        super().__init__(product)
        self.token, self.count = token, itertools.count()

    def complain(self, story):
        received_at = datetime.now(UTC) - timedelta(days=next(self.count) % 3)
        said = {
            "category": "OUT", "subcategory": "OUT-03", "story": story, "contact_phone": "13800001234",
            "received_at": received_at.isoformat(),
        }  # fmt: skip
        answer = self.answered(
            "POST",
            "/api/v1/complaints/",
            data=json.dumps(said),
            headers={
                "Authorization": f"Token {self.token}",
                "Idempotency-Key": story[-32:],
                "Content-Type": "application/json",
            },
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()["reference"]


class Agent(Person):
    """Writes calls down at the desk."""

    def __init__(self, product, username, password):
        super().__init__(product)
        self.answered("GET", "/sign-in/")
        answer = self.post("/sign-in/", {"username": username, "password": password})
        assert answer.status_code == 302, answer.text

    def complain(self, story):
        answer = self.post("/desk/new/phone/", filled("phone", story=story, call_id=uuid4().hex[:12]))
        found = re.fullmatch(r"/desk/registered/([^/]+)/", answer.headers.get("Location", ""))
        assert found, (answer.status_code, answer.headers.get("Location"), answer.text[-3000:])
        return found[1]
