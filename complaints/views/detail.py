"""One complaint on one page, and the moves that are made from it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from complaints import deputies, investigation, phrases, questions, reach, related, resending, unsent_moves, workflow
from complaints.clocks import shown
from complaints.erasing import reasons
from complaints.forms import MoveForm
from complaints.models import (
    Complaint,
    DeskSettings,
    Feedback,
    Flag,
    Notice,
    RootCause,
    ServiceIssue,
    Subcategory,
)
from complaints.refusals import Refusal
from complaints.states import MOVES
from complaints.views import history, meanwhile, together
from complaints.views.alongside import signed_in
from customers import reading
from customers.models import Premise, Reading
from staff.actors import Actor
from staff.http import StaffRequest
from staff.models import User
from staff.scope import all_of
from staff.stand_ins import is_away
from staff.written_out import Statement

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


def _seen(reference: str, *, user: User) -> QuerySet[Complaint]:
    # what few complaints have is read where there is one, and what it is about and the network apart: the planner tries all
    # orders of the tables, and with eight takes seven times as long as the query
    rows = Complaint.objects.visible_to(user).select_related("team", "assignee", "branch", "customer", "account")
    return rows.filter(reference=reference)


_SEEN = Statement(_seen)
_PREMISE = Statement(
    lambda key: Premise.objects.select_related("transformer_area__feeder__substation").filter(pk=key).order_by()
)
_NOTICES = Statement(lambda complaint: Notice.objects.filter(complaint=complaint))
_KIND = Statement(lambda key: Subcategory.objects.select_related("category").filter(pk=key).order_by())
_CAUSE = Statement(lambda key: RootCause.objects.select_related("parent").filter(pk=key).order_by())
_ISSUE = Statement(lambda key: ServiceIssue.objects.filter(pk=key).order_by())
_FEEDBACK = Statement(lambda complaint: Feedback.objects.filter(complaint=complaint).order_by("round"))


def find(request: StaffRequest, reference: str) -> Complaint:
    """The complaint, if this person may see it; for everyone else it does not exist."""
    found = next(iter(_SEEN(reference, shape=all_of(request.user), user=request.user)), None)
    if found is None:
        raise Http404
    if found.subcategory_id is not None:
        (found.subcategory,) = _KIND(found.subcategory_id)
        if found.subcategory.category_id == found.category_id:
            found.category = found.subcategory.category
    return found


@require_safe
@signed_in
def complaint(request: StaffRequest, reference: str) -> HttpResponse:
    """Everything about one complaint; `?move=dispatch` opens the form of a move in place."""
    found = find(request, reference)
    name = request.GET.get("move", "")
    form: MoveForm | None = None
    about: dict[str, Any] = {}
    if name in MOVES and MOVES[name].by_hand and found.permits(name, request.user.role):
        form, about = _begun(request, found, name)
    if form is not None and request.htmx:
        context = {"complaint": found, "form": form, "script": script_for(found, name)}
        return render(request, "complaints/_move_form.html", context | about)
    reading.note(
        request, Reading.Kind.COMPLAINT, subject=found.reference, complaint=found.pk, customer=found.customer_id
    )
    template = "complaints/print.html" if "print" in request.GET else "complaints/complaint.html"
    answer = render(request, template, context_of(request, found, form) | about)
    history.remember_order(request, answer)
    return answer


@signed_in
@require_POST
def reveal(request: StaffRequest, reference: str) -> HttpResponse:
    """The complainant's data in full, once it is written down who wants it and why."""
    found = find(request, reference)
    reading.revealed(
        request, request.POST.get("reason", ""), subject=found.reference, complaint=found.pk, customer=found.customer_id
    )
    if request.htmx:
        return render(request, "complaints/_contact.html", {"complaint": found, "is_shown": True})
    return render(request, "complaints/complaint.html", context_of(request, found, None) | {"is_shown": True})


