"""The field that asks who shall have a complaint: people with what they have open, and whom the rule would choose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints import assignment
from complaints.models import Complaint
from complaints.states import HANDLERS
from staff.models import User


class AssigneeField(forms.ModelChoiceField):
    """Handlers of these branches, those on duty first."""

    def __init__(self, near: Q, **kwargs: Any) -> None:
        people = User.objects.filter(near, is_active=True, role__in=sorted(HANDLERS))
        self.counts = assignment.counts_of(people)
        super().__init__(
            queryset=people.order_by("-is_on_duty", "full_name"), to_field_name="username", label=_("Person"), **kwargs
        )

    def label_from_instance(self, obj: User) -> str:
        words = [obj.display_name, _("%(count)d open") % {"count": self.counts.get(obj.pk, 0)}]
        return " · ".join(words if obj.is_on_duty else [*words, _("not on duty")])


def assignee_field(name: str, complaint: Complaint, user: User, near: Q) -> AssigneeField:
    """The field for the form of this move; only assigning proposes, for the team of the others is still to be chosen."""
    if name != "assign":
        return AssigneeField(near, empty_label=_("nobody yet"))
    proposal = assignment.propose(complaint, timezone.now())
    return AssigneeField(
        near,
        empty_label=_("choose"),
        initial=user if user.role in HANDLERS else None,
        help_text=_("Proposed: %(why)s") % {"why": proposal.why} if proposal else "",
    )
