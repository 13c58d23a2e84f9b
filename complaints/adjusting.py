"""Money given back after a disputed bill: proposed by one, decided by another, and the row that hangs on each move."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.models import (
    BILLING,
    Adjustment,
    AdjustmentState,
    BillingFinding,
    BillVerdict,
    Complaint,
    DeskSettings,
    Event,
    GivenBack,
)
from complaints.money import money
from complaints.refusals import MoveRefused
from complaints.states import Outcome
from staff.actors import Actor, Role
from staff.models import User

Details = Mapping[str, Any]
GIVEN = (AdjustmentState.APPROVED, AdjustmentState.PAID)


def waiting(complaint: Complaint) -> Adjustment | None:
    """The proposal that nobody has decided yet."""
    return complaint.adjustments.waiting().select_related("proposed_by").first()


def to_pay(complaint: Complaint) -> Adjustment | None:
    """What is approved and has not reached the customer, the oldest first."""
    return complaint.adjustments.filter(state=AdjustmentState.APPROVED).order_by("pk").first()


def given_back(complaint: Complaint) -> Decimal:
    """What approved adjustments give back in all: what was paid where it was, what was approved where it is still to be."""
    given = complaint.adjustments.filter(state__in=GIVEN).aggregate(sum=Sum(Coalesce("paid_amount", "amount")))["sum"]
    return given or Decimal(0)


def left_to_give(complaint: Complaint, finding: BillingFinding) -> Decimal:
    """What was billed too much by this finding and no approved adjustment gives back yet; zero where somebody waived it.

    What was decided before the bill was worked out anew counts with its amount, not as a decision about the new one.
    """
    if finding.verdict != BillVerdict.TOO_HIGH or finding.no_adjustment_because:
        return Decimal(0)
    return max(finding.excess - given_back(complaint), Decimal(0))


def sentence(adjustment: Adjustment) -> str:
    """What is proposed, by whom and why."""
    return _("%(amount)s, %(way)s; proposed by %(name)s: %(reason)s") % {
        "amount": money(adjustment.amount, DeskSettings.current()),
        "way": adjustment.get_way_display(),
        "name": adjustment.proposed_by.display_name,
        "reason": adjustment.reason,
    }


def shown(adjustments: QuerySet[Adjustment]) -> list[dict[str, Any]]:
    """Adjustments with their amounts in words."""
    desk = DeskSettings.current()
    rows = adjustments.select_related("proposed_by", "decided_by", "complaint__branch")
    return [
        {
            "row": one,
            "amount": money(one.amount, desk),
            "paid": money(one.paid_amount, desk) if one.paid_amount is not None else "",
            "is_above_limit": one.amount > desk.adjustment_limit,
        }
        for one in rows
    ]


# what is checked before a move; the complaint is locked


def check_proposal(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Something, in cents, no more than was billed, once at a time, and for a refund an account."""
    finding = complaint.billing_findings.first()
    if finding is None or complaint.category.code != BILLING:
        raise MoveRefused(_("Recalculate the disputed bill first; then money can be given back."))
    if waiting(complaint) is not None:
        raise MoveRefused(_("A proposal waits for its decision already. There is one at a time."))
    amount: Decimal = details["amount"]
    if amount <= 0:
        raise MoveRefused(_("Give back more than nothing."), fields=["amount"])
    most = finding.amount_billed + (finding.late_fee or 0) - given_back(complaint)
    if amount > most:
        raise MoveRefused(
            _("That is more than was billed: at most %(most)s can be given back.")
            % {"most": money(most, DeskSettings.current())},
            fields=["amount"],
        )
    if details["way"] not in GivenBack.values:
        raise MoveRefused(_("Choose how it is given back."), fields=["way"])
    if details["way"] == GivenBack.REFUND and not details.get("pay_to"):
        raise MoveRefused(_("A refund needs the account that it is paid to."), fields=["pay_to"])


