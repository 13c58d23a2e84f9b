"""What is asked of other teams: the list of a team, and one request on a page of its own with what its team may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from complaints import requests, workflow
from complaints.clocks import shown
from complaints.forms import MoveForm
from complaints.models import Attachment, Complaint, InternalRequest
from complaints.models.together import InternalRequestQuerySet
from complaints.refusals import Refusal
from complaints.states import MOVES
from complaints.views.files import sent
from complaints.views.history import as_listed
from staff.actors import Actor, Role
from staff.http import StaffRequest
from staff.scope import within_branches

MOST = 200
"""Open requests that a list shows; a team that has more has another trouble."""
SIDES = ("team", "asked", "branch")


@login_required
@require_safe
def listed(request: StaffRequest) -> HttpResponse:
    """Open requests by due: to my team, those I asked, and for supervisors all to teams of their branch."""
    offered = [side for side in SIDES if side != "branch" or request.user.role == Role.SUPERVISOR]
    side = request.GET.get("side", "")
    side = side if side in offered else "team" if request.user.team_id else offered[-1]
    rows = list(_of(request, side).by_due().prefetch_related("clock__ledger__calendar", "clock__calendar")[:MOST])
    now = timezone.now()
    labels = {"team": _("To my team"), "asked": _("Asked by me"), "branch": _("To the teams of my branch")}
    context = {
        "rows": [(row, shown.view_of(row.clock, now, {})) for row in rows],
        "side": side,
        "tabs": [{"url": f"?side={one}", "label": labels[one], "current": one == side} for one in offered],
    }
    return render(request, "desk/requests.html", context)


def _of(request: StaffRequest, side: str) -> InternalRequestQuerySet:
    rows = InternalRequest.objects.visible_to(request.user).open()
    if side == "asked":
        return rows.filter(asked_by=request.user)
    if side == "branch":
        return rows.filter(within_branches(request.user, "team__branch"))
    return rows.filter(team=request.user.team_id or 0)


def _find(request: StaffRequest, reference: str, number: int) -> InternalRequest:
    rows = InternalRequest.objects.visible_to(request.user).select_related(
        "team__branch", "asked_by", "ended_by", "clock__calendar", "clock__policy", "complaint__category",
        "complaint__subcategory", "complaint__branch",
    )  # fmt: skip
    return get_object_or_404(rows, complaint__reference=reference, number=number)


@login_required
def one(request: StaffRequest, reference: str, number: int) -> HttpResponse:
    """One request; posting answers, declines or withdraws it. What was typed stays when it is refused."""
    found = _find(request, reference, number)
    name = request.POST.get("move", "")
    if request.method != "POST":
        return _shown(request, found, {})
    if name not in requests.ENDS:
        raise Http404
    form = _form(name, found, request, request.POST, request.FILES)
    if form.is_valid():
        try:
            workflow.perform(name, found.complaint, by=Actor.staff(request.user), request=found, **form.details())
        except Refusal as refused:
            form.add_error(next((one for one in refused.fields if one in form.fields), None), refused.message)
        else:
            messages.success(request, _("%(move)s: done.") % {"move": MOVES[name].label})
            return redirect("complaints:request", reference, number)
    return _shown(request, _find(request, reference, number), {name: form}, status=422)


def _form(name: str, found: InternalRequest, request: StaffRequest, *bound: Any) -> MoveForm:
    form = MoveForm(*bound, name=name, complaint=found.complaint, user=request.user, auto_id=f"id_{name}_%s")
    del form.fields["request"]  # the address says it
    return form


def _shown(
    request: StaffRequest, found: InternalRequest, refused: dict[str, MoveForm], *, status: int = 200
) -> HttpResponse:
    """What its team may see: the question, what happened and where, and the files that the asker chose; nobody to call."""
    sees_complaint = Complaint.objects.visible_to(request.user).filter(pk=found.complaint_id).exists()
    offered = []
    if found.is_open and requests.may_answer(found, request.user):
        offered += ["answer_request", "decline_request"]
    if found.is_open and requests.may_withdraw(found, request.user):
        offered += ["withdraw_request"]
    offered += [name for name in refused if name not in offered]
    now = timezone.now()
    context = {
        "one": found,
        "clock": shown.view_of(found.clock, now, {}),
        "story": found.complaint.story
        if sees_complaint
        else requests.without_contacts(found.complaint, found.complaint.story),
        "place": found.complaint.place,
        "files": [_file(found, file) for file in found.shown.all()],
        "answered_files": [_file(found, file) for file in _answered_with(found)],
        "sees_complaint": sees_complaint,
        "forms": [(name, MOVES[name].label, refused.get(name) or _form(name, found, request)) for name in offered],
    }
    return render(request, "desk/request.html", context, status=status)


def _answered_with(found: InternalRequest) -> list[Attachment]:
    """The files that came with the answer: they were added at its moment."""
    if found.ended_at is None:
        return []
    return list(found.complaint.attachments.filter(added_at=found.ended_at, added_by=found.ended_by))


def _file(found: InternalRequest, file: Attachment) -> dict[str, Any]:
    return as_listed(file, f"{found.get_absolute_url()}files/{file.uuid}/")


@login_required
@require_safe
def file(request: StaffRequest, reference: str, number: int, uuid: UUID) -> FileResponse:
    """A file that the asker shows, or one of the answer."""
    found = _find(request, reference, number)
    files = [*found.shown.filter(uuid=uuid), *(one for one in _answered_with(found) if one.uuid == uuid)]
    if not files:
        raise Http404
    return sent(files[0])
