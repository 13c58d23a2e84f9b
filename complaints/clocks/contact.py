"""When first contact counts as made: the customer was reached, or tried often enough at different times and written to."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple


class Attempt(NamedTuple):
    """One recorded try that did not reach the customer."""

    at: datetime


def contact_made_at(
    attempts: Iterable[Attempt], messages: Iterable[datetime], *, needed: int, gap: timedelta
) -> datetime | None:
    """The moment from which `needed` attempts at least `gap` apart and one message to the customer are all there, or None.

    Domain 4.6: three attempts at different times of day and a message stand for a contact; one attempt never does.
    """
    counted: list[datetime] = []
    for attempt in sorted(attempts):
        if not counted or attempt.at - counted[-1] >= gap:
            counted.append(attempt.at)
    first_message = min(messages, default=None)
    if len(counted) < needed or first_message is None:
        return None
    return max(counted[needed - 1], first_message)
