"""The form of a new pack: which reports, of which days, narrowed to what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from analytics.filters import MOST_DAYS, branches_of
from analytics.models import Pack
from analytics.reports import all_reports
from complaints.models import Channel
from staff.models import User


class PackForm(forms.ModelForm):
    reports = forms.MultipleChoiceField(label=_("Reports"), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = Pack
        fields = ["title", "first_day", "last_day", "branch", "category", "channel", "reports"]
        widgets = {
            "first_day": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
            "last_day": forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        branch, reports = self.fields["branch"], self.fields["reports"]
        assert isinstance(branch, forms.ModelChoiceField)
        assert isinstance(reports, forms.MultipleChoiceField)
        branch.queryset, branch.initial = branches_of(user), user.branch_id
        reports.choices = [(name, report.title) for name, report in all_reports().items()]
        self.fields["channel"].choices = [("", _("all channels")), *Channel.choices]  # type: ignore[attr-defined]
        self.fields["category"].empty_label = _("all categories")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("first_day"), values.get("last_day")
        if first and last and first > last:
            self.add_error("last_day", _("The last day lies before the first day."))
        elif first and last and (last - first).days >= MOST_DAYS:
            self.add_error("first_day", _("Choose at most ten years."))
        return values
