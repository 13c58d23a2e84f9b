"""The form of a subscription: to whom, of what and which days, narrowed how, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from analytics.filters import branches_of
from analytics.models import Subscription
from analytics.periods import Granularity
from analytics.reports import all_reports
from analytics.subscriptions import FILTERS, READING
from complaints.models import Category, Channel
from staff.models import Branch, User
from staff.scope import within_branches


class Colleagues(forms.ModelChoiceField):
    """Colleagues by name and address: two may have the same name."""

    def label_from_instance(self, obj: User) -> str:
        return f"{obj.display_name} ({obj.email})"


class SubscriptionForm(forms.ModelForm):
    use_required_attribute = False
    subscriber = Colleagues(label=_("who gets it"), queryset=User.objects.none())
    reports = forms.MultipleChoiceField(label=_("Reports"), widget=forms.CheckboxSelectMultiple)
    hour = forms.TypedChoiceField(label=_("at"), choices=[(n, f"{n:02d}:00") for n in range(24)], coerce=int)
    weekday = forms.TypedChoiceField(
        label=_("on (weekly)"), choices=[(n + 1, name) for n, name in WEEKDAYS.items()], coerce=int
    )
    day = forms.TypedChoiceField(
        label=_("on day (monthly)"),
        choices=[(n, str(n)) for n in range(1, 32)],
        coerce=int,
        help_text=_("In a shorter month its last day."),
    )
    language = forms.ChoiceField(label=_("language"), choices=settings.LANGUAGES)
    category = forms.ModelChoiceField(
        label=_("category"),
        queryset=Category.objects.all(),
        to_field_name="code",
        required=False,
        empty_label=_("all categories"),
    )
    channel = forms.ChoiceField(label=_("channel"), choices=[("", _("all channels")), *Channel.choices], required=False)
    branch = forms.ModelChoiceField(
        label=_("branch"),
        queryset=Branch.objects.none(),
        to_field_name="code",
        required=False,
        empty_label=_("all that the person sees"),
    )
    granularity = forms.ChoiceField(label=_("per"), choices=Granularity.choices)
    by = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    compare = forms.CharField(required=False, max_length=10, widget=forms.HiddenInput)

    class Meta:
        model = Subscription
        fields = [
            *("subscriber", "reports", "span", "granularity", "category", "channel", "branch"),
            *("rhythm", "weekday", "day", "hour", "starts_on", "stops_on", "language"),
        ]
        widgets = {
            name: forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}) for name in ("starts_on", "stops_on")
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        colleagues, branch = self.fields["subscriber"], self.fields["branch"]
        assert isinstance(colleagues, forms.ModelChoiceField)
        assert isinstance(branch, forms.ModelChoiceField)
        near = Q(is_active=True, role__in=sorted(READING)) & within_branches(user)
        already = Q(pk__in=[user.pk, self.instance.subscriber_id])
        colleagues.queryset = User.objects.filter(near | already).exclude(email="").order_by("full_name", "username")
        branch.queryset = branches_of(user)
        reports = self.fields["reports"]
        assert isinstance(reports, forms.MultipleChoiceField)
        reports.choices = [(name, report.title) for name, report in all_reports().items()]
        for name in FILTERS:
            self.initial[name] = self.instance.filters.get(name, "")
        self.initial["granularity"] = self.initial["granularity"] or Granularity.WEEK.value

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        first, last = values.get("starts_on"), values.get("stops_on")
        if first and last and first > last:
            self.add_error("stops_on", _("The last day lies before the first day."))
        elif last and last < timezone.localdate():
            self.add_error("stops_on", _("This day is over already."))
        category, branch = values.get("category"), values.get("branch")
        said = {
            "granularity": values.get("granularity"),
            "by": values.get("by"),
            "compare": values.get("compare"),
            "channel": values.get("channel"),
            "category": category.code if category else "",
            "branch": branch.code if branch else "",
        }
        self.instance.filters = {name: text for name, text in said.items() if text}
        return values
