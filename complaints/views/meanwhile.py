"""What happened to a complaint while somebody filled in the form of a move, shown beside what they typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from complaints import timeline
from complaints.forms import MoveForm
from complaints.models import Complaint
from complaints.states import MOVES
from staff.actors import CLOCK
from staff.models import User

NAMED = ("category", "subcategory", "team", "root_cause")
PLAIN = ("priority", "severity", "outcome", "responsibility", "resolution")
COMPARED = (*NAMED, *PLAIN, "assignee", "service_issue")
"""Details of moves that set a field of the complaint of the same name."""


def key_of(complaint: Complaint, name: str) -> str:
    """The field's value as a form says it; empty for none."""
    value = getattr(complaint, name)
    if value is None:
        return ""
    if name in NAMED:
        return str(value.code)
    if name == "assignee":
        return str(value.username)
    return str(value.pk if name == "service_issue" else value)


def _label_of(complaint: Complaint, name: str) -> str:
    value = getattr(complaint, name)
    if value in (None, ""):
        return ""
    if name in PLAIN and name != "resolution":
        return str(getattr(complaint, f"get_{name}_display")())
    return str(value.display_name if name == "assignee" else value.title if name == "service_issue" else value)


def looked_at(form: MoveForm, complaint: Complaint) -> list[tuple[str, str]]:
    """Hidden fields: what stood on the complaint when the form was drawn, for each field that the move would set."""
    return [(f"was-{name}", key_of(complaint, name)) for name in COMPARED if name in form.fields]


def entries(complaint: Complaint, seen: int | None) -> list[dict[str, Any]]:
    """The entries after version `seen` that people made, oldest first."""
    if seen is None or seen >= complaint.version:
        return []
    events = complaint.events.filter(number__gt=seen).exclude(role=CLOCK).select_related("user")
    return [timeline.entry(event, []) for event in events]


def differences(form: MoveForm, complaint: Complaint) -> list[dict[str, str]]:
    """Fields that somebody else has changed since the form was drawn and that this form would set otherwise."""
    found = []
    for name in COMPARED:
        was = form.data.get(f"was-{name}")
        if name not in form.fields or was is None:
            continue
        now, yours = key_of(complaint, name), str(form[name].value() or "")
        if now not in (was, yours):
            found.append(
                {
                    "id": form[name].id_for_label,
                    "label": str(form.fields[name].label),
                    "now": _label_of(complaint, name),
                    "yours": spoken(form, name),
                }
            )
    return found


def spoken(form: MoveForm, name: str) -> str:
    """What a field of the form holds, in words."""
    value = str(form[name].value() or "").strip()
    widget = form.fields[name].widget
    if not isinstance(widget, forms.Select | forms.RadioSelect):
        return value
    choices: list[Any] = list(widget.choices)
    for choice, label in choices:
        inner = label if isinstance(label, list | tuple) else [(choice, label)]
        for key, words in inner:
            if value and str(key) == value:
                return str(words)
    return value


def as_note(form: MoveForm) -> str:
    """All that was typed, so that it can be kept as an internal note when the move itself can no longer be made."""
    typed = [(str(form.fields[name].label), spoken(form, name)) for name in form.fields if name != "files"]
    lines = [f"{label}: {words}" for label, words in typed if words]
    if not lines:
        return ""
    head = _("Not done: %(move)s") % {"move": form.move.label}
    return "\n".join([head, *lines])


def merged(form: MoveForm, complaint: Complaint, user: User, seen: int | None) -> dict[str, Any]:
    """For the form that comes back: what is new, where the two differ, and what becomes of the words if it is too late."""
    applies = complaint.permits(form.name, user.role)
    return {
        "unseen": entries(complaint, seen) if form.move.decides else [],
        "differences": differences(form, complaint),
        "applies": applies,
        "may_note": not applies and user.role in MOVES["note"].allowed and bool(as_note(form)),
    }


def typed_in(data: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in data.items() if isinstance(value, str)}
