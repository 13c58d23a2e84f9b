"""Where a complaint about service is judged: the finding for all who see it, and the part about the employee for few."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from complaints import coaching
from complaints.field_types import PersonField
from complaints.investigation import conduct
from complaints.models import (
    SERVICE,
    Apology,
    ApologyHow,
    Complaint,
    ConductFinding,
    ConductRule,
    Measure,
    Recording,
    StaffPart,
)
from complaints.refusals import Refusal
from complaints.views.detail import find
from staff.http import StaffRequest
from staff.models import Team, User
from staff.scope import within_branches

DAY = {"type": "date"}
MEASURED = ("measured", "began_on", "ended_on")
PARTS = [
    (gettext_lazy("What is complained about"), conduct.FIELDS[:10]),
    (gettext_lazy("What was found"), conduct.FIELDS[10:16]),
    (gettext_lazy("Apology and what follows"), conduct.FIELDS[16:]),
]
"""The fields of the finding in the order of an investigation."""


class RuleField(forms.ModelChoiceField):
    """The rules in use, those that speak of this kind of complaint first."""

    def __init__(self, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(queryset=ConductRule.objects.filter(is_active=True), to_field_name="code", **kwargs)
        fitting, others = conduct.rules_for(complaint)
        groups = [(_("About such complaints"), fitting), (_("Other rules"), others)]
        self.choices = [
            ("", self.empty_label),
            *((name, [(rule.code, rule.name) for rule in rules]) for name, rules in groups if rules),
        ]


class ConductForm(forms.ModelForm):
    use_required_attribute = False

    standing = forms.IntegerField(required=False, widget=forms.HiddenInput)
    """The row that the recorder looked at: what somebody else said meanwhile is not overwritten unseen."""

    class Meta:
        model = ConductFinding
        fields = list(conduct.FIELDS)
        widgets = {
            **{
                name: forms.Textarea(attrs={"rows": 2})
                for name in ("said", "witnesses", "because", "apology_text", "no_coaching_because")
            },
            **{name: forms.DateInput(attrs=DAY, format="%Y-%m-%d") for name in ("began_on", "ended_on", "apology_on")},
            "happened_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        }
        help_texts = {
            "about_told": gettext_lazy("A name, a number or a counter, in the caller's words."),
            "call_reference": gettext_lazy("The number that the telephone switch gave the call."),
            "said": gettext_lazy(
                "What the employee said or did. Name nobody here: everybody on the complaint reads it."
            ),
            "measured": gettext_lazy("In the measure of the rule: minutes, or seconds; working days are counted."),
            "began_on": gettext_lazy("Only where a rule counts working days."),
            "ended_on": gettext_lazy("Empty: it still lasts, and is counted until today."),
            "apology_how": gettext_lazy("A message is sent when you record this."),
            "apology_text": gettext_lazy("A message goes to the customer in exactly these words."),
            "no_coaching_because": gettext_lazy("Only where nothing is to be learned from it."),
        }

    def __init__(self, *args: Any, complaint: Complaint, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.complaint = complaint
        for name in ("alleged", "rule"):
            label = ConductFinding._meta.get_field(name).verbose_name  # type: ignore[union-attr]
            found = getattr(self.instance, name)
            self.initial[name] = found.code if found else None
            self.fields[name] = RuleField(complaint, label=label, required=False, empty_label=gettext_lazy("not said"))
        teams = Team.objects.filter(branch__path__startswith=complaint.branch.path)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)
        team.queryset, team.empty_label = teams, gettext_lazy("not said")
        for name in ("identified", "recording", "verdict", "apology", "apology_how"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", gettext_lazy("not said")), *list(field.choices)[1:]]  # type: ignore[arg-type]
        self.order_fields(["standing", *conduct.FIELDS])

    def parts(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """The fields under their headings."""
        return [(title, [self[name] for name in names]) for title, names in PARTS]

    def is_measured(self) -> bool:
        """Whether the fields of a measure stand open: there is something in them, or such complaints are measured."""
        typed = any(self[name].value() not in (None, "") for name in MEASURED)
        fitting, _others = conduct.rules_for(self.complaint)
        return typed or any(rule.measure and rule.subcategories for rule in fitting)

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        self._clean_course(said)
        self._clean_measure(said)
        self._clean_apology(said)
        return said

    def _clean_course(self, said: dict[str, Any]) -> None:
        if said.get("happened_at") and said["happened_at"] > timezone.now():
            self.add_error("happened_at", _("That is in the future."))
        if said.get("recording") == Recording.LISTENED and not said.get("call_reference"):
            self.add_error("call_reference", _("Say which recording was listened to."))
        if said.get("verdict") and not said.get("because"):
            self.add_error("because", _("Say why it was found so."))

    def _clean_measure(self, said: dict[str, Any]) -> None:
        rule, today = said.get("rule"), timezone.localdate()
        counts_days = rule is not None and rule.measure == Measure.WORKING_DAYS
        if said.get("measured") is not None and (rule is None or not rule.measure):
            self.add_error("measured", _("Choose the rule that this is measured against."))
        began, ended = said.get("began_on"), said.get("ended_on")
        if (began or ended) and not counts_days:
            self.add_error("began_on", _("Choose a rule that counts working days."))
        for name, day in (("began_on", began), ("ended_on", ended)):
            if day and day > today:
                self.add_error(name, _("That is in the future."))
        if ended and not began:
            self.add_error("began_on", _("Say when it was applied for."))
        elif ended and ended < began:
            self.add_error("ended_on", _("That is before it was applied for."))

    def _clean_apology(self, said: dict[str, Any]) -> None:
        if said.get("apology") != Apology.MADE:
            return
        for name, words in {
            "apology_how": _("Say how it was made."),
            "apology_on": _("Say when it was made."),
            "apology_by": _("Say who made it."),
        }.items():
            if not said.get(name):
                self.add_error(name, words)
        if said.get("apology_on") and said["apology_on"] > timezone.localdate():
            self.add_error("apology_on", _("That is in the future."))
        if said.get("apology_how") == ApologyHow.MESSAGE and not said.get("apology_text"):
            self.add_error("apology_text", _("Write what the customer shall read."))


class StaffPartForm(forms.ModelForm):
    use_required_attribute = False

    standing = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = StaffPart
        fields = list(conduct.STAFF_FIELDS)
        widgets = {
            "statement": forms.Textarea(attrs={"rows": 4}),
            "action_on_staff": forms.Textarea(attrs={"rows": 2}),
            "stated_on": forms.DateInput(attrs=DAY, format="%Y-%m-%d"),
        }

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.objects.filter(within_branches(user), is_active=True).order_by("full_name", "username")
        self.fields["person"] = PersonField(
            label=gettext_lazy("Person in the directory"),
            queryset=people,
            required=False,
            empty_label=gettext_lazy("not identified"),
            help_text=gettext_lazy("From now on this person neither sees the complaint nor can be given it."),
        )
        self.order_fields(["standing", *conduct.STAFF_FIELDS])

    def clean_stated_on(self) -> Any:
        day = self.cleaned_data["stated_on"]
        if day and day > timezone.localdate():
            raise forms.ValidationError(_("That is in the future."))
        return day


def page(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    """What was found about the service; recorded on POST by whoever investigates."""
    newest = complaint.conduct_findings.select_related("rule", "alleged").first()
    if request.method != "POST":
        initial = {"standing": newest.pk if newest else None, **({} if newest else _known(complaint))}
        return _show(request, complaint, ConductForm(instance=newest, initial=initial, complaint=complaint))
    if not complaint.permits("investigate", request.user.role):
        return _refused(request, complaint)
    form = ConductForm(request.POST, instance=ConductFinding(complaint=complaint), complaint=complaint)
    if form.is_valid():
        try:
            conduct.save(form.instance, by=request.user, seen=form.cleaned_data["standing"])
        except Refusal as refused:
            form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
            return _show(request, complaint, form, status=refused.status)
        messages.success(request, _("The findings are recorded."))
        return redirect("complaints:investigation", complaint.reference)
    return _show(request, complaint, form, status=422)


def _known(complaint: Complaint) -> dict[str, Any]:
    """What intake knows already: proposed, to be looked at and recorded."""
    answers = complaint.answers
    return {
        "about_told": str(answers.get("who") or "")[:120],
        "happened_at": complaint.occurred_at or answers.get("happened_at"),
        "place": complaint.place[:120],
        "call_reference": complaint.channel_details.get(conduct.RECORDED_CALL, ""),
        "said": str(answers.get("what_was_said") or "")[:2000],
    }


def _refused(request: StaffRequest, complaint: Complaint) -> HttpResponse:
    messages.error(request, _("Findings can be recorded by whoever investigates, while the complaint is not closed."))
    return redirect("complaints:investigation", complaint.reference)


def _show(request: StaffRequest, complaint: Complaint, form: ConductForm, status: int = 200) -> HttpResponse:
    part = complaint.staff_parts.select_related("person__team", "entered_by").first()
    reads = conduct.may_read(complaint, request.user)
    given = complaint.coaching.select_related("person", "team", "owner")
    context = {
        "complaint": complaint,
        "panel": conduct.panel(complaint),
        "may": complaint.permits("investigate", request.user.role),
        "form": form,
        "part": part,
        "about_employee": conduct.said_of_staff(part) if part and reads else [],
        "reads_employee": reads,
        "may_record_employee": conduct.may_record(complaint, request.user),
        "coaching": [(action, coaching.knows_whom(action, request.user)) for action in given],
        "today": timezone.localdate(),
    }
    return render(request, "complaints/investigation/conduct.html", context, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def employee(request: StaffRequest, reference: str) -> HttpResponse:
    """The part about the employee, for those who may read and record it."""
    complaint = find(request, reference)
    if complaint.category.code != SERVICE or not conduct.may_record(complaint, request.user):
        raise PermissionDenied(_("Only supervisors and whoever recorded it go on with the part about the employee."))
    newest = complaint.staff_parts.first()
    if request.method != "POST":
        form = StaffPartForm(instance=newest, initial={"standing": newest.pk if newest else None}, user=request.user)
        return _show_employee(request, complaint, form)
    form = StaffPartForm(request.POST, instance=StaffPart(complaint=complaint), user=request.user)
    if not form.is_valid():
        return _show_employee(request, complaint, form, status=422)
    try:
        conduct.save_staff_part(form.instance, by=request.user, seen=form.cleaned_data["standing"])
    except Refusal as refused:
        form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
        return _show_employee(request, complaint, form, status=refused.status)
    messages.success(request, _("Recorded. Only supervisors and you read it."))
    return redirect("complaints:investigation", complaint.reference)


def _show_employee(request: StaffRequest, complaint: Complaint, form: StaffPartForm, status: int = 200) -> HttpResponse:
    context = {"complaint": complaint, "form": form}
    return render(request, "complaints/investigation/employee.html", context, status=status)
