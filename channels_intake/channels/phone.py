"""A call to the hotline: logged while talking, so it is received now."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from channels_intake.forms import StaffForm, phone_field
from complaints.models import Channel, Source


class Form(StaffForm):
    channel, source, icon, position = Channel.PHONE, Source.HOTLINE, "phone", 1
    extra_fields = ("caller_number", "call_id")

    caller_number = phone_field(label=_("number the call came from"))
    call_id = forms.CharField(label=_("number of the recording"), max_length=60, required=False)

    def extra(self) -> dict[str, Any]:
        caller = self.cleaned_data["caller_number"]
        details = {"caller_number": caller, "call_id": self.cleaned_data["call_id"]}
        return {
            "source": self.source,
            "contact_phone": self.cleaned_data["contact_phone"]
            or ("" if self.cleaned_data["account_number"] else caller),
            "details": {name: value for name, value in details.items() if value},
        }
