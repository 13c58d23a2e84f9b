"""The record of the door: who came in and how, and who changed whose keys."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from staff.entry_models import Entered, EntryEvent
from staff.http import device_of, known_address
from staff.models import User


def record(
    kind: Entered, user: User | None, *, request: HttpRequest | None = None, by: User | None = None, detail: str = ""
) -> EntryEvent:
    """Write one line. Without `by` they did it themselves, without `user` it was a stranger; without `request` it was done
    on the server.
    """
    return EntryEvent.objects.create(
        user=user,
        kind=kind,
        at=timezone.now(),
        by=by,
        address=known_address(request) if request else None,
        device=device_of(request) if request else "",
        detail=detail[:200],
    )
