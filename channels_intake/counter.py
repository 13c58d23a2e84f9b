"""Who waits at a counter: came, called, left; each at most once, whoever presses the button twice."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from channels_intake.models import Visitor
from complaints.models import Complaint
from complaints.refusals import BadInput, Refusal
from staff.models import User


def came(*, called_as: str, about: str, by: User, at: datetime | None = None) -> Visitor:
    """Put somebody on the list of this person's branch."""
    if by.branch is None:
        raise BadInput(_("You belong to no branch. Ask an administrator."))
    return Visitor.objects.create(branch=by.branch, called_as=called_as, about=about, came_at=at or timezone.now())


def call(visitor: Visitor, *, by: User, at: datetime | None = None) -> None:
    """Call somebody to the counter. Raises Refusal when a colleague was first."""
    waiting = Visitor.objects.filter(pk=visitor.pk, called_at__isnull=True, left_at__isnull=True)
    if waiting.update(called_at=at or timezone.now(), called_by=by):
        return
    visitor.refresh_from_db()
    if visitor.called_by_id != by.pk or visitor.left_at is not None:
        raise Refusal(_("%(name)s was already called by a colleague, or has left.") % {"name": visitor.called_as})


def leave(visitor: Visitor, *, at: datetime | None = None) -> None:
    """Somebody went, served or not; said twice, the first time counts."""
    Visitor.objects.filter(pk=visitor.pk, left_at__isnull=True).update(left_at=at or timezone.now())


def heard(pk: int, complaint: Complaint, *, by: User) -> None:
    """This visitor's complaint is registered."""
    Visitor.objects.visible_to(by).filter(pk=pk, complaint__isnull=True).update(complaint=complaint)
