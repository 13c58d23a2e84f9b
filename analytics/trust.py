"""Whether the figures can be trusted right now: up to when they count, and what the last comparison found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.models import Check, Generation, GenerationState

LATE = timedelta(minutes=5)
"""Older figures are said to be late; they follow within seconds when the workers run."""


@dataclass(frozen=True, slots=True)
class Trust:
    """`as_of` is the moment up to which everything is counted; None while the first figures are being built."""

    as_of: datetime | None
    is_late: bool
    check: Check | None
    current: Generation | None

    @property
    def is_preparing(self) -> bool:
        return self.as_of is None

    @property
    def is_wrong(self) -> bool:
        """The last comparison found something, and the figures have not been built anew since."""
        if self.check is None or self.current is None or self.current.finished_at is None:
            return False
        return self.check.differences > 0 and self.check.at > self.current.finished_at


def trust(now: datetime) -> Trust:
    """By the rows that counting and comparing leave behind."""
    current = Generation.objects.filter(state=GenerationState.CURRENT).first()
    as_of = current.as_of if current else None
    return Trust(
        as_of=as_of,
        is_late=as_of is not None and now - as_of > LATE,
        check=Check.objects.first(),
        current=current,
    )
