"""What every desk page shows beside its own content: the rail, what waits in its tabs, and the storms that rage."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from complaints import storms
from complaints.clocks.calendar_versions import calendars_running_out
from complaints.models import Notice
from complaints.queues import counts, spoken
from staff.actors import Role
from staff.models import User

EVERYONE = frozenset(Role)
ENTERING = frozenset({Role.AGENT, Role.SUPERVISOR, Role.LIAISON})
STEERING = frozenset({Role.SUPERVISOR, Role.LIAISON, Role.ANALYST, Role.ADMINISTRATOR})
RENEWING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
READING_DEADLINES = RENEWING | {Role.ANALYST}
DEADLINE_PAGES = frozenset({"deadlines", "policies", "calendars", "ladder", "roster", "storms", "routes", "teams"})
NOTICE_PAGES = frozenset({"notices", "texts", "webhooks"})
MOST_FAILED = 99
"""Counted no further: beyond it the number says nothing more."""
ENTRIES = [
    ("complaints:queue", (), "inbox", _("Queue"), EVERYONE),
    ("channels_intake:new", ("phone",), "phone-incoming", _("New complaint"), ENTERING),
    ("complaints:issues", (), "zap-off", _("Service issues"), EVERYONE),
    ("customers:customers", (), "users", _("Customers"), EVERYONE),
    ("complaints:deadlines", (), "calendar-clock", _("Deadlines"), READING_DEADLINES),
    ("complaints:notices", (), "send", _("What goes out"), RENEWING),
    ("analytics:board", (), "gauge", _("Board"), STEERING),
    ("analytics:reports", (), "chart-column", _("Reports"), STEERING),
]


def rail(request: HttpRequest) -> dict[str, Any]:
    """The entries of the rail and the storms of the banner; read only when a page draws them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    return {
        "rail": SimpleLazyObject(lambda: entries(user, request.path)),
        "calendars_to_renew": SimpleLazyObject(lambda: calendars_to_renew(user)),
        "may_be_called": bool(settings.TELEPHONY_TOKEN) and user.role in ENTERING,
        "raging": SimpleLazyObject(lambda: storms.news_for(user)),
    }


def calendars_to_renew(user: User) -> str:
    """How many calendars run out of known holidays, for the tab of those who renew them; empty when none does."""
    if user.role not in RENEWING:
        return ""
    return str(len(calendars_running_out(timezone.localdate())) or "")


def entries(user: User, path: str) -> list[dict[str, Any]]:
    is_told = user.role in RENEWING
    failed = {"failed": Notice.objects.failed().visible_to(user)[:MOST_FAILED]} if is_told else {}
    counted = counts(user, names=["breached"], beside=failed)
    numbers = {"complaints:queue": counted["breached"], "complaints:notices": counted.get("failed", 0)}
    shown = [
        {
            "url": reverse(name, args=args),
            "icon": icon,
            "label": label,
            "count": spoken(numbers[name]) if numbers.get(name) else "",
        }
        for name, args, icon, label, roles in ENTRIES
        if user.role in roles
    ]
    here = _section(path)
    return [{**entry, "current": _section(str(entry["url"])) == here} for entry in shown]


def _section(path: str) -> str:
    """The part of the desk an address belongs to; a complaint belongs to the queue it was opened from."""
    first, second = [*path.strip("/").split("/"), "", ""][:2]
    if first in ("desk", "complaints"):
        if first == "desk" and second in DEADLINE_PAGES:
            return "deadlines"
        if first == "desk" and second in NOTICE_PAGES:
            return "notices"
        return "new" if second in ("new", "unsent") else "queue"
    return first
