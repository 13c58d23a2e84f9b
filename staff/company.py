"""Whose account it is when the company's sign-in vouches for somebody, and what of it we believe."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils.translation import gettext as _

from staff import entry, people
from staff.actors import Role
from staff.backends import is_let_in
from staff.entry_models import Entered, EntryEvent
from staff.models import User


class NotLetIn(Exception):
    """Proven to be somebody, and yet without a way in; the sentence says what to do. On record, nothing else changed."""


def account_of(claims: dict[str, Any], request: HttpRequest) -> User:
    """The account of whoever the provider speaks of, with the role their groups give. Raises NotLetIn."""
    name = _name_in(claims, request)
    rows = User.objects.filter(**{"email__iexact" if settings.OIDC_CLAIM == "email" else "username": name})
    found = list(rows.order_by("pk")[:2])
    if len(found) == 2:
        raise _refused(request, None, f"two accounts: {name}", _("Two accounts have your address."))
    user = found[0] if found else None
    if user is not None and not is_let_in(user):
        raise _refused(request, user, "switched off", _("Your account is switched off."))
    role = _role_in(claims)
    if settings.OIDC_ROLES and role is None:
        raise _refused(request, user, "no group" if user else f"no group: {name}", _("None of your groups works here."))
    if user is None:
        return _made(claims, name, role, request)
    if role is not None and role != user.role:
        _give_role(user, role, request)
    return user


def shows_second_factor(claims: dict[str, Any]) -> bool:
    """Whether the provider says that it asked for more than a password, in words that we were told to believe."""
    methods = claims.get("amr")
    said = [claims.get("acr"), *(methods if isinstance(methods, list) else [])]
    return any(isinstance(word, str) and word in settings.OIDC_SECOND_FACTOR for word in said)


def strangers() -> list[EntryEvent]:
    """Who was vouched for lately and has no account here."""
    return list(EntryEvent.objects.filter(user__isnull=True).select_related("by")[:20])


def _name_in(claims: dict[str, Any], request: HttpRequest) -> str:
    name = claims.get(settings.OIDC_CLAIM)
    if not isinstance(name, str) or not name.strip() or "\x00" in name:
        raise _refused(request, None, f"no {settings.OIDC_CLAIM}", _("It does not say who you are."))
    if settings.OIDC_CLAIM == "email" and claims.get("email_verified") not in (True, "true"):
        raise _refused(request, None, f"not verified: {name}", _("It does not vouch for your e-mail address."))
    return name.strip()


def _role_in(claims: dict[str, Any]) -> str | None:
    """The role of the first group in our list that the person is in."""
    groups = claims.get(settings.OIDC_GROUPS_CLAIM)
    theirs = groups if isinstance(groups, list) else [groups]
    return next((role for group, role in settings.OIDC_ROLES.items() if group in theirs), None)


def _made(claims: dict[str, Any], name: str, role: str | None, request: HttpRequest) -> User:
    """A new account without a branch, so that it shows nothing until an administrator gives it one."""
    if not settings.OIDC_MAKES_ACCOUNTS:
        raise _refused(request, None, f"unknown: {name}", _("You have no account on this desk."))
    is_verified = claims.get("email_verified") in (True, "true")
    user = User(
        username=name,
        role=role or Role.AGENT,
        email=str(claims.get("email", "")) if is_verified else "",
        full_name=str(claims.get("name", "")).replace("\x00", "")[:80],
    )
    user.set_unusable_password()
    try:
        user.full_clean()
    except ValidationError:
        raise _refused(
            request, None, f"no account can be made: {name}", _("You have no account on this desk.")
        ) from None
    if not is_let_in(user):
        raise _refused(request, None, f"made up: {name}", _("You have no account on this desk."))
    with transaction.atomic():
        user.save()
        entry.record(Entered.MADE, user, request=request, detail=people.COMPANY)
    return user


def _give_role(user: User, role: str, request: HttpRequest) -> None:
    was, user.role = user.role, role
    try:
        people.change(user, by=None, request=request, what=["role", people.COMPANY])
    except people.LastAdministrator as error:
        user.role = was
        raise _refused(request, user, "last administrator", str(error)) from None


def _refused(request: HttpRequest, user: User | None, detail: str, words: str) -> NotLetIn:
    entry.record(Entered.COMPANY_REFUSED, user, request=request, detail=detail.replace("\x00", ""))
    return NotLetIn(_("%(why)s Ask an administrator of this desk.") % {"why": words})
