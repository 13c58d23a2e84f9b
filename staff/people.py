"""Who has an account: making, changing and switching off, and the one thing that must never happen: nobody left to do it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext as _

from staff import entry, sessions
from staff.actors import Role
from staff.entry_models import AccountMail, Entered, MailKind
from staff.models import Branch, User

COMPANY = "OIDC"
"""What the record says of whoever came in with one."""


class LastAdministrator(Exception):
    """Nobody would be left who can make accounts; nothing was changed."""

    def __init__(self) -> None:
        super().__init__(_("This is the last administrator. Make somebody else one first."))


def administers_everywhere(user: User) -> bool:
    return user.branch is None or user.branch.parent_id is None


def administered_by(user: User) -> QuerySet[User]:
    """The people whose accounts this person keeps: those of their branch and below it; for anybody else nobody."""
    if user.role != Role.ADMINISTRATOR or not user.is_active:
        return User.objects.none()
    rows = User.objects.select_related("branch", "team")
    return rows if administers_everywhere(user) else rows.filter(branch__in=user.own_branches())


def branches_given_by(user: User) -> QuerySet[Branch]:
    """Where this person may put somebody."""
    return Branch.objects.all() if administers_everywhere(user) else Branch.objects.filter(pk__in=user.own_branches())


def administrators_left_without(user: User) -> bool:
    """Locks every administrator, so that two who switch each other off come one after the other."""
    rows = User.objects.select_for_update().filter(role=Role.ADMINISTRATOR).order_by("pk")
    return any(row.is_active and row.pk != user.pk for row in rows)


@transaction.atomic
def make(user: User, *, by: User | None, request: HttpRequest | None = None) -> User:
    """A new account without a password: the person chooses it with a link that works once."""
    user.set_unusable_password()
    user.save()
    entry.record(Entered.MADE, user, by=by, request=request)
    _tell(user, MailKind.WELCOME)
    return user


@transaction.atomic
def change(user: User, *, by: User | None, request: HttpRequest, what: list[str]) -> None:
    """Save what was changed of an account, by nobody: as the company's groups say. Raises LastAdministrator."""
    was_one = User.objects.filter(pk=user.pk, role=Role.ADMINISTRATOR).exists()
    if was_one and user.role != Role.ADMINISTRATOR and not administrators_left_without(user):
        raise LastAdministrator
    user.save()
    entry.record(Entered.CHANGED, user, by=by, request=request, detail=", ".join(what))


@transaction.atomic
def switch_off(user: User, *, by: User, request: HttpRequest) -> None:
    """They are out at once, here and with every token. Raises LastAdministrator."""
    if not administrators_left_without(user):
        raise LastAdministrator
    user.is_active = user.is_on_duty = False
    user.save(update_fields=["is_active", "is_on_duty"])
    sessions.end(user)
    entry.record(Entered.SWITCHED_OFF, user, by=by, request=request)


@transaction.atomic
def switch_on(user: User, *, by: User, request: HttpRequest) -> None:
    """They may sign in again, with the password and second factor they had."""
    user.is_active = True
    user.save(update_fields=["is_active"])
    entry.record(Entered.SWITCHED_ON, user, by=by, request=request)


@transaction.atomic
def reset_password(user: User, *, by: User, request: HttpRequest) -> str:
    """The old password and every older link are worth nothing now, sessions end; the link with which they choose another."""
    user.set_unusable_password()
    user.must_change_password = False
    user.save(update_fields=["password", "must_change_password"])
    sessions.end(user)
    entry.record(Entered.PASSWORD_RESET, user, by=by, request=request)
    _tell(user, MailKind.PASSWORD_RESET)
    return password_link(user)


def password_link(user: User) -> str:
    """Where this person chooses a password: it ends with the first use, with a newer one, and after a day."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("staff:choose-password", args=[uid, default_token_generator.make_token(user)])
    return f"{settings.BASE_URL}{path}"


def end_sessions(user: User, *, by: User, request: HttpRequest) -> int:
    count = sessions.end(user)
    entry.record(Entered.SESSIONS_ENDED, user, by=by, request=request)
    return count


def _tell(user: User, kind: MailKind) -> None:
    now = timezone.now()
    if user.email:
        AccountMail.objects.create(user=user, kind=kind, queued_at=now, next_try_at=now)


def comes_from_company(user: User) -> bool:
    """Whether the company's sign-in has let this person in, and still could."""
    came = user.entry_events.filter(kind=Entered.SIGNED_IN, detail__startswith=COMPANY)
    return bool(settings.OIDC_ISSUER) and came.exists()


def first_administrator(username: str = "admin", **fields: Any) -> User | None:
    """The account that makes all others, without a password; None where an administrator can sign in already.

    Called again before its link was used it gives the same account, so that a lost link is no locked door.
    """
    administrators = User.objects.filter(role=Role.ADMINISTRATOR, is_active=True).order_by("pk")
    if any(user.has_usable_password() or comes_from_company(user) for user in administrators):
        return None
    waiting = administrators.first()
    if waiting is not None:
        return waiting
    return make(User(username=username, role=Role.ADMINISTRATOR, full_name="管理员", **fields), by=None)
