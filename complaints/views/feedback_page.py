"""The question at the end, behind its own link: one tap answers, one more says why, and for some hours it may be changed.

Opening the page records nothing, however and by whomever it is opened: only a form that is sent does.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from complaints import questions, workflow
from complaints.field_types import SCORES, SOLVED, SolvedField
from complaints.models import DeskSettings, Feedback, Verdict
from complaints.refusals import Refusal
from complaints.states import OPEN
from complaints.views.portal import private
from staff.actors import CUSTOMER, THE_CUSTOMER
from staff.http import PageRequest


class MoreForm(forms.Form):
    """How satisfied, and why, in the words and on the scale that are in force or were asked."""

    use_required_attribute = False

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
        label=gettext_lazy("Why?"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args: Any, asked: Feedback, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        words = asked.questions or questions.current()
        for name in ("score", "attitude"):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = questions.steps(words, SCORES)
        for name, field in self.fields.items():
            field.label = questions.wording(words, name, str(field.label))

    def said(self) -> dict[str, Any]:
        """What a move is told: only what was said."""
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}


class FeedbackForm(MoreForm):
    """The whole answer; one tap sends `solved` alone."""

    solved = SolvedField(label=gettext_lazy("Is the problem solved?"))
    seen = forms.IntegerField(min_value=0, required=False, widget=forms.HiddenInput)


@private
@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: PageRequest, token: str) -> HttpResponse:
    """Ask, thank, or say why there is nothing to answer now."""
    rows = Feedback.objects.select_related("complaint__category", "questions")
    asked = get_object_or_404(rows, token=token)
    if asked.answered_at is None and is_open(asked):
        return _first(request, asked)
    if request.method == "POST" and "seen" in request.POST and may_change(asked):
        return _changed(request, asked)
    return _done(request, asked)


def is_open(asked: Feedback) -> bool:
    """Nobody has answered, and it is the newest answer of ours that is asked about."""
    complaint = asked.complaint
    return complaint.permits("feedback", CUSTOMER) and asked.round == complaint.reopened_count + 1


def may_change(asked: Feedback) -> bool:
    """There is an answer, its hours are not over, and we have not answered anew since."""
    until = asked.may_change_until(DeskSettings.current().change_hours)
    complaint = asked.complaint
    goes_on = complaint.reopened_count < asked.round or complaint.status in OPEN
    return until is not None and timezone.now() <= until and goes_on


def _first(request: PageRequest, asked: Feedback) -> HttpResponse:
    form = FeedbackForm(request.POST or None, asked=asked)
    if request.method == "POST" and form.is_valid():
        said = form.said()
        said.pop("seen", None)
        try:
            workflow.perform("feedback", asked.complaint, by=THE_CUSTOMER, **said)
        except Refusal:  # somebody answered, or it was closed, while this was on its way: the page says what stands
            return redirect("complaints:feedback", asked.token)
        return redirect("complaints:feedback", asked.token)
    context = {
        "asked": asked,
        "complaint": asked.complaint,
        "form": form,
        "choices": SOLVED,
        "desk": DeskSettings.current(),
    }
    return render(request, "portal/feedback.html", context, status=422 if form.errors else 200)


def _changed(request: PageRequest, asked: Feedback) -> HttpResponse:
    """A later answer, or why after the tap; refused with a look at what stands when another device was first."""
    form = FeedbackForm(request.POST, asked=asked)
    if not form.is_valid():
        return _done(request, asked, form, status=422)
    said = form.said()
    if said.pop("seen", None) != asked.versions.count():
        return _done(
            request, asked, refused=_("This answer was changed meanwhile. Here is what stands now."), status=409
        )
    if not is_new(asked, said):
        return redirect("complaints:feedback", asked.token)
    try:
        workflow.perform("change_feedback", asked.complaint, by=THE_CUSTOMER, round=asked.round, **said)
    except Refusal as refused:
        return _done(request, asked, refused=refused.message, status=refused.status)
    messages.success(request, _("Your answer is changed. Thank you."))
    return redirect("complaints:feedback", asked.token)


def is_new(asked: Feedback, said: dict[str, Any]) -> bool:
    """The same form sent twice is one answer."""
    stands = (MEANS[asked.verdict], asked.rating, asked.attitude_rating, asked.comment)
    return stands != (said["solved"], said.get("score"), said.get("attitude"), said.get("comment", ""))


MEANS: dict[str, bool | str] = {Verdict.YES: True, Verdict.PARTLY: "partly", Verdict.NO: False}


def _done(
    request: PageRequest, asked: Feedback, form: FeedbackForm | None = None, refused: str = "", status: int = 200
) -> HttpResponse:
    """What was answered and what happens now; while it may be changed, with the form to do so."""
    asked.refresh_from_db()
    until = asked.may_change_until(DeskSettings.current().change_hours)
    stands = {
        "solved": asked.verdict or ("yes" if asked.solved else "no"),
        "score": asked.rating,
        "attitude": asked.attitude_rating,
        "comment": asked.comment,
        "seen": asked.versions.count(),
    }
    context = {
        "asked": asked,
        "complaint": asked.complaint,
        "form": (form or FeedbackForm(initial=stands, asked=asked)) if may_change(asked) else None,
        "until": until,
        "is_open_again": asked.complaint.status in OPEN,
        "may_reopen": asked.complaint.permits("reopen", CUSTOMER),
        "refused": refused,
        "desk": DeskSettings.current(),
    }
    return render(request, "portal/feedback_done.html", context, status=status)
