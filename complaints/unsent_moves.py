"""What staff type into the forms of moves: kept while they type, offered again, and each form sent once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import islice
from uuid import UUID, uuid4, uuid5

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from complaints.models import Complaint, UnsentMove
from complaints.refusals import Refusal
from staff import saves
from staff.models import User
from staff.written_out import Statement

LONGEST = 8_000
"""Characters of one field; more is no typing."""
MOST, LONGEST_NAME = 60, 40
"""Fields of one form and characters of their names; more is no form of ours."""
LEFT_OUT = frozenset({"csrfmiddlewaretoken", "files", "draft"})
LONGEST_KEPT = timedelta(days=30)
SENT_KEPT = timedelta(days=2)
"""How long a form is remembered as sent; a save or a press that comes later than this comes from no open page."""


class AlreadySent(Refusal):
    """This form was sent before."""

    code = "already_sent"


def as_uuid(text: str) -> UUID:
    """The form's one-time id; a new one when somebody tampered with it."""
    try:
        return UUID(text)
    except ValueError:
        return uuid4()


def keep(form_id: UUID, complaint: Complaint, move: str, typed: Mapping[str, str], *, by: User) -> UnsentMove | None:
    """Keep what was typed, as it was typed; None while nothing of it was. Raises AlreadySent."""
    content = {
        name[:LONGEST_NAME]: value[:LONGEST] for name, value in islice(typed.items(), MOST) if name not in LEFT_OUT
    }
    with transaction.atomic():
        row = _locked(form_id, by)
        if row is None:
            if not any(value.strip() for name, value in content.items() if is_typed(name)):
                return None
            row = _begin(form_id, complaint, move, by)
        if row.sent_at is not None:
            raise AlreadySent(_("This was sent."))
        if saves.is_overtaken(content.get(saves.MARK, ""), row.content.get(saves.MARK, "")):
            return row
        row.complaint, row.move, row.content, row.saved_at = complaint, move, content, timezone.now()
        row.save()
    return row


def is_typed(name: str) -> bool:
    """Whether a field of the form is one that a person fills in; the others say what the person was looking at."""
    return name not in ("seen", "move", "writing", saves.MARK) and not name.startswith("was-")


_OF = Statement(lambda user, complaint: UnsentMove.objects.filter(complaint=complaint, user=user, sent_at=None))


def of(user: User, complaint: Complaint) -> list[UnsentMove]:
    """What this person has begun on this complaint and not sent, the newest first."""
    return list(_OF(user.pk, complaint.pk))


def begun(user: User, complaint: Complaint, move: str) -> UnsentMove | None:
    """The newest form of this move that was not sent."""
    return UnsentMove.objects.filter(complaint=complaint, user=user, move=move, sent_at=None).first()


@contextmanager
def sending(form_id: UUID | None, complaint: Complaint, move: str, *, by: User) -> Iterator[None]:
    """The form counts as sent if what is done inside succeeds, in one transaction. Raises AlreadySent the second time.

    Two presses at once wait for each other at the row; a form without an id (a program's) is sent as often as it comes.
    """
    with transaction.atomic():
        if form_id is not None:
            row = _locked(form_id, by) or _begin(form_id, complaint, move, by)
            if row.sent_at is not None:
                raise AlreadySent(_("This was sent."))
            row.content, row.sent_at = {}, timezone.now()
            row.save(update_fields=["content", "sent_at"])
        yield


def discard(form_id: UUID, *, by: User) -> None:
    """Forget what was typed, because the person asked for it; a save that is still on its way comes too late."""
    UnsentMove.objects.filter(pk__in=_ids(form_id, by), user=by, sent_at=None).update(
        content={}, sent_at=timezone.now()
    )


def sweep() -> int:
    """Delete what nobody touched for a month, and the marks of what was sent; how many rows went."""
    now = timezone.now()
    old = UnsentMove.objects.filter(saved_at__lt=now - LONGEST_KEPT)
    return (old | UnsentMove.objects.filter(sent_at__lt=now - SENT_KEPT)).delete()[0]


def _locked(form_id: UUID, user: User) -> UnsentMove | None:
    return UnsentMove.objects.select_for_update().filter(pk__in=_ids(form_id, user), user=user).first()


def _begin(form_id: UUID, complaint: Complaint, move: str, user: User) -> UnsentMove:
    """The row, new or made by a request that came at the same time, locked."""
    shared, own = _ids(form_id, user)
    is_anothers = UnsentMove.objects.filter(pk=shared).exclude(user=user).exists()
    row, _made = UnsentMove.objects.get_or_create(
        form_id=own if is_anothers else shared,
        defaults={"complaint": complaint, "user": user, "move": move, "saved_at": timezone.now()},
    )
    return UnsentMove.objects.select_for_update().get(pk=row.pk)


def _ids(form_id: UUID, user: User) -> tuple[UUID, UUID]:
    """The form's id, and the one it has where somebody signs in on a page that a colleague had left open."""
    return form_id, uuid5(form_id, str(user.pk))