def _begun(request: StaffRequest, found: Complaint, name: str) -> tuple[MoveForm, dict[str, Any]]:
    """The form as this person left it, or a fresh one."""
    row = unsent_moves.begun(request.user, found, name)
    content = row.content if row is not None else {}
    form = MoveForm(name=name, complaint=found, user=request.user, initial=content)
    looked_at = [(key, content.get(key, value)) for key, value in meanwhile.looked_at(form, found)]
    return form, {
        "draft": row.form_id if row is not None else uuid4(),
        "taken_up": row,
        "seen": content.get("seen", found.version),
        "looked_at": looked_at,
        "applies": True,
        "reach": reach.of(found) if name in reach.OUTWARD else None,
        "phrases": phrases.offered(request.user, found, name),
    }


@signed_in
@require_POST
def move(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """Make one move. What was typed stays on the form when it is refused, and on the server too."""
    if name not in MOVES or not MOVES[name].by_hand:
        raise Http404
    # without what only its page shows: to plan so many joins takes the database longer than the move
    found = get_object_or_404(Complaint.objects.visible_to(request.user).select_related("branch"), reference=reference)
    form = MoveForm(request.POST, request.FILES, name=name, complaint=found, user=request.user)
    if not form.is_valid():
        return _again(request, find(request, reference), form, status=422)
    form_id = unsent_moves.as_uuid(request.POST["draft"]) if "draft" in request.POST else None
    try:
        with unsent_moves.sending(form_id, found, name, by=request.user):
            workflow.perform_within(
                name, found, by=Actor.staff(request.user), seen=_looked_at(request), **form.details()
            )
    except unsent_moves.AlreadySent:
        messages.info(request, _("%(move)s: this was already done.") % {"move": MOVES[name].label})
    except Refusal as refused:
        field = next((one for one in refused.fields if one in form.fields), None)
        form.add_error(field, refused.message)
        return _again(request, find(request, reference), form, status=refused.status)
    else:
        messages.success(request, _("%(move)s: done.") % {"move": MOVES[name].label})
    return _back(request, found)


@signed_in
@require_POST
def as_note(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """What was typed for a move that can no longer be made becomes an internal note, whole."""
    if name not in MOVES or not MOVES[name].by_hand:
        raise Http404
    found = find(request, reference)
    words = meanwhile.as_note(MoveForm(request.POST, name=name, complaint=found, user=request.user))
    form_id = unsent_moves.as_uuid(request.POST.get("draft", ""))
    try:
        with unsent_moves.sending(form_id, found, name, by=request.user):
            workflow.perform("note", found, by=Actor.staff(request.user), note=words)
    except unsent_moves.AlreadySent:
        messages.info(request, _("%(move)s: this was already done.") % {"move": MOVES["note"].label})
    else:
        messages.success(request, _("What you typed is kept as an internal note."))
    return _back(request, found)


def _back(request: StaffRequest, found: Complaint) -> HttpResponse:
    """To the page of the complaint, whoever asked."""
    if request.htmx:
        return HttpResponse(headers={"HX-Redirect": found.get_absolute_url()})
    return redirect(found)


@signed_in
@require_POST
def keep(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """Keep what stands in the form now; the answer says when, or why not."""
    if name not in MOVES or not MOVES[name].by_hand:
        raise Http404
    found = find(request, reference)
    form_id = unsent_moves.as_uuid(request.POST.get("draft", ""))
    try:
        row = unsent_moves.keep(form_id, found, name, meanwhile.typed_in(request.POST), by=request.user)
    except Refusal as refusal:
        return JsonResponse({"said": refusal.message}, status=refusal.status)
    if row is None:
        return HttpResponse(status=204)
    time = date_format(timezone.localtime(row.saved_at), "H:i:s")
    return JsonResponse({"said": _("Saved %(time)s") % {"time": time}})


@signed_in
@require_POST
def discard(request: StaffRequest, reference: str, name: str) -> HttpResponse:
    """Forget what this person typed into the form and did not send."""
    found = find(request, reference)
    unsent_moves.discard(unsent_moves.as_uuid(request.POST.get("draft", "")), by=request.user)
    return _back(request, found)


def _looked_at(request: StaffRequest) -> int | None:
    """The version of the complaint that the person looked at."""
    seen = request.POST.get("seen", "")
    return int(seen) if seen.isdecimal() and len(seen) < 10 else None


def _again(request: StaffRequest, complaint: Complaint, form: MoveForm, *, status: int) -> HttpResponse:
    """The form with what was typed, why it was refused, and all that others did meanwhile."""
    form_id = unsent_moves.as_uuid(request.POST.get("draft", ""))
    with suppress(unsent_moves.AlreadySent):
        unsent_moves.keep(form_id, complaint, form.name, meanwhile.typed_in(request.POST), by=request.user)
    context = {
        "complaint": complaint,
        "form": form,
        "script": script_for(complaint, form.name),
        "draft": form_id,
        "seen": complaint.version,
        "looked_at": meanwhile.looked_at(form, complaint),
        "files_again": bool(request.FILES),
        "reach": reach.of(complaint) if form.name in reach.OUTWARD else None,
        "phrases": phrases.offered(request.user, complaint, form.name),
        **meanwhile.merged(form, complaint, request.user, _looked_at(request)),
    }
    if request.htmx:
        return render(request, "complaints/_move_form.html", context, status=status)
    return render(request, "complaints/complaint.html", context_of(request, complaint, form) | context, status=status)


def script_for(complaint: Complaint, name: str) -> dict[str, Any]:
    """What to say and ask where a call-back is logged, in the language in use."""
    if name != "feedback":
        return {}
    desk = DeskSettings.current()
    language = questions.language()
    words = {
        "reference": complaint.reference,
        "utility": desk.utility_zh if language == "zh" else desk.utility_en,
        "regulator": desk.regulator_hotline,
    }
    asked = questions.current()
    if asked is None:
        return {}
    return {
        "greeting": asked.content["greeting"][language].format(**words),
        "questions": [one[language] for one in asked.content["questions"] if "call" in one["ask"]],
    }


def _away(complaint: Complaint, now: datetime) -> str:
    """Until when whoever has it is away, and who stands in; empty when they are there."""
    absence = is_away(complaint.assignee, now) if complaint.assignee is not None else None
    return deputies.mark(absence) if absence is not None else ""


def _resendable(request: StaffRequest, notices: Iterable[Notice]) -> set[int]:
    """What this person may send again."""
    if request.user.role not in resending.STEERING:
        return set()
    return {notice.pk for notice in notices if resending.may_resend(notice)}


def context_of(request: StaffRequest, complaint: Complaint, form: MoveForm | None) -> dict[str, Any]:
    now = timezone.now()
    clocks = shown.views_of(shown.clocks_of(complaint), now)
    if complaint.premise_id is not None:
        (complaint.premise,) = _PREMISE(complaint.premise_id)
    if complaint.root_cause_id is not None:
        (complaint.root_cause,) = _CAUSE(complaint.root_cause_id)
    if complaint.service_issue_id is not None:
        (complaint.service_issue,) = _ISSUE(complaint.service_issue_id)
    moves = [(name, move, KEYS.get(name, "")) for name, move in complaint.moves_for(request.user.role)]
    shown_first = [moves[0], *(one for one in moves[1:] if one[0] in EVERYDAY)] if moves else []
    notices = list(_NOTICES(complaint.pk))
    names = {name for name, _move, _key in moves}
    told = history.context_of(request, complaint, notices)
    return {
        "complaint": complaint,
        "now": now,
        "away": _away(complaint, now),
        "may_match": "match" in names and not complaint.customer_id and not complaint.is_anonymous,
        "moves": shown_first,
        "more_moves": [one for one in moves if one not in shown_first],
        "form": form,
        "begun": [row for row in unsent_moves.of(request.user, complaint) if form is None or row.move != form.name],
        "script": script_for(complaint, form.name if form else ""),
        "reasons": Reading.Reason.choices,
        "clocks": clocks,
        "investigation": investigation.panel(complaint),
        "pressing": [clock for clock in clocks if clock.presses][:2],
        **told,
        **together.context_of(request, complaint, told["events"]),
        "notices": notices[::-1],
        "resendable": _resendable(request, notices),
        "others": related.to(complaint, request.user),
        "answers": complaint.answered_questions(),
        "holds": reasons.holds_of(complaint),
        "feedback": list(_FEEDBACK(complaint.pk)),
        "flags": [(flag, Flag(flag).label) for flag in complaint.flags],
    }
