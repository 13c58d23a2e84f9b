"""What looks as if a machine had sent it: taken like everything else, but a person looks before it becomes a complaint.

Nothing is refused for looking odd, and nothing waits for ever: what only came in numbers is registered after two hours though
nobody has looked. Danger never waits. Clocks run from when it was sent.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_intake import throttle
from channels_intake.channels import web
from channels_intake.door import receive_on
from channels_intake.drafts import Draft
from channels_intake.models import Suspicion, UnsentForm
from channels_intake.steps import CHECK, Answers
from complaints.models import Complaint
from complaints.refusals import BadInput
from staff.actors import THE_CUSTOMER
from staff.models import User

LONGEST_WAIT = timedelta(hours=2)


def suspicion(answers: Answers, address: str, *, is_trapped: bool) -> Suspicion | None:
    """Why a person should look first, if at all. Counts the sending. Raises TooMany when the address sends without end."""
    sent = throttle.count(address)
    if answers.is_dangerous():
        return None
    if sent > throttle.MOST:
        throttle.refuse()
    if is_trapped:
        return Suspicion.TRAP
    if sent > throttle.FLOOD:
        return Suspicion.FLOOD
    return Suspicion.MANY if sent > throttle.PER_HOUR else None


@transaction.atomic
def register(row: UnsentForm) -> Complaint | None:
    """Make it the complaint that it is, received when it was sent; None when a colleague was quicker. Raises BadInput."""
    held = UnsentForm.objects.held().select_for_update().filter(pk=row.pk).first()
    if held is None or held.held_at is None:
        return None
    answers = Answers(Draft.held(held))
    if answers.next_step() != CHECK:
        raise BadInput(_("The form asks for more now than it did then. Enter it by hand, then put this away."))
    complaint, _is_new = receive_on(replace(web.intake(answers), received_at=held.held_at), by=THE_CUSTOMER)
    held.delete()  # its photos are swept when nobody can need them again
    return complaint


def judge(keys: list[str], *, by: User) -> int:
    """A machine wrote these; they can be brought back for a month. How many."""
    return UnsentForm.objects.held().filter(pk__in=keys).update(discarded_at=timezone.now(), judged_by=by)


def bring_back(key: str) -> int:
    """No machine after all: it waits again."""
    rows = UnsentForm.objects.filter(pk=key, held_at__isnull=False, discarded_at__isnull=False)
    return rows.update(discarded_at=None, judged_by=None)


def overdue(at: datetime) -> list[UnsentForm]:
    """What came in numbers, was not looked at, and waits no longer."""
    return list(UnsentForm.objects.held().filter(held_for=Suspicion.MANY, held_at__lt=at - LONGEST_WAIT))
