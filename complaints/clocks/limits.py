"""How long a promise gives: an amount in one of five units, written as "20min", "24h", "8wh", "4wd" or "10cd"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.utils.translation import gettext as _


class BadLimit(ValueError):
    """A text that is no limit; the message says what one looks like."""


class Unit(StrEnum):
    MINUTE = "min"
    HOUR = "h"
    WORKING_HOUR = "wh"
    WORKING_DAY = "wd"
    CALENDAR_DAY = "cd"


_WRITTEN = re.compile(r"(\d{1,5})(min|h|wh|wd|cd)(@close)?")


@dataclass(frozen=True, slots=True)
class Limit:
    """Minutes and hours run around the clock; working hours inside a calendar's windows; days end at 24:00 or at the close."""

    amount: int
    unit: Unit
    close_of_business: bool = False

    @classmethod
    def parse(cls, text: str) -> Limit:
        """Raises BadLimit."""
        written = _WRITTEN.fullmatch(text.strip())
        if written is None or (written[3] and written[2] not in ("wd", "cd")):
            raise BadLimit(
                _("“%(text)s” is no time limit. Write a number and min, h, wh, wd or cd, such as 24h or 5wd.")
                % {"text": text}
            )
        return cls(int(written[1]), Unit(written[2]), bool(written[3]))

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}{'@close' if self.close_of_business else ''}"

    @property
    def is_elapsed(self) -> bool:
        """Whether it runs around the clock and needs no calendar."""
        return self.unit in (Unit.MINUTE, Unit.HOUR)

    @property
    def in_days(self) -> bool:
        return self.unit in (Unit.WORKING_DAY, Unit.CALENDAR_DAY)

    @property
    def duration(self) -> timedelta:
        """The amount of time; for days, that many days of 24 hours."""
        return {
            Unit.MINUTE: timedelta(minutes=self.amount),
            Unit.HOUR: timedelta(hours=self.amount),
            Unit.WORKING_HOUR: timedelta(hours=self.amount),
            Unit.WORKING_DAY: timedelta(days=self.amount),
            Unit.CALENDAR_DAY: timedelta(days=self.amount),
        }[self.unit]
