"""Service issues: the shared causes, the complaints that hang on each, and what is said to all whom they touch."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from complaints import issue_actions, proposals
from complaints import issue_matching as matching
from complaints import issue_work as work
from complaints import issues as rules
from complaints.field_types import CauseField, text
from complaints.forms import ServiceIssueForm
from complaints.models import Complaint, JobState, Left, ServiceIssue
from complaints.models.complaint import read_by
from complaints.refusals import Refusal
from complaints.states import FINDINGS, MOVES, Outcome
from complaints.typed import TYPED_TO
from customers import reading
from staff import utility
from staff.http import StaffRequest
from staff.models import User

MOST = 200


MAY = {"link": MOVES["link"].allowed, "detach": MOVES["detach"].allowed, "split": MOVES["detach"].allowed}
"""What may be done with ticked complaints, and by whom: whoever may make the move with one."""


def moment_input() -> forms.DateTimeInput:
    return forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


class SayForm(forms.Form):
    """What is said to everybody whom the issue touches. One language is enough: better that than nothing."""

    use_required_attribute = False

    text_zh = forms.CharField(
        label=gettext_lazy("text in Chinese"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )
    text_en = forms.CharField(
        label=gettext_lazy("text in English"), required=False, max_length=500, widget=forms.Textarea(attrs={"rows": 2})
    )

    def said(self) -> dict[str, Any]:
        return dict(self.cleaned_data)


class UpdateForm(SayForm):
    """How it stands."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "update_%s", **kwargs})  # it stands on one page with the other form

    expected_at = forms.DateTimeField(label=gettext_lazy("Expected restoration"), required=False, widget=moment_input())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not (cleaned.get("text_zh") or cleaned.get("text_en")):
            self.add_error("text_zh", _("Write what customers should know, in one language at least."))
        return cleaned

    def clean_expected_at(self) -> Any:
        when = self.cleaned_data["expected_at"]
        if when is not None and when < timezone.now():
            raise forms.ValidationError(_("That is in the past."))
        return when


