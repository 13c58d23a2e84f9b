"""What must be true of numbers and days that people type, at every door alike."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _

from customers.models.people import digits

CLOCK_SKEW = timedelta(minutes=2)
"""A clerk's computer may be this much ahead of ours."""
FIRST_YEAR, LAST_YEAR = 1950, 2150
FEWEST_DIGITS = 5


def dialable(text: str) -> None:
    if len(digits(text)) < FEWEST_DIGITS:
        raise forms.ValidationError(_("Write the number in digits, for example 138 0000 0000."))


def not_in_future(value: datetime) -> None:
    if value > timezone.now() + CLOCK_SKEW:
        raise forms.ValidationError(_("This is in the future. Write when it really was."))


def believable(value: date) -> None:
    """The first and the last years that a computer can write are slips of a key, and overflow wherever something is added."""
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise forms.ValidationError(_("Check the year."))
