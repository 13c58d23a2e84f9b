"""A letter: dated by its writer, received by us, and only then typed in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from channels_intake import scans_kept
from channels_intake.forms import ReceivedMixin, StaffForm
from channels_intake.models import Scan
from complaints import scans
from complaints.models import Attachment, Channel, Source
from complaints.refusals import BadInput
from complaints.store import NotKept
from customers.models.people import ContactMethod
from staff.models import User


class ScanField(forms.FileField):
    """One scanned letter, made ready to be kept."""

    def clean(self, data: Any, initial: Any = None) -> Attachment | None:
        if not data:
            return None
        try:
            return scans.prepare(data, name=data.name)
        except BadInput as refusal:
            raise forms.ValidationError(refusal.message) from refusal


class Form(ReceivedMixin, StaffForm):
    channel, source, icon, position = Channel.LETTER, Source.POST, "mail", 2
    extra_fields = ("scan_file", "received_at", "letter_on", "letter_reference", "signatories")
    oldest = timedelta(days=3 * 365)

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
    scan = forms.UUIDField(required=False, widget=forms.HiddenInput)
    scan_file = ScanField(
        label=_("scan of the letter"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pdf,.tif,.tiff,image/*"}),
        help_text=_("PDF, TIFF or JPEG, at most 20 pages and 12 MB."),
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
        elif letter_on and letter_on > timezone.localdate():
            self.add_error("letter_on", _("This is in the future. Write the date that is on the letter."))
        elif letter_on and letter_on < timezone.localdate() - self.oldest:
            self.add_error("letter_on", _("That is more than three years ago. Check the year."))
        return super().clean()

    def kept_scan(self) -> Scan | None:
        """The scan that was shown beside the form, of the person who handed it in."""
        try:
            return Scan.objects.filter(uuid=UUID(str(self["scan"].value() or "")), uploaded_by=self.user).first()
        except ValueError:
            return None

    def put_aside(self) -> None:
        """The scan stays with the form whatever else is wrong, and is shown beside it."""
        new = self.cleaned_data.get("scan_file")
        if new is None:
            return
        typed: QueryDict = self.data.copy()  # type: ignore[attr-defined]
        try:
            typed["scan"] = str(scans_kept.keep(new, by=self.user).uuid)
        except NotKept as refusal:
            self.add_error("scan_file", refusal.message)
        self.data = typed

    def _files(self) -> dict[str, Any]:
        new, kept = self.cleaned_data.get("scan_file"), self.kept_scan()
        found = new or (scans_kept.attachment(kept) if kept else None)
        return {"files": (found, *self.cleaned_data["files"])} if found else {}

    def extra(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        return {
            "source": self.source,
            "received_at": cleaned["received_at"],
            "source_reference": cleaned["letter_reference"],
            **self._files(),
            "details": {"letter_on": cleaned["letter_on"].isoformat(), "signatories": cleaned["signatories"]},
        }
