"""What stands in the way of erasing a complaint: it is not closed, something is owed, or it is under a legal hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.models import Adjustment, Complaint, LegalHold
from complaints.refusals import MoveRefused
from complaints.states import Status
from staff.actors import Actor
from staff.written_out import Statement


def today() -> date:
    return timezone.localdate()


def holds_of(complaint: Complaint) -> QuerySet[LegalHold]:
    """What keeps this complaint, its customer's included."""
    mine = {
        "complaint": complaint.pk,
        "customer": complaint.customer_id,
        "customer__accounts": complaint.account_id,
    }
    ways = tuple(way for way, key in mine.items() if key is not None)
    return _HOLDS(today(), *(mine[way] for way in ways), shape=ways, ways=ways)


def _holds(on: date, *keys: int, ways: tuple[str, ...]) -> QuerySet[LegalHold]:
    held = reduce(or_, (Q(**{way: key}) for way, key in zip(ways, keys, strict=True)))
    return LegalHold.objects.standing(on).filter(held).distinct()


_HOLDS = Statement(_holds)


def why_not(complaint: Complaint) -> str:
    """Why what is personal in it cannot be erased now; empty when it can."""
    if complaint.erased_at is not None:
        return _("%(reference)s was erased already.") % {"reference": complaint.reference}
    if complaint.status != Status.CLOSED:
        return _("%(reference)s is not closed.") % {"reference": complaint.reference}
    if holds_of(complaint).exists():
        return _("%(reference)s is under a legal hold.") % {"reference": complaint.reference}
    if complaint.ticking_clocks():
        return _("Something is still owed for %(reference)s: a deadline runs.") % {"reference": complaint.reference}
    if Adjustment.objects.filter(complaint=complaint, state__in=["proposed", "approved"]).exists():
        return _("Money is still owed for %(reference)s.") % {"reference": complaint.reference}
    return ""


def check(complaint: Complaint, details: Mapping[str, Any], by: Actor, at: datetime) -> None:
    """Raise MoveRefused where erasing is not allowed now."""
    if reason := why_not(complaint):
        raise MoveRefused(reason)
