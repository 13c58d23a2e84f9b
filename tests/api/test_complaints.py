"""The machine interface: register, find and move complaints, with the same rules as the pages."""

import pytest
from rest_framework.test import APIClient

from complaints.models import Complaint
from complaints.states import MOVES, Status
from staff.actors import Role
from tests.complaints.test_moves import bring, everything_about
from tests.factories import a_branch, a_cause, a_complaint, a_key, a_team, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")
URL = "/api/v1/complaints/"
SAID = {
    "category": "OUT",
    "subcategory": "OUT-03",
    "story": "计划停电没有收到通知。",
    "contact_name": "李四",
    "contact_phone": "13800001234",
}


def caller(role: str = Role.AGENT, **fields) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {a_key(a_user(role, **fields))}")
    return client


def move(client: APIClient, complaint: Complaint, name: str, *, seen: int | None = None, **details):
    said = {"details": details} | ({"seen": seen} if seen is not None else {})
    return client.post(f"{URL}{complaint.reference}/moves/{name}/", said, format="json")


def test_a_complaint_is_registered_once_however_often_it_is_sent():
    a_team()
    client = caller()
    account = an_account()
    said = {**SAID, "account_number": account.number}
    first = client.post(URL, said, format="json", headers={"Idempotency-Key": "crm-1"})
    assert first.status_code == 201, first.json()
    again = client.post(URL, said, format="json", headers={"Idempotency-Key": "crm-1"})
    assert again.status_code == 200
    assert again.json()["reference"] == first.json()["reference"]
    complaint = Complaint.objects.get()
    assert (complaint.customer, complaint.source) == (account.customer, "api")
    assert first.json()["clocks"]
    assert [event["move"] for event in first.json()["events"]] == ["register"]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"category": "NO-SUCH"}, "category"),
        ({"subcategory": "VOL-01"}, "subcategory"),
        ({"story": ""}, "story"),
        ({"received_at": "2999-01-01T00:00:00+08:00"}, "received_at"),
        ({"contact_phone": ""}, "contact_phone"),
    ],
)
def test_bad_input_is_refused_in_one_shape_and_nothing_is_registered(changed, field):
    a_branch()
    response = caller().post(URL, {**SAID, **changed}, format="json", headers={"Idempotency-Key": "k"})
    assert response.status_code == 422
    assert {"code", "message", "fields"} <= response.json().keys()
    assert field in response.json()["fields"]
    assert not Complaint.objects.exists()


def test_without_a_key_or_without_the_role_nothing_is_registered():
    assert caller().post(URL, SAID, format="json").json()["code"] == "bad_input"
    for role, channel in ((Role.INVESTIGATOR, "web"), (Role.AGENT, "regulator")):
        response = caller(role).post(URL, {**SAID, "channel": channel}, format="json", headers={"Idempotency-Key": "k"})
        assert response.status_code == 403
        assert response.json()["code"] == "permission_denied"
    assert not Complaint.objects.exists()


def test_strangers_are_turned_away():
    assert APIClient().get(URL).status_code in (401, 403)


def test_the_list_is_narrowed_and_pages_by_key():
    voltage = a_complaint("VOL-01", channel="letter", source="post")
    for _ in range(3):
        a_complaint()
    client = caller(Role.SUPERVISOR)
    found = client.get(URL, {"category": "VOL"}).json()["results"]
    assert [row["reference"] for row in found] == [voltage.reference]
    page, seen = client.get(URL, {"page_size": 3}).json(), []
    while True:
        seen += [row["reference"] for row in page["results"]]
        if not page["next"]:
            break
        page = client.get(page["next"]).json()
    assert sorted(seen) == sorted(Complaint.objects.values_list("reference", flat=True))


