"""When would it be due? The command and the page say the same."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from complaints.models import Calendar
from staff.actors import Role
from tests.factories import a_user

pytestmark = pytest.mark.usefixtures("profile")


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("explain_deadline", *arguments, stdout=out)
    return out.getvalue()


def test_a_program_gets_the_moment_and_the_way_to_it():
    answer = json.loads(said("--calendar", "office", "--limit", "8wh", "--start", "2026-02-13T16:00+08:00", "--json"))
    assert answer["due_at"] == "2026-02-14T16:30:00+08:00"
    assert [s["kind"] for s in answer["segments"]] == ["counting", "closed", "counting", "closed", "counting"]
    assert answer["segments"][0]["start"] == "2026-02-13T16:00:00+08:00"
    assert answer["segments"][-1]["end"] == answer["due_at"]


def test_a_person_gets_a_sentence_that_can_be_repeated_on_the_phone():
    sentence = said("--calendar", "cn-national", "--limit", "4wd", "--start", "2026-02-13T10:00+08:00")
    assert (
        sentence == "4 working days from 13 Feb 2026, 10:00: due by the end of 26 Feb 2026. 9 days off do not count.\n"
    )


def test_a_pause_moves_it_and_an_open_one_leaves_it_undated():
    limit = ("--limit", "24h", "--start", "2026-03-02T09:00+08:00", "--json")
    paused = said(*limit, "--pause", "2026-03-02T12:00+08:00/2026-03-02T18:00+08:00")
    assert json.loads(paused)["due_at"] == "2026-03-03T15:00:00+08:00"
    assert json.loads(said(*limit, "--pause", "2026-03-02T12:00+08:00/"))["due_at"] is None


def test_an_older_version_of_a_calendar_can_be_asked():
    old = Calendar.objects.get(code="office")
    rules = {**old.rules, "week": {"mon": [["09:00", "10:00"]]}}
    Calendar.objects.create(code="office", version=2, name_zh="x", name_en="x", rules=rules)
    asked = ("--limit", "2wh", "--start", "2026-03-02T09:00+08:00", "--json")
    due = {name: json.loads(said("--calendar", name, *asked)) for name in ("office", "office@1", "office@2")}
    assert due["office@1"]["due_at"] == "2026-03-02T11:00:00+08:00"
    assert due["office@2"]["due_at"] == due["office"]["due_at"] == "2026-03-09T10:00:00+08:00"
    assert due["office@1"]["calendar"] == "office@1"


def test_a_deadline_beyond_the_known_holidays_is_said_to_be_a_guess():
    asked = ("--calendar", "cn-national", "--limit", "4wd", "--start", "2026-12-28T10:00+08:00")
    assert json.loads(said(*asked, "--json"))["guessed_after"] == "2026-12-31"
    assert said(*asked).splitlines()[1].endswith("so this is a guess.")
    assert json.loads(said(*asked[:3], "3wd", *asked[4:], "--json"))["guessed_after"] is None


def test_everything_promised_for_a_complaint_is_said():
    facts = ("--request-type", "complaint", "--category", "OUT", "--subcategory", "OUT-03", "--channel", "phone")
    answers = json.loads(said("--start", "2026-03-02T09:00+08:00", *facts, "--severity", "ordinary", "--json"))
    due = {answer["clock"]: answer["due_at"] for answer in answers}
    assert due["Resolve (promised)"] == "2026-03-10T00:00:00+08:00"
    assert due["Resolve (by law)"] == "2026-03-17T00:00:00+08:00"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--limit", "8wh", "--start", "2026-02-13T16:00+08:00"), "needs a calendar"),
        (("--limit", "soon", "--start", "2026-02-13T16:00+08:00"), "no time limit"),
        (("--limit", "8wh", "--calendar", "moon", "--start", "2026-02-13T16:00+08:00"), "no calendar “moon”"),
        (("--limit", "8wh", "--calendar", "office@7", "--start", "2026-02-13T16:00+08:00"), "no version “7”"),
        (("--limit", "8wh", "--calendar", "office@", "--start", "2026-02-13T16:00+08:00"), "no version “”"),
        (("--limit", "8h", "--start", "Friday"), "no moment"),
        (("--limit", "8h", "--start", "2026-02-13T16:00+08:00", "--pause", "lunch"), "no pause"),
        (("--policy", "none", "--start", "2026-02-13T16:00+08:00"), "no policy “none”"),
    ],
)
def test_what_cannot_be_answered_is_said_in_a_sentence(arguments, says):
    with pytest.raises(CommandError, match=says):
        said(*arguments)


def test_the_page_says_the_same_and_keeps_a_bad_question(client):
    client.force_login(a_user(Role.AGENT))
    client.cookies["language"] = "en"
    url = reverse("complaints:deadlines")
    assert client.get(url).status_code == 200
    asked = {"start": "2026-02-13T10:00", "limit": "4wd", "calendar": "cn-national"}
    assert "due by the end of 26 Feb 2026" in client.get(url, asked).content.decode()
    refused = client.get(url, {**asked, "limit": "4 weeks"})
    assert refused.status_code == 422
    assert "4 weeks" in refused.content.decode()
    assert "is no time limit" in refused.content.decode()
    assert client.get(url, {**asked, "paused_from": "2026-02-01T10:00"}).status_code == 422


def test_an_address_that_names_only_some_facts_asks_for_the_usual_rest(client):
    client.force_login(a_user(Role.AGENT))
    form = client.get(reverse("complaints:deadlines"), {"category": "OUT"}).context["form"]
    assert form.errors == {}
    assert (form["category"].value(), form["severity"].value()) == ("OUT", "ordinary")
