"""Surveys of customers who did not complain: written, drawn, looked at, started, watched, stopped."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import surveys as rules
from complaints.field_types import CHOOSE
from complaints.models import DeskSettings, MessageTemplate, Scale, Survey, SurveyState
from complaints.refusals import MoveRefused
from complaints.views.announcements import moment
from customers.models.people import CustomerKind
from staff.http import StaffRequest
from staff.models import Branch

MOST = 100
SHOWN = 10
"""Of those drawn as many are shown before it starts."""


class SurveyForm(forms.ModelForm):
    use_required_attribute = False
    segments = forms.MultipleChoiceField(
        label=gettext_lazy("only these customers"),
        choices=CustomerKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("None chosen: all of them."),
    )

    class Meta:
        model = Survey
        fields = (
            "name",
            "branch",
            "segments",
            "quiet_days",
            "rest_months",
            "size",
            "expected",
            "margin",
            "scale",
            "result_zh",
            "result_en",
            "service_zh",
            "service_en",
            "remind_days",
            "calls",
            "closes_at",
        )
        widgets = {"closes_at": moment()}
        help_texts = {
            "name": gettext_lazy("Rounds of the same name and branch are compared with each other."),
            "expected": gettext_lazy("between 0 and 1; 0.50 is the most careful"),
            "margin": gettext_lazy("0.03 is three points up or down"),
        }

    def __init__(self, *args: Any, request: StaffRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        user = request.user
        branch, scale = self.fields["branch"], self.fields["scale"]
        assert isinstance(branch, forms.ModelChoiceField)
        assert isinstance(scale, forms.ChoiceField)
        own = Branch.objects.filter(path__startswith=user.branch.path) if user.branch else Branch.objects.none()
        branch.queryset, branch.empty_label, branch.initial = own, CHOOSE, user.branch
        scale.choices = Scale.choices
        self.initial.update({name: said for name, said in rules.usual_words().items() if not self.initial.get(name)})

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        for name, most in (("expected", 1), ("margin", 0.5)):
            if (said.get(name) is not None and not (0 < said[name] <= most)) or (
                name == "expected" and said.get(name) == 1
            ):
                self.add_error(name, _("Write a number between %(low)s and %(high)s.") % {"low": 0, "high": most})
        if said.get("size") == 0:
            self.add_error("size", _("Ask at least one, or leave it empty."))
        if said.get("closes_at") is not None and said["closes_at"] <= timezone.now():
            self.add_error("closes_at", _("That is in the past."))
        return said


def _check(request: StaffRequest) -> None:
    if request.user.role not in rules.SURVEYING:
        raise PermissionDenied(_("Supervisors, analysts and administrators survey customers."))


def _find(request: StaffRequest, pk: int) -> Survey:
    _check(request)
    rows = Survey.objects.visible_to(request.user).select_related("branch", "created_by", "started_by", "stopped_by")
    return get_object_or_404(rows, pk=pk)


@login_required
@require_safe
def surveys(request: StaffRequest) -> HttpResponse:
    """Every round, the newest first."""
    _check(request)
    rows = Survey.objects.visible_to(request.user).select_related("branch")
    return render(request, "complaints/surveys.html", {"tab": "surveys", "surveys": rows[:MOST]})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def survey_edit(request: StaffRequest, pk: int | None = None) -> HttpResponse:
    """Only a draft: what is drawn is drawn again, so that nobody is asked otherwise than they were drawn for."""
    _check(request)
    found = None if pk is None else _find(request, pk)
    if found is not None and (found.state != SurveyState.DRAFT or found.draw_asked_at is not None):
        return redirect("complaints:survey", found.pk)
    form = SurveyForm(request.POST or None, instance=found, request=request)
    if request.method != "POST" or not form.is_valid():
        context = {"tab": "surveys", "form": form, "survey": found}
        return render(request, "complaints/survey_edit.html", context, status=422 if form.errors else 200)
    draft = form.save(commit=False)
    if found is None:
        draft.created_by = request.user
        draft.save()
    elif not rules.save_draft(draft):
        messages.error(request, _("It is being drawn meanwhile; what you changed was not kept."))
    return redirect("complaints:survey", draft.pk)


@login_required
@require_safe
def survey(request: StaffRequest, pk: int) -> HttpResponse:
    """A draft with how many it would ask, what is drawn with whom and in which words, what runs with how far it is."""
    found = _find(request, pk)
    template = "complaints/_survey_state.html" if request.htmx else "complaints/survey.html"
    return render(request, template, _context(found))


def _context(found: Survey) -> dict[str, Any]:
    is_drawing = found.state == SurveyState.DRAFT and found.draw_asked_at is not None
    context: dict[str, Any] = {
        "tab": "surveys",
        "survey": found,
        "is_going_on": is_drawing or found.state == SurveyState.RUNNING,
        "is_drawing": is_drawing,
        "progress": rules.progress(found) if found.drawn_at is not None else None,
        "strata": found.strata.select_related("branch"),
        "samples": samples(found),
    }
    if found.state == SurveyState.DRAFT and not is_drawing:
        there = rules.population(found, timezone.now()).count()
        context |= {"there": there, "size": rules.size_of(found, there)}
    if found.state == SurveyState.DRAWN:
        context["drawn"] = found.invites.select_related("customer")[:SHOWN]
    return context


def samples(found: Survey) -> list[dict[str, str]]:
    """What customers get, in both languages and by both media."""
    desk, made = DeskSettings.current(), []
    for text in MessageTemplate.objects.filter(code=rules.INVITED).order_by("-language", "-medium"):
        with translation.override(text.language):
            words = rules.words_for(found, "…", desk) | {"name": "××"}
        made.append(
            {
                "language": text.language,
                "medium": str(text.get_medium_display()),
                "subject": text.subject.format(**words),
                "body": text.body.format(**words),
            }
        )
    return made


@login_required
@require_POST
def survey_act(request: StaffRequest, pk: int, act: str) -> HttpResponse:
    """Draw, draw again, start or stop."""
    found, now = _find(request, pk), timezone.now()
    try:
        if act == "draw":
            rules.ask_to_draw(found, at=now)
        elif act == "again":
            rules.draw_again(found)
        elif act == "start":
            rules.start(found, by=request.user, at=now)
        else:
            rules.stop(found, by=request.user, at=now)
    except MoveRefused as refused:
        messages.error(request, refused.message)
    return redirect("complaints:survey", pk)
