"""The switch puts a call through: the caller is on the agent's screen before the agent has said good morning."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from channels_intake.models import IncomingCall
from channels_intake.tasks import forget_unsent
from complaints.models import Complaint
from staff.actors import Role
from staff.models import User
from tests.channels_intake.switch import TOKEN, Switch
from tests.channels_intake.test_by_keyboard import signed_in  # noqa: F401  (a fixture)
from tests.channels_intake.test_desk_forms import filled
from tests.factories import a_branch, a_team, a_user, an_account

pytestmark = pytest.mark.django_db
HOOK = "/api/hooks/telephony/"


@pytest.fixture(autouse=True)
def desk(profile, settings):
    settings.TELEPHONY_TOKEN = TOKEN
    a_branch()
    a_team("dispatch")


def rings(client, agent, *, token=TOKEN, as_json=True, **said):
    said = {"call_id": "c-1", "agent": agent, "caller_number": "138 0000 1234", **said}
    kind = {"content_type": "application/json"} if as_json else {}
    return client.post(HOOK, said, headers={"Authorization": f"Bearer {token}"}, **kind)


def page(response):
    return response.content.decode()


@pytest.fixture
def agent(client):
    user = a_user(Role.AGENT)
    client.force_login(user)
    return user


def test_the_caller_is_shown_taken_and_in_the_complaint(client, agent):
    account = an_account(name="欧阳锋", phone="13800001234")
    assert rings(client, agent.username).status_code == 201
    assert "欧阳锋" in page(client.get("/desk/calls/"))
    form = client.get("/desk/new/phone/?call=c-1")
    assert form.context["account"] == account
    typed = form.context["form"]
    assert (typed["caller_number"].value(), typed["call_id"].value(), typed["account_number"].value()) == (
        "138 0000 1234", "c-1", account.number,
    )  # fmt: skip
    assert page(client.get("/desk/calls/")) == "", "it was taken"
    client.post("/desk/new/phone/", filled("phone", call_id="c-1", account_number=account.number))
    assert Complaint.objects.get().channel_details["call_id"] == "c-1"


def test_a_number_that_several_have_is_looked_up_and_nobody_is_guessed(client, agent):
    accounts = [an_account(phone="13800001234") for _ in range(2)]
    rings(client, agent.username)
    form = client.get("/desk/new/phone/?call=c-1")
    assert form.context["account"] is None
    assert {found.number for found in form.context["found"]} == {account.number for account in accounts}


@pytest.mark.parametrize("number", ["", "anonymous", "12599999999"])
def test_a_withheld_or_unknown_number_opens_an_empty_form(client, agent, number):
    assert rings(client, agent.username, caller_number=number).status_code == 201
    assert client.get("/desk/calls/").status_code == 200
    assert client.get("/desk/new/phone/?call=c-1").context["account"] is None


def test_a_repeated_call_is_one_and_another_agent_takes_it_over(client, agent):
    other, theirs = a_user(Role.SUPERVISOR), Client()
    theirs.force_login(other)
    assert [rings(client, agent.username).status_code for _ in range(3)] == [201, 200, 200]
    client.get("/desk/new/phone/?call=c-1")
    assert rings(client, other.username.upper(), as_json=False).status_code == 200
    assert page(client.get("/desk/calls/")) == ""
    assert "138 0000 1234" in page(theirs.get("/desk/calls/"))
    assert client.get("/desk/new/phone/?call=c-1").url == "/desk/new/phone/"


def test_what_is_wrong_is_said_and_nothing_rings(client, agent):
    analyst = a_user(Role.ANALYST)
    for said, status, field in (
        ({"call_id": ""}, 422, "call_id"),
        ({"call_id": "x" * 61}, 422, "call_id"),
        ({"agent": "nobody"}, 422, "agent"),
        ({"agent": analyst.username}, 422, "agent"),
        ({"caller_number": "1" * 31}, 422, "caller_number"),
    ):
        answer = rings(client, said.pop("agent", agent.username), **said)
        assert answer.status_code == status
        assert answer.json()["fields"] == [field]
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for body in (b"{", b"[]", b"\xff\xfe", b'{"call_id": "' + b"x" * 5000):
        assert client.post(HOOK, body, content_type="application/json", headers=bearer).status_code == 422
    assert rings(client, agent.username, token="guess").status_code == 401
    assert client.get(HOOK, headers=bearer).status_code == 405
    assert not IncomingCall.objects.exists()


def test_without_a_switch_there_is_no_such_address_and_no_page_asks_for_calls(client, agent, settings):
    settings.TELEPHONY_TOKEN = ""
    assert rings(client, agent.username).status_code == 404
    assert "/desk/calls/" not in page(client.get("/desk/"))


def test_an_old_call_is_no_longer_offered_and_is_forgotten_in_time(client, agent):
    rings(client, agent.username)
    IncomingCall.objects.update(rang_at=timezone.now() - timedelta(minutes=4))
    assert page(client.get("/desk/calls/")) == ""
    IncomingCall.objects.update(rang_at=timezone.now() - timedelta(days=8))
    assert forget_unsent() == 1


@pytest.mark.django_db(transaction=True)
def test_a_switch_that_repeats_itself_at_once_makes_one_call(profile, client, agent):
    together, codes = threading.Barrier(10), []

    def work():
        try:
            together.wait()
            codes.append(rings(Client(), agent.username).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200] * 9 + [201]
    assert IncomingCall.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_screen_pops_and_one_key_takes_the_call(signed_in, live_server):  # noqa: F811
    account = an_account(name="欧阳锋", phone="13812345678")
    page = signed_in
    page.goto(f"{live_server.url}/desk/new/phone/")
    page.locator("#look").focus()
    agent = User.objects.get(role=Role.AGENT)
    call_id, status = Switch(live_server.url).put_through(agent.username, "13812345678", tries=2)
    assert status == 200
    page.wait_for_selector(".call >> text=欧阳锋")
    page.keyboard.press("Control+j")
    page.wait_for_selector(f"#known >> text={account.premise.address}")
    assert page.input_value("[name=call_id]") == call_id
