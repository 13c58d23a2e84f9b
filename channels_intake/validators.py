"""What must be true of what people type, at every door alike; each says what to do."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models.people import digits

CLOCK_SKEW = timedelta(minutes=2)
"""A clerk's computer may be this much ahead of ours."""
FIRST_YEAR = 1950
FEWEST_DIGITS = 5
NOT_SEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
"""Kinds of characters that leave nothing on the paper."""
LOST = "\ufffd"
"""What stands where bytes could not be read."""


def readable(text: str) -> None:
    """Something can be seen, and all of it arrived."""
    if LOST in text or any(unicodedata.category(character) == "Cs" for character in text):
        raise forms.ValidationError(_("Some characters could not be read. Write this text again."))
    if all(unicodedata.category(character) in NOT_SEEN for character in text):
        raise forms.ValidationError(_("There is nothing to read in this. Write it in words."))


def dialable(text: str) -> None:
    if len(digits(text)) < FEWEST_DIGITS:
        raise forms.ValidationError(_("Write the number in digits, for example 138 0000 0000."))


def not_in_future(value: datetime) -> None:
    if value > timezone.now() + CLOCK_SKEW:
        raise forms.ValidationError(_("This is in the future. Write when it really was."))


def in_living_memory(value: datetime) -> None:
    if value.year < FIRST_YEAR:
        raise forms.ValidationError(_("This was too long ago. Write the year with four digits."))


def storable(value: Any) -> Any:
    """What was typed as it can be kept before it is right: the one character that the database cannot hold is left out."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    return [storable(one) for one in value] if isinstance(value, list) else value
