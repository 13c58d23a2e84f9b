"""Absences: who is away when and who stands in, entering one, and coming back to what was handed over."""

from __future__ import annotations

import uuid
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from complaints import bulk, deputies, hand_over
from complaints.absence_forms import AbsenceForm
from complaints.models import BulkLine, BulkRun, Complaint, HandOver, LineState, WorkGoes
from complaints.refusals import MoveRefused
from complaints.timeline import sentence
from staff import absences as rules
from staff import roster as rosters
from staff.http import StaffRequest
from staff.models import Absence, AbsenceQuerySet, Branch, User

SHOWN_DAYS = 28
AT_ONCE = 20.0


def _asked(request: StaffRequest) -> tuple[Branch | None, date]:
    """The branch and the first day that the address names: one's own and this week, if it does not."""
    monday = rosters.monday_of(timezone.localdate())
    try:
        monday = rosters.monday_of(date.fromisoformat(request.GET.get("week", "")))
        rosters.midnight(monday + timedelta(days=2 * SHOWN_DAYS)), rosters.midnight(monday - timedelta(days=SHOWN_DAYS))
    except (ValueError, OverflowError):
        monday = rosters.monday_of(timezone.localdate())
    shown = rosters.branches_shown_to(request.user)
    code = request.GET.get("branch", "")
    return (get_object_or_404(shown, code=code) if code else request.user.branch or shown.first()), monday


def _shown(user: User) -> AbsenceQuerySet:
    """The absences of the branches that this person sees, and those in which they have a part."""
    branches = rosters.branches_shown_to(user)
    part = Q(user__branch__in=branches) | Q(user=user) | Q(deputy=user)
    return Absence.objects.filter(part).select_related("user__branch", "deputy", "entered_by", "hand_over")


@login_required
def absences(request: StaffRequest) -> HttpResponse:
    """Four weeks of a branch; a POST says what an absence would move, and with `sure` enters it."""
    if request.method != "POST":
        person = _named(request)
        goes = WorkGoes.DEPUTY if hand_over.open_work(person).exists() else WorkGoes.KEEP
        return _page(request, AbsenceForm(by=request.user, initial={"person": person.pk, "goes": goes}))
    form = AbsenceForm(request.POST, by=request.user)
    if not form.is_valid():
        return _page(request, form, status=422)
    absence, decision = form.decided(timezone.now())
    if "sure" not in request.POST:
        return _page(request, form, foreseen=hand_over.preview(absence, decision))
    try:
        entered = hand_over.enter(absence, decision)
    except rules.OverlapsAbsence as clash:
        form.overlaps(absence.user, clash.absence)
        return _page(request, form, status=409)
    messages.success(request, _("Entered: %(name)s, %(when)s.") % _words(entered))
    return redirect("complaints:absence", entered.pk)


def _named(request: StaffRequest) -> User:
    """For whom the address asks: oneself, if it does not, or for nobody whose absence one may enter."""
    key = request.GET.get("person", "")
    found = rules.entered_by(request.user).filter(pk=int(key)).first() if key.isdecimal() and len(key) < 10 else None
    return found or request.user


def _words(absence: Absence) -> dict[str, str]:
    return {"name": absence.user.display_name, "when": deputies.span(absence)}


def _page(
    request: StaffRequest, form: AbsenceForm, *, foreseen: hand_over.Preview | None = None, status: int = 200
) -> HttpResponse:
    branch, monday = _asked(request)
    now, days = timezone.now(), [monday + timedelta(days=n) for n in range(SHOWN_DAYS)]
    start, end = rosters.midnight(days[0]), rosters.midnight(days[-1] + timedelta(days=1))
    rows = _shown(request.user).touching(start, end)
    here = rows.filter(user__branch__path__startswith=branch.path) if branch is not None else rows.none()
    context = {
        "form": form,
        "foreseen": foreseen,
        "branch": branch,
        "branches": rosters.branches_shown_to(request.user),
        "week": monday,
        "days": days,
        "today": timezone.localdate(),
        "lines": [_line(one, request.user, days, now) for one in here],
        "mine": [
            _line(one, request.user, days, now)
            for one in _shown(request.user).touching(now, None).filter(user=request.user)
        ],
        "earlier": _address(branch, monday - timedelta(days=SHOWN_DAYS)),
        "later": _address(branch, monday + timedelta(days=SHOWN_DAYS)),
    }
    return render(request, "complaints/absences.html", context, status=status)


def _address(branch: Branch | None, monday: date) -> str:
    said = {"branch": branch.code if branch is not None else "", "week": monday.isoformat()}
    return f"{reverse('complaints:absences')}?{urlencode(said)}"


