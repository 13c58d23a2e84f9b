"""The form of an absence: what a person can mistype, and what they should know before they mean it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import deputies
from complaints.models import HandOver, WorkGoes
from complaints.states import HANDLERS
from staff import absences
from staff.actors import Role
from staff.models import Absence, AbsenceKind, User
from staff.stand_ins import Away, can_be_told

MOMENT = "%Y-%m-%dT%H:%M"


class PersonField(forms.ModelChoiceField):
    """People with their role and branch."""

    def label_from_instance(self, user: User) -> str:
        parts = [user.display_name, str(user.get_role_display()), *([user.branch.name] if user.branch else [])]
        return " · ".join(parts)


def _moment(label: Any, help_text: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    return forms.DateTimeField(label=label, help_text=help_text, required=False, widget=widget)


class AbsenceForm(forms.Form):
    """One absence of one person, and what becomes of their open complaints. `warnings` is filled when it is valid."""

    use_required_attribute = False

    person = PersonField(label=gettext_lazy("Who is away?"), queryset=User.objects.none(), empty_label=None)
    kind = forms.ChoiceField(label=gettext_lazy("Why"), choices=AbsenceKind)
    starts_at = _moment(gettext_lazy("Away from"), gettext_lazy("empty: from now on"))
    ends_at = _moment(gettext_lazy("Away until"), gettext_lazy("empty: until they say that they are back"))
    deputy = PersonField(
        label=gettext_lazy("Deputy"),
        queryset=User.objects.none(),
        required=False,
        empty_label=gettext_lazy("nobody: supervisors on duty are told"),
        help_text=gettext_lazy("is told whatever would be told to the person"),
    )
    goes = forms.ChoiceField(label=gettext_lazy("Open complaints go"), choices=WorkGoes, widget=forms.RadioSelect)
    keeps_later = forms.BooleanField(label=gettext_lazy("Those due after the return stay"), required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.warnings: list[str] = []
        person, deputy = self.fields["person"], self.fields["deputy"]
        assert isinstance(person, forms.ModelChoiceField)
        assert isinstance(deputy, forms.ModelChoiceField)
        person.queryset = absences.entered_by(by)
        near = User.objects.filter(is_active=True).exclude(email="").exclude(role=Role.ANALYST)
        deputy.queryset = near.select_related("branch").order_by("branch__path", "full_name", "username")
        if by.role not in (Role.SUPERVISOR, Role.ADMINISTRATOR):
            deputy.queryset = absences.could_deputise(by, roles=roles_for(by))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        person, deputy = said.get("person"), said.get("deputy")
        start, end = said.get("starts_at") or timezone.now(), said.get("ends_at")
        if end and end <= start:
            self.add_error("ends_at", _("An absence ends after it begins."))
        elif end and end <= timezone.now():
            self.add_error("ends_at", _("That is over already."))
        if said.get("goes") == WorkGoes.DEPUTY and deputy is None and "deputy" not in self.errors:
            self.add_error("deputy", _("Choose who takes the complaints over, or let them go back to the team."))
        if said.get("keeps_later") and end is None and "ends_at" not in self.errors:
            self.add_error("ends_at", _("Say until when, or nobody knows what is due after the return."))
        if person is not None and deputy is not None and not self._may_deputise(person, deputy):
            words = {"deputy": deputy.display_name, "person": person.display_name}
            self.add_error("deputy", _("%(deputy)s does not see all that %(person)s works on. Choose another.") % words)
        if person is not None and not self.errors:
            self._check_overlap(person, start, end)
        if person is not None and deputy is not None and not self.errors:
            self.warnings = warnings(person, deputy, start, end)
        return said

    def _may_deputise(self, person: User, deputy: User) -> bool:
        return absences.could_deputise(person, roles=roles_for(person)).filter(pk=deputy.pk).exists()

    def _check_overlap(self, person: User, start: datetime, end: datetime | None) -> None:
        other = Absence.objects.touching(start, end).filter(user=person).select_related("deputy").first()
        if other is not None:
            self.overlaps(person, other)

    def overlaps(self, person: User, other: Absence | None) -> None:
        """Say with which absence it clashes."""
        words = {"name": person.display_name, "when": deputies.span(other) if other is not None else ""}
        self.add_error("starts_at", _("%(name)s is away then already: %(when)s. End or take back that one.") % words)

    def decided(self, at: datetime) -> tuple[Absence, HandOver]:
        """What the form says, not saved."""
        said = self.cleaned_data
        absence = Absence(
            user=said["person"],
            starts_at=said["starts_at"] or at,
            ends_at=said["ends_at"],
            kind=said["kind"],
            deputy=said["deputy"],
            entered_by=self.by,
            entered_at=at,
        )
        return absence, HandOver(absence=absence, goes=said["goes"], keeps_later=said["keeps_later"])


def roles_for(person: User) -> tuple[str, ...]:
    """Whoever handles complaints is replaced by another who does; the others by anybody who can act."""
    return tuple(HANDLERS) if person.role in HANDLERS else tuple(role for role in Role.values if role != Role.ANALYST)


def warnings(person: User, deputy: User, start: datetime, end: datetime | None) -> list[str]:
    """What is odd about this deputy for this time, in sentences: away too, or somebody's deputy who comes back here."""
    found = []
    for other in Absence.objects.touching(start, end).filter(user=deputy).select_related("deputy"):
        words = {"name": deputy.display_name, "when": deputies.span(other)}
        at = max(start, other.starts_at)
        away = Away([*Away.at(at).rows, Absence(user=person, starts_at=start, ends_at=end, deputy=deputy)])
        acting = away.acting([person], at, able=can_be_told)
        if acting:
            words["instead"] = acting[0].display_name
            found.append(_("%(name)s is away too: %(when)s. Then %(instead)s stands in.") % words)
        else:
            found.append(_("%(name)s is away too: %(when)s. Then the supervisors on duty are told.") % words)
    return found
