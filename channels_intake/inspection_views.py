"""Recording an inspection on a phone: the checklist, what was found, and the complaints that findings open by the one door."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy, pgettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from channels_intake import inspection_findings
from complaints import safety_rules
from complaints.attachments import prepare
from complaints.field_types import text
from complaints.inspections import work
from complaints.models import Attachment, Consequence, HazardGrade, Informed, Inspection, InspectionResult, Purpose
from complaints.refusals import BadInput, Refusal
from complaints.views.inspections import find
from staff.http import StaffRequest

FINDINGS = 3
"""So many can be said in one recording."""
ITEM = "item-"


class PhotoMixin(forms.Form):
    """A form with a photo, made ready to be kept while it is checked."""

    def clean_photo(self) -> Attachment | None:
        upload = self.cleaned_data.get("photo")
        if not upload:
            return None
        try:
            return prepare(upload, name=upload.name)
        except BadInput as refused:
            raise forms.ValidationError(refused.message) from None


def _photo(label: Any, **more: Any) -> forms.FileField:
    widget = forms.ClearableFileInput(attrs={"accept": "image/*", "capture": "environment"})
    return forms.FileField(label=label, required=False, widget=widget, **more)


class RecordForm(PhotoMixin):
    use_required_attribute = False

    result = forms.ChoiceField(label=gettext_lazy("result"), choices=InspectionResult.choices, widget=forms.RadioSelect)
    done_on = forms.DateField(
        label=gettext_lazy("done on"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    informed = forms.ChoiceField(
        label=gettext_lazy("the customer was informed"), choices=Informed.choices, widget=forms.RadioSelect
    )
    note = text(gettext_lazy("note"), rows=2, most=1000, required=False)
    photo = _photo(gettext_lazy("Photo"))
    seen = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, inspection: Inspection, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if inspection.account_id is None:
            del self.fields["informed"]
        if inspection.purpose == Purpose.FOLLOW_UP:
            self.fields["note"] = text(gettext_lazy("what the follow-up inspection found"), rows=3, most=500)
            self.fields["result"].help_text = _("Not in order: the complaint is opened again at once.")
        else:
            del self.fields["photo"]
        language = "zh" if (get_language() or "").startswith("zh") else "en"
        self.items = inspection.kind.items if inspection.kind and inspection.plan_id is not None else []
        for item in self.items:
            self.fields[f"{ITEM}{item['key']}"] = forms.ChoiceField(
                label=item[language], choices=list(work.TICKS.items()), widget=forms.RadioSelect
            )

    def checklist(self) -> list[forms.BoundField]:
        return [self[f"{ITEM}{item['key']}"] for item in self.items]

    def others(self) -> list[forms.BoundField]:
        return [field for field in self.visible_fields() if not field.name.startswith(ITEM)]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        bad = [name for name, answer in said.items() if name.startswith(ITEM) and answer == "bad"]
        if bad and said.get("result") == InspectionResult.IN_ORDER:
            self.add_error("result", _("An item of the checklist is not in order."))
        if said.get("done_on") and said["done_on"] > timezone.localdate():
            self.add_error("done_on", _("That is in the future."))
        return said


class FoundForm(PhotoMixin):
    """One thing that is not in order; left empty it says nothing."""

    use_required_attribute = False

    what = forms.CharField(
        label=gettext_lazy("what is not in order"), max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    grade = forms.ChoiceField(label=gettext_lazy("hazard grade"), choices=HazardGrade.choices, widget=forms.RadioSelect)
    consequence = forms.ChoiceField(label=gettext_lazy("what follows"), widget=forms.RadioSelect)
    rectify_by = forms.DateField(
        label=gettext_lazy("to be rectified by"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("With a notice: somebody looks again on this day."),
    )
    photo = _photo(pgettext_lazy("of a finding", "Photo"))

    def __init__(self, *args: Any, criteria: str, with_customer: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["grade"].help_text = criteria
        choices = [choice for choice in Consequence.choices if with_customer or choice[0] != Consequence.COMPLAINT]
        field = self.fields["consequence"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    @property
    def title(self) -> str:
        return _("Finding %(number)d") % {"number": int((self.prefix or "found-0").rsplit("-", 1)[-1]) + 1}

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("consequence") == Consequence.RECTIFY:
            if said.get("grade") == HazardGrade.IMMINENT:
                self.add_error(
                    "consequence", _("Imminent danger cannot wait for a notice: open a complaint or a service issue.")
                )
            if not said.get("rectify_by") and "rectify_by" not in self.errors:
                self.add_error("rectify_by", _("Say by which day it is to be rectified."))
        return said


FoundFormSet = forms.formset_factory(FoundForm, extra=FINDINGS, max_num=FINDINGS, absolute_max=FINDINGS)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def record(request: StaffRequest, pk: int) -> HttpResponse:
    """Record what an inspection found, once."""
    inspection = find(request, pk)
    if request.user.role not in work.WORKING:
        raise PermissionDenied(_("Inspections are worked on by investigators and supervisors."))
    if request.method != "POST":
        initial = {"done_on": timezone.localdate(), "seen": inspection.version}
        return _show(request, inspection, RecordForm(inspection=inspection, initial=initial), _found(inspection))
    form = RecordForm(request.POST, request.FILES, inspection=inspection)
    rows = _found(inspection, request.POST, request.FILES)
    if not (form.is_valid() & rows.is_valid()):
        return _show(request, inspection, form, rows, status=422)
    try:
        done = inspection_findings.record(
            inspection, _said(form, rows), by=request.user, seen=form.cleaned_data["seen"]
        )
    except Refusal as refused:
        field = next((one for one in refused.fields if one in form.fields), None)
        form.add_error(field, refused.message)
        return _show(request, inspection, form, rows, status=refused.status)
    messages.success(request, _("Recorded: %(result)s.") % {"result": done.get_result_display()})
    return redirect("complaints:inspection", pk)


def _found(inspection: Inspection, data: Any = None, files: Any = None) -> Any:
    criteria = "; ".join(f"{rule.grade}: {rule.criteria}" for rule in safety_rules.grades())
    about = {"criteria": criteria, "with_customer": inspection.account_id is not None}
    return FoundFormSet(data, files, prefix="found", form_kwargs=about)


def _said(form: RecordForm, rows: Any) -> work.Said:
    said = form.cleaned_data
    return work.Said(
        result=said["result"],
        done_on=said["done_on"],
        note=said["note"],
        informed=said.get("informed", ""),
        answers={item["key"]: said[f"{ITEM}{item['key']}"] for item in form.items},
        found=[work.Found(**row.cleaned_data) for row in rows if row.has_changed()],
        photo=said.get("photo"),
    )


def _show(
    request: StaffRequest, inspection: Inspection, form: RecordForm, rows: Any, status: int = 200
) -> HttpResponse:
    context = {"inspection": inspection, "form": form, "rows": rows, "today": timezone.localdate()}
    return render(request, "complaints/inspections/record.html", context, status=status)
