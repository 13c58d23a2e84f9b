"""What is checked of a move beyond the table: whether what was said fits the complaint, and what each detail is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints import adjusting, answers, mentions, requests
from complaints.clocks import following
from complaints.erasing import reasons
from complaints.models import HOLDS, SAFETY, SERVICE, Apology, Complaint, PauseReason
from complaints.refusals import DetailsMissing, MoveRefused
from complaints.states import FINDINGS, HAND_OVER, HANDLERS, Outcome, Status
from staff.actors import CLOCK, CUSTOMER, Actor, Role

Details = Mapping[str, Any]

DETAIL_NAMES = {
    "about": gettext_lazy("whom it is about"),
    "account": gettext_lazy("the account"),
    "address": gettext_lazy("the address"),
    "amount": gettext_lazy("the amount"),
    "answer": gettext_lazy("the answer"),
    "answer_by": gettext_lazy("by when"),
    "answered_by": gettext_lazy("how the customer answered"),
    "arrived_at": gettext_lazy("when somebody was there"),
    "asked_team": gettext_lazy("the team"),
    "assignee": gettext_lazy("the person"),
    "attitude": gettext_lazy("satisfaction with how we treated you"),
    "category": gettext_lazy("the category"),
    "clock": gettext_lazy("the clock"),
    "comment": gettext_lazy("a comment"),
    "contacted_at": gettext_lazy("when you spoke"),
    "contacted": gettext_lazy("whether our staff contacted them"),
    "customer": gettext_lazy("the customer"),
    "due_at": gettext_lazy("the deadline"),
    "evidence": gettext_lazy("how the customer told us"),
    "files": gettext_lazy("a file"),
    "into": gettext_lazy("the complaint to merge into"),
    "level": gettext_lazy("how late it is"),
    "medium": gettext_lazy("the medium"),
    "message": gettext_lazy("the message"),
    "method": gettext_lazy("how you tried"),
    "moved": gettext_lazy("what moved"),
    "next_step": gettext_lazy("what comes next"),
    "not_needed": gettext_lazy("whether requests are still needed"),
    "note": gettext_lazy("a note"),
    "outcome": gettext_lazy("the outcome"),
    "pay_to": gettext_lazy("the account to pay to"),
    "policies": gettext_lazy("the policies"),
    "paid_on": gettext_lazy("the day it was given back"),
    "part": gettext_lazy("what was investigated"),
    "pause_reason": gettext_lazy("why the clocks pause"),
    "priority": gettext_lazy("the priority"),
    "promised": gettext_lazy("what the customer was promised"),
    "question": gettext_lazy("the question"),
    "reached": gettext_lazy("whether you reached the customer"),
    "reason": gettext_lazy("the reason"),
    "referred_to": gettext_lazy("who takes it over"),
    "request": gettext_lazy("the request"),
    "resolution": gettext_lazy("the answer to the customer"),
    "responsibility": gettext_lazy("who is responsible"),
    "restored_at": gettext_lazy("when it was restored"),
    "round": gettext_lazy("which answer"),
    "root_cause": gettext_lazy("the root cause"),
    "score": gettext_lazy("the satisfaction"),
    "service_issue": gettext_lazy("the service issue"),
    "severity": gettext_lazy("the severity"),
    "shown": gettext_lazy("the files they see"),
    "solved": gettext_lazy("whether it is solved"),
    "stands": gettext_lazy("where it stands"),
    "storm": gettext_lazy("the storm"),
    "subcategory": gettext_lazy("the subcategory"),
    "summary": gettext_lazy("what was found"),
    "team": gettext_lazy("the team"),
    "was": gettext_lazy("the address before"),
    "way": gettext_lazy("how it is given back"),
    "watch_for": gettext_lazy("what to watch out for"),
    "why": gettext_lazy("why"),
    "withdrawn": gettext_lazy("whether the excuse is taken back"),
}
"""What each detail of a move is called in a sentence."""


def named(details: Iterable[str]) -> str:
    return ", ".join(str(DETAIL_NAMES[name]) for name in details)


def check(name: str, complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Raise MoveRefused or DetailsMissing when what was said does not fit the complaint."""
    if by.user is not None and complaint.about_id == by.user.pk:
        raise MoveRefused(_("You are named in this complaint. Somebody else handles it."))
    if complaint.erased_at is not None and by.role != CLOCK:
        raise MoveRefused(_("What was personal in this complaint was erased; it cannot be moved any more."))
    if name in CHECKS:
        CHECKS[name](complaint, details, by, at)
    if by.is_staff:
        _check_hand_over(details)
        mentions.found_in(name, complaint, details)
    if name in ("propose", "resolve", "approve"):
        requests.check_none_is_open(complaint, details, by, at)


