"""What the queue costs: however many complaints there are, no page, search or count reads a whole table of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from complaints.models import Clock, Complaint
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile")

MANY = 120_000
PART = 30_000
"""A quarter: what is open may be gone through along an index of the queue, the four fifths that are closed never; and a word that
every third uses is found without reading all."""


@pytest.fixture
def many():
    """Three years of complaints in two branches, the oldest first. Of the newest two fifths half are open, as in life.

    Every third speaks of an outage, one in 1,000 of a bird's nest.
    """
    own, other = a_branch("county-a", parent=a_branch()), a_branch("county-b", parent=a_branch())
    pattern = a_complaint("OUT-02", at=timezone.now(), branch=own)
    is_open = f"n > {MANY} * 0.6 AND n % 4 < 2"
    names = {f.column for f in Complaint._meta.concrete_fields}
    values = dict.fromkeys(sorted(names - {"id"})) | {
        "reference": "'x' || n",
        "token": "'x' || n",
        "story": "CASE WHEN n % 3 = 0 THEN '停电了' ELSE '电压低' END || CASE WHEN n % 1000 = 1 THEN '，有鸟窝' ELSE '' END",
        "status": f"CASE WHEN {is_open} THEN 'investigating' ELSE 'closed' END",
        "branch_id": f"CASE WHEN n % 10 < 5 THEN {own.pk} ELSE {other.pk} END",
        "severity": "CASE WHEN n % 997 = 0 THEN 'special' ELSE 'ordinary' END",
        "channel": "CASE WHEN n % 8 = 0 THEN 'letter' WHEN n % 40 = 5 THEN 'regulator' ELSE 'phone' END",
        "priority": "CASE WHEN n % 101 = 0 THEN 1 ELSE 3 END",
        "contact_phone": "'1390000' || lpad((n % 10000)::text, 4, '0')",
        "received_at": f"now() - ({MANY} - n) * interval '15 minutes'",
        "entered_at": "now()",
        "closed_at": f"CASE WHEN NOT ({is_open}) THEN now() END",
        "resolved_at": f"CASE WHEN NOT ({is_open}) THEN now() END",
        "outcome": f"CASE WHEN NOT ({is_open}) THEN 'upheld' ELSE '' END",
        "resolution": f"CASE WHEN NOT ({is_open}) THEN 'ok' ELSE '' END",
        "next_due_at": f"CASE WHEN {is_open} THEN now() + (n % 5000 - 200) * interval '1 minute' END",
    }
    columns = ", ".join(f'"{name}"' for name in values)
    chosen = ", ".join(f'"{name}"' if value is None else value for name, value in values.items())
    listed = ", ".join(f'o."{f.column}"' for f in Clock._meta.concrete_fields if f.name not in ("id", "complaint"))
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO complaints_complaint ({columns}) SELECT {chosen} "
            f"FROM complaints_complaint, generate_series(1, {MANY}) n WHERE id = {pattern.pk}"
        )
        cursor.execute(
            "INSERT INTO complaints_event (complaint_id, number, move, from_status, to_status, at, recorded_at, role, "
            "actor_name, details) SELECT id, 2, 'dispatch', status, status, received_at, received_at, 'agent', '', '{}' "
            "FROM complaints_complaint"
        )
        cursor.execute(
            f"INSERT INTO complaints_clock ({listed.replace('o.', '')}, complaint_id) SELECT {listed}, c.id FROM "
            "(SELECT * FROM complaints_clock ORDER BY id LIMIT 1) o, "
            "(SELECT id FROM complaints_complaint WHERE status <> 'closed' AND reference LIKE 'x%') c"
        )
        # written as the triggers would, but in one go
        cursor.execute(
            "INSERT INTO complaints_complaintwords (complaint_id, received_at, text, words) "
            "SELECT c.id, received_at, story, words || array_to_tsvector(ARRAY['#b' || branch_id, contact_phone, "
            "right(contact_phone, 4)]) FROM complaints_complaint c JOIN (SELECT story, complaints_words(story) AS words "
            "FROM complaints_complaint GROUP BY story) w USING (story) WHERE reference LIKE 'x%'"
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute("ANALYZE")
    return own


ADDRESSES = [
    "/desk/?view=unfinished",
    "/desk/?view=all",
    "/desk/?view=breached",
    "/desk/?view=unassigned",
    "/desk/?view=mine",
    "/desk/?view=safety",
    "/desk/?view=regulator",
    "/desk/?view=replies",
    "/desk/?view=held",
    "/desk/?view=causes",
    "/desk/?view=all&severity=special&channel=letter&priority=1",
    "/desk/?view=all&category=OUT&status=waiting",
    "/desk/?q=停电",
    "/desk/?q=鸟窝",
    "/desk/?q=犀牛",
    "/desk/?q=有鸟窝",
    "/desk/?view=breached&q=鸟窝",
    "/desk/?view=unfinished&after=1_1",
    "/desk/?view=all&after=1_1",
    "news",
]


def test_no_page_of_the_queue_reads_more_than_a_part_of_a_table(client, many):
    read = {}
    for branch in (a_branch(), many):
        client.force_login(a_user(Role.SUPERVISOR, branch=branch))
        for address in ADDRESSES:
            url = client.get("/desk/?view=unfinished").context["news_url"] if address == "news" else address
            with CaptureQueriesContext(connection) as caught:
                assert client.get(url).status_code == 200
            statements = [query["sql"] for query in caught.captured_queries if query["sql"].startswith("SELECT")]
            most = max(rows_read(statement) for statement in statements)
            if most > PART:
                read[branch.code, address] = [(rows_read(s), s) for s in statements if rows_read(s) > PART]
    assert read == {}


def rows_read(statement):
    """The most rows that one node of the plan took from a table, those it threw away included."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return max(
        node["Actual Loops"] * (node["Actual Rows"] + node.get("Rows Removed by Filter", 0))
        for node in nodes(plan)
        if node.get("Relation Name") or node is plan
    )


def nodes(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def test_statements_are_not_compiled():
    """The planner thinks some of them dear enough, and then compiling takes longer than the page."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
