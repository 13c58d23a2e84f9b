"""The list of what goes out: its filters, and pages of it by key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time

from django.db.models import Q
from django.utils import timezone

from complaints.models import Medium, Notice, NoticeState
from complaints.models.outgoing import NoticeQuerySet
from complaints.occasions import OCCASIONS
from complaints.references import parse_reference
from complaints.states import MOVES, REGISTER

CALLS = {REGISTER, "ping", *MOVES}
"""What a call to a webhook may be about."""
ALL = "all"


def _state(text: str) -> Q:
    return Q() if text == ALL else Q(state=_known(text, NoticeState.values))


def _complaint(text: str) -> Q:
    reference = parse_reference(text)
    if reference is None:
        raise ValueError(text)
    return Q(complaint__reference=reference)


def _since(text: str) -> Q:
    return Q(created_at__gte=timezone.make_aware(datetime.combine(date.fromisoformat(text), time())))


def _known(text: str, known: object) -> str:
    if text not in known:  # type: ignore[operator]
        raise ValueError(text)
    return text


FILTERS: dict[str, Callable[[str], Q]] = {
    "state": _state,
    "medium": lambda text: Q(medium=_known(text, Medium.values)),
    "occasion": lambda text: Q(code=_known(text, OCCASIONS.keys() | CALLS)),
    "complaint": _complaint,
    "since": _since,
}


def narrow(rows: NoticeQuerySet, params: Mapping[str, str]) -> tuple[NoticeQuerySet, list[str]]:
    """The rows that the parameters of an address name, and the names of those that mean nothing and were left out."""
    ignored = []
    for name, condition in FILTERS.items():
        text = str(params.get(name) or "").strip()[:60]
        if not text:
            continue
        try:
            rows = rows.filter(condition(text))
        except (ValueError, OverflowError):
            ignored.append(name)
    return rows, ignored


def page_of(rows: NoticeQuerySet, after: str, size: int) -> tuple[list[Notice], str]:
    """The newest first; the rows, and the mark of the page that follows ("" when there is none)."""
    if after.isascii() and after.isdecimal() and len(after) <= 18:
        rows = rows.filter(pk__lt=int(after))
    page = list(rows.order_by("-pk")[: size + 1])
    return page[:size], str(page[size - 1].pk) if len(page) > size else ""
