"""Coaching because of a complaint: who learns or changes what by when, one reminder, and whether it worked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import formats
from django.utils.translation import gettext as _

from complaints import issue_actions, workflow
from complaints.models import COACHING_SEEN_BY, CoachingAction, Complaint
from complaints.refusals import MoveRefused
from staff.actors import Actor
from staff.models import User

OVERDUE = "coaching_overdue"
OCCASIONS = frozenset({OVERDUE})


@transaction.atomic
def give(action: CoachingAction, *, by: User) -> CoachingAction:
    """Write it down, with the move that the history keeps: what kind and by when, and never for whom. Raises MoveRefused."""
    complaint = Complaint.objects.locked(action.complaint_id)
    if not complaint.conduct_findings.exists():
        raise MoveRefused(_("Record what was found first; coaching follows from it."))
    if action.person is not None:
        action.team = action.person.team
    places = [action.person.branch if action.person else None, action.team.branch if action.team else None]
    action.branch = next((place for place in places if place is not None), complaint.branch)
    action.created_by = by
    action.save(force_insert=True)
    due = formats.date_format(action.due_on, "DATE_FORMAT")
    summary = _("%(kind)s, due %(due)s") % {"kind": action.get_kind_display(), "due": due}
    workflow.perform("investigate", complaint, by=Actor.staff(by), part=_("coaching"), summary=summary)
    return action


def may_finish(action: CoachingAction, user: User) -> bool:
    """Whoever sees to it says so, or a supervisor who reads it; never the person coached."""
    return action.person_id != user.pk and (action.owner_id == user.pk or user.role in COACHING_SEEN_BY)


def knows_whom(action: CoachingAction, user: User) -> bool:
    """Whether this person is told who is coached."""
    return user.role in COACHING_SEEN_BY or user.pk in (action.person_id, action.owner_id, action.created_by_id)


@transaction.atomic
def finish(action: CoachingAction, result: str, *, by: User, at: datetime) -> CoachingAction:
    """Done, once. Raises MoveRefused."""
    row = CoachingAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
    if not may_finish(row, by):
        raise MoveRefused(_("Whoever sees to it says that it is done, or a supervisor."))
    if row.done_at is not None:
        raise MoveRefused(_("It is done already."))
    row.done_at, row.done_by, row.result = at, by, result
    row.save(update_fields=["done_at", "done_by", "result"])
    return row


@transaction.atomic
def check_effect(action: CoachingAction, effect: str, note: str, *, by: User, at: datetime) -> CoachingAction:
    """Whether it worked, once it is done; said again it replaces what was said. Raises MoveRefused."""
    row = CoachingAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
    if not may_finish(row, by):
        raise MoveRefused(_("Whoever sees to it says whether it works, or a supervisor."))
    if row.done_at is None:
        raise MoveRefused(_("It is not done yet."))
    row.effect, row.effect_note, row.checked_at, row.checked_by = effect, note, at, by
    row.save(update_fields=["effect", "effect_note", "checked_at", "checked_by"])
    return row


def to_remind(today: date) -> QuerySet[CoachingAction]:
    """Overdue, and nobody was reminded yet."""
    return CoachingAction.objects.overdue(today).filter(notices__isnull=True).order_by("due_on", "pk")


@transaction.atomic
def remind(action: CoachingAction) -> bool:
    """Write to whoever sees to it, or to a supervisor where they cannot be reached, once; true if this call did."""
    rows = CoachingAction.objects.select_for_update(skip_locked=True, of=("self",))
    row = rows.filter(pk=action.pk, done_at=None).first()
    if row is None or row.notices.exists():
        return False
    notice = issue_actions.reminder(OVERDUE, row.owner, row.branch, lambda: words_for(row), but_not=row.person)
    if notice is None:
        return False
    notice.coaching = row
    notice.save()
    return True


def words_for(action: CoachingAction) -> dict[str, Any]:
    """What the {placeholders} of the reminder stand for; neither the employee nor the complaint is named in a mail."""
    return {
        "message": action.get_kind_display(),
        "due": formats.date_format(action.due_on, "DATE_FORMAT"),
        "desk_url": f"{settings.BASE_URL}{reverse('complaints:coaching-action', args=[action.pk])}",
    }
