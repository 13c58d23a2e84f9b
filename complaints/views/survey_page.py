"""A survey of customers, behind each one's own link. Opening it records nothing; an answer may be changed for some hours."""

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

from complaints import surveys
from complaints.models import DeskSettings, Scale, SurveyInvite
from complaints.refusals import Refusal
from complaints.views.calls import steps_of
from complaints.views.portal import private
from staff.http import PageRequest


class AnswerForm(forms.Form):
    use_required_attribute = False

    rating = forms.TypedChoiceField(
        coerce=int, widget=forms.RadioSelect, error_messages={"required": gettext_lazy("Choose one of the answers.")}
    )
    service_rating = forms.TypedChoiceField(coerce=int, empty_value=None, required=False, widget=forms.RadioSelect)
    comment = forms.CharField(
        label=gettext_lazy("Why?"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    seen = forms.IntegerField(min_value=0, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, invite: SurveyInvite, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, which in (("rating", "result"), ("service_rating", "service")):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.label = invite.survey.question(which)
            field.choices = steps_of(Scale(invite.survey.scale))


@private
@require_http_methods(["GET", "HEAD", "POST"])
def survey_answer(request: PageRequest, token: str) -> HttpResponse:
    """Ask, thank, or say that it is over."""
    rows = SurveyInvite.objects.select_related("survey", "customer")
    invite = get_object_or_404(rows, token=token)
    if not surveys.may_answer(invite, timezone.now()):
        return _page(request, invite, None)
    if request.method != "POST":
        return _page(request, invite, _filled(invite))
    form = AnswerForm(request.POST, invite=invite)
    if not form.is_valid():
        return _page(request, invite, form, status=422)
    return _answered(request, invite, form)


def _answered(request: PageRequest, invite: SurveyInvite, form: AnswerForm) -> HttpResponse:
    said = form.cleaned_data
    stands = (invite.rating, invite.service_rating, invite.comment)
    if stands == (said["rating"], said["service_rating"], said["comment"]):
        return redirect("complaints:survey-answer", invite.token)
    said["seen"] = said["seen"] or 0
    try:
        surveys.answer(invite, at=timezone.now(), **said)
    except Refusal as refused:
        invite.refresh_from_db()
        return _page(request, invite, _filled(invite), refused=refused.message, status=refused.status)
    messages.success(request, _("Thank you for your answer."))
    return redirect("complaints:survey-answer", invite.token)


def _filled(invite: SurveyInvite) -> AnswerForm:
    stands = {
        "rating": invite.rating,
        "service_rating": invite.service_rating,
        "comment": invite.comment,
        "seen": invite.versions.count(),
    }
    return AnswerForm(initial=stands, invite=invite)


def _page(
    request: PageRequest, invite: SurveyInvite, form: AnswerForm | None, *, refused: str = "", status: int = 200
) -> HttpResponse:
    desk = DeskSettings.current()
    context = {
        "invite": invite,
        "survey": invite.survey,
        "form": form,
        "until": invite.may_change_until(desk.change_hours),
        "refused": refused,
        "desk": desk,
    }
    return render(request, "portal/survey.html", context, status=status)
