"""What people do about a signal: acknowledge it with a note, follow it up, close it. Each looks again with the row locked."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from analytics.models import Signal, SignalState
from complaints import signals_told
from complaints.refusals import MoveRefused
from staff.actors import Role
from staff.models import User

HANDLING = frozenset({Role.SUPERVISOR, Role.ANALYST, Role.ADMINISTRATOR})
"""Who sees and handles signals."""


@transaction.atomic
def acknowledge(signal: Signal, note: str, *, by: User, at: datetime) -> Signal:
    """Somebody has seen it and says what they think of it. Raises MoveRefused."""
    fresh = _locked(signal, {SignalState.NEW})
    fresh.state, fresh.note, fresh.acknowledged_by, fresh.acknowledged_at = SignalState.ACKNOWLEDGED, note, by, at
    fresh.save(update_fields=["state", "note", "acknowledged_by", "acknowledged_at"])
    signals_told.overtake(fresh.pk)
    return fresh


@transaction.atomic
def follow_up(signal: Signal, action: str, owner: User, due_on: date, *, by: User, at: datetime) -> Signal:
    """Somebody does something by a day; said again it replaces what was said before. Raises MoveRefused."""
    fresh = _locked(signal, {SignalState.ACKNOWLEDGED, SignalState.FOLLOWED})
    fresh.state, fresh.action, fresh.owner, fresh.due_on = SignalState.FOLLOWED, action, owner, due_on
    fresh.followed_by, fresh.followed_at = by, at
    fresh.save(update_fields=["state", "action", "owner", "due_on", "followed_by", "followed_at"])
    return fresh


@transaction.atomic
def close(signal: Signal, result: str, *, by: User, at: datetime) -> Signal:
    """It is settled, and this came of it. Raises MoveRefused."""
    fresh = _locked(signal, {SignalState.ACKNOWLEDGED, SignalState.FOLLOWED})
    fresh.state, fresh.result, fresh.closed_by, fresh.closed_at = SignalState.CLOSED, result, by, at
    fresh.save(update_fields=["state", "result", "closed_by", "closed_at"])
    return fresh


def _locked(signal: Signal, sources: Collection[SignalState]) -> Signal:
    fresh = Signal.objects.select_for_update().get(pk=signal.pk)
    if fresh.state not in sources:
        raise MoveRefused(
            _("Somebody was quicker: the signal is %(state)s now.") % {"state": fresh.get_state_display().lower()}
        )
    return fresh


def number_for(user: User) -> int:
    """How many new signals wait for this person."""
    return Signal.objects.visible_to(user).new().count() if user.role in HANDLING else 0
