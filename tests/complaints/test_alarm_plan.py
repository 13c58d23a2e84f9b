"""What a sweep costs: it reads what is due from the index, however many alarms are settled or lie ahead."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from complaints import turn, workflow
from complaints.models import Alarm, DeskSettings
from complaints.tasks import RUNG_TOGETHER
from staff.actors import Role
from tests.factories import MONDAY, a_complaint, an_actor

pytestmark = pytest.mark.usefixtures("profile")

SETTLED = FUTURE = 20_000
LATER = MONDAY + timedelta(hours=3)


@pytest.fixture
def many(profile):
    """A complaint whose clock has thousands of settled alarms behind it and thousands of pending ones before it."""
    complaint = a_complaint()
    clock = complaint.clocks.get(kind="dispatch")
    with connection.cursor() as cursor:
        # A fresh file: what other tests rolled back lies dead in the old one and would be counted here.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE complaints_alarm CASCADE")
        cursor.execute(
            "INSERT INTO complaints_alarm (clock_id, complaint_id, revision, level, fire_at, settled_at) "
            "SELECT %(clock)s, %(complaint)s, 0, 'old' || n, %(now)s - n * interval '1 minute', %(now)s "
            "FROM generate_series(1, %(settled)s) n UNION ALL "
            "SELECT %(clock)s, %(complaint)s, 0, 'new' || n, %(now)s + n * interval '1 minute', NULL "
            "FROM generate_series(1, %(future)s) n",
            {
                "clock": clock.pk,
                "complaint": complaint.pk,
                "now": MONDAY,
                "settled": SETTLED,
                "future": FUTURE,
            },
        )
        cursor.execute("ANALYZE complaints_alarm")
    return complaint


def plan_of(at):
    """The nodes of the sweep's plan as it ran, outermost first."""
    statement, given = Alarm.objects.due(at)[:RUNG_TOGETHER].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}", given)
        node = cursor.fetchone()[0][0]["Plan"]
    nodes = [node]
    while "Plans" in node:
        node = node["Plans"][0]
        nodes.append(node)
    return nodes


def touched(node):
    return node["Shared Hit Blocks"] + node["Shared Read Blocks"]


def test_an_idle_sweep_touches_a_few_pages_however_many_alarms_there_are(many):
    limit, scan = plan_of(MONDAY)
    assert (limit["Node Type"], scan["Node Type"], scan["Index Name"]) == ("Limit", "Index Scan", "alarm_due_next")
    assert (scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)) == (0, 0)
    assert touched(limit) <= 5


def test_a_busy_sweep_reads_one_batch_and_sorts_nothing(many):
    limit, scan = plan_of(MONDAY + timedelta(days=10))
    assert (limit["Node Type"], scan["Node Type"], scan["Index Name"]) == ("Limit", "Index Scan", "alarm_due_next")
    assert (scan["Actual Rows"], scan.get("Rows Removed by Filter", 0)) == (RUNG_TOGETHER, 0)
    assert touched(limit) <= 3 * RUNG_TOGETHER


def statements(work):
    with CaptureQueriesContext(connection) as caught:
        assert work()
    return [" ".join(query["sql"].replace('"', "").split()[:3]) for query in caught.captured_queries]


def test_in_a_turn_a_ring_reads_two_rows_and_writes_what_it_says():
    """Texts, settings, ladder and roster are the same for all alarms of a turn; the first one reads them for the others."""
    an_actor(Role.SUPERVISOR)
    first, second = (a_complaint().alarms.get(clock__kind="dispatch", level="warn1") for _ in range(2))
    with turn.begun():
        assert workflow.ring(first, now=LATER)
        said = statements(lambda: workflow.ring(second, now=LATER))
    said = [one for one in said if not one.startswith(("SAVEPOINT", "RELEASE"))]
    assert [one.split()[0] for one in said] == ["SELECT", "SELECT", "INSERT", "UPDATE", "INSERT", "UPDATE"], said


def test_a_ring_alone_reads_a_pinned_number_of_things():
    an_actor(Role.SUPERVISOR)
    DeskSettings.objects.update(quiet_from=None, quiet_until=None)  # by night it also reads who is awake
    warning = a_complaint().alarms.get(clock__kind="dispatch", level="warn1")
    said = statements(lambda: workflow.ring(warning, now=LATER))
    assert len(said) == 18, said  # one asks which webhooks hear of it, one who is away
