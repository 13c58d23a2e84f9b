"""What figures cost: board and reports read neither complaints nor events as a whole, however many there are."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.grains.refresh import refresh
from analytics.intake import whole_of
from analytics.models import ClockFact, ComplaintFact, DayRollup, FeedbackFact, OpenSpan, TransitionFact
from analytics.periods import Period
from analytics.reports import all_reports
from analytics.reports.satisfaction import questions
from complaints.models import Clock, Complaint, Event, Feedback
from staff.actors import Role
from tests.analytics.test_reports import rated
from tests.complaints.test_queue_plans import nodes
from tests.factories import MONDAY, a_user

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

MANY = 8_000
RAIL = 'FROM "complaints_notice"'
"""What the rail counts of notices on every page is not the figures' affair."""
COPIED = (
    Complaint,
    Event,
    Clock,
    Feedback,
    ComplaintFact,
    TransitionFact,
    ClockFact,
    FeedbackFact,
    OpenSpan,
    DayRollup,
)
LARGE = {model._meta.db_table for model in COPIED}


def copied(model, which, values, times=MANY):
    """A statement that makes so many rows like each of these, apart from these columns; `step` counts them."""
    names = [field.column for field in model._meta.concrete_fields if field.name != "id"]
    columns = ", ".join(f'"{name}"' for name in names)
    chosen = ", ".join(values.get(name, f'"{name}"') for name in names)
    return (
        f"INSERT INTO {model._meta.db_table} ({columns}) SELECT {chosen} FROM {model._meta.db_table}, "
        f"generate_series(1, {times}) step WHERE {which} ON CONFLICT DO NOTHING"
    )


@pytest.fixture
def many():
    """Three years of closed complaints with what hangs on them, and the facts that they would have; of rollups, which are small,
    more years than a report shows: of all there is a whole reading is the right plan.
    """
    pattern = rated(5, at=timezone.now() - timedelta(days=3))
    refresh()
    minutes = "step * interval '200 minutes'"
    own = {"complaint_id": f"{pattern.pk} + step", "clock_id": "1000000 + clock_id * 100000 + step"}
    own |= {
        "feedback_id": "1000000 + step",
        "token": "'x' || step",
        "reference": "'x' || step",
        "id": f"{pattern.pk} + step",
    }
    own |= {"bucket": "step % 7"}
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        for model in COPIED:
            days, times = ("step / 3", 3 * MANY) if model is DayRollup else ("step / 7", MANY)
            dates = [one.column for one in model._meta.concrete_fields if one.get_internal_type() == "DateField"]
            moments = [one.column for one in model._meta.concrete_fields if one.get_internal_type() == "DateTimeField"]
            values = (
                own | {name: f"{name} - {days}" for name in dates} | {name: f"{name} - {minutes}" for name in moments}
            )
            whose = "TRUE" if model is DayRollup else f"{'id' if model is Complaint else 'complaint_id'} = {pattern.pk}"
            cursor.execute(copied(model, whose, values, times))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        # every row is looked at, so that plans are the same each time
        cursor.execute("SET LOCAL default_statistics_target = 1000")
        cursor.execute("ANALYZE")
        # what a VACUUM would find, which cannot run within a test's transaction
        cursor.execute("UPDATE pg_class SET relallvisible = relpages WHERE relname = ANY(%s)", [list(LARGE)])


def test_no_page_of_figures_reads_a_whole_table_of_raw_rows(client, many):
    client.force_login(a_user(Role.SUPERVISOR))
    client.catches_up = False
    for address in ADDRESSES:
        found = statements_that_read_all(client, address)
        assert not found, f"{address} reads all:\n" + "\n".join(planned(statement) for statement in found)


MORE = ["/reports/causes/?by=minutes", "/reports/hot-spots/?by=area", "/reports/workload/?by=period"]
ADDRESSES = ["/board/", *(f"/reports/{name}/" for name in all_reports()), *MORE]


def statements_that_read_all(client, address):
    with CaptureQueriesContext(connection) as caught:
        assert client.get(address).status_code == 200
    statements = [query["sql"] for query in caught.captured_queries if query["sql"].startswith(("SELECT", "(SELECT"))]
    assert len(statements) > 5
    statements = [statement for statement in statements if RAIL not in statement]
    return [statement for statement in statements if scanned(statement) & LARGE]


def planned(statement):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement}")
        return statement + "\n" + "\n".join(line for (line,) in cursor.fetchall())


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
        cursor.execute(copied(Feedback, f"id = {row.pk}", {"round": "step + 1", "token": "'x' || step"}))
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("ANALYZE complaints_feedback")
    asked = questions(whole_of(Period(MONDAY.date(), MONDAY.date() + timedelta(days=30))), a_user(Role.SUPERVISOR))
    assert "feedback_on_three_by_asked" in asked.filter(scale="three").explain()
