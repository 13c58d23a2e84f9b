"""One complaint on one page, and the moves that are made from it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from complaints import investigation, resending, timeline, workflow
from complaints.clocks import shown
from complaints.forms import MoveForm
from complaints.models import Complaint, DeskSettings, Flag
from complaints.refusals import ChangedMeanwhile, Refusal
from complaints.states import MOVES
from staff.actors import Actor
from staff.http import StaffRequest

EVERYDAY = ("contact", "arrive", "restore", "message", "note")
"""Moves that stand beside the likely one, because they are made several times a day."""
KEYS = {
    "dispatch": "d",
    "accept": "a",
    "assign": "s",
    "resolve": "r",
    "propose": "p",
    "contact": "c",
    "message": "m",
    "note": "i",
    "urge": "u",
}


def find(request: StaffRequest, reference: str) -> Complaint:
    """The complaint, if this person may see it; for everyone else it does not exist."""
    rows = Complaint.objects.visible_to(request.user).select_related(
        "category",
        "subcategory",
        "team",
        "assignee",
        "branch",
        "customer__account_manager",
        "account__premise",
        "premise__transformer_area__feeder__substation",
        "root_cause__parent",
        "service_issue",
        "merged_into",
        "entered_by",
    )
    return get_object_or_404(rows, reference=reference)


@login_required
def complaint(request: StaffRequest, reference: str) -> HttpResponse:
    """Everything about one complaint; `?move=dispatch` opens the form of a move in place."""
    found = find(request, reference)
    name = request.GET.get("move", "")
    form = None
    if name in MOVES and found.permits(name, request.user.role):
        form = MoveForm(name=name, complaint=found, user=request.user)
    if form is not None and request.htmx:
        return render(
            request, "complaints/_move_form.html", {"complaint": found, "form": form, "script": script_for(found, name)}
        )
    return render(request, "complaints/complaint.html", context_of(request, found, form))


@login_required
@require_POST
def move(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """Make one move. What was typed stays on the form when it is refused."""
    if name not in MOVES or not MOVES[name].by_hand:
        raise Http404
    found = find(request, reference)
    form = MoveForm(request.POST, request.FILES, name=name, complaint=found, user=request.user)
    if not form.is_valid():
        return _again(request, found, form, status=422)
    seen = request.POST.get("seen", "")
    try:
        workflow.perform(
            name, found, by=Actor.staff(request.user), seen=int(seen) if seen.isdecimal() else None, **form.details()
        )
    except Refusal as refused:
        return _refused(request, reference, form, refused)
    messages.success(request, _("%(move)s: done.") % {"move": MOVES[name].label})
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": found.get_absolute_url()})
    return redirect(found)


def _refused(request: StaffRequest, reference: str, form: MoveForm, refused: Refusal) -> HttpResponse:
    """Say why on the form itself, next to what was typed; show what is new when somebody else was first."""
    fresh = find(request, reference)
    field = next((name for name in refused.fields if name in form.fields), None)
    form.add_error(field, refused.message)
    unseen = [timeline.entry(event, []) for event in refused.events] if isinstance(refused, ChangedMeanwhile) else []
    return _again(request, fresh, form, status=refused.status, unseen=unseen)


def _again(
    request: StaffRequest, complaint: Complaint, form: MoveForm, *, status: int, unseen: list[Any] | None = None
) -> HttpResponse:
    context = {"complaint": complaint, "form": form, "unseen": unseen or [], "script": script_for(complaint, form.name)}
    if request.htmx:
        return render(request, "complaints/_move_form.html", context, status=status)
    return render(
        request, "complaints/complaint.html", context_of(request, complaint, form) | {"unseen": unseen}, status=status
    )


def script_for(complaint: Complaint, name: str) -> dict[str, Any]:
    """What to say and ask where a call-back is logged, in the language in use."""
    if name != "feedback":
        return {}
    desk = DeskSettings.current()
    language = "zh" if get_language().startswith("zh") else "en"
    words = {"reference": complaint.reference, "utility": desk.utility_zh if language == "zh" else desk.utility_en}
    script = desk.interview
    return {
        "greeting": script["greeting"][language].format(**words) if script else "",
        "questions": [question[language] for question in script.get("questions", []) if "call" in question["ask"]],
    }


def context_of(request: StaffRequest, complaint: Complaint, form: MoveForm | None) -> dict[str, Any]:
    now = timezone.now()
    clocks = shown.views_of(shown.clocks_of(complaint), now)
    others = Complaint.objects.none()
    if complaint.customer_id:
        visible = Complaint.objects.visible_to(request.user)
        others = visible.filter(customer=complaint.customer_id).exclude(pk=complaint.pk).select_related("category")
    moves = [(name, move, KEYS.get(name, "")) for name, move in complaint.moves_for(request.user.role)]
    shown_first = [moves[0], *(one for one in moves[1:] if one[0] in EVERYDAY)] if moves else []
    notices = list(complaint.notices.all())
    names = {name for name, _move, _key in moves}
    return {
        "complaint": complaint,
        "now": now,
        "may_match": "match" in names and not complaint.customer_id and not complaint.is_anonymous,
        "moves": shown_first,
        "more_moves": [one for one in moves if one not in shown_first],
        "form": form,
        "script": script_for(complaint, form.name if form else ""),
        "clocks": clocks,
        "investigation": investigation.panel(complaint),
        "pressing": [clock for clock in clocks if clock.presses][:2],
        "entries": timeline.entries(complaint.events.all(), notices),
        "notices": notices[::-1],
        "may_resend": request.user.role in resending.STEERING,
        "resendable": {notice.pk for notice in notices if resending.may_resend(notice)},
        "files": [
            {
                "name": file.name,
                "url": reverse("complaints:attachment", args=[complaint.reference, file.uuid]),
                "size": file.size,
                "kind": "image" if file.is_image else "file",
                "thumbnail_url": reverse("complaints:attachment", args=[complaint.reference, file.uuid])
                if file.is_image
                else "",
            }
            for file in complaint.attachments.all()
        ],
        "others": others.order_by("-received_at")[:10],
        "answers": complaint.answered_questions(),
        "feedback": complaint.feedback.all(),
        "flags": [(flag, Flag(flag).label) for flag in complaint.flags],
    }
