"""How amounts are written: money with two places and the currency of the bills, other numbers with the places they have."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import get_language

from complaints.models import DeskSettings


def number(value: Decimal) -> str:
    """A number with as many places as it has, as the language writes it."""
    text = f"{value:f}"
    plain = text.rstrip("0").rstrip(".") if "." in text else text
    return number_format(Decimal(plain), force_grouping=True)


def money(amount: Decimal, desk: DeskSettings) -> str:
    is_chinese = (get_language() or "").startswith("zh")
    currency = desk.currency_zh if is_chinese else desk.currency_en
    written = number_format(amount, decimal_pos=2, force_grouping=True)
    return f"{written} {currency}".strip()
