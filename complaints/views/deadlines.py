"""The what-if page: when would it be due, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from complaints.clocks import shown, whatif
from complaints.clocks.calendar_shown import guess_sentence
from complaints.clocks.policies import Facts
from complaints.models import Calendar, Category, Channel, Priority, RequestType, Severity, Subcategory
from complaints.refusals import BadInput
from complaints.views.answering import on_duty_now
from customers.models import AreaClass
from staff.http import StaffRequest

ANY = ("", _("any"))
MOMENT = "%Y-%m-%dT%H:%M"
TIME = ("start", "limit", "calendar", "paused_from", "paused_to")
FACTS = ("request_type", "category", "subcategory", "channel", "severity", "priority", "area")


class WhatIfForm(forms.Form):
    """A start, and either a limit with its calendar or the facts of a complaint."""

    start = forms.DateTimeField(
        label=_("Starts"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    )
    limit = forms.CharField(label=_("Limit"), required=False, max_length=20, help_text=_("24h, 8wh, 5wd, 10cd"))
    calendar = forms.ChoiceField(label=_("Calendar"), required=False)
    paused_from = forms.DateTimeField(
        label=_("Paused from"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    paused_to = forms.DateTimeField(
        label=_("Paused until"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    request_type = forms.ChoiceField(label=_("Request type"), required=False, choices=RequestType.choices)
    category = forms.ChoiceField(label=_("Category"), required=False)
    subcategory = forms.ChoiceField(label=_("Subcategory"), required=False)
    channel = forms.ChoiceField(label=_("Channel"), required=False, choices=[ANY, *Channel.choices])
    severity = forms.ChoiceField(label=_("Severity"), required=False, choices=Severity.choices)
    priority = forms.ChoiceField(label=_("Priority"), required=False, choices=[ANY, *Priority.choices])
    area = forms.ChoiceField(label=_("Area"), required=False, choices=[ANY, *AreaClass.choices])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("calendar", [("", _("none (runs around the clock)")), *_calendars()])
        self._offer("category", [ANY, *[(row.code, row.name) for row in Category.objects.all()]])
        self._offer("subcategory", [ANY, *[(row.code, row.name) for row in Subcategory.objects.all()]])

    def _offer(self, name: str, choices: list[Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        start, paused, resumed = said.get("start"), said.get("paused_from"), said.get("paused_to")
        if paused and start and paused < start:
            self.add_error("paused_from", _("That is before it starts."))
        if resumed and (not paused or resumed < paused):
            self.add_error("paused_to", _("A pause ends after it begins."))
        return said

    @property
    def time(self) -> list[forms.BoundField]:
        return [self[name] for name in TIME]

    @property
    def facts(self) -> list[forms.BoundField]:
        return [self[name] for name in FACTS]

    def question(self) -> whatif.Question:
        said = self.cleaned_data
        pause: tuple[datetime, datetime | None] = (said["paused_from"], said["paused_to"])
        return whatif.Question(
            start=said["start"],
            limit=said["limit"],
            calendar=said["calendar"],
            pauses=[pause] if said["paused_from"] else [],
            facts=Facts(**{name: said[name] for name in FACTS}),
        )


def _calendars() -> list[tuple[str, str]]:
    """The newest version of each by its code and name, then the older ones as code@version."""
    offered: dict[str, str] = {}
    for one in Calendar.objects.order_by("code", "-version"):
        if one.code in offered:
            offered[f"{one.code}@{one.version}"] = f"{one.name} v{one.version}"
        else:
            offered[one.code] = one.name
    return list(offered.items())


@require_safe
@login_required
def deadlines(request: StaffRequest) -> HttpResponse:
    """Nothing is changed here; the address holds the question, so that it can be sent to a colleague."""
    usual = {"start": timezone.localtime().strftime(MOMENT), "request_type": "complaint", "severity": "ordinary"}
    form = WhatIfForm({**usual, **request.GET.dict()})
    answers: list[whatif.Answer] = []
    if form.is_valid():
        try:
            answers = whatif.answer(form.question())
        except BadInput as refused:
            form.add_error(refused.fields[0] if refused.fields else None, refused.message)
    context = {
        "branch": request.user.branch,
        "on_duty": on_duty_now(request.user.branch, timezone.now()),
        "now": timezone.now(),
        "form": form,
        "answers": [
            (
                one,
                shown.due_sentence(replace(one, label="")),
                shown.stretches(one.explanation),
                one.guessed_after and guess_sentence(one.guessed_after),
            )
            for one in answers
        ],
    }
    return render(request, "complaints/deadlines.html", context, status=422 if form.errors else 200)
