"""Sessions in our own table, so that whose they are, since when and from where can be read and ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from staff.entry_models import DeskSession
from staff.http import device_of, known_address

BEGAN, SEEN, ADDRESS, DEVICE = "began", "seen", "address", "device"
"""What `staff.sessions` notes in a session; the row carries it in columns."""


class SessionStore(DatabaseStore):
    @classmethod
    def get_model_class(cls) -> type[DeskSession]:
        return DeskSession

    def create_model_instance(self, data: dict[str, Any]) -> DeskSession:
        row: DeskSession = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        row.began_at, row.seen_at = _moment(data.get(BEGAN)), _moment(data.get(SEEN))
        row.address, row.device = data.get(ADDRESS), data.get(DEVICE, "")
        return row


@receiver(user_logged_in)
def begun(sender: Any, request: HttpRequest, **_more: Any) -> None:
    """Somebody signed in just now, in whatever way: the session ends at a fixed moment, whatever they do."""
    now = timezone.now()
    request.session[BEGAN] = request.session[SEEN] = int(now.timestamp())
    request.session[ADDRESS], request.session[DEVICE] = known_address(request), device_of(request)
    request.session.set_expiry(now + timedelta(seconds=settings.SESSION_COOKIE_AGE))


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
