"""A refusal becomes the same sentence for a person, a fragment and a program."""

import json

from django.test import RequestFactory
from rest_framework.exceptions import NotFound, ParseError, ValidationError

from complaints.refusals import BadInput, MoveRefused
from config.errors import RefusalMiddleware, api_exception_handler


def page(refusal, *, htmx):
    request = RequestFactory().get("/desk/")
    request.htmx = htmx
    return RefusalMiddleware(lambda request: None).process_exception(request, refusal)


def test_a_person_reads_the_sentence_on_a_page():
    answer = page(MoveRefused("It is closed."), htmx=False)
    assert answer.status_code == 409
    assert "It is closed." in answer.content.decode()
    assert "<html" in answer.content.decode()


def test_htmx_gets_only_the_sentence():
    answer = page(BadInput("The date is missing."), htmx=True)
    assert answer.status_code == 422
    assert "The date is missing." in answer.content.decode()
    assert "<html" not in answer.content.decode()


def test_what_is_not_a_refusal_stays_a_fault():
    assert RefusalMiddleware(lambda request: None).process_exception(RequestFactory().get("/"), KeyError("x")) is None


def test_a_program_gets_code_message_and_fields():
    answer = api_exception_handler(BadInput("The date is missing.", fields=["received_at"]), {})
    assert answer.status_code == 422
    assert answer.data == {
        "code": "bad_input",
        "message": "The date is missing.",
        "fields": {"received_at": ["The date is missing."]},
    }


def test_errors_of_the_framework_have_the_same_shape():
    missing = api_exception_handler(NotFound(), {})
    assert (missing.status_code, missing.data["code"]) == (404, "not_found")
    unread = api_exception_handler(ParseError(), {})
    assert (unread.status_code, unread.data["code"]) == (400, "parse_error")


def test_wrong_input_names_its_fields():
    answer = api_exception_handler(ValidationError({"phone": ["Enter a phone number."]}), {})
    assert answer.status_code == 422
    assert answer.data["code"] == "invalid"
    assert json.loads(json.dumps(answer.data["fields"])) == {"phone": ["Enter a phone number."]}