def _line(absence: Absence, user: User, days: list[date], now: datetime) -> dict[str, Any]:
    """One absence in the list; why somebody is away is for themselves and for those who may enter it."""
    first = timezone.localtime(absence.starts_at).date()
    last = timezone.localtime(absence.ends_at - timedelta(seconds=1)).date() if absence.ends_at else date.max
    return {
        "absence": absence,
        "when": deputies.span(absence),
        "why": absence.get_kind_display() if rules.may_enter(user, absence.user) else "",
        "is_now": absence.covers(now),
        "days": [{"day": day, "is_away": first <= day <= last} for day in days],
    }


@login_required
@require_safe
def absence(request: StaffRequest, pk: int) -> HttpResponse:
    """One absence: what it does, how far the hand-over is, and what happened to what was handed over."""
    found = get_object_or_404(_shown(request.user), pk=pk)
    now = timezone.now()
    lines = BulkLine.objects.filter(run__absence=found, run__undo_of__isnull=True).select_related("complaint")
    seen = set(
        Complaint.objects.visible_to(request.user).filter(pk__in=lines.values("complaint")).values_list("pk", flat=True)
    )
    handed = [one for one in hand_over.handed_over(found) if one.complaint.pk in seen]
    states = list(lines.values_list("state", flat=True))
    context = {
        **_line(found, request.user, [], now),
        "decision": getattr(found, "hand_over", None),
        "may_enter": rules.may_enter(request.user, found.user),
        "is_over": found.ends_at is not None and found.ends_at <= now,
        "is_ahead": found.starts_at > now,
        "foreseen": _foreseen(found, now),
        "handed": [{"one": one, "latest": sentence(one.latest) if one.latest is not None else ""} for one in handed],
        "can_return": any(one.can_return for one in handed),
        "pending": states.count(LineState.PENDING),
        "total": len(states),
        "refused": [line for line in lines.filter(state=LineState.REFUSED) if line.complaint_id in seen],
        "key": uuid.uuid4(),
    }
    return render(request, "complaints/absence.html", context)


def _foreseen(found: Absence, now: datetime) -> hand_over.Preview | None:
    """What would go, as long as it has not gone."""
    decision: HandOver | None = getattr(found, "hand_over", None)
    if decision is None or decision.begun_at is not None or found.cancelled_at is not None:
        return None
    return hand_over.preview(found, decision)


def _mine_to_change(request: StaffRequest, pk: int) -> Absence:
    found = get_object_or_404(_shown(request.user), pk=pk)
    if not rules.may_enter(request.user, found.user):
        raise PermissionDenied(
            _("An absence is changed by the person, by supervisors of their branch and administrators.")
        )
    return found


@login_required
@require_POST
def end(request: StaffRequest, pk: int) -> HttpResponse:
    """Back, earlier than thought."""
    found, now = _mine_to_change(request, pk), timezone.now()
    if not found.covers(now) or found.cancelled_at is not None:
        raise MoveRefused(_("That absence is not going on."))
    hand_over.end_early(found, at=now)
    messages.success(request, _("%(name)s is back.") % {"name": found.user.display_name})
    return redirect("complaints:absence", pk)


@login_required
@require_POST
def cancel(request: StaffRequest, pk: int) -> HttpResponse:
    """It was a mistake, or it is not going to be."""
    found, now = _mine_to_change(request, pk), timezone.now()
    if found.cancelled_at is not None or (found.ends_at is not None and found.ends_at <= now):
        raise MoveRefused(_("That absence is over. It stays, because notices of that time went by it."))
    hand_over.cancel(found, at=now)
    words = _("Taken back. What was handed over returns, where nobody has touched it since.")
    messages.success(request, words if found.starts_at <= now else _("Taken back."))
    return redirect("complaints:absence", pk)


@login_required
@require_POST
def take_back(request: StaffRequest, pk: int) -> HttpResponse:
    """The person gets the chosen complaints again."""
    found = _mine_to_change(request, pk)
    chosen = {}
    for one in request.POST.getlist("chosen"):
        reference, _at, version = one.partition("@")
        chosen[reference] = int(version) if version.isdecimal() and len(version) < 9 else 0
    if not chosen:
        messages.warning(request, _("Choose complaints first, then what is to be done with them."))
        return redirect("complaints:absence", pk)
    run = hand_over.take_back(_key(request), found, chosen, by=request.user)
    bulk.carry_on(run, for_seconds=AT_ONCE)
    _say_what_became(request, run)
    return redirect("complaints:bulk-run", run.uuid)


def _key(request: StaffRequest) -> uuid.UUID:
    try:
        return uuid.UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid.uuid4()


def _say_what_became(request: StaffRequest, run: BulkRun) -> None:
    done = bulk.tally(run)["done"]
    words = ngettext("%(count)d complaint is back.", "%(count)d complaints are back.", done)
    messages.success(request, words % {"count": done})
