"""What customers are asked about an answer: changing the words, the scale and what is asked where; every version is kept."""

from __future__ import annotations

import copy
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from complaints import questions as rules
from complaints.models import QuestionSet, Scale
from complaints.refusals import Refusal
from staff import utility
from staff.http import StaffRequest

VERSIONS = 30
LANGUAGES = {"zh": gettext_lazy("in Chinese"), "en": gettext_lazy("in English")}
NAMES = {
    "contacted": gettext_lazy("Whether our staff contacted them (on the call)"),
    "solved": gettext_lazy("Whether it is solved"),
    "score": gettext_lazy("How satisfied with the result"),
    "attitude": gettext_lazy("How satisfied with how we treated them"),
    "comment": gettext_lazy("What else they want to say"),
}
THREE = {
    "3": {"zh": "满意", "en": "Content"},
    "2": {"zh": "基本满意", "en": "Fairly content"},
    "1": {"zh": "不满意", "en": "Not content"},
}
FIVE = {
    "5": {"zh": "非常满意", "en": "Very content"},
    "4": {"zh": "满意", "en": "Content"},
    "3": {"zh": "一般", "en": "Neither"},
    "2": {"zh": "不满意", "en": "Not content"},
    "1": {"zh": "非常不满意", "en": "Not content at all"},
}


class QuestionsForm(forms.Form):
    """Both languages side by side; fields are made from the version that is shown."""

    use_required_attribute = False

    scale = forms.ChoiceField(
        label=gettext_lazy("scale"),
        choices=Scale.choices,
        help_text=gettext_lazy("Answers on different scales are counted apart, never together."),
    )
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, content: dict[str, Any], number: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_short = len(content["scale"]) == Scale.THREE.top
        self.initial = {"scale": Scale.THREE if is_short else Scale.FIVE, "seen": number}
        self.content = content
        for question in content["questions"]:
            self._words(question["key"], NAMES[question["key"]], question, 160)
        self._words("greeting", gettext_lazy("Greeting on the call"), content["greeting"], 400)
        self._words("closing_solved", gettext_lazy("Goodbye when it is solved"), content["closing"]["solved"], 400)
        self._words("closing_not_solved", gettext_lazy("Goodbye when it is not"), content["closing"]["not_solved"], 400)

    def _words(self, key: str, label: Any, words: dict[str, Any], most: int) -> None:
        for tongue, named in LANGUAGES.items():
            self.fields[f"{key}_{tongue}"] = forms.CharField(
                label=f"{label}, {named}",
                max_length=most,
                initial=words[tongue],
                widget=forms.Textarea(attrs={"rows": 2}),
                error_messages={"required": _("Write how this is asked.")},
            )

    def changed(self) -> dict[str, Any]:
        """The content with what was typed."""
        said, content = self.cleaned_data, copy.deepcopy(self.content)
        for tongue in LANGUAGES:
            for question in content["questions"]:
                question[tongue] = said[f"{question['key']}_{tongue}"].strip()
            content["greeting"][tongue] = said[f"greeting_{tongue}"].strip()
            for key in ("solved", "not_solved"):
                content["closing"][key][tongue] = said[f"closing_{key}_{tongue}"].strip()
        wanted = Scale(said["scale"])
        if len(content["scale"]) != wanted.top:
            content["scale"] = THREE if wanted == Scale.THREE else FIVE
        return content


def _for_changing(request: StaffRequest) -> None:
    utility.require_look(request.user, request.method)


@login_required
def question_set(request: StaffRequest) -> HttpResponse:
    """The questions in force, as a form; with the versions that were."""
    _for_changing(request)
    newest = rules.current()
    if newest is None:
        return render(request, "complaints/question_set.html", {"tab": "questions", "newest": None})
    form = QuestionsForm(request.POST or None, content=newest.content, number=newest.number)
    if request.method == "POST" and form.is_valid() and _published(request, form):
        return redirect("complaints:question-set")
    context = {
        "tab": "questions",
        "newest": newest,
        "form": form,
        "versions": QuestionSet.objects.select_related("by")[:VERSIONS],
        "words": sorted(rules.WORDS),
    }
    return render(request, "complaints/question_set.html", context, status=422 if form.errors else 200)


def _published(request: StaffRequest, form: QuestionsForm) -> bool:
    try:
        rules.publish(form.changed(), by=request.user, seen=form.cleaned_data["seen"])
    except Refusal as refused:
        form.add_error(next((name for name in refused.fields if name in form.fields), None), refused.message)
        return False
    messages.success(request, _("Saved. Whoever answers from now on is asked this; earlier answers keep their words."))
    return True


@login_required
@require_POST
def restore(request: StaffRequest, number: int) -> HttpResponse:
    """Ask as an earlier version did; that is a new version again."""
    _for_changing(request)
    earlier = get_object_or_404(QuestionSet, number=number)
    rules.publish(earlier.content, by=request.user)
    messages.success(request, _("Restored. Whoever answers from now on is asked this."))
    return redirect("complaints:question-set")
