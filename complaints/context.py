"""What every desk page shows beside its own content: the rail, what waits in its tabs, and the storms that rage."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from complaints import attention, history_chain, storms
from complaints.clocks.calendar_versions import calendars_running_out
from complaints.models import Adjustment, FollowUp, Notice
from complaints.queues import counts, spoken
from staff import utility
from staff.actors import Role
from staff.models import User

EVERYONE = frozenset(Role)
ENTERING = frozenset({Role.AGENT, Role.SUPERVISOR, Role.LIAISON})
STEERING = frozenset({Role.SUPERVISOR, Role.LIAISON, Role.ANALYST, Role.ADMINISTRATOR})
RENEWING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
INSPECTING = frozenset({Role.INVESTIGATOR, Role.SUPERVISOR, Role.ADMINISTRATOR})
READING_DEADLINES = RENEWING | {Role.ANALYST}
DEADLINE_PAGES = frozenset(
    {
        *("deadlines", "policies", "calendars", "ladder", "outage-notice", "roster", "absences", "people", "storms"),
        *("routes", "teams"),
    }
)
ACCOUNT_PAGES = frozenset({"people", "new-person", "second-factor"})
BILL_PAGES = frozenset({"adjustments", "tariffs"})
FOR_ME_PAGES = frozenset({"for-me", "requests", "hand-over"})
FEEDBACK_PAGES = frozenset({"feedback", "call-backs", "surveys"})
TRUST_PAGES = frozenset({"access-log", "retention", "holds", "erasures", "history"})
NOTICE_PAGES = frozenset({"notices", "texts", "webhooks"})
ENTRIES = [
    ("complaints:queue", (), "inbox", _("Queue"), EVERYONE),
    ("complaints:for-me", (), "bell-ring", _("For me"), EVERYONE),
    ("channels_intake:new", ("phone",), "phone-incoming", _("New complaint"), ENTERING),
    ("complaints:issues", (), "zap-off", _("Service issues"), EVERYONE),
    ("complaints:inspections", (), "shield-check", _("Inspections"), INSPECTING),
    ("customers:customers", (), "users", _("Customers"), EVERYONE),
    ("complaints:follow-ups", (), "message-square", _("Feedback"), EVERYONE),
    ("complaints:deadlines", (), "calendar-clock", _("Deadlines"), READING_DEADLINES),
    ("complaints:adjustments", (), "receipt-text", pgettext_lazy("rail", "Bills"), RENEWING),
    ("complaints:notices", (), "send", _("What goes out"), RENEWING),
    ("analytics:board", (), "gauge", _("Board"), STEERING),
    ("analytics:reports", (), "chart-column", _("Reports"), STEERING),
]


NUMBERS = "rail_numbers"
"""On a request: what waits in the tabs of the rail, where the page has counted it with what it counts itself."""


def counted_beside(request: HttpRequest, numbers: dict[str, int]) -> None:
    """The page has counted `waiting_for` and the missed deadlines: the rail need not ask again."""
    setattr(request, NUMBERS, numbers)


def rail(request: HttpRequest) -> dict[str, Any]:
    """The entries of the rail and the storms of the banner; read only when a page draws them."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    return {
        "rail": SimpleLazyObject(lambda: entries(user, request.path, getattr(request, NUMBERS, None))),
        "calendars_to_renew": SimpleLazyObject(lambda: calendars_to_renew(user)),
        "may_be_called": bool(settings.TELEPHONY_TOKEN) and user.role in ENTERING,
        "history_faults": SimpleLazyObject(lambda: str(history_faults(user) or "")),
        "changes_utility": SimpleLazyObject(lambda: utility.may_change(user)),
        "raging": SimpleLazyObject(lambda: storms.news_for(user)),
    }


def history_faults(user: User) -> int:
    """What the last nightly check of the history found, for those who must do something about it."""
    return history_chain.is_broken() if user.role == Role.ADMINISTRATOR else 0


def calendars_to_renew(user: User) -> str:
    """How many calendars run out of known holidays, for the tab of those who renew them; empty when none does."""
    if user.role not in RENEWING:
        return ""
    return str(len(calendars_running_out(timezone.localdate())) or "")


def entries(user: User, path: str, numbers: dict[str, int] | None = None) -> list[dict[str, Any]]:
    if numbers is None:
        numbers = counts(user, names=["breached"], standing=waiting_for)
    numbers = numbers | {"complaints:queue": numbers["breached"]}
    here = _section(path)
    return [
        {
            "url": url,
            "icon": icon,
            "label": label,
            "count": spoken(numbers[name]) if numbers.get(name) else "",
            "is_live": name == "complaints:for-me",
            "current": section == here,
        }
        for name, url, section, icon, label in _offered(user.role, get_language())
    ]


@cache
def _offered(role: str, _language: str | None) -> list[tuple[str, str, str, str, str]]:
    """Name, address, section, icon and label of the entries for a role, which are the same on every page."""
    found = [
        (name, reverse(name, args=args), icon, str(label))
        for name, args, icon, label, roles in ENTRIES
        if role in roles
    ]
    return [(name, url, _section(url), icon, label) for name, url, icon, label in found]


def waiting_for(user: User) -> dict[str, QuerySet[Any]]:
    """What waits for this person beside complaints, by the entry of the rail that counts it."""
    found: dict[str, QuerySet[Any]] = {"complaints:for-me": attention.unread_rows(user)}
    if user.role == Role.SUPERVISOR:
        found["complaints:follow-ups"] = FollowUp.objects.open().visible_to(user).order_by()
    if user.role in RENEWING:
        waiting = Adjustment.objects.waiting().visible_to(user).exclude(proposed_by=user)
        found["complaints:adjustments"] = waiting.order_by()
        found["complaints:notices"] = Notice.objects.failed().visible_to(user).order_by()
    return found


def _section(path: str) -> str:
    """The part of the desk an address belongs to; a complaint belongs to the queue it was opened from."""
    first, second = [*path.strip("/").split("/"), "", ""][:2]
    if first == "desk" and second in ACCOUNT_PAGES and not path.endswith("/leave/"):
        return "people"
    if first in ("desk", "complaints"):
        if first == "desk" and second in DEADLINE_PAGES:
            return "deadlines"
        if first == "desk" and second in BILL_PAGES:
            return "bills"
        if first == "desk" and second in FEEDBACK_PAGES:
            return "feedback"
        if first == "desk" and second in NOTICE_PAGES:
            return "notices"
        if first == "desk" and second in TRUST_PAGES:
            return "trust"
        if first == "desk" and second in FOR_ME_PAGES:
            return "for-me"
        return "new" if second in ("new", "unsent") else "queue"
    return "board" if first == "signals" else first
