"""Every filter of the queue as a field, and every filter that is set as a few words that can be taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, NamedTuple

from django import forms
from django.utils import formats
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from complaints.models import Category, Channel, Priority, RequestType, ServiceIssue, Severity, Subcategory
from complaints.states import HANDLERS, Status
from customers.models import AreaClass, CustomerKind
from customers.models.people import KEY
from staff.models import Branch, Team, User
from staff.scope import within_branches

Choices = Iterable[tuple[Any, Any]]
LABELS: dict[str, LazyText | str] = {
    "q": gettext_lazy("Words"),
    "status": gettext_lazy("Status"),
    "category": gettext_lazy("Category"),
    "subcategory": gettext_lazy("Subcategory"),
    "request_type": gettext_lazy("Request type"),
    "channel": gettext_lazy("Channel"),
    "severity": gettext_lazy("Severity"),
    "priority": gettext_lazy("Priority"),
    "branch": gettext_lazy("Branch"),
    "team": gettext_lazy("Team"),
    "assignee": gettext_lazy("With"),
    "segment": gettext_lazy("Kind of customer"),
    "area_class": gettext_lazy("Area"),
    "service_issue": gettext_lazy("Service issue"),
    "safety": gettext_lazy("Safety"),
    "overdue": gettext_lazy("Deadline missed"),
    "due": gettext_lazy("Next deadline"),
    "urged": gettext_lazy("Urged at least"),
    "feedback": gettext_lazy("Feedback"),
    "undelivered": gettext_lazy("A message could not be sent"),
    "merged": gettext_lazy("Merged into another"),
    "reference": gettext_lazy("Reference"),
    "received_from": gettext_lazy("Received from"),
    "received_to": gettext_lazy("Received until"),
    "due_from": gettext_lazy("Due from"),
    "due_to": gettext_lazy("Due until"),
    "resolved_from": gettext_lazy("Resolved from"),
    "resolved_to": gettext_lazy("Resolved until"),
}
"""Every filter by its name, in the order in which the form asks."""
SEVERAL = ("status", "category", "request_type", "channel", "severity", "priority", "area_class")
"""Filters that take more than one value at a time."""
DAYS = tuple(name for name in LABELS if name.endswith(("_from", "_to")))
FIXED: dict[str, Choices] = {
    "status": Status.choices,
    "request_type": RequestType.choices,
    "channel": Channel.choices,
    "severity": Severity.choices,
    "priority": Priority.choices,
    "area_class": AreaClass.choices,
    "segment": [(KEY, gettext_lazy("Key customer")), *CustomerKind.choices],
    "safety": [("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))],
    "overdue": [("1", gettext_lazy("Yes"))],
    "due": [
        ("missed", gettext_lazy("missed")),
        ("soon", gettext_lazy("in the next 4 hours")),
        ("today", gettext_lazy("later today")),
        ("later", gettext_lazy("after today, or none")),
    ],
    "undelivered": [("1", gettext_lazy("Yes"))],
    "merged": [("no", gettext_lazy("No")), ("yes", gettext_lazy("Yes"))],
    "feedback": [
        ("answered", pgettext_lazy("feedback", "answered")),
        ("unanswered", pgettext_lazy("feedback", "asked, not answered")),
        ("satisfied", pgettext_lazy("feedback", "satisfied")),
        ("dissatisfied", pgettext_lazy("feedback", "not satisfied")),
    ],
}
ANY = gettext_lazy("any")


class Chip(NamedTuple):
    """One filter that is set, in words."""

    name: str
    label: str
    value: str


def joined(params: Any) -> dict[str, str]:
    """The parameters of an address, where a name said several times is one text with commas."""
    return {name: ",".join(filter(None, params.getlist(name))) if name in SEVERAL else params[name] for name in params}


def chips(params: Mapping[str, str]) -> list[Chip]:
    """What narrows the list, one by one; rows are read only for what is set."""
    set_ones = [(name, str(params[name])) for name in LABELS if str(params.get(name) or "").strip()]
    return [Chip(name, str(LABELS[name]), spoken(name, text)) for name, text in set_ones]


def spoken(name: str, text: str) -> str:
    """A filter's value as people say it; as it stands when nothing is known of it."""
    if name in FIXED:
        labels = {str(value): str(label) for value, label in FIXED[name]}
        return ", ".join(labels.get(one, one) for one in text.split(","))
    if name in DAYS:
        try:
            if "T" in text:
                return formats.date_format(datetime.fromisoformat(text), "SHORT_DATETIME_FORMAT")
            return formats.date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT")
        except ValueError:
            return text
    if text == "none":
        return str(_("nobody yet")) if name == "assignee" else str(_("none"))
    return ", ".join(_named(name, text.split(","))) or text


