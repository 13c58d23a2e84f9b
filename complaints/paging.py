"""Pages of complaints by key: the page after a mark, which costs what the first one costs however deep it lies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from complaints import search
from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet

Shown = Callable[[ComplaintQuerySet], ComplaintQuerySet]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BEST = "best"
"""The beginning of a mark within what is put in the order of relevance; its number follows."""
NEVER = "never"
"""The moment in the mark of a row without a deadline; such rows come last."""


def by_due(found: ComplaintQuerySet, after: str, size: int) -> tuple[list[Complaint], str]:
    """The next deadline first. Answers with the rows and the mark of the page that follows ("" when there is none)."""
    mark = _read(after)
    if mark is None:
        return _cut(list(found.by_due_next()[: size + 1]), size, "next_due_at")
    since, pk = mark
    rows = found.order_by("next_due_at", "pk")
    page: list[Complaint] = []
    if since is not None:
        # the plain bound is what the index is entered by
        later = Q(next_due_at__gt=since) | Q(next_due_at=since, pk__gt=pk)
        page, pk = list(rows.filter(later, next_due_at__gte=since)[: size + 1]), 0
    if len(page) <= size:
        page += rows.filter(next_due_at__isnull=True, pk__gt=pk)[: size + 1 - len(page)]
    return _cut(page, size, "next_due_at")


def by_receipt(found: ComplaintQuerySet, after: str, size: int) -> tuple[list[Complaint], str]:
    """The newest first: for lists that hold closed complaints, which no deadline orders."""
    rows = found.order_by("-received_at", "-pk")
    mark = _read(after)
    if mark is not None and mark[0] is not None:
        since, pk = mark
        rows = rows.filter(Q(received_at__lt=since) | Q(received_at=since, pk__lt=pk), received_at__lte=since)
    return _cut(list(rows[: size + 1]), size, "received_at")


def by_relevance(
    found: ComplaintQuerySet, text: str, after: str, size: int, *, shown: Shown, keys: list[int] | None = None
) -> tuple[list[Complaint], str]:
    """What somebody looks for, the likeliest of the newest first; behind the last of those the older ones by receipt.

    `shown` says what is read of a row. `keys` are the newest of what was found, as many as are put in order or more, where the
    caller has looked for them.
    """
    start = _read_place(after)
    if start is None and after:
        return by_receipt(shown(found), after, size)
    start = start or 0
    keys = search.newest(found, search.WINDOW) if keys is None else keys[: search.WINDOW]
    page = list(shown(search.by_relevance(keys, text))[start : start + size + 1])
    if len(page) > size:
        return page[:size], f"{BEST}_{start + size}"
    if len(keys) < search.WINDOW:
        return page, ""
    return page, mark_of(found.values_list("received_at", flat=True).get(pk=keys[-1]), keys[-1])


def _read_place(mark: str) -> int | None:
    best, _dash, place = mark.partition("_")
    return int(place) if best == BEST and place.isdecimal() and int(place) < search.WINDOW else None


def _cut(page: list[Complaint], size: int, field: str) -> tuple[list[Complaint], str]:
    if len(page) <= size:
        return page, ""
    last = page[size - 1]
    return page[:size], mark_of(getattr(last, field), last.pk)


def mark_of(moment: datetime | None, pk: int) -> str:
    """The mark of the page that follows the row with this key and this deadline, or moment of receipt."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1) if moment else NEVER}_{pk}"


def _read(mark: str) -> tuple[datetime | None, int] | None:
    """The moment and key of a mark; None for what is none, so that a mangled address shows the first page."""
    moment, _dash, pk = mark.partition("_")
    if not pk.isdecimal() or len(pk) > 18:
        return None
    if moment == NEVER:
        return None, int(pk)
    if not moment.isdecimal() or len(moment) > 16:
        return None
    return EPOCH + timedelta(microseconds=int(moment)), int(pk)
