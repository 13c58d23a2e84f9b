"""A letter: dated by its writer, received by us, and only then typed in."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_intake.forms import ReceivedMixin, StaffForm
from complaints.models import Channel, Source
from customers.models.people import ContactMethod
from staff.models import User


class Form(ReceivedMixin, StaffForm):
    channel, source, icon, position = Channel.LETTER, Source.POST, "mail", 2
    extra_fields = ("received_at", "letter_on", "letter_reference", "signatories")

    letter_on = forms.DateField(
        label=_("date on the letter"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        error_messages={"required": _("Write the date on the letter; if it has none, the postmark.")},
    )
    letter_reference = forms.CharField(label=_("their reference"), max_length=60, required=False)
    signatories = forms.IntegerField(
        label=_("how many signed"),
        min_value=1,
        max_value=9999,
        error_messages={"required": _("Write how many; 1 if in doubt.")},
    )
    contact_address = forms.CharField(
        label=_("sender's address"), max_length=240, error_messages={"required": _("Write where the answer goes.")}
    )

    @classmethod
    def usual(cls, user: User) -> dict[str, Any]:
        now = timezone.localtime()
        return super().usual(user) | {"received_at": now, "signatories": 1, "contact_method": ContactMethod.LETTER}

    def clean(self) -> dict[str, Any]:
        received_at, letter_on = self.cleaned_data.get("received_at"), self.cleaned_data.get("letter_on")
        if received_at and letter_on and letter_on > timezone.localdate(received_at):
            self.add_error("letter_on", _("A letter cannot be dated after it reached us."))
        return super().clean()

    def extra(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "source": self.source,
            "received_at": cleaned["received_at"],
            "source_reference": cleaned["letter_reference"],
            "details": {"letter_on": cleaned["letter_on"].isoformat(), "signatories": cleaned["signatories"]},
        }
