"""Letters by e-mail to somebody about their own account. A link in one is made as it is sent, and stands nowhere else."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import gateways
from complaints.delivery import email
from complaints.delivery.errors import DeliveryError
from complaints.models import Medium, Notice
from complaints.outbox import BACK_OFF
from staff import people
from staff.entry_models import AccountMail, MailKind
from staff.models import User

NAMES = uuid.UUID("6f1f6d0e-3c0b-4c53-9a0f-2f6f0c6f7a11")


@transaction.atomic
def send(mail: AccountMail, now: datetime) -> int:
    """Send it unless somebody else did or does; 1 when it went out. Its uuid is the same in every try."""
    locked = AccountMail.objects.select_for_update(skip_locked=True).due(now).filter(pk=mail.pk).first()
    if locked is None:
        return 0
    try:
        email.deliver(_written(locked))
    except DeliveryError as error:
        if error.is_silence:
            gateways.note_silence(Medium.EMAIL)
        _put_off(locked, error, now)
        return 0
    gateways.note_answer(Medium.EMAIL)
    locked.sent_at, locked.next_try_at, locked.error = now, None, ""
    locked.save(update_fields=["sent_at", "next_try_at", "error"])
    return 1


def _put_off(mail: AccountMail, error: DeliveryError, now: datetime) -> None:
    is_last = error.is_permanent or mail.tries >= len(BACK_OFF)
    mail.next_try_at = None if is_last else now + BACK_OFF[mail.tries]
    mail.tries, mail.error = mail.tries + 1, str(error)[:200]
    mail.save(update_fields=["tries", "next_try_at", "error"])


def _written(mail: AccountMail) -> Notice:
    """A message that is not kept: it may hold a link."""
    with translation.override(mail.user.language):
        subject, body = words(MailKind(mail.kind), mail.user)
    return Notice(
        uuid=uuid.uuid5(NAMES, str(mail.pk)),
        medium=Medium.EMAIL,
        address=mail.user.email,
        created_at=mail.queued_at,
        subject=subject,
        body=body,
    )


def words(kind: MailKind, user: User) -> tuple[str, str]:
    """Subject and text in the language in force."""
    said = {
        "name": user.display_name,
        "username": user.username,
        "door": f"{settings.BASE_URL}{reverse('staff:sign-in')}",
    }
    if kind == MailKind.FACTORS_RESET:
        subject = _("Your second factor was reset")
        body = _(
            "%(name)s,\n\nan administrator has reset the second factor of your account %(username)s, and you are signed out"
            " everywhere. If you did not ask for that, tell your administrator at once.\n\n%(door)s\n"
        )
        return subject, body % said
    said["link"] = people.password_link(user)
    if kind == MailKind.WELCOME:
        subject = _("Your account at the complaint desk")
        body = _(
            "%(name)s,\n\nyou have an account at the complaint desk and sign in as %(username)s. Choose your password here; the"
            " link works once and for a day:\n\n%(link)s\n"
        )
    else:
        subject = _("Choose a new password")
        body = _(
            "%(name)s,\n\nan administrator has reset the password of your account %(username)s. Choose another here; the link"
            " works once and for a day:\n\n%(link)s\n\nIf you did not ask for that, tell your administrator.\n"
        )
    return subject, body % said
