"""Pages that are read: the queue, searches, a complaint, the board, each report, the lists of the API; and the least pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from django.conf import settings
from django.test import Client

from analytics.reports import all_reports
from bench.asking import Scenario, looks
from complaints import paging
from complaints.models import Complaint, Event
from staff.actors import Role
from staff.models import Branch, User

MANY = 40
"""Complaints whose pages are looked at in turn."""


def signed_in(role: Role) -> dict[str, str]:
    """The cookies of somebody of this role at the company's head, who sees everything."""
    user = User.objects.get_or_create(
        username=f"bench-{role.value}",
        defaults={"branch": Branch.objects.get(parent=None), "role": role, "email": f"bench-{role.value}@example.org"},
    )[0]
    client = Client(headers={"host": "localhost"})
    client.force_login(user)
    return {settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value, "language": "zh-hans"}


def least(cookies: Mapping[str, str]) -> Iterator[Scenario]:
    yield looks("least: 25 rows", ["/least/"], cookies)
    yield looks("least: one complaint", [f"/least/{reference}/" for reference in _complaints()], cookies)


def all_pages(cookies: Mapping[str, str]) -> Iterator[Scenario]:
    yield from _queues(cookies)
    yield looks("complaint", [f"/complaints/{reference}/" for reference in _complaints()], cookies)
    yield looks("board", ["/board/"], cookies)
    yield looks("API: list", ["/api/v1/complaints/"], cookies)
    yield looks("API: list, 25 rows", ["/api/v1/complaints/?page_size=25"], cookies)
    for name in all_reports():
        yield looks(f"report: {name}", [f"/reports/{name}/"], cookies)


def _queues(cookies: Mapping[str, str]) -> Iterator[Scenario]:
    yield looks("queue: first", ["/desk/?view=unfinished"], cookies)
    last = list(Complaint.objects.unfinished().by_due_next().reverse()[:60])[-1]
    yield looks(
        "queue: deepest", [f"/desk/?view=unfinished&after={paging.mark_of(last.next_due_at, last.pk)}"], cookies
    )
    oldest = list(Complaint.objects.order_by("received_at", "pk")[:60])[-1]
    yield looks(
        "queue: deepest of all", [f"/desk/?view=all&after={paging.mark_of(oldest.received_at, oldest.pk)}"], cookies
    )
    for name, query in FILTERS.items():
        yield looks(f"queue: {name}", [f"/desk/?{query}"], cookies)
    for name, words in SEARCHES.items():
        yield looks(f"search: {name}", [f"/desk/?q={quote(word)}" for word in words], cookies)


FILTERS = {
    "missed": "view=breached",
    "safety": "view=safety",
    "letters, major": "view=all&severity=major&channel=letter",
    "nothing fits": "view=all&severity=special&channel=letter&priority=1&status=waiting",
}
SEARCHES = {
    "two characters": ["停电", "电表", "电费", "电压"],
    "two characters, rare": ["漏电", "冰箱"],
    "two words": ["停电 通知"],
    "English": ["outage", "bill", "voltage"],
    "nothing": ["犀牛"],
}


def _complaints() -> list[str]:
    """Some that have been worked on, the older half open: what people look at."""
    worked = Complaint.objects.filter(status="investigating").order_by("-pk").values_list("reference", flat=True)
    return list(worked[:MANY]) or list(Complaint.objects.order_by("-pk").values_list("reference", flat=True)[:MANY])


def sizes() -> dict[str, int]:
    """What is in the desk."""
    return {
        "complaints": Complaint.objects.count(),
        "open": Complaint.objects.open().count(),
        "events": Event.objects.count(),
    }
