"""What is asked of people about a signal, and the filters of the list."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from analytics.models import SignalKind, SignalState
from complaints.field_types import CHOOSE, PersonField, text
from complaints.models import Category
from staff.models import User
from staff.scope import within_branches

OPEN = "open"


class SignalFilters(forms.Form):
    """Every value is optional; one that means nothing is as if it were not there."""

    state = forms.ChoiceField(
        label=gettext_lazy("status"),
        choices=[(OPEN, gettext_lazy("not closed")), *SignalState.choices, ("all", gettext_lazy("all"))],
        required=False,
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("kind"), choices=[("", gettext_lazy("all kinds")), *SignalKind.choices], required=False
    )
    category = forms.ModelChoiceField(
        label=gettext_lazy("category"),
        queryset=Category.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=gettext_lazy("all categories"),
    )

    def chosen(self) -> dict[str, Any]:
        self.is_valid()
        return {name: self.cleaned_data.get(name) for name in self.fields}


class AcknowledgeForm(forms.Form):
    use_required_attribute = False

    note = text(gettext_lazy("What you think of it"), rows=2, most=500)


class FollowUpForm(forms.Form):
    use_required_attribute = False

    action = text(gettext_lazy("What is to be done"), rows=2, most=500)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(within_branches(user), is_active=True).order_by("full_name", "username")
        self.fields["owner"] = PersonField(label=gettext_lazy("Who does it"), queryset=people, empty_label=CHOOSE)
        self.fields["due_on"] = forms.DateField(
            label=gettext_lazy("By when"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
        )

    def clean_due_on(self) -> date:
        due: date = self.cleaned_data["due_on"]
        if due < timezone.localdate():
            raise forms.ValidationError(_("That is in the past."))
        return due


class CloseForm(forms.Form):
    use_required_attribute = False

    result = text(gettext_lazy("What came of it"), rows=2, most=500)
