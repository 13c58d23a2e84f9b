"""Too many wrong passwords: how many an account and an address may have, for how long they then wait, and who lifts it.

Counting and refusing is django-axes; here are the two limits, what a person reads, and the record.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.db.models import Max, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import ngettext

from staff import entry, oidc
from staff.entry_models import Entered
from staff.models import User


class Lockout(AxesDatabaseHandler):
    """Two limits instead of one: a whole office may share an address, nobody shares an account."""

    def get_failures(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        of_account, of_address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        if of_address >= settings.SIGN_IN_TRIES_OF_ADDRESS:
            return max(of_account, settings.AXES_FAILURE_LIMIT)
        return int(of_account)

    def reset_user_attempts(self, request: HttpRequest, credentials: dict[str, Any] | None = None) -> int:
        """Whoever comes in has a clean account; their address keeps its count, or one own account would clear it for all."""
        of_account, _of_address = self.filter_user_attempts(request, credentials)
        return int(of_account.delete()[0])

    def user_login_failed(
        self, sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **more: Any
    ) -> None:
        """A wrong password for an account that exists is on record; other names are not, they may be a mistyped password."""
        super().user_login_failed(sender, credentials, request, **more)
        user = User.objects.filter(username=credentials.get("username") or "").first()
        if user is not None and request is not None:
            is_shut = getattr(request, "axes_locked_out", False)
            entry.record(Entered.LOCKED if is_shut else Entered.REFUSED, user, request=request)


def wait() -> timedelta:
    """How long the door stays shut after the last try that was counted."""
    cool_off: timedelta = settings.AXES_COOLOFF_TIME
    return cool_off


def locked_until(user: User, at: datetime) -> datetime | None:
    """When this account opens again by itself, if it is shut now."""
    tries = AccessAttempt.objects.filter(username=user.username, attempt_time__gt=at - wait())
    found = tries.aggregate(sum=Sum("failures_since_start"), last=Max("attempt_time"))
    if (found["sum"] or 0) < settings.AXES_FAILURE_LIMIT:
        return None
    last: datetime = found["last"]
    return last + wait()


def unlock(user: User, *, by: User, request: HttpRequest) -> None:
    """The account may be tried again at once."""
    AccessAttempt.objects.filter(username=user.username).delete()
    entry.record(Entered.UNLOCKED, user, by=by, request=request)


def shut(request: HttpRequest, _response: HttpResponse | None, _credentials: dict[str, Any] | None) -> HttpResponse:
    """What everybody reads at a shut door, whether or not there is such an account."""
    minutes = round(wait().total_seconds() / 60)
    words = ngettext(
        "There were too many wrong tries. Wait %(n)d minute and try again, or ask an administrator to unlock you.",
        "There were too many wrong tries. Wait %(n)d minutes and try again, or ask an administrator to unlock you.",
        minutes,
    ) % {"n": minutes}
    form = AuthenticationForm(request, initial={"username": request.POST.get("username", "")[:150]})
    context = {"form": form, "shut": words, "next": request.POST.get("next", ""), **oidc.ways_in()}
    response = render(request, "staff/sign_in.html", context, status=429)
    response["Retry-After"] = str(int(wait().total_seconds()))
    return response


def forget_old(at: datetime) -> int:
    """Tries that no longer count for anything."""
    return int(AccessAttempt.objects.filter(attempt_time__lt=at - wait()).delete()[0])
