"""The one error of every medium."""

from __future__ import annotations

from datetime import timedelta


class DeliveryError(Exception):
    """The gateway did not take a notice; `is_permanent` when trying again cannot help, `wait` when it asks for patience.

    `answer` is the HTTP status, if there was one.
    """

    def __init__(
        self,
        message: str,
        *,
        is_permanent: bool = False,
        wait: timedelta | None = None,
        answer: int | None = None,
    ) -> None:
        super().__init__(message)
        self.answer = answer
        self.is_permanent = is_permanent
        self.wait = wait
