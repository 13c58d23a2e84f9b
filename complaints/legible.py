"""Text as it may be stored and shown: signs that nobody sees or types are left out. Pure."""

from __future__ import annotations

import re
import unicodedata

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)
"""Control characters, what turns the direction of writing round, halves of signs: none is text, some break files."""
BROKEN = "\ufffd"
"""Stands where bytes were not UTF-8; what was there is lost."""


def legible(text: str) -> str:
    return UNSEEN.sub("", text)


def says_something(text: str) -> bool:
    """Whether anything of it can be seen: spaces of every width and signs that only join others are nothing."""
    return any(unicodedata.category(sign)[0] not in "CZ" for sign in text)
