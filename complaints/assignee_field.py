"""The field that asks who shall have a complaint: people with what they have open, and whom the rule would choose."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from complaints import assignment, deputies
from complaints.models import Complaint
from complaints.states import HANDLERS
from staff.models import Absence, User
from staff.stand_ins import Away

SURE = "although_away"


class AssigneeField(forms.ModelChoiceField):
    """Handlers of these branches, those on duty first; who is away says so, and until when."""

    def __init__(self, near: Q, **kwargs: Any) -> None:
        people = User.objects.filter(near, is_active=True, role__in=sorted(HANDLERS))
        self.counts = assignment.counts_of(people)
        self.at = timezone.now()
        self.away = Away.at(self.at)
        super().__init__(
            queryset=people.order_by("-is_on_duty", "full_name"),
            to_field_name="username",
            label=pgettext("who handles it", "Person"),
            **kwargs,
        )

    def label_from_instance(self, obj: User) -> str:
        words = [obj.display_name, _("%(count)d open") % {"count": self.counts.get(obj.pk, 0)}]
        absence = self.absence_of(obj)
        if absence is not None:
            return " · ".join([*words, deputies.mark(absence)])
        return " · ".join(words if obj.is_on_duty else [*words, _("not on duty")])

    def absence_of(self, person: User) -> Absence | None:
        return self.away.of(person.pk, self.at)

    def doubt(self, person: User) -> str:
        """Why it should not be this person, in a sentence; empty when nothing speaks against it."""
        absence = self.absence_of(person)
        if absence is None:
            return ""
        words = {"name": person.display_name, "away": deputies.mark(absence)}
        return _("%(name)s: %(away)s. Choose somebody else, or say that you mean it.") % words

    def asked_again(self, person: User) -> forms.BooleanField:
        """The field with which somebody says that they mean it."""
        label = _("%(name)s shall have it all the same") % {"name": person.display_name}
        return forms.BooleanField(label=label, required=False)


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