def test_what_is_out_of_scope_does_not_exist():
    complaint = a_complaint()
    client = caller(Role.SUPERVISOR, branch=a_branch("county-b", parent=a_branch()))
    assert client.get(URL).json()["results"] == []
    assert client.get(f"{URL}{complaint.reference}/").status_code == 404
    assert move(client, complaint, "note", note="x").status_code == 404
    assert complaint.events.count() == 1


def test_moves_are_made_with_codes_and_references():
    complaint, other = a_complaint(), a_complaint()
    client = caller(Role.SUPERVISOR)
    team = a_team()
    answer = move(client, complaint, "dispatch", seen=1, team=team.code)
    assert (answer.status_code, answer.json()["status"], answer.json()["team"]) == (200, "dispatched", team.code)
    assert move(client, complaint, "accept").json()["status"] == "investigating"
    assert move(client, complaint, "contact", reached=True, method="phone").status_code == 200
    resolved = move(client, complaint, "resolve", outcome="upheld", root_cause=a_cause().code, resolution="已恢复供电")
    assert resolved.json()["status"] == "resolved", resolved.json()
    assert move(client, complaint, "feedback", solved=True, score=5).json()["status"] == "closed"
    assert move(client, other, "merge", into=a_complaint().reference).json()["outcome"] == "duplicate"


@pytest.mark.parametrize("name", [name for name in MOVES if not MOVES[name].by_hand])
def test_moves_that_nobody_makes_by_hand_are_not_for_programs(name):
    complaint = a_complaint()
    before = everything_about(complaint)
    assert move(caller(Role.SUPERVISOR), complaint, name, reason="x").status_code in (409, 422)
    assert everything_about(complaint) == before


def test_refusals_have_one_shape_and_change_nothing():
    complaint = bring(a_complaint(), Status.DISPATCHED)
    before = everything_about(complaint)
    supervisor = caller(Role.SUPERVISOR)
    wrong_time = move(supervisor, complaint, "dispatch", team=a_team().code)
    wrong_role = move(caller(Role.ANALYST), complaint, "accept")
    stale = move(supervisor, complaint, "accept", seen=1)
    lacking = move(supervisor, complaint, "transfer", reason="x")
    unknown = move(supervisor, complaint, "teleport")
    for response, status, code in (
        (wrong_time, 409, "move_refused"),
        (wrong_role, 409, "move_refused"),
        (stale, 409, "changed_meanwhile"),
        (lacking, 422, "invalid"),
        (unknown, 422, "bad_input"),
    ):
        assert (response.status_code, response.json()["code"]) == (status, code), response.json()
        assert response.json()["message"]
    assert "team" in lacking.json()["fields"]
    assert everything_about(complaint) == before


def test_the_moves_that_are_offered_are_those_that_are_allowed():
    complaint = a_complaint()
    client = caller(Role.SUPERVISOR)
    offered = client.get(f"{URL}{complaint.reference}/").json()["moves"]
    assert offered == [name for name, _move in complaint.moves_for(Role.SUPERVISOR)]
    assert offered[0] == "dispatch"


def test_the_list_costs_the_same_for_5_and_50(django_assert_num_queries):
    client = caller(Role.SUPERVISOR)
    for _ in range(5):
        a_complaint()
    client.get(URL)
    with django_assert_num_queries(LIST_QUERIES):
        client.get(URL)
    for _ in range(45):
        a_complaint()
    with django_assert_num_queries(LIST_QUERIES):
        client.get(URL)


LIST_QUERIES = 6
"""One of them writes down who read; three read what categories, kinds and branches are called."""


def test_the_schema_describes_every_address(client):
    schema = client.get("/api/schema/?format=json").json()
    paths = schema["paths"]
    assert {"get", "post"} <= paths[URL].keys()
    assert "/api/v1/complaints/{reference}/moves/{name}/" in paths
    described = paths["/api/v1/complaints/{reference}/moves/{name}/"]["post"]
    name = next(p for p in described["parameters"] if p["name"] == "name")
    assert name["schema"]["enum"] == sorted(name for name, table in MOVES.items() if table.by_hand)
