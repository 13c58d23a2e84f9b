"""What the queue costs: however many complaints there are, no page, search or count reads a whole table of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from complaints.models import Clock, Complaint
from staff.actors import Role
from tests.factories import a_branch, a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile")

MANY = 30_000
GROWING = {"complaints_complaint", "complaints_complaintwords", "complaints_event", "complaints_clock"}
"""Tables that grow with every complaint."""


@pytest.fixture
def many():
    """A year of complaints in two branches, a fifth of them open; every third speaks of an outage, one in 1,000 of a bird's nest."""
    own, other = a_branch("county-a", parent=a_branch()), a_branch("county-b", parent=a_branch())
    pattern = a_complaint("OUT-02", at=timezone.now(), branch=own)
    names = {f.column for f in Complaint._meta.concrete_fields}
    values = dict.fromkeys(sorted(names - {"id"})) | {
        "reference": "'x' || n",
        "token": "'x' || n",
        "story": "CASE WHEN n % 3 = 0 THEN '停电了' ELSE '电压低' END || CASE WHEN n % 1000 = 1 THEN '，有鸟窝' ELSE '' END",
        "status": "CASE WHEN n % 5 = 0 THEN 'investigating' ELSE 'closed' END",
        "branch_id": f"CASE WHEN n % 10 < 5 THEN {own.pk} ELSE {other.pk} END",
        "severity": "CASE WHEN n % 997 = 0 THEN 'special' ELSE 'ordinary' END",
        "channel": "CASE WHEN n % 8 = 0 THEN 'letter' WHEN n % 40 = 5 THEN 'regulator' ELSE 'phone' END",
        "priority": "CASE WHEN n % 101 = 0 THEN 1 ELSE 3 END",
        "contact_phone": "'1390000' || lpad((n % 10000)::text, 4, '0')",
        "received_at": "now() - n * interval '15 minutes'",
        "entered_at": "now()",
        "closed_at": "CASE WHEN n % 5 > 0 THEN now() END",
        "resolved_at": "CASE WHEN n % 5 > 0 THEN now() END",
        "outcome": "CASE WHEN n % 5 > 0 THEN 'upheld' ELSE '' END",
        "resolution": "CASE WHEN n % 5 > 0 THEN 'ok' ELSE '' END",
        "next_due_at": "CASE WHEN n % 5 = 0 THEN now() + (n % 5000 - 200) * interval '1 minute' END",
    }
    columns = ", ".join(f'"{name}"' for name in values)
    chosen = ", ".join(f'"{name}"' if value is None else value for name, value in values.items())
    listed = ", ".join(f'o."{f.column}"' for f in Clock._meta.concrete_fields if f.name not in ("id", "complaint"))
    with connection.cursor() as cursor:
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
    "/desk/?q=4711",
    "/desk/?view=unfinished&q=停电",
    "/desk/?view=breached&q=鸟窝",
    "news",
]


@pytest.mark.parametrize("everywhere", [True, False], ids=["all", "a branch"])
def test_no_page_of_the_queue_reads_a_whole_table(client, many, everywhere):
    client.force_login(a_user(Role.SUPERVISOR, branch=a_branch() if everywhere else many))
    read = {}
    for url in ADDRESSES:
        if url == "news":
            url = client.get("/desk/?view=unfinished").context["news_url"]  # noqa: PLW2901
        with CaptureQueriesContext(connection) as caught:
            assert client.get(url).status_code == 200
        statements = [query["sql"] for query in caught.captured_queries if query["sql"].startswith("SELECT")]
        whole = {name for statement in statements for name in read_whole(statement)}
        if whole:
            read[url] = whole
    assert read == {}


def read_whole(statement):
    """The growing tables that the planner reads from end to end."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0][0]["Plan"]
    return {node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"} & GROWING


def nodes(plan):
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)
