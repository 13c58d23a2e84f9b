"""Whatever a program sends, the machine interface answers as its own description says, in one shape, and never breaks."""

from __future__ import annotations

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from analytics.grains.refresh import refresh
from complaints.models import Complaint
from complaints.states import Status
from staff.actors import Role
from tests.complaints.test_moves import bring, everything_about
from tests.factories import a_branch, a_complaint, a_key, a_team, a_user

pytestmark = pytest.mark.usefixtures("profile")
OPERATIONS = [
    "GET /api/v1/complaints/",
    "POST /api/v1/complaints/",
    "GET /api/v1/complaints/{reference}/",
    "POST /api/v1/complaints/{reference}/moves/{name}/",
    "GET /api/v1/reports/",
    "GET /api/v1/reports/{name}/",
]
TAKES_NOTHING = "GET /api/v1/reports/"
EXAMPLES = 40
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@pytest.fixture
def described(db):
    """The description, and the product beneath it; a request must not close the connection whose transaction is the test."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield schemathesis.openapi.from_wsgi("/api/schema/?format=json", get_wsgi_application())
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def references():
    """A desk on which there is something to find."""
    a_branch()
    a_team()
    found = [
        bring(a_complaint(), status).reference for status in (Status.REGISTERED, Status.INVESTIGATING, Status.RESOLVED)
    ]
    refresh()
    return found


def headers_of(who):
    if who == "nobody":
        return {}
    return {"Authorization": f"Token {a_key(a_user(who))}"}


def holds(case, headers, checks=CHECKS):
    """One request, undone afterwards."""
    with transaction.atomic():
        response = case.call(headers=headers)
        transaction.set_rollback(True)
    case.validate_response(response, checks=checks)
    if response.status_code >= 400:
        assert {"code", "message"} <= response.json().keys() <= {"code", "message", "fields"}
    return response


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", OPERATIONS)
def test_every_answer_is_as_described(described, references, name, mode):
    if name == TAKES_NOTHING and mode == GenerationMode.NEGATIVE:
        return
    operation = described.find_operation_by_label(name)
    headers = headers_of(Role.SUPERVISOR)

    @given(case=operation.as_strategy(generation_mode=mode), known=st.sampled_from([*references, None]))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def always(case, known):
        if known and mode == GenerationMode.POSITIVE and "{reference}" in name:
            case.path_parameters["reference"] = known
        holds(case, headers)

    always()


def test_the_description_has_no_other_operations(described):
    assert [found.ok().label for found in described.get_all_operations()] == OPERATIONS


@pytest.mark.parametrize("name", OPERATIONS)
def test_strangers_are_told_to_sign_in_as_described(described, references, name):
    operation = described.find_operation_by_label(name)
    path = {parameter: "x" if parameter != "reference" else references[0] for parameter in ("reference", "name")}
    case = operation.Case(
        path_parameters=path, headers={"Idempotency-Key": "k"}, body={}, media_type="application/json"
    )
    response = holds(case, {}, [not_a_server_error, status_code_conformance, response_schema_conformance])
    assert (response.status_code, response.json()["code"]) == (401, "not_authenticated")
    assert response.headers["www-authenticate"]


DEEP = "[" * 50_000 + "]" * 50_000
BODIES = {
    "deep": f'{{"details": {DEEP}}}',
    "deep objects": '{"details": ' + '{"a":' * 50_000 + "1" + "}" * 50_001,
    "huge number": '{"seen": ' + "9" * 5_000 + "}",
    "number past the column": '{"seen": 99999999999999999999}',
    "huge float": '{"seen": 1e999}',
    "not a number": '{"seen": NaN}',
    "twice": '{"seen": 1, "seen": 2}',
    "no JSON": "{",
    "no object": "[1]",
    "text": '"x"',
    "null": "null",
    "details in a list": '{"details": ["note"]}',
    "nothing needed is there": '{"details": {}}',
    "half a sign": '{"details": {"note": "\\ud800"}}',
    "NUL": '{"details": {"note": "\\u0000"}}',
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_cannot_be_meant_is_refused_in_the_one_shape_and_changes_nothing(references, name):
    complaint = Complaint.objects.get(reference=references[0])
    before = everything_about(complaint)
    url = f"/api/v1/complaints/{complaint.reference}/moves/note/"
    answer = APIClient().generic("POST", url, BODIES[name], "application/json", headers=headers_of(Role.SUPERVISOR))
    assert answer.status_code == 422, answer.content
    assert {"code", "message"} <= answer.json().keys() <= {"code", "message", "fields"}
    assert everything_about(complaint) == before


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/api/v1/complaints/?q=%00", 400),
        ("/api/v1/complaints/%00/", 400),
        ("/api/v1/complaints/x%ff/", 404),
        ("/api/v1/no-such-thing/", 404),
        ("/api/v1/complaints/not-a-reference/", 404),
    ],
)
def test_an_address_that_leads_nowhere_is_answered_in_the_one_shape_too(profile, address, status):
    answer = APIClient().get(address, headers=headers_of(Role.SUPERVISOR))
    assert (answer.status_code, answer.json().keys()) == (status, {"code", "message"})


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ("status=gone", "status"), ("channel=web,moon", "channel"), ("category=NONE", "category"), ("team=none-such", "team"),
        ("received_from=yesterday", "received_from"), ("received_to=9999-12-31", "received_to"), ("received_from=0001-01-01", "received_from"),
        ("page_size=0", "page_size"), ("page_size=99999999999999999999", "page_size"), ("page_size=x", "page_size"), ("colour=red", "colour"), ("channel=", "channel"), ("q=%20", "q"), ("view=none", "view"),
    ],
)  # fmt: skip
def test_a_filter_that_means_nothing_is_refused_because_a_program_would_believe_what_it_gets(profile, said, field):
    answer = APIClient().get(f"/api/v1/complaints/?{said}", headers=headers_of(Role.SUPERVISOR))
    assert (answer.status_code, list(answer.json()["fields"])) == (422, [field])


def test_filters_that_mean_something_narrow(references):
    client, headers = APIClient(), headers_of(Role.SUPERVISOR)
    found = client.get("/api/v1/complaints/?status=registered,resolved&page_size=200", headers=headers)
    assert {row["status"] for row in found.json()["results"]} == {"registered", "resolved"}
