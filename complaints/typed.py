"""Moments as people type them: to the minute, and meant to stand for all of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from complaints.models import Complaint

TYPED_TO = timedelta(minutes=1)
"""A moment is typed to the minute and stands for all of it: who complained in the minute in which it was over meant it."""
MOMENTS = ("contacted_at", "arrived_at", "restored_at")


def meant(typed: datetime, not_before: datetime) -> datetime:
    """What was meant by `typed` of something that cannot have been before `not_before`, which may lie in that minute."""
    return not_before if typed < not_before < typed + TYPED_TO else typed


def understood(details: Mapping[str, Any], complaint: Complaint) -> dict[str, Any]:
    """Details of a move with each typed moment as it was meant: after receipt, and restored after somebody was there."""
    found = dict(details)
    for name in MOMENTS:
        typed = found.get(name)
        if typed is None:
            continue
        found[name] = meant(typed, complaint.received_at)
        if name == "restored_at" and complaint.arrived_at is not None:
            found[name] = max(found[name], meant(typed, complaint.arrived_at))
    return found
