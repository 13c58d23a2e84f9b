"""What MAY happen to a complaint: its statuses and the table of moves. Data only; `workflow` makes it happen."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db import models
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from staff.actors import CLOCK, CUSTOMER, Role


class Status(models.TextChoices):
    REGISTERED = "registered", _("Registered")
    DISPATCHED = "dispatched", _("Dispatched")
    INVESTIGATING = "investigating", _("Investigating")
    WAITING = "waiting", _("Waiting for the customer")
    REVIEW = "review", _("In review")
    RESOLVED = "resolved", _("Resolved, awaiting feedback")
    CLOSED = "closed", _("Closed")


class Stage(models.TextChoices):
    """The paper's four stages, as a customer reads them."""

    REGISTERED = "registered", _("Registered")
    INVESTIGATED = "investigated", _("Being investigated")
    RESOLVED = "resolved", _("Resolved")
    ANSWERED = "answered", _("Closed")


STAGE_OF = {
    Status.REGISTERED: Stage.REGISTERED,
    Status.DISPATCHED: Stage.REGISTERED,
    Status.INVESTIGATING: Stage.INVESTIGATED,
    Status.WAITING: Stage.INVESTIGATED,
    Status.REVIEW: Stage.INVESTIGATED,
    Status.RESOLVED: Stage.RESOLVED,
    Status.CLOSED: Stage.ANSWERED,
}


class Outcome(models.TextChoices):
    UPHELD = "upheld", _("Upheld")
    PARTLY_UPHELD = "partly_upheld", _("Partly upheld")
    NOT_UPHELD = "not_upheld", _("Not upheld")
    UNVERIFIABLE = "unverifiable", _("Could not be verified")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    DUPLICATE = "duplicate", _("Duplicate")
    REFERRED = "referred", _("Referred")
    REJECTED = "rejected", _("Not accepted")


FINDINGS = (Outcome.UPHELD, Outcome.PARTLY_UPHELD, Outcome.NOT_UPHELD, Outcome.UNVERIFIABLE)
"""The outcomes an investigation can have; the others end a complaint without one."""

OPEN = frozenset(Status) - {Status.RESOLVED, Status.CLOSED}
"""Work is still owed."""
UNFINISHED = frozenset(Status) - {Status.CLOSED}

SAME = "same"
PREVIOUS = "previous"
"""Targets that are not one status: stay where it is; go back to where a merged complaint was."""

AGENT, INVESTIGATOR, SUPERVISOR, LIAISON = Role.AGENT, Role.INVESTIGATOR, Role.SUPERVISOR, Role.LIAISON
ADMINISTRATOR = Role.ADMINISTRATOR
DESK = frozenset({AGENT, INVESTIGATOR, SUPERVISOR, LIAISON})
HANDLERS = frozenset({INVESTIGATOR, SUPERVISOR, LIAISON})


@dataclass(frozen=True, slots=True)
class Move:
    """A named change: who may make it, from where to where, and what must (`needs`) and may (`takes`) be said with it."""

    label: LazyText | str
    sources: frozenset[str]
    target: str
    allowed: frozenset[str]
    needs: frozenset[str] = field(default_factory=frozenset)
    takes: frozenset[str] = field(default_factory=frozenset)
    decides: bool = True
    """Whether the mover must have seen the newest state; adding a note or a contact needs no such thing."""
    by_hand: bool = True
    """Whether a person picks it from the action bar; the rest follow from something else."""


def move(
    label: LazyText | str,
    sources: set[Status] | frozenset[Status],
    target: str,
    allowed: set[str] | frozenset[str],
    needs: str = "",
    takes: str = "",
    **flags: bool,
) -> Move:
    return Move(
        label,
        frozenset(sources),
        target,
        frozenset(allowed),
        frozenset(needs.split()),
        frozenset(takes.split()),
        **flags,
    )


