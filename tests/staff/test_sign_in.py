"""The door of the desk: who comes in, where they land, and how they leave."""

import pytest
from django.urls import reverse

from staff.actors import Role
from tests.factories import a_user

pytestmark = pytest.mark.usefixtures("profile")

PASS_PHRASE = "a long pass phrase"


def enter(client, user, pass_phrase=PASS_PHRASE, **more):
    return client.post(reverse("staff:sign-in"), {"username": user.username, "password": pass_phrase, **more})


def is_inside(client) -> bool:
    return "_auth_user_id" in client.session


def test_signing_in_leads_to_the_queue(client):
    response = enter(client, a_user(Role.AGENT))
    assert (response.status_code, response.url) == (302, reverse("complaints:queue"))
    assert is_inside(client)


def test_the_desk_speaks_the_persons_language(client):
    enter(client, a_user(Role.AGENT, language="en"))
    assert '<html lang="en"' in client.get("/desk/").content.decode()


def test_a_language_that_was_chosen_stays(client):
    client.cookies["language"] = "zh-hans"
    enter(client, a_user(Role.AGENT, language="en"))
    assert '<html lang="zh' in client.get("/desk/").content.decode()


def test_a_wrong_pass_phrase_is_said_and_lets_nobody_in(client):
    response = enter(client, a_user(Role.AGENT), "something else")
    assert response.status_code == 422
    assert "error-summary" in response.content.decode()
    assert not is_inside(client)


def test_who_left_the_company_does_not_get_in(client):
    assert enter(client, a_user(Role.AGENT, is_active=False)).status_code == 422
    assert not is_inside(client)


def test_after_signing_in_one_is_where_one_wanted_to_be(client):
    wanted = reverse("complaints:issues")
    asked = client.get(wanted)
    assert asked.url == f"{reverse('staff:sign-in')}?next={wanted}"
    assert f'value="{wanted}"' in client.get(asked.url).content.decode()
    assert enter(client, a_user(Role.AGENT), next=wanted).url == wanted


def test_nobody_is_led_to_another_site(client):
    user = a_user(Role.AGENT)
    assert enter(client, user, next="https://example.com/desk/").url == reverse("complaints:queue")
    response = client.post(reverse("staff:duty"), {"on": "0", "next": "//example.com/"})
    assert response.url == reverse("complaints:queue")


def test_signing_out_takes_a_deliberate_act(client):
    client.force_login(a_user(Role.AGENT))
    assert client.get(reverse("staff:sign-out")).status_code == 405
    assert is_inside(client)
    assert client.post(reverse("staff:sign-out")).status_code == 302
    assert not is_inside(client)


def test_going_off_duty_and_on_again(client):
    user = a_user(Role.SUPERVISOR)
    client.force_login(user)
    for value, expected in [("0", False), ("1", True)]:
        assert client.post(reverse("staff:duty"), {"on": value, "next": "/issues/"}).url == "/issues/"
        user.refresh_from_db()
        assert user.is_on_duty is expected
    assert client.get(reverse("staff:duty")).status_code == 405


def test_strangers_have_no_duty(client):
    assert client.post(reverse("staff:duty"), {"on": "1"}).url.startswith(reverse("staff:sign-in"))
