"""What several tests of the door do: come in, and show what one has."""

import time

from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from staff.entry_models import EntryEvent
from staff.models import User

PASS_PHRASE = "a long pass phrase"


def enter(client, user, pass_phrase=PASS_PHRASE, **more):
    return client.post(reverse("staff:sign-in"), {"username": user.username, "password": pass_phrase}, **more)


def is_inside(client) -> bool:
    return "_auth_user_id" in client.session


def kinds(user):
    """What is on record about this person, the newest first."""
    return list(EntryEvent.objects.filter(user=user).values_list("kind", flat=True))


def an_app(user) -> TOTPDevice:
    return TOTPDevice.objects.create(user=user, confirmed=True, name="app")


def code_of(device) -> str:
    """What the app shows now, or next when the one of now was used."""
    device.refresh_from_db()
    step = int(time.time()) // 30
    drift = 1 if device.last_t >= step else 0
    return f"{totp(device.bin_key, drift=drift):06d}"


def wrong(code: str) -> str:
    return f"{(int(code) + 500_000) % 1_000_000:06d}"


def again(user) -> User:
    return User.objects.get(pk=user.pk)
