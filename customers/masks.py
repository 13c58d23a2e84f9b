"""How much of somebody's data is shown until it is asked for: enough to know it again, not enough to use it."""

from __future__ import annotations

import re

HIDDEN = "****"
STREET = re.compile(r"\D*(?:\d+\s*(?:号(?![楼院])|弄|[A-Za-zÀ-ɏ][^,\d]*))?")
"""An address up to the number in its street; what says building, unit and door comes after."""


def masked(address: str) -> str:
    """A telephone number or an e-mail address: 139****1234, l***@example.org."""
    name, at, host = address.rpartition("@")
    if at:
        return f"{name[:1]}***@{host}"
    return f"{address[:3]}{HIDDEN}{address[-4:]}" if len(address) > 8 else HIDDEN


def masked_place(address: str) -> str:
    """A postal address without building, unit and door."""
    found = STREET.match(address)
    street = found.group().rstrip(" ,，") if found else ""
    return address if street == address.strip() else f"{street} {HIDDEN}"
