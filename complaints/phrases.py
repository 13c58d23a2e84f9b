"""Phrases: which are offered for a move, and what their {variables} stand for on a complaint."""

from __future__ import annotations

from string import Formatter
from typing import Any

from django.db.models import F, Q
from django.utils import translation
from django.utils.translation import gettext as _

from complaints import outbox
from complaints.models import CannedText, Complaint, DeskSettings
from complaints.states import MOVES
from staff.models import User

VARIABLES = frozenset({"name", "reference", "category", "place", "due", "hotline", "utility"})
OFFERED_FOR = ("message", "ask", "note", "resolve", "propose")
TO_THE_CUSTOMER = frozenset({"message", "ask", "resolve", "propose"})
"""What the customer reads is written in the customer's language, everything else in the reader's."""
MOST = 100


def strange(body: str) -> list[str]:
    """The variables of a text that nobody can fill, as they stand there; a brace without its partner counts too."""
    try:
        names = [name for _text, name, _spec, _conversion in Formatter().parse(body) if name is not None]
    except ValueError:
        return ["{ }"]
    return sorted({f"{{{name}}}" for name in names if name not in VARIABLES})


def offered(user: User, complaint: Complaint, move: str) -> list[dict[str, Any]]:
    """Those that fit this move and complaint, the most used first, filled: id, title, text."""
    if move not in OFFERED_FOR:
        return []
    fits = Q(category=None) | Q(category=complaint.category_id)
    rows = list(CannedText.objects.of(user).filter(fits, moves__contains=[move])[:MOST])
    if not rows:
        return []
    language = complaint.language if move in TO_THE_CUSTOMER else translation.get_language() or "en"
    words = words_for(complaint, language)
    return [{"id": row.pk, "title": row.title, "text": filled(row.body(language), words)} for row in rows]


def words_for(complaint: Complaint, language: str) -> dict[str, str]:
    """What the variables stand for, in this language; what is not known is a line to fill in."""
    desk = DeskSettings.current()
    with translation.override(language):
        said = {
            "name": "" if complaint.is_anonymous else complaint.contact_name,
            "reference": complaint.reference,
            "category": complaint.category.name,
            "place": complaint.place or (complaint.premise.address if complaint.premise else ""),
            "due": outbox.spoken(outbox.promised_to_customer(complaint)),
            "hotline": desk.hotline,
            "utility": desk.utility_zh if language.startswith("zh") else desk.utility_en,
        }
    return {name: value or "____" for name, value in said.items()}


def example(row: CannedText) -> str:
    """The text as it may come out, with made-up values."""
    language = translation.get_language() or "en"
    words = {
        "name": _("Ms Li"),
        "reference": "26-0000001-5",
        "category": _("Outage"),
        "place": _("3 Peace Road"),
        "due": "12-01 17:00",
        "hotline": "95598",
        "utility": _("the power company"),
    }
    return filled(row.body(language), words)


def filled(body: str, words: dict[str, str]) -> str:
    """A body that was saved has no other variables; one that came about otherwise is shown as it stands."""
    return body if strange(body) else body.format(**words)


def count_use(user: User, pk: int) -> None:
    CannedText.objects.of(user).filter(pk=pk).update(uses=F("uses") + 1)


def move_labels(row: CannedText) -> str:
    return ", ".join(str(MOVES[name].label) for name in row.moves if name in MOVES)
