"""The list of the desk as rows of a file: flat columns, as a spreadsheet wants them, of what the filters name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints import bulk
from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet
from staff.actors import Role
from staff.models import User

TAKING = frozenset({Role.SUPERVISOR, Role.LIAISON, Role.ANALYST, Role.ADMINISTRATOR})
"""Who may carry lists of people out of the house."""

Value = Callable[[Complaint], Any]

COLUMNS: dict[LazyText | str, Value | str] = {
    _("Reference"): lambda c: c.reference,
    _("Received"): lambda c: timezone.localtime(c.received_at),
    _("Request type"): "request_type",
    _("Category"): lambda c: c.category.name,
    _("Subcategory"): lambda c: c.subcategory.name if c.subcategory else None,
    _("Status"): "status",
    _("Priority"): "priority",
    _("Severity"): "severity",
    _("Channel"): "channel",
    _("Branch"): lambda c: c.branch.name,
    _("Team"): lambda c: c.team.name if c.team else None,
    _("With"): lambda c: c.assignee.display_name if c.assignee else None,
    _("Next deadline"): lambda c: timezone.localtime(c.next_due_at) if c.next_due_at else None,
    _("Name"): lambda c: None if c.is_anonymous else c.contact_name,
    _("Phone"): lambda c: None if c.is_anonymous else c.contact_phone,
    _("Where"): lambda c: c.place,
    _("Urged"): lambda c: c.urged_count,
    _("Resolved"): lambda c: timezone.localtime(c.resolved_at) if c.resolved_at else None,
    _("Closed"): lambda c: timezone.localtime(c.closed_at) if c.closed_at else None,
    pgettext_lazy("column", "Outcome"): "outcome",
}
"""What stands in each column, by its head; a name is that of a field with choices, of which their words are taken."""

ORDERS: dict[str, Callable[[ComplaintQuerySet], ComplaintQuerySet]] = {
    "due": lambda rows: rows.by_due_next(),
    "newest": lambda rows: rows.order_by("-received_at", "-pk"),
    "oldest": lambda rows: rows.order_by("received_at", "pk"),
    "urged": lambda rows: rows.order_by(F("urged_count").desc(), "pk"),
    "priority": lambda rows: rows.order_by("priority", "pk"),
}


def columns() -> dict[str, Value]:
    """The columns in the language in use. Words of choices are translated here, once, and not for each row."""
    return {str(head): _words(value) if isinstance(value, str) else value for head, value in COLUMNS.items()}


def _words(name: str) -> Value:
    choices: Any = Complaint._meta.get_field(name)
    words = {key: str(label) for key, label in choices.flatchoices}
    return lambda c: words.get(getattr(c, name), getattr(c, name))


def rows(user: User, params: Mapping[str, str]) -> ComplaintQuerySet:
    """What this person sees through these filters, in the order asked for. Raises MoveRefused when one is not understood."""
    found = bulk.fitting(user, {name: text for name, text in params.items() if name != "sort"})
    usual = "newest" if params.get("view") == "all" else "due"
    ordered = ORDERS.get(params.get("sort", ""), ORDERS[usual])(found)
    return ordered.select_related("category", "subcategory", "branch", "team", "assignee")
