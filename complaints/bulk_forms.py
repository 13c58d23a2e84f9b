"""The short form of a move that is asked once for many complaints: only what fits all of them can be chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from complaints import routing
from complaints.field_types import CHOOSE
from complaints.forms import MoveForm
from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet
from complaints.states import HAND_OVER, MOVES
from staff.models import Branch, User

BULK = ("assign", "dispatch", "transfer", "accept", "prioritise", "link", "note")
"""The moves that can be asked of many: what is said with them may be the same for all."""


def offered(role: str) -> list[tuple[str, Any]]:
    """The moves of many that this role may ask for, as (name, label)."""
    return [(name, MOVES[name].label) for name in BULK if role in MOVES[name].allowed]


class BulkForm(MoveForm):
    """What is said with one move of many complaints. `chosen` must hold at least one complaint."""

    def __init__(
        self, data: Any = None, *, name: str, chosen: ComplaintQuerySet, user: User, initial: Any = None
    ) -> None:
        first = chosen.select_related("branch", "team", "category", "subcategory").order_by("pk")[0]
        super().__init__(data, name=name, complaint=first, user=user, initial=initial)
        branches = _fitting_all(chosen)
        for detail in ("team", "assignee"):
            field = self.fields.get(detail)
            if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
                field.queryset = field.queryset.filter(branch__in=branches)
        self._ask_anew(chosen)

    def _ask_anew(self, chosen: ComplaintQuerySet) -> None:
        """What the first complaint is says nothing about the others."""
        team, priority, severity = (self.fields.get(name) for name in ("team", "priority", "severity"))
        if self.name == "dispatch" and isinstance(team, forms.ModelChoiceField):
            team.required, team.empty_label = False, _("each to the team that its category names")
            teams = set(chosen.order_by().values_list("team", flat=True).distinct()[:2])
            team.initial = team.initial if len(teams) == 1 else None
        if isinstance(priority, forms.TypedChoiceField):
            priority.choices, priority.initial = [("", CHOOSE), *_listed(priority)], None
        if isinstance(severity, forms.ChoiceField):
            severity.choices, severity.initial = [("", _("as it is")), *_listed(severity)], None

    def details_for(self, complaint: Complaint) -> dict[str, Any]:
        """What `workflow.perform` is told about this one of them."""
        details = self.details()
        # a hand-over note may be another for each, under its reference
        own = {name: str(self.data.get(f"{name}@{complaint.reference}") or "")[:4000] for name in HAND_OVER}
        details |= {name: words for name, words in own.items() if words.strip() and name in self.fields}
        if self.name == "dispatch" and "team" not in details:
            details["team"] = complaint.team or routing.team_for(complaint)
        return details


def _listed(field: forms.ChoiceField) -> list[Any]:
    return list(field.choices)  # type: ignore[arg-type]


def _fitting_all(chosen: ComplaintQuerySet) -> list[Branch]:
    """The branches that are above, below or the same as the branch of every one of these complaints."""
    theirs = set(chosen.order_by().values_list("branch__path", flat=True).distinct())
    return [
        branch
        for branch in Branch.objects.all()
        if all(path.startswith(branch.path) or branch.path.startswith(path) for path in theirs)
    ]
