"""Corrective and preventive actions on a service issue: who does what by when, and one reminder when the day has passed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _

from complaints import ladder, outbox, turn
from complaints.models import DeskSettings, IssueAction, Medium, MessageTemplate, Notice
from complaints.refusals import MoveRefused
from staff import duty
from staff.actors import Role
from staff.models import Branch, User

GIVING = (Role.INVESTIGATOR, Role.SUPERVISOR, Role.ADMINISTRATOR)
"""Who decides on actions."""
OVERDUE = "action_overdue"
OCCASIONS = frozenset({OVERDUE})


def may_finish(action: IssueAction, user: User) -> bool:
    """The owner says that it is done, or whoever gives actions."""
    return action.owner_id == user.pk or user.role in GIVING


@transaction.atomic
def finish(action: IssueAction, note: str, *, by: User, at: datetime) -> IssueAction:
    """Done, once. Raises MoveRefused."""
    row = IssueAction.objects.select_for_update(of=("self",)).get(pk=action.pk)
    if row.done_at is not None:
        raise MoveRefused(_("It is done already."))
    row.done_at, row.done_by, row.note = at, by, note
    row.save(update_fields=["done_at", "done_by", "note"])
    return row


def to_remind(today: date) -> QuerySet[IssueAction]:
    """Overdue, and nobody was reminded yet."""
    return IssueAction.objects.overdue(today).filter(notices__isnull=True).order_by("due_on", "pk")


@transaction.atomic
def remind(action: IssueAction) -> bool:
    """Write to the owner, or to a supervisor where the owner cannot be reached, once; true if this call did."""
    row = (
        IssueAction.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk=action.pk, done_at=None).first()
    )
    if row is None or row.notices.exists():
        return False
    notice = reminder(OVERDUE, row.owner, row.issue.branch, lambda: words_for(row))
    if notice is None:
        return False
    notice.action = row
    notice.save()
    return True


def reminder(
    code: str, owner: User, branch: Branch, words: Callable[[], dict[str, Any]], *, but_not: User | None = None
) -> Notice | None:
    """A reminder to the owner or who stands in for them, else to a supervisor on duty, unsaved; `words` in their language."""
    answering = list(ladder.away(turn.now()).acting([owner], turn.now()))
    on_duty = [] if answering else duty.on_duty(Role.SUPERVISOR, branch, turn.now())
    people = answering or [one for one in on_duty if one.email and one != but_not]
    texts = {text.language: text for text in MessageTemplate.objects.filter(code=code, medium=Medium.EMAIL)}
    if not people or not texts:
        return None
    to = people[0]
    text = texts.get(to.language) or texts.get(settings.LANGUAGE_CODE) or next(iter(texts.values()))
    with translation.override(text.language):
        said = words() | {"name": to.display_name}
    notice = Notice(
        code=code,
        medium=Medium.EMAIL,
        address=to.email,
        is_to_customer=False,
        language=text.language,
        subject=text.subject.format(**said)[:200],
        body=text.body.format(**said),
    )
    outbox.try_at(turn.now(), [notice], DeskSettings.current())
    return notice


def words_for(action: IssueAction) -> dict[str, Any]:
    """What the {placeholders} of the reminder stand for, in the language in force."""
    page = reverse("complaints:issue", args=[action.issue_id])
    return {
        "place": action.issue.title,
        "message": action.what,
        "due": formats.date_format(action.due_on, "DATE_FORMAT"),
        "desk_url": f"{settings.BASE_URL}{page}#actions",
    }


def today() -> date:
    return timezone.localdate(turn.now())
