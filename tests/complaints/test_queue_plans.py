"""What the queue costs: however many complaints there are, no page, search or count reads a whole table of them."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from staff.actors import Role
from tests.complaints.volume import fill, nodes
from tests.factories import a_branch, a_complaint, a_user

pytestmark = pytest.mark.usefixtures("profile")

MANY = 120_000
PART = 30_000
"""A quarter: what is open may be gone through along an index of the queue, the four fifths that are closed never; and a word that
every third uses is found without reading all."""


@pytest.fixture
def many():
    own, other = a_branch("county-a", parent=a_branch()), a_branch("county-b", parent=a_branch())
    fill(a_complaint("OUT-02", at=timezone.now(), branch=own), (own, other), MANY)
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


def test_statements_are_not_compiled():
    """The planner thinks some of them dear enough, and then compiling takes longer than the page."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW jit")
        assert cursor.fetchone() == ("off",)
