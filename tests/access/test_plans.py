"""No page of the product, no list of its API and no look of its workers reads complaints or their history from end to end.

Every address that can be read is asked for, with everything there is one of, at a volume at which the planner chooses as it does
in life. What queues, board and reports read beyond that is looked at in `complaints.test_queue_plans` and `analytics.test_plans`.
"""

from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from complaints import call_backs, queues, sorting, tasks
from complaints.models import Complaint
from staff.actors import Role
from tests.access import world
from tests.access.asking import answer
from tests.access.routes import routes
from tests.complaints.volume import fill, nodes
from tests.factories import a_branch

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("profile")]

MANY, NEWEST = 30_000, 0.06
LARGE = {"complaints_complaint", "complaints_event"}
ASKING = (Role.SUPERVISOR, Role.ADMINISTRATOR, Role.LIAISON, Role.AGENT, Role.INVESTIGATOR, Role.ANALYST, "")
"""Each address is asked by the first of these who may; by those of a district and by those above all."""
FILTERS = {
    "status": "investigating", "request_type": "complaint", "category": "OUT", "subcategory": "OUT-02", "channel": "letter",
    "severity": "special", "priority": "1", "team": "none", "assignee": "none", "overdue": "1", "due": "soon", "merged": "no",
    "urged": "2", "undelivered": "1", "service_issue": "none", "segment": "key", "area_class": "urban", "safety": "yes",
    "feedback": "unanswered", "reference": "x100", "received_from": "2026-03-02", "received_to": "2026-03-03",
    "resolved_from": "2026-03-02", "resolved_to": "2026-03-03", "due_from": "2026-03-02", "due_to": "2026-03-03", "q": "鸟窝",
}  # fmt: skip
SEARCHES = ("停电", "鸟窝", "犀牛", "outage", "no light", "13900000042", "0042")


@pytest.fixture
def utility():
    made = world.make()
    pattern = Complaint.objects.get(reference=made.things["reference"])
    fill(pattern, (made.branch, a_branch("there")), MANY, newest=NEWEST)
    return made


class Seen:
    """Statements that touch a large table, each once, and how they are planned."""

    def __init__(self):
        self.known, self.found = set(), {}

    @contextmanager
    def watching(self, what):
        asked = []

        def look(execute, sql, params, many, context):
            if any(table in sql for table in LARGE) and not sql.startswith(("INSERT", "EXPLAIN")):
                asked.append((sql, params))
            return execute(sql, params, many, context)

        with connection.execute_wrapper(look):
            yield
        for sql, params in asked:
            if sql not in self.known:
                self.known.add(sql)
                if read := scanned(sql, params):
                    self.found.setdefault(what, []).append(read)


def scanned(sql, params):
    """What of the large tables is read from end to end, and what is looked for there."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        plan = cursor.fetchone()[0]
    return [
        f"{node['Relation Name']} where {node.get('Filter', 'anything')}"
        for node in nodes(plan[0]["Plan"])
        if node["Node Type"] == "Seq Scan" and node["Relation Name"] in LARGE
    ]


def test_nothing_reads_all_complaints_or_all_of_their_history(utility):
    seen = Seen()
    for place in ("here", "company"):
        for address in lists():
            with seen.watching(f"{place}: {address}"):
                assert answer(utility.clients[Role.SUPERVISOR, place], "GET", address).word == "yes", address
        for route in routes():
            for role in ASKING:
                if role == "" and place != "here":
                    continue
                blanks = utility.arguments(route.name, list(route.blanks), role)
                address = reverse(route.name, kwargs=blanks) + utility.query(route.name)
                with seen.watching(f"{place}: {route.name}"):
                    word = answer(utility.clients[role, place], "GET", address).word
                if word == "yes":
                    break
    with seen.watching("workers"):
        for look in LOOKS:
            look()
    assert len(seen.known) > 150
    assert seen.found == {}


def lists():
    """The queue with each tab, filter, order and search, its first page and a deep one, and the lists of the API likewise."""
    desk, api = "/desk/?", "/api/v1/complaints/?"
    asked = [{"view": name} for name in queues.BY_NAME]
    asked += [{"view": "all", name: text} for name, text in FILTERS.items()]
    asked += [{"view": "unfinished", "sort": name} for name in sorting.SORTS]
    asked += [{"q": words} for words in SEARCHES] + [{"view": "breached", "q": words} for words in SEARCHES]
    asked += [{"view": view, "after": "1_1"} for view in ("unfinished", "all")]
    yield from (desk + urlencode(one) for one in asked)
    yield from (api + urlencode({name: text}) for name, text in FILTERS.items())
    yield from ("/desk/palette/?" + urlencode({"q": words}) for words in SEARCHES)
    yield from ("/customers/look-up/?" + urlencode({"q": words}) for words in SEARCHES)
    since = timezone.now().isoformat()
    yield "/desk/news/?" + urlencode({"view": "unfinished", "since": since, "shown": "1.1-2.1"})


LOOKS = (
    tasks.ring_alarms,
    tasks.carry_on_issues,
    tasks.watch_clusters,
    tasks.close_unanswered,
    lambda: list(call_backs.to_plan()[:1]),  # only looked for: the one there has its call already
    tasks.excuse_arrivals,
    tasks.watch_views,
)
"""What workers look for all day; what is sent is read by its own rows (`test_alarm_plan`, `views.test_notices`)."""
