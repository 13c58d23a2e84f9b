"""Tokens of programs: made and shown once, kept as a hash, for some things and some time only."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest

from staff import entry
from staff.backends import is_let_in
from staff.entry_models import ApiToken, Entered
from staff.models import User

LONGEST = timedelta(days=366)
NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a token was last used; each note is a write."""


@transaction.atomic
def make(
    user: User,
    name: str,
    scopes: Iterable[str],
    *,
    at: datetime,
    until: datetime,
    by: User,
    request: HttpRequest | None,
) -> tuple[ApiToken, str]:
    """The token and its key, which nobody can read again."""
    key = f"rd_{secrets.token_urlsafe(32)}"
    token = ApiToken.objects.create(
        user=user,
        name=name,
        scopes=sorted(scopes),
        start=key[:8],
        digest=digest(key),
        made_at=at,
        made_by=by,
        expires_at=until,
    )
    entry.record(
        Entered.TOKEN_MADE, user, by=None if by == user else by, request=request, detail=f"{token.start}… {name}"
    )
    return token, key


def digest(key: str) -> str:
    """256 random bits need no slow hash."""
    return hashlib.sha256(key.encode()).hexdigest()


def find(key: str, at: datetime) -> ApiToken | None:
    """The token with this key, if it still lets somebody in; notes that it was used."""
    token = ApiToken.objects.open(at).select_related("user__branch").filter(digest=digest(key)).first()
    if token is None or not is_let_in(token.user):
        return None
    if token.used_at is None or at - token.used_at >= NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(used_at=at)
    return token


@transaction.atomic
def revoke(token: ApiToken, *, at: datetime, by: User, request: HttpRequest) -> None:
    """From now on it lets nobody in; a second time changes nothing."""
    if ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=at):
        who = None if by == token.user else by
        entry.record(Entered.TOKEN_REVOKED, token.user, by=who, request=request, detail=str(token))