def check_decision(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """Decided once, by somebody else than the proposer, and above the limit by somebody higher."""
    adjustment = waiting(complaint)
    if adjustment is None:
        last = complaint.adjustments.exclude(decided_by=None).select_related("decided_by").first()
        if last is not None and last.decided_by is not None:
            raise MoveRefused(
                _("%(name)s has decided it already: %(state)s.")
                % {"name": last.decided_by.display_name, "state": last.get_state_display()}
            )
        raise MoveRefused(_("No adjustment waits for a decision."))
    if by.user is None or by.user.pk == adjustment.proposed_by_id:
        raise MoveRefused(_("Whoever proposed it cannot decide it as well. Somebody else has to look at it."))


def check_approval(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    check_decision(complaint, details, by, at)
    adjustment, desk = waiting(complaint), DeskSettings.current()
    if adjustment is not None and not may_approve(adjustment, complaint, by.user, desk):
        raise MoveRefused(
            _("Above %(limit)s an administrator or a supervisor of a branch above has to approve.")
            % {"limit": money(desk.adjustment_limit, desk)}
        )


def may_approve(adjustment: Adjustment, complaint: Complaint, user: User | None, desk: DeskSettings) -> bool:
    """Whether this person's approval is enough for an amount so large; who proposed it never approves it."""
    if user is None or user.pk == adjustment.proposed_by_id:
        return False
    if adjustment.amount <= desk.adjustment_limit or user.role == Role.ADMINISTRATOR:
        return True
    branch = user.branch
    return branch is not None and branch.pk != complaint.branch_id and complaint.branch.path.startswith(branch.path)


def check_payment(complaint: Complaint, details: Details, by: Actor, at: datetime) -> None:
    """What was approved, no more, and neither before the approval nor in the future."""
    adjustment = to_pay(complaint)
    if adjustment is None or adjustment.decided_at is None:
        raise MoveRefused(_("Nothing that is approved is still to be given back."))
    if not 0 < details["amount"] <= adjustment.amount:
        raise MoveRefused(
            _("%(amount)s is approved; not more can be given back.")
            % {"amount": money(adjustment.amount, DeskSettings.current())},
            fields=["amount"],
        )
    if details["paid_on"] > timezone.localdate(at):
        raise MoveRefused(_("That is in the future."), fields=["paid_on"])
    if details["paid_on"] < timezone.localdate(adjustment.decided_at):
        raise MoveRefused(_("That is before it was approved."), fields=["paid_on"])


def check_settled(complaint: Complaint, outcome: str) -> None:
    """A bill that we own to be too high is answered when it is decided what is given back, or said why nothing is."""
    if complaint.category.code != BILLING:
        return
    if waiting(complaint) is not None:
        raise MoveRefused(
            _("An adjustment waits for approval. The customer is answered when it is decided."), fields=["outcome"]
        )
    finding = complaint.billing_findings.first()
    if finding is None or outcome not in (Outcome.UPHELD, Outcome.PARTLY_UPHELD):
        return
    left = left_to_give(complaint, finding)
    if left:
        raise MoveRefused(
            _(
                "%(left)s of what was billed too much is not given back, and nothing is decided about it. "
                "Propose an adjustment, or say among the findings why it is not given back."
            )
            % {"left": money(left, DeskSettings.current())},
            fields=["outcome"],
        )


# what a move writes


def remembered(name: str, complaint: Complaint) -> dict[str, str]:
    """What the event of a decision says of the proposal that it decides."""
    adjustment = waiting(complaint) if name in ("approve_adjustment", "decline_adjustment") else None
    return {"amount": str(adjustment.amount), "way": adjustment.way} if adjustment else {}


def _propose(complaint: Complaint, event: Event, details: Details) -> None:
    assert event.user is not None  # the table lets staff only
    Adjustment.objects.create(
        complaint=complaint,
        amount=details["amount"],
        way=details["way"],
        pay_to=details.get("pay_to") or "",
        reason=details["reason"],
        proposed_by=event.user,
        proposed_at=event.at,
    )


def _approve(complaint: Complaint, event: Event, details: Details) -> None:
    _decide(complaint, event, AdjustmentState.APPROVED, details.get("note") or "")


def _decline(complaint: Complaint, event: Event, details: Details) -> None:
    _decide(complaint, event, AdjustmentState.DECLINED, details["reason"])


def _decide(complaint: Complaint, event: Event, state: str, words: str) -> None:
    complaint.adjustments.waiting().update(state=state, decided_by=event.user, decided_at=event.at, decision=words)


def _pay(complaint: Complaint, event: Event, details: Details) -> None:
    adjustment = to_pay(complaint)
    assert adjustment is not None  # checked under the same lock
    adjustment.state = AdjustmentState.PAID
    adjustment.paid_on, adjustment.paid_amount = details["paid_on"], details["amount"]
    adjustment.save(update_fields=["state", "paid_on", "paid_amount"])


WRITE: dict[str, Callable[[Complaint, Event, Details], None]] = {
    "propose_adjustment": _propose,
    "approve_adjustment": _approve,
    "decline_adjustment": _decline,
    "adjustment_paid": _pay,
}
"""For each move about money: the row it writes, in the transaction of the move."""
