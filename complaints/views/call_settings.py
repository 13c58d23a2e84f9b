"""The hours and days of asking back, and what they mean together in one sentence."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.models import Calendar, DeskSettings
from complaints.views.call_quotas import effect, for_changing
from staff.http import StaffRequest

DAY = 24
BOUNDS = {"change_hours": (0, 168), "link_hours": (1, 336), "call_attempts": (1, 10), "call_back_days": (1, 90)}
"""What each may be [P]."""


class CallSettingsForm(forms.ModelForm):
    use_required_attribute = False

    call_calendar = forms.ChoiceField(
        label=gettext_lazy("calendar of the call-backs"),
        required=False,
        help_text=gettext_lazy("On its working days people are called."),
    )

    class Meta:
        model = DeskSettings
        fields = (*BOUNDS, "call_calendar")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        calendars = {row.code: row.name for row in Calendar.objects.order_by("code", "version")}
        calendar = self.fields["call_calendar"]
        assert isinstance(calendar, forms.ChoiceField)
        calendar.choices = [("", gettext_lazy("every day")), *calendars.items()]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name, (low, high) in BOUNDS.items():
            if said.get(name) is not None and not low <= said[name] <= high:
                self.add_error(name, _("Write a number between %(low)s and %(high)s.") % {"low": low, "high": high})
        if not self.errors and said["link_hours"] >= said["call_back_days"] * DAY:
            self.add_error("link_hours", _("The question would be closed before anybody calls."))
        return said


@login_required
def call_settings(request: StaffRequest) -> HttpResponse:
    """Change them; `look` only says what they would do."""
    for_changing(request)
    form = CallSettingsForm(request.POST or None, instance=DeskSettings.current())
    preview = ""
    if request.method == "POST" and form.is_valid():
        if "look" not in request.POST:
            DeskSettings.objects.filter(pk=1).update(**form.cleaned_data)
            messages.success(request, _("Saved. It holds from now on; calls that are planned keep their time."))
            return redirect("complaints:call-quotas")
        preview = effect(form.instance)
    context = {"tab": "quotas", "form": form, "preview": preview}
    return render(request, "complaints/call_settings.html", context, status=422 if form.errors else 200)
