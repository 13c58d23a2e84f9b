"""What a customer sees by the secret link: the story of the complaint, what they can add, and the question at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from complaints import outbox, workflow
from complaints.field_types import FilesField
from complaints.models import ClockKind, Complaint, DeskSettings, Event, Tier
from complaints.refusals import Refusal
from complaints.states import Status
from staff.actors import CUSTOMER, THE_CUSTOMER
from staff.http import PageRequest

TOLD = {
    "register": gettext_lazy("We received your complaint."),
    "dispatch": gettext_lazy("We passed it to the people who handle it."),
    "accept": gettext_lazy("Someone has started to look into it."),
    "transfer": gettext_lazy("We passed it to another team."),
    "contact": gettext_lazy("We spoke with you."),
    "ask": gettext_lazy("We asked you for something."),
    "resume": gettext_lazy("We went on with it."),
    "message": gettext_lazy("We wrote to you."),
    "supplement": gettext_lazy("You wrote to us."),
    "attach": gettext_lazy("A file was added."),
    "urge": gettext_lazy("You asked us to hurry."),
    "approve": gettext_lazy("We answered you."),
    "resolve": gettext_lazy("We answered you."),
    "settle": gettext_lazy("We answered you."),
    "approve_adjustment": gettext_lazy("We decided to give money back to you."),
    "adjustment_paid": gettext_lazy("We gave the money back to you."),
    "feedback": gettext_lazy("You told us what you think of the answer."),
    "change_feedback": gettext_lazy("You changed what you think of the answer."),
    "reopen": gettext_lazy("We took it up again."),
    "request_reopening": gettext_lazy("You asked us to take it up again. A supervisor decides."),
    "breach": gettext_lazy("We did not keep the promised time."),
    "withdraw": gettext_lazy("You withdrew your complaint."),
    "merge": gettext_lazy("It goes on together with another complaint of yours."),
    "unmerge": gettext_lazy("It goes on by itself again."),
    "reject": gettext_lazy("We could not take it up."),
    "refer": gettext_lazy("We handed it to someone else."),
    "close": gettext_lazy("It is closed."),
}
"""What a customer is told of each move; a move that is not here is our own business."""
PROMISED = {f"{ClockKind.RESOLVE} {tier}" for tier in (Tier.COMMITMENT, Tier.EXTERNAL)}
"""The clocks whose deadlines the customer was told."""
OUR_ANSWERS = {"reopen", "resume"}
"""Moves that follow when the customer says something; what they tell is what we did."""
SPOKEN = {"ask", "message", "supplement"}
"""Moves whose words the customer may read: they were said by or to them."""


class WriteForm(forms.Form):
    use_required_attribute = False

    message = forms.CharField(
        label=gettext_lazy("Your message"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4})
    )
    files = FilesField(label=gettext_lazy("Photos or PDFs"), required=False)  # type: ignore[assignment]


class ReasonForm(forms.Form):
    use_required_attribute = False

    reason = forms.CharField(label=gettext_lazy("Why?"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


def private(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Pages behind a secret link: never cached, never indexed, and the link never told to another site."""

    def wrapped(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = never_cache(view)(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        # Not "no-referrer": browsers then post our own forms with "Origin: null", which the CSRF check must refuse.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    return wrapped


@private
@require_safe
def track(request: PageRequest, token: str) -> HttpResponse:
    """Where the complaint stands, in plain words."""
    return _track(request, get_object_or_404(Complaint, token=token))


def _track(
    request: PageRequest,
    complaint: Complaint,
    *,
    status: int = 200,
    asks: str = "",
    refused: str = "",
    typed: dict[str, forms.Form] | None = None,
) -> HttpResponse:
    """The page, with the form of `asks` unfolded and `refused` said; `typed` are the forms that come back as they were."""
    now = timezone.now()
    promised = outbox.promised_to_customer(complaint)
    asked = complaint.feedback.filter(round=complaint.reopened_count + 1, answered_at__isnull=True).first()
    context = {
        "complaint": complaint,
        "steps": story(complaint),
        "promised": outbox.spoken(promised),
        "is_late": promised is not None and complaint.is_open and promised < now,
        "may": {name: complaint.permits(name, CUSTOMER) for name in ("supplement", "urge", "withdraw", "reopen")},
        "feedback": asked if complaint.permits("feedback", CUSTOMER) else None,
        "files": complaint.attachments.filter(is_from_customer=True),
        "write_form": WriteForm(),
        "reason_form": ReasonForm(),
        "delayed_by_storm": complaint.is_open and complaint.arrived_at is None and is_excused(complaint),
        "cause": complaint.service_issue if complaint.service_issue and complaint.service_issue.is_public else None,
        "desk": DeskSettings.current(),
        "asks": asks or request.GET.get("ask", ""),
        "refused": refused,
        **(typed or {}),
    }
    return render(request, "portal/track.html", context, status=status)


def is_excused(complaint: Complaint) -> bool:
    """Whether somebody is on the way and a storm excuses that it takes longer."""
    return complaint.clocks.ticking().filter(is_excused=True).exists()


def story(complaint: Complaint) -> list[dict[str, Any]]:
    """The events that concern the customer, newest first, without a colleague's name or an internal word."""
    steps = []
    for event in complaint.events.order_by("-number"):
        if not _is_told(event):
            continue
        is_theirs = event.move == "supplement" or (event.is_by_customer and event.move not in OUR_ANSWERS)
        is_ours = event.move in SPOKEN or event.to_status == Status.RESOLVED != event.from_status
        steps.append(
            {
                "at": event.at,
                "title": TOLD[event.move],
                "kind": "customer" if is_theirs else "message" if is_ours else "system",
                "text": event.details.get("message", "") if event.move in SPOKEN else "",
                "mentions": (),  # colleagues are mentioned in what no customer reads
            }
        )
    return steps


def _is_told(event: Event) -> bool:
    """Only what was done with or for the customer: no vain tries, no closing after their own answer, no limits of our own."""
    if event.move == "contact":
        return bool(event.details.get("reached"))
    if event.move == "close":
        return event.is_by_clock
    if event.move == "breach":
        return str(event.details.get("clock")) in PROMISED
    return event.move in TOLD


@private
@require_POST
def track_move(request: PageRequest, token: str, name: str) -> HttpResponse:
    """What a customer can do from the page: write, urge, withdraw, say it is not solved."""
    complaint = get_object_or_404(Complaint, token=token)
    kinds: dict[str, type[forms.Form]] = {
        "supplement": WriteForm,
        "urge": forms.Form,
        "withdraw": ReasonForm,
        "reopen": ReasonForm,
    }
    if name not in kinds:
        raise Http404
    form = kinds[name](request.POST, request.FILES)
    kept = "write_form" if name == "supplement" else "reason_form"
    if not form.is_valid():
        return _track(request, complaint, status=422, asks=name, typed={kept: form})
    try:
        workflow.perform(name, complaint, by=THE_CUSTOMER, **{k: v for k, v in form.cleaned_data.items() if v})
    except Refusal as refused:
        field = next((one for one in refused.fields if one in form.fields), None)
        if field is not None:
            form.add_error(field, refused.message)
            return _track(request, complaint, status=refused.status, asks=name, typed={kept: form})
        return _track(request, complaint, status=refused.status, asks=name, refused=refused.message, typed={kept: form})
    messages.success(request, _thanks(name))
    return redirect("complaints:track", token)


def _thanks(name: str) -> str:
    return {
        "supplement": _("Thank you. The people who handle your complaint can read it now."),
        "urge": _("We have noted that you are waiting, and told the people who handle it."),
        "withdraw": _("Your complaint is withdrawn. Thank you for telling us."),
        "reopen": _("Thank you for telling us. We take it up again."),
    }[name]
