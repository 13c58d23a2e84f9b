"""A request and its tasks are known by one id in every line; lines and counts hold views and keys, never what people typed."""

import json
import logging

import pytest
from celery.signals import before_task_publish

from complaints.tasks import ring_alarms
from config import counting, tracing
from config.celery import app
from config.logs import JsonFormatter, without_rows
from staff.actors import Role
from tests.factories import a_complaint, a_user


@pytest.fixture
def lines():
    """What is logged meanwhile, as a collector reads it."""
    found = []

    class Keep(logging.Handler):
        def emit(self, record):
            found.append(json.loads(JsonFormatter().format(record)))

    handler, loggers = Keep(), [logging.getLogger("redress.access"), logging.getLogger("django.request")]
    levels = [one.level for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.setLevel(logging.INFO)
    yield found
    for one, level in zip(loggers, levels, strict=True):
        one.removeHandler(handler)
        one.setLevel(level)


@pytest.mark.django_db
def test_a_line_names_view_person_and_complaint_and_nothing_that_was_typed(client, profile, lines):
    user = a_user(Role.SUPERVISOR)
    complaint = a_complaint()
    client.force_login(user)
    answer = client.get(f"/complaints/{complaint.reference}/?q=13800001234", headers={"X-Request-ID": "proxy-0815-xyz"})
    assert answer.status_code == 200
    assert answer["X-Request-ID"] == "proxy-0815-xyz"
    line = lines[-1]
    assert (line["request_id"], line["user"], line["complaint"]) == ("proxy-0815-xyz", user.pk, complaint.reference)
    assert (line["view"], line["method"], line["status"]) == ("complaints:complaint", "GET", 200)
    assert line["ms"] >= 0
    assert "13800001234" not in json.dumps(lines)


@pytest.mark.parametrize("forged", ["", "short", "x" * 65, 'a"b level=error', "会话编号会话编号"])
def test_an_id_that_could_forge_a_line_is_replaced(client, forged):
    answer = client.get("/healthz", headers={"X-Request-ID": forged} if forged else {})
    assert len(answer["X-Request-ID"]) == 32
    assert answer["X-Request-ID"] != forged


@pytest.mark.django_db
def test_the_token_of_a_customer_is_in_no_line(client, lines):
    assert client.get("/track/a-token-that-nobody-may-read/").status_code == 404
    assert lines
    assert "a-token-that-nobody-may-read" not in json.dumps(lines)


def test_what_is_known_ends_with_the_request(client):
    client.get("/healthz")
    assert tracing.known() == {}


def test_a_row_that_the_database_refused_is_not_logged():
    said = (
        "Traceback (most recent call last):\n  File x\npsycopg2.errors.NotNullViolation: null value\n"
        "DETAIL:  Failing row contains (1, 李四, 13800001234,\n两行的故事).\n\nThe above exception was the direct cause:\n\n"
        "Traceback (most recent call last):\n  File y\ndjango.db.utils.IntegrityError: null value\n"
        "DETAIL:  Failing row contains (1, 李四, 13800001234).\n"
    )
    kept = without_rows(said)
    assert kept.count("null value") == kept.count("DETAIL: (left out)") == kept.count("File") == 2
    assert not any(word in kept for word in ("李四", "13800001234", "故事"))


def test_a_task_carries_the_id_of_the_request_that_asked_for_it():
    headers = {}
    mark = tracing._known.set({"request_id": "r-12345678"})
    try:
        before_task_publish.send(sender="x", headers=headers)
    finally:
        tracing._known.reset(mark)
    assert headers == {"request_id": "r-12345678"}


@pytest.mark.django_db
def test_tasks_are_counted_with_their_time_and_their_failures():
    seen = []

    @app.task(name="tests.fails")
    def fails():
        seen.append(tracing.known())
        raise ValueError("no")

    def counted():
        with counting.broker() as client:
            return {field.decode(): int(amount) for field, amount in client.hgetall(counting.TASKS).items()}

    before = counted()
    ring_alarms.apply()
    fails.apply(task_id="t-1", headers={"request_id": "r-12345678"})
    after = counted()
    rung = "complaints.tasks.ring_alarms|runs"
    assert after[rung] == before.get(rung, 0) + 1
    assert after["tests.fails|failures"] == before.get("tests.fails|failures", 0) + 1
    assert seen == [{"task_id": "t-1", "task": "tests.fails", "request_id": "r-12345678"}]
    assert tracing.known() == {}