S = Status
HAND_OVER = ("stands", "promised", "next_step", "watch_for")
"""What a hand-over note says: where it stands, what the customer was promised, what comes next, what to watch out for."""
_HAND_OVER = " ".join(HAND_OVER)
MOVES: dict[str, Move] = {
    # handing over
    "dispatch": move(
        _("Dispatch"), {S.REGISTERED}, S.DISPATCHED, {SUPERVISOR, LIAISON, CLOCK}, "team", "assignee note"
    ),
    "accept": move(_("Accept"), {S.DISPATCHED}, S.INVESTIGATING, HANDLERS),
    "return": move(_("Return"), {S.DISPATCHED, S.INVESTIGATING}, S.REGISTERED, HANDLERS, "reason", _HAND_OVER),
    "assign": move(
        _("Assign"), OPEN, SAME, {SUPERVISOR, INVESTIGATOR, LIAISON, CLOCK}, "assignee", f"note {_HAND_OVER}"
    ),
    "unassign": move(
        _("Take off the person"), OPEN, SAME, {SUPERVISOR, INVESTIGATOR, LIAISON, CLOCK}, "", f"note {_HAND_OVER}"
    ),
    "transfer": move(
        _("Transfer"),
        {S.DISPATCHED, S.INVESTIGATING, S.WAITING},
        S.DISPATCHED,
        HANDLERS,
        "team reason",
        f"assignee {_HAND_OVER}",
    ),
    "hand_over": move(
        _("Write a hand-over note"), OPEN, SAME, HANDLERS, "stands", "promised next_step watch_for", decides=False
    ),
    "read_hand_over": move(_("Read the hand-over note"), UNFINISHED, SAME, DESK, decides=False, by_hand=False),
    # talking with the customer
    "contact": move(_("Record contact"), UNFINISHED, SAME, DESK, "reached method", "contacted_at note", decides=False),
    "ask": move(_("Ask customer"), {S.INVESTIGATING}, S.WAITING, HANDLERS, "message"),
    "resume": move(_("Resume"), {S.WAITING}, S.INVESTIGATING, DESK | {CUSTOMER, CLOCK}, "", "note"),
    "message": move(_("Message the customer"), UNFINISHED, SAME, DESK, "message", decides=False),
    "supplement": move(
        _("Add what the customer says"),
        UNFINISHED,
        SAME,
        {AGENT, SUPERVISOR, LIAISON, CUSTOMER},
        "message",
        "files",
        decides=False,
    ),
    "urge": move(_("Urge"), OPEN, SAME, {AGENT, SUPERVISOR, LIAISON, CUSTOMER}, "", "note", decides=False),
    "acknowledge": move(
        _("Confirm receipt"), UNFINISHED, SAME, {AGENT, SUPERVISOR, LIAISON}, "method", "note", decides=False
    ),
    # on site
    "arrive": move(_("Arrived on site"), OPEN, SAME, DESK, "", "arrived_at note", decides=False),
    "restore": move(
        _("Supply restored or made safe"), OPEN, SAME, DESK | {CLOCK}, "", "restored_at note", decides=False
    ),
    "strike_off": move(
        _("Cause removed"),
        {S.INVESTIGATING, S.WAITING, S.REVIEW, S.RESOLVED, S.CLOSED},
        SAME,
        HANDLERS,
        "note",
        "files",
        decides=False,
    ),
    # more time
    "hold": move(_("Pause the clocks"), {S.DISPATCHED, S.INVESTIGATING}, SAME, HANDLERS, "pause_reason note", "files"),
    "release": move(_("End the pause"), frozenset(Status), SAME, HANDLERS | {CLOCK}, "", "note"),
    "ask_extension": move(_("Ask for more time"), OPEN, SAME, {INVESTIGATOR, LIAISON}, "reason"),
    "extend": move(_("Grant more time"), OPEN, SAME, {SUPERVISOR}, "reason"),
    "decline_extension": move(_("Decline more time"), OPEN, SAME, {SUPERVISOR}, "reason"),
    "excuse": move(
        _("Excused by a storm"),
        frozenset(Status),
        SAME,
        {SUPERVISOR, CLOCK},
        "storm",
        "withdrawn",
        decides=False,
        by_hand=False,
    ),
    "retarget": move(
        _("New deadlines"),
        UNFINISHED,
        SAME,
        {SUPERVISOR, ADMINISTRATOR},
        "reason",
        "policies moved",
        decides=False,
        by_hand=False,
    ),
    # finding and answering
    "investigate": move(
        _("Record findings"), UNFINISHED, SAME, HANDLERS, "part summary", "files about", decides=False, by_hand=False
    ),
    "propose_adjustment": move(
        _("Propose an adjustment"),
        {S.INVESTIGATING, S.WAITING, S.REVIEW, S.RESOLVED},
        SAME,
        HANDLERS,
        "amount way reason",
        "pay_to",
    ),
    "approve_adjustment": move(
        _("Approve the adjustment"), frozenset(Status), SAME, {SUPERVISOR, ADMINISTRATOR}, "", "note"
    ),
    "decline_adjustment": move(
        _("Decline the adjustment"), frozenset(Status), SAME, {SUPERVISOR, ADMINISTRATOR}, "reason"
    ),
    "adjustment_paid": move(
        _("Record money given back"), frozenset(Status), SAME, HANDLERS, "amount paid_on", "note", decides=False
    ),
    "propose": move(
        _("Propose resolution"),
        {S.INVESTIGATING},
        S.REVIEW,
        HANDLERS,
        "outcome root_cause resolution",
        "responsibility not_needed",
    ),
    "approve": move(_("Approve"), {S.REVIEW}, S.RESOLVED, {SUPERVISOR}, "", "note not_needed"),
    "send_back": move(_("Send back"), {S.REVIEW}, S.INVESTIGATING, {SUPERVISOR}, "reason"),
    "resolve": move(
        _("Resolve"),
        {S.INVESTIGATING},
        S.RESOLVED,
        HANDLERS,
        "outcome root_cause resolution",
        "responsibility not_needed",
    ),
    "settle": move(
        _("Resolve with the service issue"),
        {S.REGISTERED, S.DISPATCHED, S.INVESTIGATING, S.WAITING},
        S.RESOLVED,
        {SUPERVISOR, CLOCK},
        "service_issue outcome root_cause resolution",
        "responsibility",
        decides=False,
        by_hand=False,
    ),
    "feedback": move(
        _("Record feedback"),
        {S.RESOLVED},
        SAME,
        {AGENT, SUPERVISOR, LIAISON, CUSTOMER},
        "solved",
        "score attitude comment answered_by contacted",
    ),
    "change_feedback": move(
        _("Change the answer"),
        frozenset(Status),
        SAME,
        {AGENT, SUPERVISOR, LIAISON, CUSTOMER},
        "round solved",
        "score attitude comment answered_by contacted",
        decides=False,
        by_hand=False,
    ),
    "close": move(_("Close"), {S.RESOLVED}, S.CLOSED, {AGENT, SUPERVISOR, LIAISON, CUSTOMER, CLOCK}, "", "note"),
    "reopen": move(
        _("Reopen"), {S.RESOLVED, S.CLOSED}, S.INVESTIGATING, {AGENT, SUPERVISOR, LIAISON, CUSTOMER, CLOCK}, "reason"
    ),
    "request_reopening": move(
        _("Ask for reopening"), {S.CLOSED}, SAME, {AGENT, LIAISON, CUSTOMER}, "reason", by_hand=False
    ),
    # steering
    "escalate": move(
        _("Escalate"), frozenset(Status), SAME, {SUPERVISOR, LIAISON, AGENT, CLOCK}, "reason", decides=False
    ),
    "warn": move(_("Deadline warning"), frozenset(Status), SAME, {CLOCK}, "clock due_at", decides=False, by_hand=False),
    "breach": move(
        _("Deadline missed"), frozenset(Status), SAME, {CLOCK}, "clock due_at", decides=False, by_hand=False
    ),
    "resend": move(
        _("Send again"),
        frozenset(Status),
        SAME,
        {SUPERVISOR, ADMINISTRATOR},
        "medium address",
        "was",
        decides=False,
        by_hand=False,
    ),
    "give_up": move(
        _("Give up a notice"),
        frozenset(Status),
        SAME,
        {SUPERVISOR, ADMINISTRATOR},
        "medium address reason",
        decides=False,
        by_hand=False,
    ),
    "recategorise": move(_("Change category"), OPEN, SAME, DESK, "category", "subcategory reason"),
    "prioritise": move(
        _("Change priority"), OPEN, SAME, {AGENT, SUPERVISOR, LIAISON, CLOCK}, "priority", "severity reason"
    ),
    "note": move(_("Add internal note"), frozenset(Status), SAME, DESK, "note", decides=False),
    # asking colleagues
    "request": move(_("Ask another team"), OPEN, SAME, DESK, "asked_team question", "answer_by shown", decides=False),
    "answer_request": move(
        _("Answer a request"), frozenset(Status), SAME, DESK, "request answer", "files", decides=False, by_hand=False
    ),
    "decline_request": move(
        _("Decline a request"), frozenset(Status), SAME, DESK, "request reason", decides=False, by_hand=False
    ),
    "withdraw_request": move(
        _("Withdraw a request"),
        frozenset(Status),
        SAME,
        DESK | {CLOCK},
        "request",
        "reason",
        decides=False,
        by_hand=False,
    ),
    "remind_request": move(
        _("Request not answered"),
        frozenset(Status),
        SAME,
        {CLOCK},
        "request level due_at",
        decides=False,
        by_hand=False,
    ),
    "attach": move(_("Attach file"), frozenset(Status), SAME, DESK | {CUSTOMER}, "files", "note", decides=False),
    "match": move(
        _("Match to a customer"), frozenset(Status), SAME, DESK | {ADMINISTRATOR}, "customer", "account reason"
    ),
    "link": move(_("Link to service issue"), UNFINISHED, SAME, DESK | {CLOCK}, "service_issue"),
    "detach": move(_("Detach from service issue"), UNFINISHED, SAME, HANDLERS, "", "reason"),
    "erase": move(
        _("Erase what is personal"),
        {S.CLOSED},
        SAME,
        {ADMINISTRATOR, CLOCK},
        "why",
        decides=False,
        by_hand=False,
    ),
    # ending without an investigation
    "merge": move(_("Merge into"), OPEN, S.CLOSED, {AGENT, SUPERVISOR, LIAISON}, "into", "reason"),
    "unmerge": move(_("Unmerge"), {S.CLOSED}, PREVIOUS, {AGENT, SUPERVISOR, LIAISON}, "", "reason"),
    "withdraw": move(_("Withdraw"), UNFINISHED, S.CLOSED, {AGENT, SUPERVISOR, LIAISON, CUSTOMER}, "reason", "evidence"),
    "reject": move(
        _("Reject"), {S.REGISTERED, S.DISPATCHED, S.INVESTIGATING}, S.CLOSED, {SUPERVISOR, LIAISON}, "reason"
    ),
    "refer": move(
        _("Refer elsewhere"),
        {S.REGISTERED, S.DISPATCHED, S.INVESTIGATING, S.WAITING},
        S.CLOSED,
        {SUPERVISOR, LIAISON},
        "referred_to reason",
    ),
}

ARRIVALS = ("register", "dispatch", "transfer", "assign", "return", "reopen", "supplement", "resume")
"""Moves that put a complaint before people who did not have it, or not like this."""

REGISTER = "register"
"""The name of event 1; not a move, because there is nothing yet to move."""

LIKELY_NEXT = {
    Status.REGISTERED: "dispatch",
    Status.DISPATCHED: "accept",
    Status.INVESTIGATING: "resolve",
    Status.WAITING: "resume",
    Status.REVIEW: "approve",
    Status.RESOLVED: "feedback",
}
"""The move an action bar offers first."""
