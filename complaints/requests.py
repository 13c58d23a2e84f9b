"""Requests to another team: what is checked of them, who may answer, what they leave behind, and what ends them unasked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from complaints.clocks import asked
from complaints.models import Complaint, Concern, Event, InternalRequest, RequestState
from complaints.refusals import DetailsMissing, MoveRefused
from complaints.states import DESK, OPEN
from staff.actors import Actor, Role
from staff.models import User

Details = Mapping[str, Any]
ENDS = {
    "answer_request": RequestState.ANSWERED,
    "decline_request": RequestState.DECLINED,
    "withdraw_request": RequestState.WITHDRAWN,
}
NUMBERS = re.compile(r"(?<![A-Za-z0-9])\+?\d[\d \-]{5,}\d(?![A-Za-z0-9])")
ADDRESSES = re.compile(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+")


def without_contacts(complaint: Complaint, text: str) -> str:
    """Words as somebody reads them who is not to call the customer: without name, numbers and e-mail addresses."""
    if len(complaint.contact_name) > 1:
        text = text.replace(complaint.contact_name, "…")
    return ADDRESSES.sub("…", NUMBERS.sub("…", text))


def may_answer(request: InternalRequest, user: User) -> bool:
    """A member of the team that was asked, or a supervisor of its branch or above."""
    if not user.is_active or user.role not in DESK:
        return False
    if user.team_id == request.team_id:
        return True
    is_over = user.branch is not None and request.team.branch.path.startswith(user.branch.path)
    return user.role == Role.SUPERVISOR and is_over


def may_withdraw(request: InternalRequest, user: User) -> bool:
    """Whoever works where the question came from: the team that was asked can only decline."""
    return user.role in DESK and Complaint.objects.visible_to(user).filter(pk=request.complaint_id).exists()


def details_of(name: str, complaint: Complaint, details: Details) -> dict[str, Any]:
    """The number of the request that a move speaks of, for its event; the locked complaint gives each its own."""
    if name == "request":
        return {"request": complaint.requests.count() + 1}
    request = details.get("request")
    return {"request": request.number} if isinstance(request, InternalRequest) else {}


# what is checked


def check_asking(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    team, due_at = details["asked_team"], details.get("answer_by")
    if not team.is_active:
        raise MoveRefused(_("“%(team)s” is no longer there.") % {"team": team.name}, fields=["asked_team"])
    if team.pk == complaint.team_id:
        raise MoveRefused(
            _("“%(team)s” has this complaint itself. Write a note instead.") % {"team": team.name},
            fields=["asked_team"],
        )
    if due_at is not None and due_at <= at:
        raise MoveRefused(_("That is in the past."), fields=["answer_by"])
    if due_at is None and asked.promise_of(complaint) is None:
        raise DetailsMissing(_("No policy says how long they have. Say by when."), fields=["answer_by"])


def check_answering(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    request = _fresh(complaint, details)
    if by.user is not None and not may_answer(request, by.user):
        raise MoveRefused(_("Only “%(team)s” can answer this.") % {"team": request.team.name})


def check_withdrawal(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    request = _fresh(complaint, details)
    if by.user is not None and not may_withdraw(request, by.user):
        raise MoveRefused(_("Only who works on the complaint can withdraw this."))


def _fresh(complaint: Complaint, details: Details) -> InternalRequest:
    """The request as it is now that the complaint is locked. Raises MoveRefused when it has ended."""
    rows = InternalRequest.objects.select_related("team__branch", "ended_by", "clock__calendar")
    request = rows.get(pk=details["request"].pk, complaint=complaint)
    if not request.is_open:
        who = request.ended_by.display_name if request.ended_by else _("The system")
        raise MoveRefused(
            _("This request is over: %(state)s, by %(who)s. Look at what stands there.")
            % {"state": request.get_state_display(), "who": who}
        )
    return request


def check_none_is_open(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """A complaint is not answered while a colleague still looks into it, unless somebody says that it is not needed."""
    if details.get("not_needed"):
        return
    if teams := [request.team.name for request in complaint.requests.open().select_related("team")]:
        raise MoveRefused(
            _("Not answered yet: %(teams)s. Wait for it, or tick that it is not needed any more.")
            % {"teams": ", ".join(map(str, teams))},
            fields=["not_needed"],
        )


# what happens


def keep(name: str, complaint: Complaint, event: Event, details: Details) -> None:
    """Write the row of a request that was asked, or how one ended; whoever had it before them need not look any more."""
    if name == "request":
        assert event.user is not None  # only a person asks
        number = event.details["request"]
        request = InternalRequest.objects.create(
            complaint=complaint,
            number=number,
            team=details["asked_team"],
            question=details["question"],
            event=event,
            clock=complaint.clocks.get(kind="request", round=number),
            asked_by=event.user,
            asked_at=event.at,
        )
        request.shown.set(details.get("shown", []))
    elif name in ENDS:
        InternalRequest.objects.filter(pk=details["request"].pk).update(
            state=ENDS[name],
            answer=details.get("answer") or details.get("reason") or "",
            ended_by=event.user,
            ended_at=event.at,
        )
        Concern.objects.unread().filter(request=details["request"].pk).update(read_at=event.at)


def ended_with(complaint: Complaint, before: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What nobody needs any more, because the complaint is answered or over, is withdrawn in the same transaction."""
    if complaint.status in OPEN or before not in OPEN:
        return
    for request in complaint.requests.open().select_related("team", "clock__calendar"):
        reason = _("No longer needed: %(status)s.") % {"status": complaint.get_status_display()}
        yield "withdraw_request", {"request": request, "reason": reason}
