"""What the regulator, the government line or a petition office hands over, with its own reference and date."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_intake.forms import ReceivedMixin, StaffForm
from channels_intake.models import InboundRecord
from channels_intake.regulator_batch import REGULATORS, contents, end_of, first_of, known_as
from channels_intake.validators import believable
from complaints.models import Channel, Source
from staff.actors import Role
from staff.models import User


class Form(ReceivedMixin, StaffForm):
    channel, icon, position = Channel.REGULATOR, "landmark", 4
    allowed = frozenset({Role.LIAISON, Role.SUPERVISOR})
    extra_fields = ("regulator", "source_reference", "received_at", "due_on", "came_to_us_first")

    regulator = forms.ChoiceField(
        label=_("who handed it over"),
        choices=[(source.value, source.label) for source in REGULATORS],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose who handed it over.")},
    )
    source_reference = forms.CharField(
        label=_("their reference"), max_length=60, error_messages={"required": _("Write the reference they gave it.")}
    )
    due_on = forms.DateField(
        label=_("answer due by"),
        validators=[believable],
        help_text=_("The last day they allow. Nothing pauses this deadline."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Write the last day on which they want our answer.")},
    )
    came_to_us_first = forms.ChoiceField(
        label=_("did the customer come to us first?"),
        choices=[("", _("Not known")), ("yes", _("Yes")), ("no", _("No"))],
        required=False,
    )

    @classmethod
    def usual(cls, user: User) -> dict[str, Any]:
        return super().usual(user) | {"received_at": timezone.localtime(), "regulator": Source.R12398}

    def clean(self) -> dict[str, Any]:
        received_at, due_on = self.cleaned_data.get("received_at"), self.cleaned_data.get("due_on")
        if received_at and due_on and due_on < timezone.localdate(received_at):
            self.add_error("due_on", _("That is before the day we received it."))
        self._check_first()
        return super().clean()

    def _check_first(self) -> None:
        """What they handed over before is shown, not entered again; the same form sent twice is not that."""
        regulator, reference = self.cleaned_data.get("regulator"), self.cleaned_data.get("source_reference")
        first = first_of(regulator, reference) if regulator and reference else None
        if first is None:
            return
        own = InboundRecord.objects.filter(external_id=str(self.cleaned_data.get("form_id")), complaint=first.complaint)
        if not own.exists():
            self.add_error(
                "source_reference",
                _("Already there, reference %(reference)s.") % {"reference": first.complaint.reference},
            )

    def extra(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        known = {"came_to_us_first": cleaned["came_to_us_first"]} if cleaned["came_to_us_first"] else {}
        return {
            "source": cleaned["regulator"],
            "source_reference": cleaned["source_reference"],
            "received_at": cleaned["received_at"],
            "external_due_at": end_of(cleaned["due_on"]),
            "same_as": known_as(cleaned["regulator"], cleaned["source_reference"]),
            "given": contents(cleaned),
            "details": known,
        }