class RestoredForm(SayForm):
    """When the cause was gone, what is said of it, and, where complaints hang on it, what each of them is answered."""

    restored_at = forms.DateTimeField(label=gettext_lazy("Restored"), widget=moment_input())
    settles = forms.BooleanField(
        label=gettext_lazy("Answer the complaints that it explains"),
        required=False,
        help_text=gettext_lazy(
            "Each is resolved with what was found, the root cause and the answer below, and gets its own link for feedback. "
            "Left empty, all of them stay open."
        ),
    )
    outcome = forms.ChoiceField(
        label=gettext_lazy("What did the investigation find?"),
        choices=[(one.value, one.label) for one in FINDINGS],
        required=False,
        widget=forms.RadioSelect,
    )
    answer_zh = text(gettext_lazy("answer in Chinese"), required=False, most=2000)
    answer_en = text(
        gettext_lazy("answer in English"),
        required=False,
        most=2000,
        help_text=gettext_lazy("Each is answered in their language; a language left empty gets the other text."),
    )
    field_order = ("restored_at", "text_zh", "text_en", "settles", "outcome", "root_cause", "answer_zh", "answer_en")

    def __init__(self, *args: Any, issue: ServiceIssue, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.issue = issue
        self.fields["root_cause"] = CauseField(
            label=gettext_lazy("Root cause"), required=False, empty_label=gettext_lazy("choose")
        )
        self.order_fields(self.field_order)
        self.fields["text_zh"].label = gettext_lazy("What everybody is told, in Chinese")
        self.fields["text_en"].label = gettext_lazy("What everybody is told, in English")

    def clean_restored_at(self) -> Any:
        when = self.cleaned_data["restored_at"]
        if when + TYPED_TO <= self.issue.started_at:
            raise forms.ValidationError(_("That is before it began."))
        if when > timezone.now():
            raise forms.ValidationError(_("That is in the future."))
        return max(when, self.issue.started_at)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("settles"):
            if not cleaned.get("outcome"):
                self.add_error("outcome", _("Choose what the investigation found."))
            if not cleaned.get("root_cause"):
                self.add_error("root_cause", _("Choose the root cause, or leave the complaints open."))
            if not (cleaned.get("answer_zh") or cleaned.get("answer_en")):
                self.add_error("answer_zh", _("Write the answer to the complaints, in one language at least."))
        return cleaned

    def said(self) -> dict[str, Any]:
        given = self.cleaned_data
        finding = {name: given[name] for name in ("outcome", "root_cause", "answer_zh", "answer_en")}
        said = {name: given[name] for name in ("restored_at", "text_zh", "text_en")}
        return said | {"finding": finding if given["settles"] else None}


def first_answer(issue: ServiceIssue) -> dict[str, Any]:
    """What the page proposes to answer: that it is over, in each language; why it happened is for a person to say."""
    words = {}
    for language, sentence in (
        ("zh-hans", "您反映的{place}{kind}已处理完毕。"),
        ("en", "The {kind} at {place} that you told us about is over."),
    ):
        with translation.override(language):
            kind = issue.get_kind_display()
            said = sentence.format(place=issue.where, kind=kind if language == "zh-hans" else kind.lower())
            words[f"answer_{language[:2]}"] = said
    return {"outcome": Outcome.UPHELD, **words}


def _may_tell(user: User) -> bool:
    return user.role in rules.TELLING


def _check_telling(user: User) -> None:
    if not _may_tell(user):
        raise PermissionDenied(_("Investigators, supervisors and administrators speak to all whom an issue touches."))


@require_safe
@login_required
def issues(request: StaffRequest) -> HttpResponse:
    """What is wrong now first, then what was."""
    is_open = request.GET.get("view") != "past"
    found = ServiceIssue.objects.visible_to(request.user).filter(restored_at__isnull=is_open)
    rows = found.select_related("branch", "feeder", "transformer_area").annotate(linked=Count("complaints"))[:MOST]
    context = {
        "issues": rows,
        "number": found.count(),
        "is_open": is_open,
        "now": timezone.now(),
        "proposals": proposals.waiting_for(request.user) if is_open else [],
        "may_set": request.user.role in utility.KEEPING,
    }
    return render(request, "complaints/issues.html", context)


@login_required
def issue_new(request: StaffRequest) -> HttpResponse:
    form = ServiceIssueForm(
        request.POST or None, user=request.user, initial={"started_at": timezone.localtime().replace(second=0)}
    )
    if request.method != "POST" or not form.is_valid():
        return render(request, "complaints/issue_new.html", {"form": form}, status=422 if form.errors else 200)
    issue = form.save(commit=False)
    issue.created_by = request.user
    issue.save()
    messages.success(request, _("The service issue is open. Link complaints to it from their pages."))
    return redirect("complaints:issue", issue.pk)


@login_required
@require_safe
@reading.lists_people("issue")
def issue(request: StaffRequest, pk: int) -> HttpResponse:
    return _page(request, _visible(request, pk))


def _visible(request: StaffRequest, pk: int) -> ServiceIssue:
    rows = ServiceIssue.objects.visible_to(request.user).select_related("branch", "feeder", "transformer_area")
    return get_object_or_404(rows, pk=pk)


def _page(request: StaffRequest, found: ServiceIssue, *, update_form: UpdateForm | None = None) -> HttpResponse:
    """One issue; a form that comes back is shown as it was typed."""
    seen = Complaint.objects.visible_to(request.user)
    linked = seen.filter(service_issue=found)
    out = matching.still_out(found).filter(pk__in=seen)
    free = matching.matching(found).filter(pk__in=seen) if found.restored_at is None else Complaint.objects.none()
    followers = found.followers.filter(left_at=None)
    context = {
        "issue": found,
        "linked": linked.select_related("category", "assignee", "team").order_by("-received_at")[:MOST],
        "linked_count": linked.count(),
        "still_out": out.select_related("category", "assignee").order_by("-received_at")[:MOST],
        "still_out_count": out.count(),
        "free": free.select_related("category", "transformer_area").order_by("-received_at")[:MOST],
        "free_count": free.count(),
        "may": {act: request.user.role in roles for act, roles in MAY.items()},
        "new_title": _("%(title)s, still out") % {"title": found.title},
        "updates": found.updates.select_related("by").annotate(told_count=Count("notices")),
        "follower_count": followers.count(),
        "notes": followers.exclude(note="")[:MOST],
        "touched": linked.unfinished().count() + followers.count(),
        "may_tell": _may_tell(request.user),
        "actions": found.actions.select_related("owner", "root_cause", "done_by").order_by("done_at", "due_on"),
        "may_give": request.user.role in issue_actions.GIVING,
        "today": timezone.localdate(),
        "update_form": update_form or UpdateForm(initial={"expected_at": found.expected_at}),
        "opened": "update" if update_form else "",
        **_work(request, found),
    }
    return render(request, "complaints/issue.html", context, status=422 if context["opened"] else 200)


def _work(request: StaffRequest, found: ServiceIssue) -> dict[str, Any]:
    """How far the work for many complaints is, and which of them it left as they are."""
    jobs = found.jobs.filter(read_by(request.user, "complaint__"))
    progress = work.progress(found)
    return {
        "issue": found,
        "work": progress,
        "is_going_on": any(one["is_going_on"] for one in progress),
        "left": jobs.filter(state=JobState.LEFT).select_related("complaint").order_by("why", "pk")[:MOST],
    }


@login_required
@require_safe
@reading.lists_people("issue")
def issue_work(request: StaffRequest, pk: int) -> HttpResponse:
    """How far it is: the part of the page that changes by itself; without a script the whole page."""
    found = _visible(request, pk)
    if not request.htmx:
        return redirect("complaints:issue", pk)
    return render(request, "complaints/_issue_work.html", _work(request, found))


@login_required
@require_POST
def issue_chosen(request: StaffRequest, pk: int) -> HttpResponse:
    """Link, detach or split off the complaints that were ticked; a worker makes the moves and the page says how it goes."""
    found = _visible(request, pk)
    act = next((act for act in MAY if act in request.POST), "")
    if not act:
        raise Http404
    if request.user.role not in MAY[act]:
        raise PermissionDenied(_("Your role may not do this for many complaints at once."))
    ticked = Complaint.objects.visible_to(request.user).filter(reference__in=request.POST.getlist("complaint")[:MOST])
    keys = list(ticked.order_by("pk").values_list("pk", flat=True))
    if not keys:
        messages.error(request, _("Tick the complaints that you mean first."))
        return redirect("complaints:issue", pk)
    now = timezone.now()
    if act == "split":
        title = request.POST.get("title", "").strip()[:160] or _("%(title)s, still out") % {"title": found.title}
        new = work.split(found, keys, title, by=request.user, at=now)
        messages.success(request, _("A new service issue is open. The ticked complaints are being moved to it."))
        return redirect("complaints:issue", new.pk)
    work.ask(found, act, keys, by=request.user, at=now)
    messages.success(request, _("It is being done; this page says how it goes."))
    return redirect("complaints:issue", pk)


@login_required
@require_POST
def issue_tell(request: StaffRequest, pk: int) -> HttpResponse:
    """Tell everybody whom it touches how it stands."""
    found = _visible(request, pk)
    _check_telling(request.user)
    form = UpdateForm(request.POST)
    if not form.is_valid():
        return _page(request, found, update_form=form)
    try:
        rules.say(found, by=request.user, **form.said())
    except Refusal as refused:
        form.add_error(None, refused.message)
        return _page(request, found, update_form=form)
    messages.success(request, _("Said. Everybody whom it touches is being told."))
    return redirect("complaints:issue", pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def issue_restored(request: StaffRequest, pk: int) -> HttpResponse:
    """Say when it was over, to everybody, and answer the complaints that it explains."""
    found = _visible(request, pk)
    _check_telling(request.user)
    if request.method != "POST":
        if found.restored_at is not None:
            return redirect("complaints:issue", pk)
        now = timezone.localtime()
        settles = work.foreseen(found, now)[""] > 0
        start = {"restored_at": now, "settles": settles, **first_answer(found)}
        return _restored_page(request, found, RestoredForm(issue=found, initial=start))
    form = RestoredForm(request.POST, issue=found)
    if not form.is_valid():
        return _restored_page(request, found, form, status=422)
    try:
        work.restored(found, by=request.user, **form.said())
    except Refusal as refused:
        form.add_error(None, refused.message)
        return _restored_page(request, found, form, status=422)
    messages.success(request, _("Marked as restored. Everybody whom it touches is being told."))
    return redirect("complaints:issue", pk)


def _restored_page(
    request: StaffRequest, found: ServiceIssue, form: RestoredForm, *, status: int = 200
) -> HttpResponse:
    counted = work.foreseen(found, timezone.now())
    context = {
        "issue": found,
        "form": form,
        "answered": counted.pop("", 0),
        "left": [(Left(why).label, number) for why, number in counted.most_common()],
        "followers": found.followers.filter(left_at=None).count(),
    }
    return render(request, "complaints/issue_restored.html", context, status=status)
