"""How long somebody stays signed in, what keeps them in, and who ends it."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from staff import sessions
from staff.actors import Role
from staff.entry_models import DeskSession
from tests.factories import a_user
from tests.staff.doors import enter, is_inside

pytestmark = pytest.mark.usefixtures("profile")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
HERE = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


@pytest.fixture
def user():
    return a_user(Role.AGENT)


def at(minutes):
    return time_machine.travel(NOW + timedelta(minutes=minutes), tick=False)


@pytest.fixture
def inside(user):
    client = Client(HTTP_USER_AGENT=FIREFOX)
    client.cookies["language"] = "en"
    with at(0):
        enter(client, user)
    return client


def is_let_in(client, path=HERE):
    return client.get(path).status_code == 200


def test_who_does_something_stays_and_who_does_nothing_for_half_an_hour_is_signed_out(inside):
    for minutes in (20, 40, 60):
        with at(minutes):
            assert is_let_in(inside)
    with at(90):
        assert inside.get(HERE).url.startswith("/sign-in/")
        assert not is_inside(inside)


def test_after_twelve_hours_everybody_signs_in_again_whatever_they_do(inside):
    for minutes in range(20, 12 * 60, 20):
        with at(minutes):
            assert is_let_in(inside)
    with at(12 * 60 + 1):
        assert not is_let_in(inside)


def test_what_an_open_page_asks_by_itself_keeps_nobody_in(inside):
    for minutes in (10, 20, 29):
        with at(minutes):
            inside.get(reverse("complaints:for-me-unread"), headers={"HX-Request": "true"})
    with at(31):
        assert not is_let_in(inside)


def test_every_address_that_pages_ask_again_and_again_is_known():
    """A new one must either be named in `ASKED_BY_THE_PAGE`, or end by itself, or be the wall, which stays on."""
    end_by_themselves = {
        "complaints:issue-work",
        "complaints:retargeting",
        "complaints:announcement",
        "complaints:survey",
        "customers:import",
        "complaints:bulk-run",
        "analytics:exports",
        "analytics:pack",
    }
    asked = set()
    for path in TEMPLATES.rglob("*.html"):
        for line in path.read_text().splitlines():
            if re.search(r'hx-trigger="[^"]*every ', line):
                asked |= set(re.findall(r"hx-(?:get|post)=\"\{% url '([\w:-]+)'", line))
    assert asked - end_by_themselves - {"analytics:board"} <= sessions.ASKED_BY_THE_PAGE
    assert {"complaints:here", "channels_intake:calls"} <= asked


def test_the_page_shows_where_one_is_signed_in_and_no_key_of_a_session(inside, user):
    with at(1):
        elsewhere = Client(REMOTE_ADDR="10.1.2.3")
        enter(elsewhere, user)
        page = inside.get(HERE).content.decode()
    assert "Firefox on Windows" in page
    assert "10.1.2.3" in page
    for row in DeskSession.objects.all():
        assert row.session_key not in page


def test_one_session_is_ended_and_the_others_stay(inside, user):
    with at(1):
        phones = [Client(), Client()]
        for phone in phones:
            phone.force_login(user)
        row = DeskSession.objects.get(session_key=phones[0].session.session_key)
        inside.post(HERE, {"session": sessions.mark(row)})
        assert [is_let_in(client) for client in (inside, *phones)] == [True, False, True]


def test_nobody_ends_the_session_of_another(inside):
    with at(1):
        other = Client()
        other.force_login(a_user(Role.AGENT))
        row = DeskSession.objects.get(session_key=other.session.session_key)
        assert inside.post(HERE, {"session": sessions.mark(row)}).status_code == 404
        assert is_let_in(other)


def test_all_others_are_ended_with_one_press(inside, user):
    with at(1):
        phone = Client()
        phone.force_login(user)
        inside.post(HERE)
        assert (is_let_in(inside), is_let_in(phone)) == (True, False)


def test_another_password_ends_every_other_session(inside, user):
    said = {
        "old_password": "a long pass phrase",
        "new_password1": "quiet river snow",
        "new_password2": "quiet river snow",
    }
    with at(1):
        phone = Client()
        phone.force_login(user)
        inside.post(reverse("staff:password"), said)
        assert (is_let_in(inside), is_let_in(phone)) == (True, False)
        assert DeskSession.objects.filter(user=user).count() == 1


@pytest.mark.parametrize("what", ["end-sessions", "switch-off"])
def test_an_administrator_ends_all_of_them_at_once(inside, user, what):
    with at(1):
        desk = Client()
        desk.force_login(a_user(Role.ADMINISTRATOR))
        a_user(Role.ADMINISTRATOR)
        desk.post(reverse("staff:person-act", args=[user.username, what]))
        assert not is_let_in(inside)
        assert not is_let_in(inside, "/desk/for-me/unread/")
        assert not DeskSession.objects.filter(user=user).exists()


def test_a_planted_key_is_worth_nothing_after_signing_in(user):
    client = Client()
    client.get("/complain/")
    client.post("/complain/", {"category": "OUT"})
    planted = client.cookies["sessionid"].value if "sessionid" in client.cookies else None
    enter(client, user)
    assert client.cookies["sessionid"].value != planted
    thief = Client()
    thief.cookies["sessionid"] = planted or "planted"
    assert not is_let_in(thief)


def test_staying_inside_costs_one_write_a_minute(inside, django_assert_num_queries):
    with at(2):
        inside.get(HERE)
        row = DeskSession.objects.get()
    with time_machine.travel(NOW + timedelta(minutes=2, seconds=30), tick=False):
        inside.get(HERE)
        assert DeskSession.objects.get().seen_at == row.seen_at
