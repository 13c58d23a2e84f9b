"""Storms: what rages, declaring and ending it, and what is over; for everybody of the branch a banner."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from complaints import storms as rules
from complaints import tasks
from complaints.clocks.shown import span_words
from complaints.models import Storm
from complaints.refusals import MoveRefused
from staff import roster as rosters
from staff.actors import Role
from staff.http import StaffRequest
from staff.models import Branch, User

MOMENT = "%Y-%m-%dT%H:%M"
MOST_PAST = 30


def moment_field(label: Any, **more: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT)
    return forms.DateTimeField(label=label, widget=widget, **more)


class BranchField(forms.ModelChoiceField):
    """Branches by their names."""

    def label_from_instance(self, branch: Branch) -> str:
        return str(branch.name)


class DeclareForm(forms.Form):
    branch = BranchField(label=gettext_lazy("Branch"), queryset=Branch.objects.none(), empty_label=None)
    reason = forms.CharField(label=gettext_lazy("What happened"), max_length=200)
    began_at = moment_field(gettext_lazy("Began"))

    def __init__(self, *args: Any, branches: QuerySet[Branch], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["branch"]
        assert isinstance(field, forms.ModelChoiceField)
        field.queryset = branches


class EndForm(forms.Form):
    ended_at = moment_field(
        gettext_lazy("It was over at"),
        required=False,
        help_text=gettext_lazy("Empty: just now. What began after it is no longer excused."),
    )


def branches_of(user: User) -> QuerySet[Branch]:
    """Where this person may declare a storm: in their own branch and below it, administrators everywhere."""
    if user.role == Role.ADMINISTRATOR:
        return Branch.objects.all()
    return Branch.objects.filter(path__startswith=user.branch.path) if user.branch else Branch.objects.none()


@login_required
def storms(request: StaffRequest) -> HttpResponse:
    """What rages and what is over; a POST asks what declaring would excuse, and with `sure` declares."""
    mine = branches_of(request.user)
    if request.method != "POST":
        first = mine.filter(code=request.GET.get("branch", "")).first() or request.user.branch or mine.first()
        now = timezone.localtime().strftime(MOMENT)
        start = {"branch": first, "reason": "", "began_at": request.GET.get("began", now)}
        return _page(request, DeclareForm(initial=start, branches=mine))
    _check(request)
    form = DeclareForm(request.POST, branches=mine)
    if not form.is_valid():
        return _page(request, form, status=422)
    said = form.cleaned_data
    try:
        with transaction.atomic():
            storm = rules.declare(said["branch"], said["reason"], said["began_at"], by=request.user)
            if "sure" not in request.POST:
                # everything was checked as if it were meant; nothing of it stays
                transaction.set_rollback(True)
    except MoveRefused as refusal:
        form.add_error(next(iter(refusal.fields), None), refusal.message)
        return _page(request, form, status=422)
    if "sure" not in request.POST:
        return _page(request, form, asked=rules.would_excuse(said["branch"], said["began_at"]))
    transaction.on_commit(tasks.excuse_arrivals.delay)
    messages.success(request, _("Declared: %(storm)s. Promised arrivals are being excused.") % {"storm": storm.reason})
    return redirect("complaints:storms")


@login_required
@require_POST
def storm_end(request: StaffRequest, pk: int) -> HttpResponse:
    storm = _storm(request, pk)
    form = EndForm(request.POST)
    if not form.is_valid():
        return _page(request, None, ending=(storm, form), status=422)
    try:
        rules.end(storm, by=request.user, ended_at=form.cleaned_data["ended_at"])
    except MoveRefused as refusal:
        form.add_error("ended_at" if refusal.fields else None, refusal.message)
        return _page(request, None, ending=(storm, form), status=422)
    transaction.on_commit(tasks.excuse_arrivals.delay)
    messages.success(request, _("Over: %(storm)s. What began later is no longer excused.") % {"storm": storm.reason})
    return redirect("complaints:storms")


@login_required
@require_POST
def storm_withdraw(request: StaffRequest, pk: int) -> HttpResponse:
    storm = _storm(request, pk)
    try:
        rules.withdraw(storm, by=request.user)
    except MoveRefused as refusal:
        messages.error(request, refusal.message)
        return redirect("complaints:storms")
    transaction.on_commit(tasks.excuse_arrivals.delay)
    messages.success(request, _("Withdrawn: %(storm)s. It excuses nothing any more.") % {"storm": storm.reason})
    return redirect("complaints:storms")


def _check(request: StaffRequest) -> None:
    if request.user.role not in rules.STEERING:
        raise PermissionDenied(_("Storms are declared and ended by supervisors and administrators."))


def _storm(request: StaffRequest, pk: int) -> Storm:
    _check(request)
    return get_object_or_404(Storm.objects.filter(branch__in=branches_of(request.user)), pk=pk)


def _page(
    request: StaffRequest,
    form: DeclareForm | None,
    *,
    asked: int | None = None,
    ending: tuple[Storm, EndForm] | None = None,
    status: int = 200,
) -> HttpResponse:
    now = timezone.now()
    mine = branches_of(request.user)
    near = Q(branch__in=rosters.branches_shown_to(request.user)) if request.user.branch else Q(branch__in=mine)
    shown = Storm.objects.filter(near).select_related("branch", "declared_by", "ended_by")
    usual = {"branch": request.user.branch, "began_at": timezone.localtime(now).strftime(MOMENT)}
    context = {
        "running": [_line(storm, now, mine, ending) for storm in shown.running()],
        "past": [_line(storm, now, mine, None) for storm in shown.filter(ended_at__isnull=False)[:MOST_PAST]],
        "form": form or DeclareForm(branches=mine, initial=usual),
        "asked": asked,
        "may_steer": request.user.role in rules.STEERING,
        "suspected": rules.suspicions(request.user, now),
    }
    return render(request, "complaints/storms.html", context, status=status)


def _line(storm: Storm, now: datetime, mine: QuerySet[Branch], ending: tuple[Storm, EndForm] | None) -> dict[str, Any]:
    until = storm.ended_at or now
    return {
        "storm": storm,
        "lasted": span_words(until - storm.began_at),
        "may_end": storm.branch in mine,
        "form": ending[1] if ending and ending[0] == storm else EndForm(auto_id=f"id_{storm.pk}_%s"),
        **rules.touched(storm, now),
    }
