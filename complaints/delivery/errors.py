"""The one error of every medium."""

from __future__ import annotations

from datetime import timedelta


class DeliveryError(Exception):
    """The gateway did not take a notice; `is_permanent` when trying again cannot help, `wait` when it asks for patience.

    `answer` is the HTTP status, if there was one; `is_silence` when nobody answered at all, which is no fault of this notice.
    """

    def __init__(
        self,
        message: str,
        *,
        is_permanent: bool = False,
        wait: timedelta | None = None,
        answer: int | None = None,
        is_silence: bool = False,
    ) -> None:
        super().__init__(message)
        self.is_silence = is_silence
        self.answer = answer
        self.is_permanent = is_permanent
        self.wait = wait
