"""The ladder of alarms: its steps, whom each would tell now, and the hours in which the rest may sleep."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import NON_FIELD_ERRORS
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe

from complaints import ladder as ladders
from complaints.models import AlarmLevel, ClockKind, DeskSettings, LadderStep, Listener, Tier
from complaints.views.answering import Answering
from staff import roster as rosters
from staff import utility
from staff.http import StaffRequest
from staff.models import Branch

EVERY = gettext_lazy("every one")
TOLD_BY_THE_COMPLAINT = (Listener.ASSIGNEE, Listener.TEAM)
"""Whom these are, a branch alone does not say."""


class StepForm(forms.ModelForm):
    """One step. Which steps there may be side by side, and that a warning changes nothing, is said here in words."""

    tell = forms.MultipleChoiceField(
        label=gettext_lazy("Tells"), choices=Listener.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = LadderStep
        fields = ["kind", "tier", "level", "number", "tell", "reassigns", "raises_priority"]
        labels = {
            "kind": pgettext_lazy("promise", "Clock"),
            "tier": gettext_lazy("Tier"),
            "level": gettext_lazy("Alarm"),
            "number": gettext_lazy("Which of several"),
        }
        help_texts = {
            "tier": "",
            "number": gettext_lazy("1 is the first; empty: every one"),
            "reassigns": gettext_lazy("Only if nobody on duty has it, and somebody of its team is on duty."),
            "raises_priority": gettext_lazy("One step up, never to P1: that means that a life is in danger."),
        }
        error_messages = {
            NON_FIELD_ERRORS: {
                "unique_together": gettext_lazy("There is a step for just this alarm already. Change that one.")
            }
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["level"] = forms.ChoiceField(
            label=_("Alarm"), choices=AlarmLevel.choices, initial=AlarmLevel.BREACH
        )
        self.fields["kind"] = forms.ChoiceField(
            label=pgettext_lazy("promise", "Clock"), required=False, choices=[("", EVERY), *ClockKind.choices]
        )
        self.fields["tier"] = forms.ChoiceField(
            label=_("Tier"), required=False, choices=[("", EVERY), *[one for one in Tier.choices if one[0]]]
        )

    def clean_number(self) -> int | None:
        number: int | None = self.cleaned_data["number"]
        if number == 0:
            raise forms.ValidationError(_("The first alarm is number 1."))
        return number

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("level") == AlarmLevel.WARN:
            for name in ("reassigns", "raises_priority"):
                if said.get(name):
                    self.add_error(name, _("A warning changes nothing. Choose a missed deadline for this."))
        if said.get("level") == AlarmLevel.BREACH and (said.get("number") or 1) > 1:
            self.add_error("number", _("A deadline is missed only once."))
        return said


class NightForm(forms.ModelForm):
    """Quiet hours, and who hears what nobody else does."""

    class Meta:
        model = DeskSettings
        fields = ["quiet_from", "quiet_until", "last_resort_email"]
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        start, end = said.get("quiet_from"), said.get("quiet_until")
        if "quiet_from" in said and "quiet_until" in said:
            if (start is None) != (end is None):
                missing = "quiet_from" if start is None else "quiet_until"
                self.add_error(missing, _("Give both ends of the quiet hours, or neither."))
            elif start is not None and start == end:
                self.add_error("quiet_until", _("That would be no hour or all of them. Leave both empty for none."))
        return said


@require_safe
@login_required
def ladder(request: StaffRequest) -> HttpResponse:
    """The steps, the most general first, and whom they would tell in the branch looked at."""
    return _page(request, NightForm(instance=DeskSettings.current()))


@login_required
@require_POST
def night(request: StaffRequest) -> HttpResponse:
    _check(request)
    form = NightForm(request.POST, instance=DeskSettings.current())
    if not form.is_valid():
        return _page(request, form, status=422)
    form.save()
    messages.success(request, _("Saved. It holds for every message from now on."))
    return redirect("complaints:ladder")


@login_required
def ladder_step(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """Add a step, or change one."""
    _check(request)
    step = get_object_or_404(LadderStep, pk=pk) if pk else None
    form = StepForm(request.POST or None, instance=step)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("The step is saved. Alarms that ring from now on follow it."))
        return redirect("complaints:ladder")
    branch = request.user.branch
    told = [(Listener(one).label, words) for one, words in _told_now(branch).items()] if branch else []
    context = {"form": form, "step": step, "title": _title(step) if step else "", "branch": branch, "told": told}
    return render(request, "complaints/ladder_step.html", context, status=422 if form.errors else 200)


@login_required
@require_POST
def ladder_remove(request: StaffRequest, pk: int) -> HttpResponse:
    _check(request)
    step = get_object_or_404(LadderStep, pk=pk)
    title = _title(step)
    step.delete()
    messages.success(request, _("Removed: %(step)s. The more general steps hold for it now.") % {"step": title})
    return redirect("complaints:ladder")


def _check(request: StaffRequest) -> None:
    utility.require_change(request.user)


def _page(request: StaffRequest, form: NightForm, *, status: int = 200) -> HttpResponse:
    shown = rosters.branches_shown_to(request.user)
    code = request.GET.get("branch", "")
    branch = get_object_or_404(shown, code=code) if code else request.user.branch or shown.first()
    context = {
        "steps": _lines(branch),
        "branch": branch,
        "branches": shown,
        "form": form,
        "may_steer": utility.may_change(request.user),
        "now": timezone.now(),
    }
    return render(request, "complaints/ladder.html", context, status=status)


def _lines(branch: Branch | None) -> list[dict[str, Any]]:
    """Each step with its words; one look at the roster serves them all."""
    told = _told_now(branch) if branch else {}
    return [
        {
            "step": step,
            "title": _title(step),
            "tell": [(Listener(one).label, told.get(one)) for one in Listener.values if one in step.tell],
        }
        for step in sorted(LadderStep.objects.all(), key=_position)
    ]


def _told_now(branch: Branch) -> dict[str, Any]:
    answering = Answering(branch)
    asked = [one for one in Listener.values if one not in TOLD_BY_THE_COMPLAINT]
    heard = ladders.listeners(ladders.Place(branch), asked, timezone.now())
    return {listener: answering.words(answer) for listener, answer in heard}


def _position(step: LadderStep) -> tuple[int, int, int, int]:
    return (
        ["", *ClockKind.values].index(step.kind),
        ["", *[tier for tier in Tier.values if tier]].index(step.tier),
        AlarmLevel.values.index(step.level),
        step.number or 0,
    )


def _title(step: LadderStep) -> str:
    """The alarm that the step is for, as people say it."""
    kind = str(ClockKind(step.kind).label) if step.kind else _("Every clock")
    tier = f" ({Tier(step.tier).label})" if step.tier else ""
    number = " " + _("no. %(number)d") % {"number": step.number} if step.number else ""
    return f"{kind}{tier} · {AlarmLevel(step.level).label}{number}"
