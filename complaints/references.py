"""References: what people quote. Two digits of the year, a running number, and a check digit that catches a misheard one."""

from __future__ import annotations

import re
from datetime import datetime

from django.utils import timezone

_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)
"""Damm's quasigroup (H. M. Damm, 2004): finds every single wrong digit and every swap of neighbours."""

_SPOKEN = re.compile(r"\D")


def check_digit(digits: str) -> int:
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def reference_for(number: int, *, received_at: datetime) -> str:
    """The reference of the complaint with this running number, as "26-0004517-3"; the year is the utility's."""
    year = f"{timezone.localtime(received_at).year % 100:02d}"
    serial = f"{number:07d}"
    return f"{year}-{serial}-{check_digit(year + serial)}"


def parse_reference(text: str) -> str | None:
    """The reference a person meant, however they wrote or spaced it; None when it cannot be one."""
    digits = _SPOKEN.sub("", text)
    if len(digits) < 10 or check_digit(digits) != 0:
        return None
    return f"{digits[:2]}-{digits[2:-1]}-{digits[-1]}"
