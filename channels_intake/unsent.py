"""What staff have typed and not sent: kept while they type, taken up again, handed to a colleague, thrown away."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import CharField, Exists, OuterRef, QuerySet
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _

from channels_intake.models import InboundRecord, UnsentForm
from complaints.refusals import Refusal
from staff import saves
from staff.models import User

SAYS_SOMETHING = (
    "story", "contact_name", "contact_phone", "contact_email", "contact_address", "account_number", "place", "category",
    "remedy_sought", "regulator_reference", "letter_reference",
)  # fmt: skip
"""Fields of which one must hold something before a form is worth keeping."""
LEFT_OUT = frozenset({"csrfmiddlewaretoken", "files", "q", "switch", "look", "pick", "draft", "further", "look_scan"})
LONGEST = 8_000
"""Characters of one field; more is no typing."""
MOST, LONGEST_NAME = 200, 80
"""Fields of one form and characters of their names; more is no form of ours."""
LONGEST_KEPT = timedelta(days=30)
DISCARDED_KEPT = timedelta(days=1)


class NotYours(Refusal):
    """A colleague goes on with it."""

    code = "not_yours"


class AlreadySent(Refusal):
    """The complaint was registered; there is nothing left to save."""

    code = "already_sent"


def as_uuid(text: str) -> UUID:
    """The page's one-time id; a new one when somebody tampered with it."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


@transaction.atomic
def keep(form_id: UUID, channel: str, typed: Mapping[str, Any], *, by: User) -> UnsentForm | None:
    """Keep what was typed, as it was typed; None while it says nothing yet. Raises NotYours or AlreadySent."""
    content = {name[:LONGEST_NAME]: _cut(value) for name, value in islice(typed.items(), MOST) if name not in LEFT_OUT}
    row = UnsentForm.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=form_id).first()
    if row is None:
        _check_not_sent(channel, form_id)
        if not any(content.get(name) for name in SAYS_SOMETHING):
            return None
        row = UnsentForm(form_id=form_id, owner=by)
    elif row.owner != by:
        raise NotYours(_("%(name)s goes on with this form now.") % {"name": _name(row.owner)})
    elif saves.is_overtaken(content.get(saves.MARK, ""), row.content.get(saves.MARK, "")):
        return row
    row.channel, row.content, row.saved_at, row.discarded_at = channel, content, timezone.now(), None
    row.save()
    return row


def _cut(value: Any) -> Any:
    return value[:LONGEST] if isinstance(value, str) else [_cut(one) for one in value[:MOST]]


def _name(user: User | None) -> str:
    return user.display_name if user else _("Somebody else")


def _check_not_sent(channel: str, form_id: UUID) -> None:
    record = InboundRecord.objects.select_related("complaint").filter(external_id=str(form_id)).first()
    if record is not None and record.complaint is not None:
        raise AlreadySent(_("This was registered: %(reference)s.") % {"reference": record.complaint.reference})


def of(user: User) -> QuerySet[UnsentForm]:
    """This person's, the newest first, with what they threw away lately; a save that came after the sending does not count."""
    was_sent = InboundRecord.objects.filter(external_id=Cast(OuterRef("form_id"), CharField()), complaint__isnull=False)
    return UnsentForm.objects.filter(~Exists(was_sent), owner=user).select_related("given_by")


def taken_up(form_id: UUID, user: User) -> UnsentForm | None:
    """The form as it was left, for the one it belongs to."""
    return of(user).filter(pk=form_id, discarded_at=None).first()


def colleagues(user: User) -> QuerySet[User]:
    """Whom this person may hand a form to: those who enter complaints in the branches that both can see."""
    branch = user.branch
    if branch is None:
        return User.objects.none()
    near = User.objects.filter(is_active=True, role__in=["agent", "supervisor", "liaison"]).exclude(pk=user.pk)
    return near.filter(branch__path__startswith=branch.path.split("/")[0] + "/").order_by("full_name", "username")


@transaction.atomic
def hand_over(form_id: UUID, to: User, *, by: User) -> UnsentForm:
    """Give it to a colleague, whose it is from now on. Raises NotYours when it has gone meanwhile."""
    row = _own(form_id, by)
    row.owner, row.given_by = to, by
    row.save(update_fields=["owner", "given_by"])
    return row


@transaction.atomic
def discard(form_id: UUID, *, by: User, bring_back: bool = False) -> UnsentForm:
    """Throw it away; for a day it can be brought back."""
    row = _own(form_id, by)
    row.discarded_at = None if bring_back else timezone.now()
    row.save(update_fields=["discarded_at"])
    return row


def _own(form_id: UUID, user: User) -> UnsentForm:
    row = UnsentForm.objects.select_for_update().filter(pk=form_id, owner=user).first()
    if row is None:
        raise NotYours(_("This form is no longer with you: it was sent, or a colleague goes on with it."))
    return row


def forget(form_id: UUID) -> None:
    """It was sent."""
    UnsentForm.objects.filter(pk=form_id, owner__isnull=False).delete()


def sweep() -> int:
    """Delete what nobody touched for a month, and what was thrown away yesterday; how many went."""
    now = timezone.now()
    staff = UnsentForm.objects.filter(owner__isnull=False)
    old = staff.filter(saved_at__lt=now - LONGEST_KEPT) | staff.filter(discarded_at__lt=now - DISCARDED_KEPT)
    return old.delete()[0]
