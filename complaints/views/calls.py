"""Calling back: the list, the next call, and one screen on which it is made, worked by the keyboard."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import calling, questions
from complaints.field_types import SCORES, SolvedField, YesNoField
from complaints.models import CallBack, CallOutcome, DeskSettings, Scale
from complaints.refusals import Refusal
from customers import reading
from staff.http import StaffRequest

MOST = 100
MOMENT = "%Y-%m-%dT%H:%M"
CODES = {
    CallOutcome.REACHED: "r",
    CallOutcome.NO_ANSWER: "o",
    CallOutcome.LATER: "l",
    CallOutcome.REFUSED: "f",
    CallOutcome.WRONG_NUMBER: "w",
}
"""The key of each outcome."""


class CallForm(forms.Form):
    """What came of the call, and what was answered where it was answered."""

    use_required_attribute = False

    outcome = forms.ChoiceField(
        label=gettext_lazy("What came of it?"), choices=CallOutcome.choices, widget=forms.RadioSelect
    )
    contacted = YesNoField(label=gettext_lazy("Did one of our staff contact them?"), required=False)
    solved = SolvedField(label=gettext_lazy("Is the problem solved?"), required=False)
    score = forms.TypedChoiceField(
        label=gettext_lazy("How satisfied are you with the result?"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    attitude = forms.TypedChoiceField(
        label=gettext_lazy("How satisfied are you with how we treated you?"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
    )
    comment = forms.CharField(
        label=gettext_lazy("In the customer's words"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    again_at = forms.DateTimeField(
        label=gettext_lazy("When again"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
        help_text=gettext_lazy("The time they ask for; empty after no answer: the time proposed beside it."),
    )
    note = forms.CharField(label=gettext_lazy("Note for colleagues"), required=False, max_length=280)

    def __init__(self, *args: Any, call: CallBack, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.call = call
        if call.invite is not None:
            self._of_survey(call)
        else:
            words = questions.current()
            for name in ("contacted", "solved", "score", "attitude"):
                self.fields[name].label = questions.wording(words, name, str(self.fields[name].label))
            self._steps(questions.steps(words, SCORES))

    def _of_survey(self, call: CallBack) -> None:
        assert call.invite is not None
        del self.fields["contacted"]
        del self.fields["solved"]
        self.fields["score"].label = call.invite.survey.question("result")
        self.fields["attitude"].label = call.invite.survey.question("service")
        self._steps(steps_of(Scale(call.invite.survey.scale)))

    def _steps(self, steps: list[tuple[int, Any]]) -> None:
        for name in ("score", "attitude"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = steps

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("outcome") == CallOutcome.REACHED:
            needed = "score" if self.call.invite is not None else "solved"
            if needed not in self.errors and said.get(needed) is None:
                self.add_error(needed, _("Ask this: without it there is no answer."))
        if said.get("outcome") == CallOutcome.LATER and said.get("again_at") is None and "again_at" not in self.errors:
            self.add_error("again_at", _("Write the time that they ask for."))
        return said

    def said(self) -> dict[str, Any]:
        names = ("contacted", "solved", "score", "attitude", "comment")
        found = {name: self.cleaned_data.get(name) for name in names}
        kept = {name: value for name, value in found.items() if value not in (None, "")}
        if self.call.invite is None:
            return kept
        renamed = {"score": "rating", "attitude": "service_rating"}
        return {renamed.get(name, name): value for name, value in kept.items()}


THREE = [
    (3, gettext_lazy("3 satisfied")),
    (2, gettext_lazy("2 fairly satisfied")),
    (1, gettext_lazy("1 not satisfied")),
]


def steps_of(scale: Scale) -> list[tuple[int, Any]]:
    return THREE if scale == Scale.THREE else list(SCORES)


def _check(request: StaffRequest) -> None:
    if request.user.role not in calling.CALLING:
        raise PermissionDenied(_("Agents, supervisors and the liaison call customers back."))


@login_required
@require_safe
@reading.lists_people("calls")
def calls(request: StaffRequest) -> HttpResponse:
    """What waits to be called, by when, and what was tried; with `show`, only what is due or overdue."""
    _check(request)
    now, show = timezone.now(), request.GET.get("show", "")
    lists = {"due": calling.due, "overdue": calling.overdue}
    asked = lists[show](request.user, now) if show in lists else calling.callable_by(request.user)
    rows = asked.select_related("feedback__complaint", "invite__survey", "claimed_by")
    context = {
        "tab": "calls",
        "show": show if show in lists else "",
        "number": asked.count(),
        "due": calling.due(request.user, now).count(),
        "rows": rows.order_by("-is_appointment", "next_try_at", "pk").prefetch_related("attempts")[:MOST],
        "mine": calling.mine(request.user),
        "now": now,
        "stale_before": now - calling.CLAIM_LASTS,
    }
    return render(request, "complaints/calls.html", context)


@login_required
@require_POST
def next_call(request: StaffRequest) -> HttpResponse:
    """Take the next call, or say that there is none."""
    _check(request)
    found = calling.claim_next(request.user, at=timezone.now())
    if found is None:
        messages.info(request, _("Nobody is to be called just now."))
        return redirect("complaints:calls")
    return redirect("complaints:call", found.pk)


@login_required
@require_POST
def take(request: StaffRequest, pk: int) -> HttpResponse:
    """This one, from the list."""
    _check(request)
    found = get_object_or_404(CallBack.objects.visible_to(request.user), pk=pk)
    try:
        calling.claim(found, request.user, at=timezone.now())
    except Refusal as refused:
        messages.error(request, refused.message)
        return redirect("complaints:calls")
    return redirect("complaints:call", pk)


@login_required
@require_POST
def give_back(request: StaffRequest, pk: int) -> HttpResponse:
    _check(request)
    found = get_object_or_404(CallBack.objects.visible_to(request.user), pk=pk)
    calling.give_back(found, request.user)
    messages.success(request, _("The call is given back."))
    return redirect("complaints:calls")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@reading.lists_people("call")
def call(request: StaffRequest, pk: int) -> HttpResponse:
    """One call: whom, what to say, what they say. Only for whoever has it in hand."""
    _check(request)
    rows = CallBack.objects.visible_to(request.user).select_related(
        "feedback__complaint__category", "feedback__complaint__customer", "invite__survey", "invite__customer"
    )
    found = get_object_or_404(rows, pk=pk)
    form = CallForm(request.POST or None, call=found)
    if request.method == "POST" and form.is_valid() and _recorded(request, found, form):
        return redirect("complaints:calls")
    return render(request, "complaints/call.html", _context(request, found, form), status=422 if form.errors else 200)


def _recorded(request: StaffRequest, found: CallBack, form: CallForm) -> bool:
    said, now = form.cleaned_data, timezone.now()
    try:
        if said["outcome"] == CallOutcome.REACHED:
            calling.answered(found, by=request.user, at=now, **form.said())
        else:
            again = said.get("again_at")
            outcome = CallOutcome(said["outcome"])
            calling.tried(found, outcome, by=request.user, at=now, note=said["note"], again_at=again)
    except Refusal as refused:
        form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
        return False
    messages.success(request, _("Written down. Take the next call when you are ready."))
    return True


def _context(request: StaffRequest, found: CallBack, form: CallForm) -> dict[str, Any]:
    desk = DeskSettings.current()
    return {
        "tab": "calls",
        "call": found,
        "form": form,
        "keys": [(option, CODES[CallOutcome(option.data["value"])]) for option in form["outcome"]],
        "is_mine": found.claimed_by_id == request.user.pk,
        "script": script(found, desk),
        "courtesy": courtesy(found, desk),
        "attempts": found.attempts.select_related("by"),
        "proposed": calling.proposal(found, timezone.now()),
        "needed": desk.call_attempts,
    }


def script(found: CallBack, desk: DeskSettings) -> dict[str, str]:
    """What to say at the beginning and at the end, in the language in use."""
    language = questions.language()
    words = {
        "utility": desk.utility_zh if language == "zh" else desk.utility_en,
        "regulator": desk.regulator_hotline,
        "reference": found.feedback.complaint.reference if found.feedback is not None else "",
    }
    asked = questions.current()
    if found.invite is not None or asked is None:
        hello = _(
            "Hello, I am calling from %(utility)s. May I ask you two short questions about our supply and service?"
        )
        return {"greeting": hello % words, "solved": _("Thank you. Goodbye."), "not_solved": ""}
    content = asked.content
    return {
        "greeting": content["greeting"][language].format(**words),
        "solved": content["closing"]["solved"][language].format(**words),
        "not_solved": content["closing"]["not_solved"][language].format(**words),
    }


def courtesy(found: CallBack, desk: DeskSettings) -> list[str]:
    """The prompts for the telephone; those of a category only on its complaints."""
    code = found.feedback.complaint.category.code if found.feedback is not None else ""
    is_zh = (get_language() or "").startswith("zh")
    lines = (desk.courtesy_zh if is_zh else desk.courtesy_en).splitlines()
    prompts = []
    for line in filter(None, map(str.strip, lines)):
        category, colon, rest = line.partition(":")
        if not (colon and category.isupper() and len(category) <= 4):
            prompts.append(line)
        elif category == code:
            prompts.append(rest.strip())
    return prompts
