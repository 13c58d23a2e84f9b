"""A visit to a counter: identity is looked at and never copied, and the visitor leaves with a receipt."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_intake import counter
from channels_intake.forms import ReceivedMixin, StaffForm
from complaints.models import Channel, Complaint, Source
from staff.models import User


class IdentityCheck(models.TextChoices):
    ID_CARD = "id_card", _("Identity card seen")
    LICENCE = "licence", _("Business licence seen")
    ACCOUNT = "account", _("Account details asked")
    KNOWN = "known", _("Known to us")
    NONE = "none", _("Not checked")


class Form(ReceivedMixin, StaffForm):
    channel, source, icon, position = Channel.VISIT, Source.COUNTER, "store", 3
    extra_fields = ("received_at", "counter", "identity", "visitors", "on_the_spot")

    counter = forms.CharField(
        label=_("counter"), max_length=60, error_messages={"required": _("Write at which counter.")}
    )
    identity = forms.ChoiceField(
        label=_("how identity was checked"),
        choices=IdentityCheck.choices,
        widget=forms.RadioSelect,
        help_text=_("Only how. Never copy or photograph the document."),
        error_messages={"required": _("Choose how you know who it is.")},
    )
    visitors = forms.IntegerField(
        label=_("number of visitors"),
        min_value=1,
        max_value=999,
        error_messages={"required": _("Write how many; 1 if in doubt.")},
    )
    visitor = forms.IntegerField(required=False, widget=forms.HiddenInput)
    on_the_spot = forms.CharField(
        label=_("what was settled on the spot"),
        max_length=500,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    @classmethod
    def usual(cls, user: User) -> dict[str, Any]:
        place = user.branch.name if user.branch else ""
        return super().usual(user) | {"received_at": timezone.localtime(), "visitors": 1, "counter": place}

    def received(self, complaint: Complaint) -> None:
        if self.cleaned_data["visitor"]:
            counter.heard(self.cleaned_data["visitor"], complaint, by=self.user)

    def extra(self) -> dict[str, Any]:
        names = ("counter", "identity", "visitors", "on_the_spot")
        details = {name: self.cleaned_data[name] for name in names if self.cleaned_data[name]}
        return {"source": self.source, "received_at": self.cleaned_data["received_at"], "details": details}
