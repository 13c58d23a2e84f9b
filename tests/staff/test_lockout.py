"""Too many wrong passwords: who waits, for how long, what they read, and who lets them in again."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from axes.models import AccessAttempt
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.test import Client
from django.urls import reverse

from staff import people
from staff.actors import Role
from staff.entry_models import EntryEvent
from staff.models import User
from tests.factories import a_user
from tests.staff.doors import enter, is_inside, kinds

pytestmark = pytest.mark.usefixtures("profile")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def limits(settings):
    settings.AXES_FAILURE_LIMIT, settings.SIGN_IN_TRIES_OF_ADDRESS = 3, 6


@pytest.fixture(autouse=True)
def english(client):
    client.cookies["language"] = "en"


def try_wrong(client, username, times=1, **more):
    said = {"username": username, "password": "not this one"}
    return [client.post(reverse("staff:sign-in"), said, **more) for _ in range(times)][-1]


def test_the_door_shuts_after_so_many_wrong_tries_also_for_the_right_password(client):
    user = a_user(Role.AGENT)
    assert try_wrong(client, user.username, 2).status_code == 422
    shut = try_wrong(client, user.username)
    assert (shut.status_code, shut["Retry-After"]) == (429, "900")
    assert enter(client, user).status_code == 429
    assert not is_inside(client)
    assert kinds(user) == ["locked", "locked", "refused", "refused"]


def test_it_says_how_long_to_wait_and_what_to_do_and_not_whether_there_is_such_an_account(client):
    user = a_user(Role.AGENT)
    there, not_there = (try_wrong(client, name, 3).content.decode() for name in (user.username, "nobody-of-this-name"))
    assert "Wait 15 minutes and try again, or ask an administrator to unlock you." in there

    def without_tokens(page, name):
        return [
            line.replace(name, "")
            for line in page.splitlines()
            if "csrfmiddlewaretoken" not in line and "hx-headers" not in line
        ]

    assert without_tokens(there, user.username) == without_tokens(not_there, "nobody-of-this-name")


def test_trying_at_the_shut_door_does_not_keep_it_shut(client):
    user = a_user(Role.AGENT)
    with time_machine.travel(NOW, tick=False):
        try_wrong(client, user.username, 3)
    with time_machine.travel(NOW + timedelta(minutes=14), tick=False):
        assert enter(client, user).status_code == 429
    with time_machine.travel(NOW + timedelta(minutes=15, seconds=1), tick=False):
        assert enter(client, user).status_code == 302
        assert is_inside(client)


def test_coming_in_forgives_the_account_and_not_the_address(client):
    own, other = a_user(Role.AGENT), a_user(Role.AGENT)
    try_wrong(client, other.username, 2)
    try_wrong(client, own.username)
    enter(client, own)
    assert AccessAttempt.objects.filter(username=own.username).count() == 0
    assert AccessAttempt.objects.filter(username=other.username).exists()


def test_an_address_that_tries_many_names_waits_while_others_come_in(client):
    user = a_user(Role.AGENT)
    tried = [try_wrong(client, f"guess-{number}") for number in range(6)]
    last = tried[-1]
    assert last.status_code == 429
    assert enter(client, user).status_code == 429
    elsewhere = Client(REMOTE_ADDR="10.9.8.7")
    assert enter(elsewhere, user).status_code == 302


def test_an_account_is_shut_for_every_address(client):
    user = a_user(Role.AGENT)
    for number in range(3):
        try_wrong(Client(REMOTE_ADDR=f"10.0.0.{number}"), user.username)
    assert enter(client, user).status_code == 429


def test_an_administrator_lets_somebody_in_again_on_their_page(client):
    user, admin = a_user(Role.AGENT), a_user(Role.ADMINISTRATOR)
    try_wrong(client, user.username, 3)
    desk = Client()
    desk.cookies["language"] = "en"
    desk.force_login(admin)
    page = reverse("staff:person", args=[user.username])
    assert "Locked after too many wrong passwords" in desk.get(page).content.decode()
    assert desk.post(reverse("staff:person-act", args=[user.username, "unlock"])).url == page
    assert "Locked after too many wrong passwords" not in desk.get(page).content.decode().split('<h2 id="events"')[0]
    assert enter(client, user).status_code == 302
    assert EntryEvent.objects.get(user=user, kind="unlocked").by == admin


def test_nobody_else_unlocks(client):
    user = a_user(Role.AGENT)
    try_wrong(client, user.username, 3)
    desk = Client()
    desk.force_login(a_user(Role.SUPERVISOR))
    assert desk.post(reverse("staff:person-act", args=[user.username, "unlock"])).status_code == 403
    assert enter(client, user).status_code == 429


def test_what_was_typed_as_a_name_is_not_on_record_where_there_is_no_such_name(client):
    try_wrong(client, "my password by mistake")
    assert not EntryEvent.objects.exists()


def test_what_happened_at_the_door_cannot_be_rewritten(client):
    user = a_user(Role.AGENT)
    enter(client, user)
    for change in ("UPDATE staff_entryevent SET kind = 'made'", "DELETE FROM staff_entryevent"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert kinds(user) == ["signed_in"]


@pytest.mark.parametrize(
    ("chosen", "why"),
    [
        ("short pass", "at least 12 characters"),
        ("password1234", "too common"),
        ("604871935520", "entirely numeric"),
        ("Zhang-San-Agent", "too similar"),
    ],
)
def test_a_weak_password_is_refused_beside_its_field(client, chosen, why):
    user = a_user(Role.AGENT)
    User.objects.filter(pk=user.pk).update(username="zhang-san-agent")
    client.force_login(user)
    said = {"old_password": "a long pass phrase", "new_password1": chosen, "new_password2": chosen}
    answer = client.post(reverse("staff:password"), said)
    assert answer.status_code == 422
    assert why in str(answer.context["form"].errors["new_password2"])
    user.refresh_from_db()
    assert user.check_password("a long pass phrase")


def test_a_link_for_the_password_works_once_and_ends_with_a_newer_one(client):
    user = a_user(Role.AGENT)
    admin = a_user(Role.ADMINISTRATOR)
    desk = Client()
    desk.force_login(admin)
    links = []
    for _ in range(2):
        page = desk.post(reverse("staff:reset-password", args=[user.username]))
        links.append(page.context["link"])
        assert page["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    older, newer = (link.removeprefix("http://localhost:8000") for link in links)
    assert not client.get(older, follow=True).context["validlink"]
    form = client.get(newer, follow=True)
    assert form.context["validlink"]
    chosen = {"new_password1": "quiet river under snow", "new_password2": "quiet river under snow"}
    assert client.post(form.redirect_chain[-1][0], chosen).url == reverse("staff:sign-in")
    assert not client.get(newer, follow=True).context["validlink"]
    assert not is_inside(client), "a link opens no door of its own"
    assert enter(client, user, "quiet river under snow").status_code == 302
    assert kinds(user)[:2] == ["signed_in", "password_changed"]


def test_a_link_is_over_after_a_day(client):
    user = a_user(Role.AGENT)
    with time_machine.travel(NOW, tick=False):
        link = people.password_link(user).removeprefix("http://localhost:8000")
    with time_machine.travel(NOW + timedelta(hours=25), tick=False):
        assert not client.get(link, follow=True).context["validlink"]


def test_who_must_choose_a_password_reaches_nothing_else_until_then(client):
    user = a_user(Role.AGENT, must_change_password=True)
    enter(client, user)
    for path in ("/desk/", "/account/tokens/", "/customers/"):
        assert client.get(path).url == reverse("staff:password")
    assert client.get("/api/v1/complaints/").json()["code"] == "account_not_ready"
    fragment = client.get("/desk/", headers={"HX-Request": "true"})
    assert fragment["HX-Redirect"] == reverse("staff:password")
    said = {
        "old_password": "a long pass phrase",
        "new_password1": "quiet river snow",
        "new_password2": "quiet river snow",
    }
    client.post(reverse("staff:password"), said)
    assert client.get("/desk/").status_code == 200
