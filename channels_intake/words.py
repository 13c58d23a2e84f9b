"""Lines that supervisors write: prompts for whoever is on the telephone, and the fees that everybody may read."""

from __future__ import annotations

from typing import NamedTuple

from django.utils.translation import get_language

from complaints.models import DeskSettings

"""Who writes what customers and agents read."""


class Prompt(NamedTuple):
    """`category` is empty where it is always said."""

    category: str
    text: str


class Fee(NamedTuple):
    what: str
    amount: str


def prompts(desk: DeskSettings, categories: set[str]) -> list[Prompt]:
    """The prompts in the language in use; a line that begins with the code of a category and a colon is for that one."""
    found = []
    for line in _lines(desk.courtesy_zh, desk.courtesy_en):
        code, colon, rest = line.replace("：", ":", 1).partition(":")
        is_narrow = bool(colon) and code.strip().upper() in categories
        found.append(Prompt(code.strip().upper(), rest.strip()) if is_narrow else Prompt("", line))
    return found


def fees(desk: DeskSettings) -> list[Fee]:
    """What costs how much, in the language in use."""
    return [Fee(*(part.strip() for part in line.partition("|")[::2])) for line in _lines(desk.fees_zh, desk.fees_en)]


def fault_of_fees(text: str) -> str:
    """The first line that has no amount; empty when all have one."""
    return next((line for line in text.splitlines() if line.strip() and not line.partition("|")[2].strip()), "")


def _lines(zh: str, en: str) -> list[str]:
    """Those in the language in use, else the others: better in a language that is not theirs than not at all."""
    is_zh = (get_language() or "").startswith("zh")
    chosen = (zh.strip() or en) if is_zh else (en.strip() or zh)
    return [line.strip() for line in chosen.splitlines() if line.strip()]
