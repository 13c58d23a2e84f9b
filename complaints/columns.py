"""The columns that a queue can show, and what they need beyond the complaint itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import prefetch_related_objects
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from complaints import timeline
from complaints.models import Channel, Complaint, Event, Feedback, Priority, Severity
from complaints.states import Status
from customers.models import Customer
from staff.models import User
from staff.words import Words

COLUMNS: dict[str, LazyText | str] = {
    "reference": _("Reference"),
    "what": _("What"),
    "who": _("Who"),
    "place": _("Where"),
    "with": _("With"),
    "status": _("Status"),
    "due": _("Next deadline"),
    "received": _("Received"),
    "age": _("Age"),
    "channel": _("Channel"),
    "severity": _("Severity"),
    "priority": _("Priority"),
    "team": _("Team"),
    "branch": _("Branch"),
    "urged": _("Urged"),
    "issue": _("Service issue"),
    "last": _("Last event"),
    "satisfaction": pgettext_lazy("column", "Satisfaction"),
}
CHOICES = {
    "status": Words(Status.choices),
    "channel": Words(Channel.choices),
    "severity": Words(Severity.choices),
    "priority": Words(Priority.choices),
}
"""What the values of those columns are called that hold one of a fixed list."""
ALWAYS = "reference"
"""The column that names the row; it can be moved, not left out."""
USUAL = ("reference", "what", "who", "with", "status", "due")


def sound(names: Iterable[str]) -> list[str]:
    """Known columns, each once, in this order; the one that names the row is always there. Nothing chosen is the usual."""
    chosen = [name for name in dict.fromkeys(names) if name in COLUMNS]
    if not chosen:
        return list(USUAL)
    return chosen if ALWAYS in chosen else [ALWAYS, *chosen]


def extras(page: list[Complaint], names: Iterable[str]) -> dict[int, dict[str, Any]]:
    """For the rows of a page, by key, what some columns show beside the complaint; one query for each such column."""
    more: dict[int, dict[str, Any]] = {row.pk: {} for row in page}
    if "who" in names:
        customers = {row.customer_id for row in page if row.customer_id is not None}
        managed = Customer.objects.filter(pk__in=customers, account_manager__isnull=False)
        managers = dict(managed.order_by().values_list("pk", "account_manager"))
        people = User.objects.in_bulk(set(managers.values())) if managers else {}
        for row in page:
            more[row.pk]["manager"] = people.get(managers.get(row.customer_id or 0, 0))
    if "issue" in names:
        prefetch_related_objects(page, "service_issue")
    if "last" in names:
        newest = Event.objects.filter(complaint__in=more).order_by("complaint", "-number").distinct("complaint")
        for event in newest.select_related("complaint", "user"):
            more[event.complaint_id]["last"] = {"at": event.at, "title": timeline.sentence(event)}
    if "satisfaction" in names:
        answers = Feedback.objects.filter(complaint__in=more, answered_at__isnull=False)
        for answer in answers.order_by("complaint", "-round").distinct("complaint"):
            more[answer.complaint_id]["feedback"] = answer
    return more