def _named(name: str, codes: list[str]) -> list[str]:
    if name == "category":
        return [str(row.name) for row in Category.objects.filter(code__in=codes)]
    if name == "subcategory":
        return [str(row.name) for row in Subcategory.objects.filter(code__in=codes)]
    if name == "branch":
        return [str(row.name) for row in Branch.objects.filter(code__in=codes)]
    if name == "team":
        return [str(row.name) for row in Team.objects.filter(code__in=codes)]
    if name == "assignee":
        return [row.display_name for row in User.objects.filter(username__in=codes)]
    if name == "service_issue":
        return [
            str(row) for row in ServiceIssue.objects.filter(pk__in=[code for code in codes if code.isdecimal()][:5])
        ]
    return []


class FilterForm(forms.Form):
    """All filters at once. It is only drawn: what an address says is understood by `queues.narrow`."""

    use_required_attribute = False

    def __init__(self, params: Mapping[str, str], *, user: User) -> None:
        super().__init__(
            initial={name: str(text).split(",") if name in SEVERAL else text for name, text in params.items()},
            auto_id="filter_%s",
        )
        offered = FIXED | self._rows(user)
        for name, label in LABELS.items():
            self.fields[name] = self._field(name, label, offered.get(name), str(params.get(name) or ""))

    def _field(self, name: str, label: Any, choices: Choices | None, current: str) -> forms.Field:
        if name in SEVERAL and choices is not None:
            return forms.MultipleChoiceField(
                label=label, choices=list(choices), required=False, widget=forms.CheckboxSelectMultiple
            )
        if choices is not None:
            listed = [("", ANY), *choices]
            if current and current not in {str(value) for value, _label in _flat(listed)}:
                listed.append((current, spoken(name, current)))
            return forms.ChoiceField(label=label, choices=listed, required=False)
        if name in DAYS:
            kind = "datetime-local" if "T" in current else "date"
            return forms.CharField(label=label, required=False, widget=forms.TextInput(attrs={"type": kind}))
        if name == "urged":
            return forms.IntegerField(label=label, required=False, min_value=0, max_value=9999)
        return forms.CharField(label=label, required=False, max_length=200)

    def _rows(self, user: User) -> dict[str, Choices]:
        own = within_branches(user)
        groups: dict[str, list[tuple[str, str]]] = {}
        subcategories = Subcategory.objects.filter(is_active=True).select_related("category")
        for row in subcategories.order_by("category__position", "code"):
            groups.setdefault(str(row.category.name), []).append((row.code, str(row.name)))
        teams = Team.objects.filter(own, is_active=True)
        people = User.objects.filter(own, is_active=True, role__in=sorted(HANDLERS)).order_by("full_name", "username")
        branches = Branch.objects.filter(path__startswith=user.branch.path) if user.branch else Branch.objects.none()
        issues = ServiceIssue.objects.visible_to(user).order_by("-started_at")[:50]
        return {
            "category": [(row.code, row.name) for row in Category.objects.filter(is_active=True)],
            "subcategory": list(groups.items()),
            "branch": [(row.code, row.name) for row in branches],
            "team": [("none", _("none")), *((row.code, row.name) for row in teams)],
            "assignee": [("none", _("nobody yet")), *((one.username, one.display_name) for one in people)],
            "service_issue": [("none", _("none")), *((str(row.pk), str(row)) for row in issues)],
        }


def _flat(choices: Choices) -> Iterable[tuple[Any, Any]]:
    for value, label in choices:
        if isinstance(label, list | tuple):
            yield from label
        else:
            yield value, label
