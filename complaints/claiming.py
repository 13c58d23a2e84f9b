"""“Give me the next”: the most urgent complaint of one's team that nobody has."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from complaints import workflow
from complaints.models import Complaint
from complaints.refusals import MoveRefused
from complaints.states import HANDLERS, OPEN, Status
from staff.actors import Actor
from staff.models import User
from staff.stand_ins import is_away

WAITING_FOR_SOMEBODY = OPEN - {Status.REGISTERED}
"""What is not dispatched yet is no team's work yet."""


@transaction.atomic
def claim_next(user: User, *, at: datetime) -> Complaint | None:
    """Assign it to this person and give it back; nothing when there is none.

    What somebody else is just claiming is passed over, so that two people never get the same. Raises MoveRefused for
    somebody who is entered as away: what they took would be nobody's as far as everybody else knows.
    """
    if user.role not in HANDLERS or user.team_id is None:
        return None
    if is_away(user, at) is not None:
        raise MoveRefused(_("You are entered as away. Say that you are back first, among your absences."))
    waiting = (
        Complaint.objects.visible_to(user)
        .unfinished()
        .filter(status__in=sorted(WAITING_FOR_SOMEBODY), team=user.team_id, assignee__isnull=True)
    )
    urgent = waiting.order_by("priority", F("next_due_at").asc(nulls_last=True), "pk")
    found = urgent.select_for_update(skip_locked=True, of=("self",)).first()
    if found is not None:
        workflow.perform("assign", found, by=Actor.staff(user), at=at, assignee=user)
    return found
