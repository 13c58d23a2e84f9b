"""Prompts beside a call and fees for everybody: written by supervisors, read in the reader's language."""

import pytest

from channels_intake import words
from complaints.models import DeskSettings
from staff.actors import Role
from tests.factories import a_branch, a_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def desk(profile, client):
    a_branch()
    client.cookies["language"] = "en"


def signed_in(client, role):
    client.force_login(a_user(role))


def test_the_agent_sees_the_prompts_and_those_of_the_topic_when_it_is_chosen(client):
    signed_in(client, Role.AGENT)
    page = client.get("/desk/new/phone/").content.decode()
    assert "do not interrupt" in page
    assert '<li data-courtesy="SAF" hidden' in page
    again = client.post("/desk/new/phone/", {"category": "SAF"}).content.decode()
    assert '<li data-courtesy="SAF" class' in again
    assert "Change the prompts" not in page
    assert "do not interrupt" not in client.get("/desk/new/visit/").content.decode()


@pytest.mark.parametrize("line", ["SAF: Ask.", "saf：Ask.", "SAF :Ask."])
def test_a_line_may_be_for_one_category(line):
    desk = DeskSettings(courtesy_en=f"Always.\n\n{line}\nAt 10:30 call back.")
    assert words.prompts(desk, {"SAF"}) == [("", "Always."), ("SAF", "Ask."), ("", "At 10:30 call back.")]


def test_a_supervisor_writes_them_and_everybody_reads_the_fees(client):
    signed_in(client, Role.SUPERVISOR)
    typed = {
        "courtesy_zh": "慢慢说。",
        "courtesy_en": "Speak slowly.",
        "fees_zh": "校表 | 按实收取",
        "fees_en": "Meter test | at cost",
    }
    assert client.post("/desk/words/", typed).status_code == 302
    assert "Speak slowly." in client.get("/desk/new/phone/").content.decode()
    page = client.get("/standards/").content.decode()
    assert "Meter test" in page
    assert "at cost" in page
    client.cookies["language"] = "zh-hans"
    assert "校表" in client.get("/standards/").content.decode()


def test_a_fee_without_an_amount_is_refused_and_kept(client):
    signed_in(client, Role.SUPERVISOR)
    before = DeskSettings.current().fees_en
    answer = client.post("/desk/words/", {"fees_en": "Meter test, at cost"})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Say how much" in page
    assert "Meter test, at cost" in page
    assert DeskSettings.current().fees_en == before


@pytest.mark.parametrize("role", [Role.AGENT, Role.INVESTIGATOR, Role.ANALYST, Role.LIAISON])
def test_others_do_not_write_them(client, role):
    signed_in(client, role)
    assert client.post("/desk/words/", {"courtesy_en": "x"}).status_code == 403
    assert DeskSettings.current().courtesy_en != "x"
