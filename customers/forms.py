"""What is asked on the pages about customers; forms check shape and presence and save nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import phonenumbers
from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from customers.editing import DECISIONS, DETAILS, fields_for
from customers.importing.fields import FIELDS, NEEDED, guessed
from customers.importing.files import CONTROL
from customers.models import Customer
from staff.models import Branch, User


class UploadForm(forms.Form):
    use_required_attribute = False
    file = forms.FileField(
        label=_("CSV file"),
        help_text=_("UTF-8 or GB18030, headings in the first line. Of any length."),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,text/csv"}),
    )


class MatchingForm(forms.Form):
    """Which column is what; starts with what the headings suggest."""

    use_required_attribute = False

    def __init__(self, *args: Any, header: Sequence[str], user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        path = user.branch.path if user.branch else "-"
        self.fields["into"] = forms.ModelChoiceField(
            label=_("Branch of rows that name none"),
            queryset=Branch.objects.filter(path__startswith=path),
            initial=user.branch,
            empty_label=None,
        )
        columns = [(str(at), f"{at + 1}. {heading}") for at, heading in enumerate(header)]
        suggested = guessed(header)
        for name, (label, _others) in FIELDS.items():
            self.fields[name] = forms.TypedChoiceField(
                label=str(label),
                choices=[("", _("not in the file")), *columns],
                coerce=int,
                empty_value=None,
                required=name in NEEDED,
                initial=suggested.get(name),
            )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        taken: dict[int, str] = {}
        for name in FIELDS:
            at = said.get(name)
            if at is not None and at in taken:
                self.add_error(name, _("This column was chosen for something else, too."))
            elif at is not None:
                taken[at] = name
        if said.get("meter_number") is not None and said.get("account_number") is None:
            self.add_error("account_number", _("Meters need the account number that they belong to."))
        return said

    def columns(self) -> dict[str, int]:
        return {name: self.cleaned_data[name] for name in FIELDS if self.cleaned_data[name] is not None}


class CustomerForm(forms.ModelForm):
    """One customer's record, as far as this person may change it."""

    use_required_attribute = False

    class Meta:
        model = Customer
        fields = [*DETAILS, *DECISIONS]
        widgets = {"language": forms.Select(choices=settings.LANGUAGES)}

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        allowed = fields_for(user)
        for name in list(self.fields):
            if name not in allowed:
                del self.fields[name]
        if "account_manager" in self.fields:
            path = user.branch.path if user.branch else "-"
            people = User.objects.filter(branch__path__startswith=path, is_active=True).order_by("full_name")
            self.fields["account_manager"] = PersonField(
                label=_("Account manager"), queryset=people, required=False, empty_label=_("nobody")
            )

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"].strip()
        if CONTROL.search(name):
            raise forms.ValidationError(_("The name has characters that cannot be written."))
        return name

    def clean_phone(self) -> str:
        """A phone that could be called: as the numbering plan has it, or a short number of the own network."""
        phone: str = self.cleaned_data["phone"].strip()
        if not phone:
            return ""
        if phone == self.instance.phone:
            return phone
        try:
            number = phonenumbers.parse(phone, settings.PHONE_REGION)
        except phonenumbers.NumberParseException as error:
            raise forms.ValidationError(_("This is no phone number. Check the digits.")) from error
        if not phonenumbers.is_possible_number(number):
            raise forms.ValidationError(_("This phone number has too few or too many digits. Check them."))
        return phone

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        method, needs = (
            said.get("contact_method"),
            {"phone": "phone", "sms": "phone", "email": "email", "letter": "address"},
        )
        field = needs.get(str(method), "")
        if field and field in said and not said[field] and method != "phone":
            self.add_error(field, _("Needed for the preferred contact."))
        return said


class PersonField(forms.ModelChoiceField):
    def label_from_instance(self, obj: User) -> str:
        return obj.display_name