def _check_hand_over(details: Details) -> None:
    """A note that only says what comes next leaves whoever reads it guessing where they are."""
    if any(details.get(name) for name in HAND_OVER) and not details.get("stands"):
        raise DetailsMissing(_("Say where it stands; without that nobody can take it over."), fields=["stands"])


def _check_answer(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    if details["outcome"] not in FINDINGS:
        raise MoveRefused(_("Choose what the investigation found."), fields=["outcome"])
    if complaint.needs_review and by.role != Role.SUPERVISOR and complaint.status == Status.INVESTIGATING:
        return
    _check_contact_was_made(complaint)
    _check_is_safe(complaint, details["outcome"])
    adjusting.check_settled(complaint, details["outcome"])
    _check_follows_from_finding(complaint, details["outcome"])


def _check_is_safe(complaint: Complaint, outcome: str) -> None:
    """A danger that we own to is over before its complaint is answered, or somebody said why it never was one."""
    if complaint.category.code != SAFETY or outcome not in (Outcome.UPHELD, Outcome.PARTLY_UPHELD):
        return
    if complaint.restored_at is not None:
        return
    finding = complaint.safety_findings.first()
    if finding is None or not finding.not_dangerous_because:
        raise MoveRefused(
            _(
                "Nobody has said yet that it is safe. Record when it was made safe, "
                "or among the findings why it is not dangerous."
            ),
            fields=["outcome"],
        )


def _check_follows_from_finding(complaint: Complaint, outcome: str) -> None:
    """That we served somebody badly is answered with what was found, an apology, and what we learn from it."""
    if complaint.category.code != SERVICE:
        return
    finding = complaint.conduct_findings.first()
    holds = finding is not None and finding.verdict in HOLDS
    if outcome not in (Outcome.UPHELD, Outcome.PARTLY_UPHELD):
        if holds and outcome == Outcome.NOT_UPHELD:
            raise MoveRefused(
                _("The findings say that the complaint is right. Look at them again."), fields=["outcome"]
            )
        return
    if finding is None or not finding.verdict:
        raise MoveRefused(_("Nobody has recorded yet what was found. Record the finding first."), fields=["outcome"])
    if not holds:
        raise MoveRefused(_("The findings do not say that the complaint is right."), fields=["outcome"])
    if finding.apology not in (Apology.MADE, Apology.NOT_OWED):
        raise MoveRefused(
            _("Nobody has said yet that we apologised, or why not. Say it among the findings."), fields=["outcome"]
        )
    if not finding.no_coaching_because and not complaint.coaching.exists():
        raise MoveRefused(
            _("Nothing follows from it yet: give at least one coaching action, or say among the findings why none."),
            fields=["outcome"],
        )


def _check_settlement(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Answered with the shared cause it hangs on; the written answer is what the customer hears from us."""
    if details["outcome"] not in FINDINGS:
        raise MoveRefused(_("Choose what the investigation found."), fields=["outcome"])
    if details["service_issue"].pk != complaint.service_issue_id:
        raise MoveRefused(
            _("%(reference)s does not hang on this service issue.") % {"reference": complaint.reference},
            fields=["service_issue"],
        )
    adjusting.check_settled(complaint, details["outcome"])


def _check_contact_was_made(complaint: Complaint) -> None:
    """The customer hears from us before a complaint counts as resolved; a letter's answer is itself the contact."""
    if complaint.can_be_reached and complaint.contacted_at is None:
        raise MoveRefused(
            _(
                "Nobody has spoken with the customer yet. Record a contact first, "
                "or three attempts at different times and a message."
            )
        )


def _check_approval(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    _check_contact_was_made(complaint)
    _check_is_safe(complaint, complaint.outcome)
    adjusting.check_settled(complaint, complaint.outcome)
    _check_follows_from_finding(complaint, complaint.outcome)


def _check_merge(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    into: Complaint = details["into"]
    if into.pk == complaint.pk:
        raise MoveRefused(_("A complaint cannot be merged into itself."), fields=["into"])
    if into.status == Status.CLOSED:
        raise MoveRefused(_("%(into)s is closed. Choose one that is still open.") % {"into": into}, fields=["into"])


def _check_match(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    customer, account = details["customer"], details.get("account")
    if customer.merged_into_id is not None:
        raise MoveRefused(
            _("“%(name)s” was merged into another customer. Choose that one.") % {"name": customer}, fields=["customer"]
        )
    if account is not None and account.customer_id != customer.pk:
        raise MoveRefused(_("That account belongs to another customer."), fields=["account"])
    if account is None and complaint.account_id is not None and not complaint.can_be_answered_without_account:
        raise MoveRefused(
            _("The account is the only way to answer this complaint. Give one of this customer's."), fields=["account"]
        )


def _check_subcategory(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    subcategory = details.get("subcategory")
    if subcategory is not None and subcategory.category_id != details["category"].pk:
        raise MoveRefused(_("That subcategory belongs to another category."), fields=["subcategory"])


def _check_assignee(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    assignee = details.get("assignee")
    if assignee is not None and (not assignee.is_active or assignee.role not in HANDLERS):
        raise MoveRefused(
            _("%(name)s does not investigate complaints.") % {"name": assignee.display_name}, fields=["assignee"]
        )
    if assignee is not None and assignee.pk == complaint.about_id:
        raise MoveRefused(
            _("%(name)s cannot have this complaint. Choose somebody else.") % {"name": assignee.display_name},
            fields=["assignee"],
        )


def _check_withdrawal(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Withdrawing is the customer's own act (domain 6.2): staff say how the customer told us."""
    if by.role != CUSTOMER and not details.get("evidence"):
        raise DetailsMissing(_("Say how the customer withdrew: a call, a letter, a signature."), fields=["evidence"])


def _check_contact(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    when = details.get("contacted_at")
    if when is not None and when < complaint.received_at:
        raise MoveRefused(_("That is before we received the complaint."), fields=["contacted_at"])


def _check_arrival(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    _check_moment("arrived_at", complaint, details, at)


def _check_restoration(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    _check_moment("restored_at", complaint, details, at)
    restored_at = details.get("restored_at") or at
    if complaint.arrived_at is not None and restored_at < complaint.arrived_at:
        raise MoveRefused(_("That is before somebody was there."), fields=["restored_at"])


def _check_moment(name: str, complaint: Complaint, details: Details, at: datetime) -> None:
    when = details.get(name)
    if when is not None and when > at:
        raise MoveRefused(_("That is in the future."), fields=[name])
    if when is not None and when < complaint.received_at:
        raise MoveRefused(_("That is before we received the complaint."), fields=[name])


def _check_pause(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    reason: PauseReason = details["pause_reason"]
    if not reason.is_active:
        raise MoveRefused(_("“%(reason)s” is no longer used.") % {"reason": reason.name}, fields=["pause_reason"])
    if reason.needs_supervisor and by.role != Role.SUPERVISOR:
        raise MoveRefused(
            _("Only a supervisor may pause for this reason: %(reason)s.") % {"reason": reason.name},
            fields=["pause_reason"],
        )


def _check_extension(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """An extension is not a pause: once, and before the deadline (domain 4.6)."""
    if not following.extendable(complaint, at):
        raise MoveRefused(
            _("No deadline of %(reference)s can be extended: it was done already, it is past, or no policy allows it.")
            % {"reference": complaint.reference}
        )


def _check_closing(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """The regulator gets a formal reply before its case is closed (domain 6)."""
    if complaint.owes_reply:
        raise MoveRefused(_("The regulator has no formal reply yet. Write or attach it first, then close."))


def _check_feedback(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    answers.check_first(complaint, details)


CHECKS: dict[str, Callable[[Complaint, Details, Actor, datetime], None]] = {
    "adjustment_paid": adjusting.check_payment,
    "answer_request": requests.check_answering,
    "arrive": _check_arrival,
    "approve": _check_approval,
    "approve_adjustment": adjusting.check_approval,
    "assign": _check_assignee,
    "change_feedback": answers.check_change,
    "close": _check_closing,
    "erase": reasons.check,
    "contact": _check_contact,
    "decline_adjustment": adjusting.check_decision,
    "decline_request": requests.check_answering,
    "dispatch": _check_assignee,
    "extend": _check_extension,
    "feedback": _check_feedback,
    "hold": _check_pause,
    "match": _check_match,
    "merge": _check_merge,
    "propose": _check_answer,
    "propose_adjustment": adjusting.check_proposal,
    "recategorise": _check_subcategory,
    "request": requests.check_asking,
    "resolve": _check_answer,
    "restore": _check_restoration,
    "settle": _check_settlement,
    "transfer": _check_assignee,
    "withdraw": _check_withdrawal,
    "withdraw_request": requests.check_withdrawal,
}
