"""Where a hazard is graded, and where its protection, its mending and the follow-up inspection are recorded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import MinValueValidator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import safety_rules
from complaints.attachments import prepare
from complaints.investigation import safety
from complaints.models import Complaint, SafetyFinding
from complaints.refusals import Refusal
from staff.http import StaffRequest


class SafetyForm(forms.ModelForm):
    standing = forms.IntegerField(required=False, widget=forms.HiddenInput)
    """The row that the recorder looked at: what somebody else said meanwhile is not overwritten unseen."""
    photo = forms.FileField(
        label=gettext_lazy("Photo"),
        required=False,
        help_text=gettext_lazy("Of the danger, of what protects from it, or of the mended place."),
    )

    class Meta:
        model = SafetyFinding
        fields = list(safety.FIELDS)
        widgets = {
            **{name: forms.Textarea(attrs={"rows": 2}) for name in ("not_dangerous_because", "protection", "measure")},
            **{
                name: forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d") for name in ("planned_on", "mended_on")
            },
        }
        help_texts = {
            "not_dangerous_because": gettext_lazy("Only instead of a grade: what you saw that makes it harmless."),
            "mended_on": gettext_lazy("A follow-up inspection is scheduled from this day."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["grade"].help_text = "; ".join(f"{rule.grade}: {rule.criteria}" for rule in safety_rules.grades())
        self.fields["voltage_kv"].validators.append(MinValueValidator(0))

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        mended = said.get("mended_on")
        if said.get("grade") and said.get("not_dangerous_because"):
            self.add_error("not_dangerous_because", _("It has a grade. Take the grade back, or this reason."))
        if mended and not said.get("measure"):
            self.add_error("measure", _("Say how it was mended."))
        if mended and mended > timezone.localdate():
            self.add_error("mended_on", _("That is in the future."))
        return said


def page(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    """What was found of the hazard; recorded on POST by whoever investigates."""
    if request.method == "POST":
        return _record(request, complaint)
    newest = complaint.safety_findings.first()
    form = SafetyForm(instance=newest, initial={"standing": newest.pk if newest else None})
    return _show(request, complaint, form)


def _record(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    if not complaint.permits("investigate", request.user.role):
        messages.error(
            request, _("Findings can be recorded by whoever investigates, while the complaint is not closed.")
        )
        return redirect("complaints:investigation", complaint.reference)
    form = SafetyForm(request.POST, request.FILES, instance=SafetyFinding(complaint=complaint))
    if form.is_valid():
        try:
            photo = form.cleaned_data["photo"]
            files = [prepare(photo, name=photo.name)] if photo else []
            safety.save(form.instance, by=request.user, files=files, seen=form.cleaned_data["standing"])
        except Refusal as refused:
            form.add_error("photo" if "files" in refused.fields else None, refused.message)
            return _show(request, complaint, form, status=refused.status)
        messages.success(request, _("The findings are recorded."))
        return redirect("complaints:investigation", complaint.reference)
    return _show(request, complaint, form, status=422)


def _show(request: StaffRequest, complaint: Complaint, form: SafetyForm, status: int = 200) -> HttpResponse:
    context = {
        "complaint": complaint,
        "panel": safety.panel(complaint),
        "may": complaint.permits("investigate", request.user.role),
        "form": form,
    }
    return render(request, "complaints/investigation/safety.html", context, status=status)
