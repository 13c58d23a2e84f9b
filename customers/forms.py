"""What is asked on the pages about customers; forms check shape and presence and save nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from customers.importing.fields import FIELDS, NEEDED, guessed
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
                label=label,
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
