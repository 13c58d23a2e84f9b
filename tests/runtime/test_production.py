"""What the product is where it matters: the deployment check, headers and cookies, no inline code, and logs without people."""

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from config.logs import PairsFormatter
from staff.actors import Role
from staff.models import User
from tests.factories import a_user
from tests.journeys.test_accessibility import DESK

pytestmark = pytest.mark.usefixtures("profile")
ROOT = Path(__file__).resolve().parents[2]
INLINE = re.compile(
    r"""<script(?![^>]*\ssrc=)(?![^>]*type=["']application/json)[^>]*>|\sstyle=["']|\son[a-z]+=["']|<style|javascript:"""
)


def test_the_deployment_check_has_nothing_to_say(tmp_path):
    environment = {
        **{name: os.environ[name] for name in ("DATABASE_URL", "REDIS_URL", "PATH")},
        "REDRESS_SECRET_KEY": "k3Vh9-long-and-random-0123456789-abcdefghij-ABCDEFGHIJ-xyz",
        "REDRESS_BASE_URL": "https://redress.example",
        "REDRESS_ALLOWED_HOSTS": "redress.example",
        "REDRESS_DATA": str(tmp_path),
        "REDRESS_HSTS_SUBDOMAINS": "true",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, "no issues" in done.stdout) == (0, True), done.stderr


def test_every_answer_carries_the_headers_that_browsers_obey(client, settings):
    answer = client.get("/sign-in/")
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]
    assert "publickey-credentials-get=(self)" in answer["Permissions-Policy"]


def test_cookies_are_out_of_reach_of_scripts_and_other_sites(client):
    client.post("/sign-in/", {"username": a_user().username, "password": "a long pass phrase"})
    for name in ("sessionid", "csrftoken"):
        cookie = client.cookies[name]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"


def test_no_page_has_inline_script_or_style_and_all_carry_the_policy():
    desks = {}
    for role in (Role.SUPERVISOR, Role.ADMINISTRATOR):
        desks[role] = Client()
        desks[role].force_login(a_user(role))
    pages = [
        *((Role.SUPERVISOR, path) for path in DESK),
        *((Role.ADMINISTRATOR, path) for path in ("/desk/people/", "/desk/new-person/", "/desk/second-factor/")),
    ]
    stranger = Client()
    for role, path in [
        *pages,
        *((None, path) for path in ("/", "/sign-in/", "/complain/", "/help/", "/known/", "/standards/")),
    ]:
        answer = desks.get(role, stranger).get(path)
        assert "default-src 'self'" in answer["Content-Security-Policy"], path
        assert "unsafe" not in answer["Content-Security-Policy"], path
        if answer.status_code == 200 and not answer.streaming:
            assert not (found := INLINE.search(answer.content.decode())), (path, found)


def test_our_scripts_run_no_text_as_code():
    for path in (ROOT / "static" / "js").glob("*.js"):
        assert not re.search(r"\beval\(|new Function\(|document\.write", path.read_text()), path
    assert finders.find("js/passkey.js")


class Kept(logging.Handler):
    """What the log would hold, line by line."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(PairsFormatter())
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))


@pytest.fixture
def log():
    kept = Kept()
    loggers = [logging.getLogger(name) for name in ("", "django", "axes", "staff", "channels_intake", "complaints")]
    before = [(one, one.level) for one in loggers]
    for one in loggers:
        one.addHandler(kept)
        if one.name != "axes":
            one.setLevel(logging.INFO)
    yield kept.lines
    for one, level in before:
        one.removeHandler(kept)
        one.setLevel(level)


MARKS = {
    "contact_name": "Markedname",
    "contact_phone": "13877776666",
    "contact_email": "marked.address@example.net",
    "story": "Markedstory of the light that went out",
}


def test_the_log_holds_nobody(client, log):
    """A complaint by the API and a broken one, a sign-in, a wrong one with a password typed as the name, a link for a password."""
    user = a_user(Role.LIAISON, email="marked.staff@example.net")
    User.objects.filter(pk=user.pk).update(full_name="Markedperson")
    client.post("/sign-in/", {"username": "markedsecret123", "password": "markedsecret456"})
    client.post("/sign-in/", {"username": user.username, "password": "markedsecret789"})
    client.post("/sign-in/", {"username": user.username, "password": "a long pass phrase"})
    headers = {"Idempotency-Key": "6a0f0c8e-38d5-4c3c-9e5e-0b1f6a2b7c11"}
    said = {"category": "OUT", "subcategory": "OUT-03", **MARKS}
    for body in (said, {**said, "contact_email": "marked.address@example"}):
        client.post("/api/v1/complaints/", body, content_type="application/json", headers=headers)
    desk = Client()
    desk.force_login(a_user(Role.ADMINISTRATOR))
    link = desk.post(reverse("staff:reset-password", args=[user.username])).context["link"]
    text = "\n".join(log).lower()
    assert "view=staff:sign-in" in text, "the log was really heard"
    for mark in [*MARKS.values(), "marked", link.rsplit("/", 2)[1]]:
        assert mark.lower() not in text
