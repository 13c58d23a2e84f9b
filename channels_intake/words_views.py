"""Where supervisors write the prompts on the telephone and the fees."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from channels_intake import words
from complaints.models import DeskSettings
from staff import utility
from staff.http import StaffRequest


class WordsForm(forms.ModelForm):
    class Meta:
        model = DeskSettings
        fields = ("courtesy_zh", "courtesy_en", "fees_zh", "fees_en")
        widgets = {name: forms.Textarea(attrs={"rows": 8}) for name in fields}
        help_texts = {
            "courtesy_zh": gettext_lazy(
                "One a line. Begin with a category and a colon, such as SAF:, where it is for that one only."
            ),
            "fees_zh": gettext_lazy("One a line: what, then a vertical line |, then how much."),
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("fees_zh", "fees_en"):
            fault = words.fault_of_fees(cleaned.get(name, ""))
            if fault:
                self.add_error(name, _("Say how much, after a vertical line: “%(line)s”.") % {"line": fault})
        return cleaned


@login_required
def edit(request: StaffRequest) -> HttpResponse:
    utility.require_look(request.user, request.method)
    form = WordsForm(request.POST or None, instance=DeskSettings.current())
    if request.method != "POST" or not form.is_valid():
        return render(request, "intake/words.html", {"form": form}, status=422 if form.errors else 200)
    form.save()
    messages.success(request, _("Saved. Everybody sees it from now on."))
    return redirect("channels_intake:words")
