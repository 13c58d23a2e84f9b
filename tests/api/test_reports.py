"""The machine interface to the reports: the numbers of the pages, in the caller's scope, and no guess at what was meant."""

from datetime import timedelta

import pytest
from rest_framework.test import APIClient

from analytics.grains.refresh import refresh
from analytics.reports import all_reports
from staff.actors import Role
from staff.models import User
from tests.analytics.test_reports import MARCH, rated
from tests.api.test_complaints import caller
from tests.factories import MONDAY, a_branch, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]
URL = "/api/v1/reports/"
NAMES = sorted(all_reports())


def ask(client: APIClient, name: str, **filters):
    refresh()
    return client.get(f"{URL}{name}/", {**MARCH, **filters}, headers={"accept-language": "en"})


def values(rows):
    return [[cell["value"] for cell in row] for row in rows]


def test_the_list_names_every_report_with_what_it_can_be_cut_by_and_what_it_means():
    reports = caller(Role.ANALYST).get(URL).json()
    assert sorted(report["name"] for report in reports) == NAMES
    for report in reports:
        assert report["by"]
        assert report["url"].endswith(f"{URL}{report['name']}/")
        for measure in report["measures"]:
            assert all(measure[name] for name in ("unit", "formula", "numerator", "definition"))
            assert {"denominator", "exclusions", "remark", "source"} <= measure.keys()


@pytest.mark.parametrize("name", NAMES)
def test_every_report_answers_with_the_numbers_of_its_page(client, name):
    rated(5)
    rated(2, "BIL-02", at=MONDAY + timedelta(days=1), channel="web", source="website")
    machine = caller(Role.SUPERVISOR)
    client.force_login(User.objects.get(api_tokens__isnull=False))
    client.cookies["language"] = "en"
    answer = ask(machine, name)
    assert answer.status_code == 200, answer.json()
    page = client.get(f"/reports/{name}/", MARCH).context["findings"]
    said = answer.json()
    assert said["sentence"] == page.sentence
    assert [table["code"] for table in said["tables"]] == [table.code for table in page.tables]
    for told, shown in zip(said["tables"], page.tables, strict=True):
        rows = [*told["rows"], told["total"]]
        for row, cells in zip(rows, [*shown.rows, shown.total], strict=True):
            assert [cell["text"] for cell in row] == [cell.shown for cell in cells]
            assert [bool(cell.get("url")) for cell in row] == [bool(cell.href) for cell in cells]
        assert all(len(row) == len(told["columns"]) for row in told["rows"])


def test_it_says_up_to_when_it_counts_and_what_it_was_asked():
    answer = ask(caller(Role.ANALYST), "trend", by="channel", channel="web").json()
    assert answer["filters"] == {**MARCH, "granularity": "week", "by": "channel", "channel": "web"}
    assert answer["as_of"]


def test_a_number_opens_its_list_and_a_share_carries_of_how_many_it_is_one():
    for _number in range(6):
        rated(5)
    trend = ask(caller(Role.ANALYST), "trend").json()
    assert trend["tables"][0]["total"][-1]["value"] == 6
    assert trend["tables"][0]["total"][-1]["url"].startswith("http://testserver/desk/?")
    satisfaction = ask(caller(Role.ANALYST), "satisfaction").json()
    shares = [cell for table in satisfaction["tables"] for row in table["rows"] for cell in row if "interval" in cell]
    assert shares
    assert all(0 <= cell["interval"]["low"] <= cell["value"] <= cell["interval"]["high"] <= 1 for cell in shares)
    assert 6 in {cell["of"] for cell in shares}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-04-01"}, "from"),
        ({"granularity": "year"}, "granularity"),
        ({"by": "weather"}, "by"),
        ({"category": "NO-SUCH"}, "category"),
        ({"channel": "pigeon"}, "channel"),
        ({"branch": "nowhere"}, "branch"),
        ({"chanel": "web"}, "chanel"),
    ],
)
def test_a_wrong_filter_is_refused_in_the_one_shape_and_never_answered_with_the_usual(wrong, field):
    response = ask(caller(Role.ANALYST), "trend", **wrong)
    assert response.status_code == 422
    assert response.json().keys() == {"code", "message", "fields"}
    assert list(response.json()["fields"]) == [field]


def test_a_branch_counts_its_own_and_another_branch_does_not_exist_for_it():
    company = a_branch()
    north, south = a_branch("north", company), a_branch("south", company)
    a_complaint()
    a_complaint(branch=north)
    client = caller(Role.SUPERVISOR, branch=north)
    assert values([ask(client, "trend").json()["tables"][0]["total"]])[0][-1] == 1
    assert ask(client, "trend", branch=south.code).status_code == 422


def test_there_is_no_report_of_that_name_and_none_for_strangers_or_agents():
    missing = ask(caller(Role.ANALYST), "weather")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    for address in (URL, f"{URL}trend/"):
        assert APIClient().get(address).status_code in {401, 403}
        refused = caller(Role.AGENT).get(address)
        assert (refused.status_code, refused.json()["code"]) == (403, "permission_denied")


def test_who_has_left_gets_nothing():
    client = caller(Role.ANALYST)
    User.objects.filter(api_tokens__isnull=False).update(is_active=False)
    assert ask(client, "trend").status_code in {401, 403}


def test_reports_are_described_with_an_example():
    client = APIClient()
    client.force_authenticate(a_user(Role.ANALYST))
    schema = client.get("/api/schema/", HTTP_ACCEPT="application/json").json()
    told = schema["paths"]["/api/v1/reports/{name}/"]["get"]
    asked = {parameter["name"] for parameter in told["parameters"]}
    assert asked == {"name", "from", "to", "granularity", "by", "category", "channel", "branch", "compare"}
    assert told["responses"]["200"]["content"]["application/json"]["examples"]
    assert {"404", "422"} <= told["responses"].keys()
