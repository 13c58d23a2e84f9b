"""Where an outage is written down: times, who was without supply, cause, notice; and what follows from them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.investigation import outage, voltage_log
from complaints.models import Complaint, OutageFinding, OutageKind
from complaints.refusals import Refusal
from staff.http import StaffRequest

_LINE = re.compile(r"(.+?)[\s,;，；]+(\d{1,9})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})")
MOMENT = "%Y-%m-%dT%H:%M"
PICKED = {"type": "datetime-local"}


class OutageForm(forms.ModelForm):
    back = forms.CharField(
        label=gettext_lazy("Who had supply back earlier"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "2026-03-02 20:15  120"}),
        help_text=gettext_lazy(
            "One a line: when, and how many customers then had it back. The rest came back at the end."
        ),
    )

    class Meta:
        model = OutageFinding
        fields = [
            *("kind", "started_at", "restored_at", "customers", "equipment", "cause"),
            *("noticed_at", "notice_evidence", "announced_from", "announced_until", "change_told_at"),
        ]
        widgets = {
            name: forms.DateTimeInput(attrs=PICKED, format=MOMENT)
            for name in (
                *("started_at", "restored_at", "noticed_at"),
                *("announced_from", "announced_until", "change_told_at"),
            )
        }
        help_texts = {
            "announced_from": gettext_lazy("Of a planned outage: the time that customers were told."),
            "change_told_at": gettext_lazy("When customers heard that it begins earlier or lasts longer."),
        }

    field_order = ("kind", "started_at", "restored_at", "customers", "back", "equipment", "cause")

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.complaint = complaint
        cause = self.fields["cause"]
        assert isinstance(cause, forms.ModelChoiceField)
        leaves = outage.causes()
        groups: dict[str, list[tuple[int, str]]] = {}
        for leaf in leaves:
            groups.setdefault(leaf.parent.name if leaf.parent else leaf.name, []).append((leaf.pk, leaf.name))
        cause.choices = [("", "—"), *groups.items()]

    def clean_back(self) -> list[tuple[datetime, int]]:
        """The partial restorations; a time without a day is one of the day it began."""
        steps = []
        for number, line in enumerate(self.cleaned_data["back"].splitlines(), start=1):
            if not line.strip():
                continue
            match = _LINE.fullmatch(line.strip())
            at = self._at(match[1]) if match else None
            if match is None or at is None:
                raise forms.ValidationError(_("Line %(line)d is not a time and a number.") % {"line": number})
            steps.append((at, int(match[2])))
        return sorted(steps)

    def _at(self, text: str) -> datetime | None:
        began = self.cleaned_data.get("started_at")
        short = _CLOCK.fullmatch(text)
        if short and began and int(short[1]) < 24 and int(short[2]) < 60:
            return timezone.localtime(began).replace(hour=int(short[1]), minute=int(short[2]), second=0)
        at = voltage_log.moment(text, day_first=True, zone=timezone.get_default_timezone())
        return None if isinstance(at, str) else at

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name in ("started_at", "restored_at", "noticed_at", "change_told_at"):
            if said.get(name) is not None and said[name] > timezone.now():
                self.add_error(name, _("That is in the future."))
        if said.get("started_at") and said.get("restored_at") and said["restored_at"] < said["started_at"]:
            self.add_error("restored_at", _("Restored before it began."))
        start, end = said.get("announced_from"), said.get("announced_until")
        for name, day, other in (("announced_from", start, end), ("announced_until", end, start)):
            if day is None and other is not None and name not in self.errors:
                self.add_error(name, _("Say both from when and until when it was announced."))
        if start and end and end <= start:
            self.add_error("announced_until", _("Announced to end before it was to begin."))
        return said

    def finding(self) -> OutageFinding:
        """The row to be kept, with the partial restorations."""
        finding = self.instance
        finding.steps = [[at.isoformat(), count] for at, count in self.cleaned_data["back"]]
        return finding


def page(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    """What was found about the outage; a POST records it as a new finding."""
    may = complaint.permits("investigate", request.user.role)
    newest = complaint.outage_findings.first()
    if request.method != "POST":
        initial = _known(complaint) if newest is None else {"back": _typed(newest)}
        return _show(request, complaint, OutageForm(instance=newest, initial=initial, complaint=complaint))
    if not may:
        messages.error(
            request, _("Findings can be recorded by whoever investigates, while the complaint is not closed.")
        )
        return redirect("complaints:investigation", complaint.reference)
    form = OutageForm(request.POST, instance=OutageFinding(complaint=complaint), complaint=complaint)
    if form.is_valid():
        try:
            outage.save(form.finding(), by=request.user)
        except Refusal as refused:
            field = next(("back" if name == "steps" else name for name in refused.fields), None)
            form.add_error(field if field in form.fields else None, refused.message)
        else:
            messages.success(request, _("The findings are recorded."))
            return redirect("complaints:investigation", complaint.reference)
    return _show(request, complaint, form, status=422)


def _known(complaint: Complaint) -> dict[str, Any]:
    """What other parts of the desk know already: proposed, to be looked at and recorded."""
    issue = complaint.service_issue
    area = outage.area_of(complaint)
    feeder = issue.feeder if issue and issue.feeder else None
    place = issue.transformer_area if issue else area
    planned = issue is not None and issue.kind == "planned_outage"
    started = issue.started_at if issue else complaint.occurred_at
    announced = outage.announced_near(complaint, started)
    return {
        "kind": OutageKind.PLANNED if planned or announced else OutageKind.FAULT,
        "started_at": started,
        "announced_from": announced.starts_at if announced else None,
        "announced_until": announced.ends_at if announced else None,
        "restored_at": complaint.restored_at or (issue.restored_at if issue else None),
        "customers": outage.proposed_customers(feeder, place),
    }


def _typed(finding: OutageFinding) -> str:
    steps = outage.steps_of(finding)
    return "\n".join(f"{timezone.localtime(at):%Y-%m-%d %H:%M}  {count}" for at, count in steps)


def _show(request: StaffRequest, complaint: Complaint, form: OutageForm, status: int = 200) -> HttpResponse:
    finding = complaint.outage_findings.first()
    until = finding.started_at if finding else complaint.received_at
    context = {
        "complaint": complaint,
        "panel": outage.panel(complaint),
        "form": form,
        "may": complaint.permits("investigate", request.user.role),
        "repeats": outage.repeats(complaint, until),
        "issues": outage.offered_issues(complaint, until),
        "earlier": complaint.outage_findings.select_related("entered_by")[1:],
    }
    return render(request, "complaints/investigation/outage.html", context, status=status)
