"""Its tickets, written by SQL, and what is asked of it; each function is called in a process of its own."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from helpdesk.models import FollowUp, Queue, Ticket

from bench.asking import Journey, Scenario, looks, post

QUEUES, STAFF, DAYS, EACH = 5, 50, 800, 3
ESCALATED = 500
TICKETS = """
INSERT INTO helpdesk_ticket (title, queue_id, created, modified, submitter_email, assigned_to_id, status, on_hold, description,
    resolution, priority, secret_key)
SELECT (ARRAY['停电', '电费', '电压低', '营业厅'])[1 + n %% 4], 1 + n %% %(queues)s, at, at,
    'customer' || n %% 100000 || '@example.org', (%(staff)s::int[])[1 + n %% %(people)s],
    CASE WHEN n > %(count)s - %(open)s THEN 1 ELSE 4 END, false,
    (ARRAY['大风后停电，全楼都没有电，问了几次都没有人说什么时候来电。', '电费比上个月多一倍，家里没有人用空调，请查电表。',
        '晚上电压低，灯光发暗，冰箱不能启动，邻居家也一样。', '营业厅排队一个小时，没有解决问题。'])[1 + n %% 4],
    CASE WHEN n > %(count)s - %(open)s THEN NULL ELSE '已更换熔断器，供电恢复。' END, 2 + n %% 4, md5(n::text)
FROM (SELECT n, now() - (%(count)s - n) * interval '%(days)s days' / %(count)s AS at FROM generate_series(1, %(count)s) n) made
"""
FOLLOW_UPS = """
INSERT INTO helpdesk_followup (ticket_id, date, title, comment, public, user_id)
SELECT id, created + k * interval '1 hour', 'Comment', '抢修队已出发。', true, assigned_to_id
FROM helpdesk_ticket, generate_series(1, %(each)s) k
"""
OPEN: dict[str, Any] = {
    "filtering": {"status__in": [1, 2]}, "filtering_null": {}, "sorting": "created", "sortreverse": False,
    "search_string": "",
}  # fmt: skip


def fill(count: int, open_ones: int) -> dict[str, Any]:
    """So many tickets and follow-ups, where there are none yet."""
    call_command("migrate", verbosity=0)
    if not Ticket.objects.exists():
        for number in range(1, QUEUES + 1):
            Queue.objects.get_or_create(
                pk=number, defaults={"title": f"Queue {number}", "slug": f"q{number}", "allow_public_submission": True}
            )
        staff = [
            User.objects.create_user(f"staff{n}", f"staff{n}@example.org", is_staff=True, is_superuser=True).pk
            for n in range(STAFF)
        ]
        with connection.cursor() as cursor:
            given: dict[str, Any] = {
                "queues": QUEUES,
                "staff": staff,
                "people": STAFF,
                "count": count,
                "open": open_ones,
                "days": DAYS,
            }
            cursor.execute(TICKETS, given)
            cursor.execute(FOLLOW_UPS, {"each": EACH})
            cursor.execute("SELECT setval('helpdesk_queue_id_seq', %s)", [QUEUES])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return {"tickets": Ticket.objects.count(), "follow-ups": FollowUp.objects.count()}


def plan(count: int, only: list[str]) -> list[dict[str, Any]]:
    return [one.as_plan() for one in scenarios(count) if not only or one.name.startswith(tuple(only))]


def scenarios(count: int) -> Iterator[Scenario]:
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get(username="staff0"))  # type: ignore[arg-type]  # its user, not ours
    cookies = {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value}
    tickets, every = Ticket.objects.count(), {**OPEN, "filtering": {}}
    yield Scenario("helpdesk: submit", [_submit(number) for number in range(count)], loops=False)
    yield looks("helpdesk: queue", [_rows(OPEN)], cookies)
    yield looks("helpdesk: queue, deepest", [_rows(every, start=max(0, tickets - 25))], cookies)
    yield looks("helpdesk: search", [_rows({**every, "search_string": "停电"})], cookies)
    recent = Ticket.objects.order_by("-pk").values_list("pk", flat=True)[:40]
    yield looks("helpdesk: ticket", [f"/tickets/{pk}/" for pk in recent], cookies)
    yield looks("helpdesk: dashboard", ["/dashboard/"], cookies)
    yield looks("helpdesk: month report", ["/reports/queuemonth/"], cookies)
    yield looks("helpdesk: API list", ["/api/tickets/"], cookies)


def _rows(query: Mapping[str, Any], start: int = 0) -> str:
    """The rows of its list, which the page asks for by script."""
    coded = b64encode(json.dumps(query).encode()).decode("ascii")
    return f"/datatables_ticket_list/{quote(coded)}?draw=1&start={start}&length=25"


def _submit(number: int) -> Journey:
    said = {
        "queue": "1", "title": "停电", "body": "大风后停电，全楼都没有电，问了几次都没有人说什么时候来电。",
        "priority": "3", "submitter_email": f"customer{number}@example.org",
    }  # fmt: skip
    return Journey(post("/tickets/submit/", said, leads_to="/view/"))


def escalate() -> dict[str, Any]:
    """Its own command over so many open tickets; the others are on hold."""
    chosen = Ticket.objects.filter(status=1).exclude(priority=1).order_by("pk").values_list("pk", flat=True)[:ESCALATED]
    keys = list(chosen)
    Ticket.objects.filter(status=1).exclude(pk__in=keys).update(on_hold=True)
    Ticket.objects.filter(pk__in=keys).update(last_escalation=None, on_hold=False)
    Queue.objects.update(escalate_days=1)
    before, began = FollowUp.objects.count(), time.perf_counter()
    call_command("escalate_tickets", verbosity=0)
    seconds = time.perf_counter() - began
    rows = FollowUp.objects.count() - before
    Ticket.objects.filter(on_hold=True).update(on_hold=False)
    return {"rows": rows, "seconds": round(seconds, 3), "per_second": round(rows / seconds, 1)}
