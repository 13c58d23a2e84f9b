"""The roster: who hears alarms in a branch, week by week, and who hears them in the gaps."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from complaints import deputies
from complaints.views.answering import Answering, on_duty_now, span
from staff import roster as rosters
from staff.actors import Role
from staff.http import StaffRequest
from staff.models import Branch, Duty, User
from staff.stand_ins import Away

LONGEST = timedelta(days=31)
MOMENT = "%Y-%m-%dT%H:%M"


class PersonField(forms.ModelChoiceField):
    """People with their role and branch, because one name does not say for what they may be asked."""

    def label_from_instance(self, user: User) -> str:
        parts = [user.display_name, str(user.get_role_display()), *([user.branch.name] if user.branch else [])]
        return " · ".join(parts)


class ShiftForm(forms.Form):
    """One shift of a branch; it checks what a person can mistype, the database that nobody works twice at once."""

    person = PersonField(label=pgettext_lazy("on the roster", "Person"), queryset=User.objects.none())
    role = forms.ChoiceField(label=gettext_lazy("Answers as"), required=False)
    starts_at = forms.DateTimeField(
        label=pgettext_lazy("on the roster", "From"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )
    ends_at = forms.DateTimeField(
        label=pgettext_lazy("on the roster", "Until"),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format=MOMENT),
    )

    def __init__(self, *args: Any, branch: Branch, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        person, role = self.fields["person"], self.fields["role"]
        assert isinstance(person, forms.ModelChoiceField)
        assert isinstance(role, forms.ChoiceField)
        person.queryset = rosters.who_can_serve(branch)
        person.empty_label = _("choose")
        role.choices = [("", _("their own role")), *Role.choices]

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        start, end = said.get("starts_at"), said.get("ends_at")
        if start and end and end <= start:
            self.add_error("ends_at", _("A shift ends after it begins."))
        elif start and end and end - start > LONGEST:
            self.add_error("ends_at", _("That is longer than a month. Enter it week by week."))
        elif end and end <= timezone.now():
            self.add_error("ends_at", _("That is over already, so no alarm can reach anybody in it."))
        return said

    def save(self, branch: Branch, *, by: User) -> bool:
        """Whether it could be entered; if not, the form says with what it clashes."""
        said = self.cleaned_data
        role = said["role"] or said["person"].role
        try:
            rosters.add(said["person"], branch, role, said["starts_at"], said["ends_at"], by=by)
        except rosters.Overlaps as clash:
            self.add_error("person", _clash(said["person"], clash.shift))
            return False
        return True


def _clash(person: User, shift: Duty | None) -> str:
    if shift is None:
        return _("%(name)s has another shift then.") % {"name": person.display_name}
    return _("%(name)s is already on duty then: %(from)s to %(until)s, %(branch)s.") % {
        "name": person.display_name,
        "from": _moment(shift.starts_at),
        "until": _moment(shift.ends_at),
        "branch": shift.branch.name,
    }


def _moment(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")


@login_required
def roster(request: StaffRequest) -> HttpResponse:
    """A branch's week; posting enters a shift."""
    branch, monday = _asked(request)
    if branch is None:
        return render(request, "complaints/roster.html", {"branches": []})
    may_plan = rosters.may_plan(request.user, branch)
    form = ShiftForm(request.POST or None, branch=branch, initial=_usual(monday)) if may_plan else None
    if request.method == "POST":
        _check(request, branch)
        if form is not None and form.is_valid() and form.save(branch, by=request.user):
            messages.success(request, _("The shift is on the roster."))
            return redirect(_address(branch, monday))
    context = _context(request, branch, monday) | {"form": form, "may_plan": may_plan}
    return render(request, "complaints/roster.html", context, status=422 if form and form.errors else 200)


@login_required
@require_POST
def roster_copy(request: StaffRequest) -> HttpResponse:
    """The same shifts a week later; what cannot be repeated is named."""
    branch, monday = _asked(request)
    if branch is None:
        raise Http404
    _check(request, branch)
    made, left_out = rosters.copy_to_next_week(branch, monday, by=request.user, at=timezone.now())
    if made:
        words = ngettext("%(count)d shift was copied.", "%(count)d shifts were copied.", made)
        messages.success(request, words % {"count": made})
    if left_out:
        named = "; ".join(f"{shift.user.display_name} {_moment(shift.starts_at)}" for shift in left_out)
        words = _("Left out, because they have another shift then, have left, or it is past: %(shifts)s")
        messages.warning(request, words % {"shifts": named})
    if not made and not left_out:
        messages.warning(request, _("This week has no shifts to copy."))
    return redirect(_address(branch, monday + rosters.WEEK))


