"""What is said when something may not be done: one class per kind of refusal, each with a sentence a person can act on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class Refusal(Exception):
    """A request that was understood and is refused; nothing was changed.

    `code` is stable for programs, `message` is for the person, `status` the HTTP status, `fields` the parts at fault,
    `retry_after` the seconds after which it may be tried again.
    """

    code = "refused"
    status = 409
    retry_after: int | None = None

    def __init__(self, message: Any, *, fields: Iterable[str] = ()) -> None:
        super().__init__(str(message))
        self.message = str(message)
        self.fields = tuple(fields)


class MoveRefused(Refusal):
    """The table of moves says no: wrong status, wrong role, or something is missing."""

    code = "move_refused"


class DetailsMissing(MoveRefused):
    code = "details_missing"
    status = 422


class ChangedMeanwhile(Refusal):
    """Somebody else moved the complaint after this person last saw it; `events` are the moves they have not seen."""

    code = "changed_meanwhile"

    def __init__(self, message: Any, *, events: Iterable[Any] = ()) -> None:
        super().__init__(message)
        self.events = tuple(events)


class BadInput(Refusal):
    """What was handed in cannot be taken as it is."""

    code = "bad_input"
    status = 422
