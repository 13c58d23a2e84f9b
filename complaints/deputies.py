"""Who takes over the work of somebody who is away."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from complaints.models import Complaint, HandOver, WorkGoes
from complaints.states import HANDLERS
from staff.models import Absence, User
from staff.stand_ins import Away, can_be_told


def receiver(absence: Absence, decision: HandOver, at: datetime) -> User | None:
    """Who gets the work at this moment: the deputy, or the deputy's own if they are away too; nobody, when the team gets it."""
    if decision.goes != WorkGoes.DEPUTY or absence.deputy is None:
        return None
    acting = Away.at(at).acting([absence.deputy], at, able=can_take_over)
    return next((one for one in acting if one.pk != absence.user_id), None)


def can_take_over(user: User) -> bool:
    return can_be_told(user) and user.role in HANDLERS


class InPlace(NamedTuple):
    """Who is away, and who has the work instead."""

    person: User
    to: User


def in_place_of(complaint: Complaint, at: datetime) -> InPlace | None:
    """The absent assignee and who takes their work at this moment, for what comes back to them while they are away."""
    if complaint.assignee_id is None:
        return None
    decisions = HandOver.objects.filter(absence__in=Absence.objects.at(at), absence__user=complaint.assignee_id)
    decision = decisions.select_related("absence__user", "absence__deputy__branch").first()
    to = receiver(decision.absence, decision, at) if decision is not None else None
    return InPlace(decision.absence.user, to) if decision is not None and to is not None else None


def span(absence: Absence) -> str:
    """From when until when, in words."""
    start = _said(absence.starts_at)
    if absence.ends_at is None:
        return _("from %(start)s, no end known") % {"start": start}
    return _("%(start)s to %(end)s") % {"start": start, "end": _said(absence.ends_at)}


def mark(absence: Absence) -> str:
    """What stands beside the name of somebody who is away."""
    until = _("away until %(end)s") % {"end": _said(absence.ends_at)} if absence.ends_at else _("away")
    if absence.deputy is None:
        return until
    return _("%(away)s, deputy %(name)s") % {"away": until, "name": absence.deputy.display_name}


def _said(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATETIME_FORMAT")