@login_required
@require_POST
def roster_remove(request: StaffRequest, pk: int) -> HttpResponse:
    """Take somebody off: a shift to come is removed, one that is going on ends now, one that is over stays."""
    shown = rosters.branches_shown_to(request.user)
    shift = get_object_or_404(Duty.objects.select_related("branch", "user").filter(branch__in=shown), pk=pk)
    _check(request, shift.branch)
    if rosters.take_off(shift, at=timezone.now()):
        messages.success(request, _("%(name)s is off the roster for it.") % {"name": shift.user.display_name})
    else:
        messages.warning(request, _("That shift is over. It stays, because alarms of that time went by it."))
    return redirect(_address(shift.branch, rosters.monday_of(timezone.localtime(shift.starts_at).date())))


def _check(request: StaffRequest, branch: Branch) -> None:
    if not rosters.may_plan(request.user, branch):
        raise PermissionDenied(
            _("The roster is planned by the supervisors of this branch or one above, and by administrators.")
        )


def _asked(request: StaffRequest) -> tuple[Branch | None, date]:
    """The branch and week that the address names: one's own and this week, if it does not."""
    today = timezone.localdate()
    try:
        monday = rosters.monday_of(date.fromisoformat(request.GET.get("week", "")))
        rosters.midnight(monday + 2 * rosters.WEEK), rosters.midnight(monday - rosters.WEEK)
    except (ValueError, OverflowError):
        monday = rosters.monday_of(today)
    shown = rosters.branches_shown_to(request.user)
    code = request.GET.get("branch", "")
    if code:
        return get_object_or_404(shown, code=code), monday
    return request.user.branch or shown.first(), monday


def _address(branch: Branch, monday: date) -> str:
    return f"{reverse('complaints:roster')}?{urlencode({'branch': branch.code, 'week': monday.isoformat()})}"


def _usual(monday: date) -> dict[str, datetime]:
    """Working hours of the next day that is still to come in this week."""
    day = max(monday, timezone.localdate() + timedelta(days=1))
    morning = rosters.midnight(day) + timedelta(hours=8, minutes=30)
    return {"starts_at": morning, "ends_at": morning + timedelta(hours=9)}


def _context(request: StaffRequest, branch: Branch, monday: date) -> dict[str, Any]:
    at, today = timezone.now(), timezone.localdate()
    answering = Answering(branch)
    rows = rosters.week(branch, monday)
    away = Away.between(rosters.midnight(monday), rosters.midnight(monday + rosters.WEEK))
    return {
        "branch": branch,
        "branches": rosters.branches_shown_to(request.user),
        "days": [monday + timedelta(days=n) for n in range(7)],
        "today": today,
        "week": monday,
        "rows": [_row(row, answering, away) for row in rows],
        "on_duty": on_duty_now(branch, at),
        "now": at,
        "address": _address(branch, monday),
        "earlier": _address(branch, monday - rosters.WEEK),
        "later": _address(branch, monday + rosters.WEEK),
        "this_week": "" if monday <= today < monday + rosters.WEEK else _address(branch, rosters.monday_of(today)),
        "has_shifts": any(day.shifts for row in rows for day in row.days),
        "can_be_copied": rosters.midnight(monday + 2 * rosters.WEEK) > at,
    }


def _row(row: rosters.Row, answering: Answering, away: Away) -> dict[str, Any]:
    """A role's week; where nobody has a shift and the same people answer throughout, that is said once."""
    answers = {gap.answer for day in row.days for gap in day.gaps}
    is_empty = len(answers) == 1 and not any(day.shifts for day in row.days)
    return {
        "role": row.role.label,
        "is_blank": not any(day.shifts or day.gaps for day in row.days),
        "whole_week": answering.words(answers.pop()) if is_empty else None,
        "cells": [_cell(day, answering, away) for day in row.days],
    }


def _cell(day: rosters.Day, answering: Answering, away: Away) -> dict[str, Any]:
    """Shifts and gaps of a day in the order in which they begin; beside a shift of somebody who is away, who stands in."""
    shifts: list[tuple[str, Duty | None, Any]] = []
    for one in day.shifts:
        absence = away.of(one.user_id, max(one.starts_at, day.start))
        mark = deputies.mark(absence) if absence is not None else ""
        shifts.append((span(one.starts_at, one.ends_at, day.start, day.end), one, mark))
    gaps = [(span(gap.start, gap.end, day.start, day.end), None, answering.words(gap.answer)) for gap in day.gaps]
    return {
        "date": timezone.localtime(day.start).date(),
        "lines": sorted([*shifts, *gaps], key=lambda line: line[0]),
    }
