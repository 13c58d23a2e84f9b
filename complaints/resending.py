"""What a person does about a notice that did not get through: send it again, to a better address, or give it up."""

from __future__ import annotations

import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from complaints import outbox, turn, workflow
from complaints.models import DeskSettings, Medium, Notice, NoticeState
from complaints.refusals import BadInput, MoveRefused
from staff.actors import Actor, Role
from staff.models import User

STEERING = frozenset({Role.SUPERVISOR, Role.ADMINISTRATOR})
FAILED = frozenset({NoticeState.DEAD, NoticeState.GIVEN_UP})


def may_resend(notice: Notice) -> bool:
    """Whether pressing the button would do anything: it failed, or it waits for another try."""
    is_waiting = notice.state == NoticeState.QUEUED and notice.attempts > 0 and notice.medium != Medium.LETTER
    return notice.state in FAILED or is_waiting


def may_give_up(notice: Notice) -> bool:
    """Whether it can be let rest: it failed, is tried again, or waits for the post."""
    waits = notice.state == NoticeState.QUEUED and (notice.attempts > 0 or notice.medium == Medium.LETTER)
    return notice.state == NoticeState.DEAD or waits


@transaction.atomic
def resend(notice: Notice, *, by: User, address: str = "") -> None:
    """Send it again, once however often this is asked; to another address if one is given. Raises MoveRefused or BadInput.

    The same message keeps its uuid, so a gateway that had taken it after all does not send it twice. To another address
    it is another message. A new address becomes the complaint's own, or the next notice would fail as well.
    """
    row = _locked(notice)
    now = turn.now()
    if row.state == NoticeState.QUEUED and may_resend(row) and row.next_try_at > now:
        row.next_try_at = now
        row.save(update_fields=["next_try_at"])
        return
    if row.state not in FAILED:
        raise MoveRefused(_("It waits to be sent already.") if row.state == NoticeState.QUEUED else _not_failed(row))
    if row.webhook is not None and row.medium == Medium.WEBHOOK and not row.webhook.is_active:
        raise MoveRefused(_("Switch the webhook on first."))
    was = row.address
    if address and address != was:
        _check_address(row, address)
        row.address, row.uuid = address, uuid.uuid4()
    row.state, row.attempts, row.error, row.answer = NoticeState.QUEUED, 0, "", None
    row.delivered_at = None
    outbox.try_at(now, [row], DeskSettings.current())
    row.save()
    if row.complaint is not None:
        said: dict[str, Any] = {"medium": row.medium, "address": row.address, "was": was if was != row.address else ""}
        workflow.perform("resend", row.complaint, by=Actor.staff(by), **said)


@transaction.atomic
def give_up(notice: Notice, *, by: User, reason: str) -> None:
    """Let it rest, with a reason. Raises MoveRefused."""
    row = _locked(notice)
    if not may_give_up(row):
        raise MoveRefused(_not_failed(row))
    row.state = NoticeState.GIVEN_UP
    row.save(update_fields=["state"])
    if row.complaint is not None:
        said: dict[str, Any] = {"medium": row.medium, "address": row.address, "reason": reason}
        workflow.perform("give_up", row.complaint, by=Actor.staff(by), **said)


def _locked(notice: Notice) -> Notice:
    """The row, locked; refused while a worker is at it, which may take as long as a slow gateway."""
    rows = Notice.objects.select_related("complaint__category", "webhook").select_for_update(
        of=("self",), skip_locked=True
    )
    row = rows.filter(pk=notice.pk).first()
    if row is None:
        raise MoveRefused(_("It is just being sent. Look again in a moment."))
    return row


def _not_failed(row: Notice) -> str:
    return _("It is “%(state)s”; there is nothing to do.") % {"state": row.get_state_display()}


def _check_address(row: Notice, address: str) -> None:
    if row.complaint is None or not row.is_to_customer:
        raise BadInput(_("Only the address of a customer who complained can be corrected here."), fields=["address"])
    if row.medium == Medium.SMS and not outbox.is_mobile(address):
        raise BadInput(_("This is no mobile number."), fields=["address"])
    if row.medium == Medium.EMAIL:
        try:
            validate_email(address)
        except ValidationError:
            raise BadInput(_("This is no e-mail address."), fields=["address"]) from None
    twins = Notice.objects.exclude(pk=row.pk).filter(
        medium=row.medium, address__iexact=address, complaint=row.complaint
    )
    if twins.filter(event=row.event, update=row.update, code=row.code).exists():
        raise BadInput(_("There is a notice of this to that address already."), fields=["address"])
