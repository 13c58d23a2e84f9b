"""How an amount of money is written: two places and the currency of the bills, in the language in use."""

from __future__ import annotations

from decimal import Decimal

from django.utils.formats import number_format
from django.utils.translation import get_language

from complaints.models import DeskSettings


def money(amount: Decimal, desk: DeskSettings) -> str:
    is_chinese = (get_language() or "").startswith("zh")
    currency = desk.currency_zh if is_chinese else desk.currency_en
    number = number_format(amount, decimal_pos=2, force_grouping=True)
    return f"{number} {currency}".strip()
