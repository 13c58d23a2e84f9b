"""The second factor: codes of an app, passkeys, recovery codes; who must have one, and what it takes to be let in with it."""

from __future__ import annotations

import base64
import hashlib
import io
import secrets
from dataclasses import dataclass
from datetime import date, datetime
from math import ceil

import segno
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff import entry, sessions
from staff.entry_models import AccountMail, Entered, MailKind, RecoveryCode, SecondFactorRule
from staff.models import User

CODES = 10
"""How many recovery codes somebody gets at a time."""


class WrongCode(Exception):
    """It does not let them in; the sentence says what to do."""


@dataclass(frozen=True, slots=True)
class Factors:
    """What somebody can sign in with beside the password."""

    app: bool
    passkeys: int
    codes: int

    @classmethod
    def of(cls, user: User) -> Factors:
        return cls(
            app=app_of(user) is not None,
            passkeys=user.passkeys.count(),
            codes=user.recovery_codes.filter(used_at__isnull=True).count(),
        )

    def __bool__(self) -> bool:
        return self.app or self.passkeys > 0


def required_from(user: User) -> date | None:
    """The day from which this person needs a second factor; None when nobody asks for one."""
    rule = SecondFactorRule.objects.filter(role=user.role).first()
    return rule.from_on if rule else None


def app_of(user: User) -> TOTPDevice | None:
    device: TOTPDevice | None = TOTPDevice.objects.filter(user=user, confirmed=True).first()
    return device


def app_to_confirm(user: User) -> TOTPDevice:
    """The app that is being set up; the same secret until it is confirmed, so that a mistyped code costs nothing."""
    device, _made = TOTPDevice.objects.get_or_create(user=user, confirmed=False, defaults={"name": "app"})
    return device


def secret_words(device: TOTPDevice) -> str:
    """The secret for typing, in groups of four."""
    text = base64.b32encode(device.bin_key).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def picture(device: TOTPDevice) -> SafeString:
    """The QR code, drawn here: the secret goes to nobody else."""
    drawn = io.BytesIO()
    code = segno.make(device.config_url, error="m")
    code.save(drawn, kind="svg", xmldecl=False, omitsize=True, border=4, dark="#000", light="#fff")
    return mark_safe(drawn.getvalue().decode())


def check_app(device: TOTPDevice, code: str) -> None:
    """Raises WrongCode, also while the app must wait after wrong codes; a code is taken once."""
    with transaction.atomic():
        locked = TOTPDevice.objects.select_for_update().get(pk=device.pk)
        allowed, why = locked.verify_is_allowed()
        is_right = allowed and locked.verify_token(code.replace(" ", ""))
    if not allowed:
        seconds = max(1, ceil((why["locked_until"] - timezone.now()).total_seconds())) if why else 1
        words = ngettext(
            "Wait %(n)d second, then type a new code.", "Wait %(n)d seconds, then type a new code.", seconds
        )
        raise WrongCode(words % {"n": seconds})
    if not is_right:
        raise WrongCode(_("That code is wrong or was used already. Type the one your app shows now."))


def confirm_app(user: User, code: str, *, request: HttpRequest) -> None:
    """The app shows the right codes, so it counts from now on in place of an earlier one. Raises WrongCode."""
    device = app_to_confirm(user)
    check_app(device, code)  # not in the transaction below: what it counted must stay when it raises
    with transaction.atomic():
        TOTPDevice.objects.filter(user=user, confirmed=True).delete()
        TOTPDevice.objects.filter(pk=device.pk).update(confirmed=True)
        entry.record(Entered.FACTOR_ADDED, user, request=request, detail="app")


def remove_app(user: User, *, request: HttpRequest) -> None:
    TOTPDevice.objects.filter(user=user).delete()
    entry.record(Entered.FACTOR_REMOVED, user, request=request, detail="app")
    _forget_codes_of_nothing(user)


def _forget_codes_of_nothing(user: User) -> None:
    """Recovery codes without a factor to recover would be a factor of their own."""
    if not Factors.of(user):
        user.recovery_codes.all().delete()


def remove_passkey(user: User, pk: int, *, request: HttpRequest) -> bool:
    """Whether there was such a passkey of theirs."""
    key = user.passkeys.filter(pk=pk).first()
    if key is None:
        return False
    entry.record(Entered.FACTOR_REMOVED, user, request=request, detail=key.name)
    key.delete()
    _forget_codes_of_nothing(user)
    return True


def may_remove_one(user: User, on: date) -> bool:
    """Whether somebody who needs a factor would still have one without it."""
    needed_from = required_from(user)
    factors = Factors.of(user)
    return needed_from is None or needed_from > on or factors.app + factors.passkeys > 1


@transaction.atomic
def make_codes(user: User, *, request: HttpRequest) -> list[str]:
    """New recovery codes in place of all old ones. This is the only time they can be read."""
    codes = [_code() for _number in range(CODES)]
    user.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    entry.record(Entered.CODES_MADE, user, request=request)
    return codes


def _code() -> str:
    """80 bits, so that a fast hash is enough: nobody tries them all."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[at : at + 4] for at in range(0, 16, 4))


def _digest(user: User, code: str) -> str:
    plain = "".join(letter for letter in code.upper() if letter.isalnum())
    return hashlib.sha256(f"{user.pk}:{plain}".encode()).hexdigest()


def use_code(user: User, code: str, at: datetime, *, request: HttpRequest) -> None:
    """Raises WrongCode; each code opens the door once, whoever is first."""
    unused = user.recovery_codes.filter(digest=_digest(user, code), used_at__isnull=True)
    if not unused.update(used_at=at):
        raise WrongCode(_("That recovery code is wrong or was used already."))
    entry.record(Entered.RECOVERY_USED, user, request=request)


@transaction.atomic
def reset(user: User, *, by: User, request: HttpRequest) -> None:
    """Somebody lost everything: all factors go, their sessions end, they are told, and it is on record who did it."""
    TOTPDevice.objects.filter(user=user).delete()
    user.passkeys.all().delete()
    user.recovery_codes.all().delete()
    sessions.end(user)
    now = timezone.now()
    entry.record(Entered.FACTORS_RESET, user, by=by, request=request)
    if user.email:
        AccountMail.objects.create(user=user, kind=MailKind.FACTORS_RESET, queued_at=now, next_try_at=now)


@transaction.atomic
def set_rule(role: str, from_on: date | None, *, by: User) -> None:
    """From when a role needs a second factor; None: not at all. Whoever has none and needs one today signs in again."""
    if from_on is None:
        SecondFactorRule.objects.filter(role=role).delete()
        return
    SecondFactorRule.objects.update_or_create(role=role, defaults={"from_on": from_on, "set_by": by})
    if from_on <= timezone.localdate():
        with_one = TOTPDevice.objects.filter(confirmed=True).values("user")
        without = User.objects.filter(role=role, passkeys__isnull=True).exclude(pk__in=with_one).exclude(pk=by.pk)
        for user in without:
            sessions.end(user)
