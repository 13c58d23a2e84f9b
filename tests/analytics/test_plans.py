"""What figures cost: board and reports read neither complaints nor events as a whole, however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.grains.refresh import refresh
from analytics.intake import whole_of
from analytics.models import ComplaintFact, DayRollup
from analytics.periods import Period
from analytics.reports import all_reports
from analytics.reports.satisfaction import questions
from complaints.models import Complaint, Feedback
from staff.actors import Role
from tests.analytics.test_reports import rated
from tests.complaints.test_queue_plans import nodes
from tests.factories import MONDAY, a_complaint, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

MANY = 30_000
RAIL = 'FROM "complaints_notice"'
"""What the rail counts of notices on every page is not the figures' affair."""
LARGE = {"complaints_complaint", "complaints_event", "analytics_complaintfact"}


def copied(model, pattern, values):
    """A statement that makes MANY rows like this one, apart from these columns; `step` counts them."""
    names = [field.column for field in model._meta.concrete_fields if field.column != "id"]
    columns = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(values.get(name, f'"{name}"') for name in names)
    return (
        f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {chosen} FROM {model._meta.db_table}, "
        f"generate_series(1, {MANY}) step WHERE {model._meta.pk.column} = {pattern.pk}"
    )


@pytest.fixture
def many():
    """Three years of closed complaints, with the facts and rollups that they would have."""
    pattern = a_complaint("OUT-02", at=timezone.now())
    refresh()
    back = "- step * interval '50 minutes'"
    closed = {"status": "'closed'", "closed_at": "now()", "outcome": "'upheld'", "next_due_at": "NULL"}
    raw = {"reference": "'x' || step", "token": "'x' || step", "received_at": f"received_at {back}", **closed}
    rollup = DayRollup.objects.in_use().filter(series="received").get()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(copied(Complaint, pattern, raw))
        cursor.execute(
            "INSERT INTO complaints_event (complaint_id, number, move, from_status, to_status, at, recorded_at, role, "
            "actor_name, details) SELECT id, 1, 'register', '', 'registered', received_at, received_at, 'agent', '', '{}' "
            "FROM complaints_complaint WHERE reference LIKE 'x%'"
        )
        fact = {"complaint_id": f"{pattern.pk} + step", "received_on": f"(received_at {back})::date"}
        cursor.execute(copied(ComplaintFact, pattern.fact, fact))
        cursor.execute(copied(DayRollup, rollup, {"day": "day - step / 29", "key": "'k' || step"}))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")


def test_no_page_of_figures_reads_a_whole_table_of_raw_rows(client, many):
    client.force_login(a_user(Role.SUPERVISOR))
    client.catches_up = False
    whole = {address: statements_that_read_all(client, address) for address in ADDRESSES}
    assert {address: found for address, found in whole.items() if found} == {}


MORE = ["/reports/causes/?by=minutes", "/reports/hot-spots/?by=area", "/reports/workload/?by=period"]
ADDRESSES = ["/board/", *(f"/reports/{name}/" for name in all_reports() if name != "coaching"), *MORE]
"""The coaching report counts findings and coaching actions, of which there are few."""


def statements_that_read_all(client, address):
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    statements = [query["sql"] for query in caught.captured_queries if query["sql"].startswith(("SELECT", "(SELECT"))]
    assert len(statements) > 5
    statements = [statement for statement in statements if RAIL not in statement]
    return [statement for statement in statements if scanned(statement) & LARGE]


def scanned(statement):
    """The tables that the plan reads from end to end."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"}


def test_a_scale_that_nobody_uses_costs_nothing():
    pattern = rated(5)
    row = pattern.feedback.get()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(copied(Feedback, row, {"round": "step + 1", "token": "'x' || step"}))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("ANALYZE complaints_feedback")
    asked = questions(whole_of(Period(MONDAY.date(), MONDAY.date() + timedelta(days=30))), a_user(Role.SUPERVISOR))
    assert "feedback_on_three_by_asked" in asked.filter(scale="three").explain()
