"""What is known to be wrong, for customers: to look up, to follow instead of complaining, and to complain all the same."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from channels_intake import throttle
from channels_intake.forms import phone_field
from channels_intake.steps import Answers
from complaints import issues
from complaints.models import Category, DeskSettings, IssueFollower, IssueKind, Medium, ServiceIssue
from complaints.outbox import is_mobile
from complaints.refusals import Refusal
from complaints.views.portal import private
from customers.matching import account_numbered
from staff.http import address_of

MOST = 50
LONGEST_PLACE = 120
CATEGORY_OF = {
    IssueKind.FAULT: "OUT",
    IssueKind.PLANNED_OUTAGE: "OUT",
    IssueKind.VOLTAGE: "VOL",
    IssueKind.BILLING_RUN: "BIL",
}
"""What a complaint about an issue of this kind is about."""


class FollowForm(forms.Form):
    """Where to write to somebody who follows. One way is enough."""

    use_required_attribute = False
    prefix = "follow"

    phone = phone_field(label=gettext_lazy("Your mobile number"))
    email = forms.EmailField(
        label=gettext_lazy("or your e-mail"), required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].widget.attrs["autocomplete"] = "tel"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("phone") and not cleaned.get("email") and not is_mobile(cleaned["phone"]):
            self.add_error("phone", _("We can only text mobile numbers. Write one, or an e-mail address."))
        if not self.errors and not (cleaned.get("phone") or cleaned.get("email")):
            self.add_error("phone", _("Write a mobile number or an e-mail address, so that we can tell you."))
        return cleaned

    @property
    def way(self) -> tuple[str, str]:
        """Medium and address."""
        email = self.cleaned_data.get("email")
        return (Medium.EMAIL, email) if email else (Medium.SMS, self.cleaned_data["phone"])


def expected(answers: Answers) -> list[ServiceIssue]:
    """What may explain this draft and is worth showing before more is asked: never when danger or life hangs on it."""
    told = answers.draft.answers("known")
    if told is not None or answers.category is None or answers.is_dangerous():
        return []
    given = answers.answers()
    if given.get("life_support") == "yes":
        return []
    place = answers.cleaned("story").get("place") or given.get("place", "") if answers.draft.answers("story") else ""
    number = str((answers.draft.answers("who") or {}).get("account_number", ""))
    account = account_numbered(number)
    about = answers.kind.code if answers.kind else answers.category.code
    return issues.near(place, account, about=about) if place or account else []


@require_safe
def known(request: HttpRequest) -> HttpResponse:
    """What is wrong or planned now, everywhere or where somebody says."""
    return known_page(request)


def known_page(
    request: HttpRequest, *, form: FollowForm | None = None, chosen: int = 0, status: int = 200
) -> HttpResponse:
    place = request.GET.get("q", "").strip()[:LONGEST_PLACE]
    if place:
        found = issues.near(place, account_numbered(place))
    else:
        found = list(ServiceIssue.objects.public().select_related("branch", "feeder", "transformer_area")[:MOST])
    context = {"place": place, "issues": found, "form": form or FollowForm(), "chosen": chosen}
    return render(request, "portal/known.html", context | {"desk": DeskSettings.current()}, status=status)


@never_cache
@require_POST
def follow(request: HttpRequest, pk: int) -> HttpResponse:
    """Follow an issue from the list of what is known."""
    form = FollowForm(request.POST)
    issue = get_object_or_404(ServiceIssue, pk=pk, is_public=True)
    return try_to_follow(request, issue, form) or known_page(request, form=form, chosen=pk, status=422)


def try_to_follow(request: HttpRequest, issue: ServiceIssue, form: FollowForm, note: str = "") -> HttpResponse | None:
    """The way to the follower's page; None when that cannot be, which the form then says."""
    if not form.is_valid():
        return None
    medium, address = form.way
    try:
        throttle.check(f"following:{address_of(request)}", most=throttle.PER_HOUR)
        follower = issues.follow(issue, medium, address, language=language_in_use(), note=note)
    except Refusal as refused:
        form.add_error(None, refused.message)
        return None
    messages.success(request, _("You follow it now. We tell you when there is news."))
    return redirect("channels_intake:following", follower.token)


def way_of(answers: Answers) -> dict[str, str]:
    """Where to write to, as far as the form knows it."""
    who = answers.draft.answers("who") or {}
    return {"phone": who.get("contact_phone", ""), "email": who.get("contact_email", "")}


def language_in_use() -> str:
    return "zh-hans" if (get_language() or "").startswith("zh") else "en"


@private
@require_safe
def following(request: HttpRequest, token: str) -> HttpResponse:
    """How an issue goes on, for somebody who follows it."""
    follower = get_object_or_404(IssueFollower.objects.select_related("issue__branch"), token=token)
    issue = follower.issue
    context = {
        "follower": follower,
        "issue": issue,
        "updates": issue.updates.all(),
        "form_id": uuid4(),
        "category": Category.objects.filter(code=CATEGORY_OF.get(IssueKind(issue.kind), ""), is_active=True).first(),
        "desk": DeskSettings.current(),
    }
    return render(request, "portal/following.html", context)


@private
@require_POST
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """No more messages. The page stays."""
    issues.leave(get_object_or_404(IssueFollower, token=token))
    messages.success(request, _("You get no more messages about it."))
    return redirect("channels_intake:following", token)
