"""The orders in which a queue can be read, each page by page from a mark: the last page costs what the first one costs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from django.db.models import F, Q
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from complaints import paging
from complaints.models import Complaint
from complaints.models.complaint import ComplaintQuerySet

SORTS: dict[str, LazyText | str] = {
    "due": _("Due next"),
    "newest": _("Newest"),
    "oldest": _("Oldest"),
    "urged": _("Most urged"),
    "priority": _("Priority"),
}
Page = tuple[list[Complaint], str]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def page(rows: ComplaintQuerySet, sort: str, after: str, size: int) -> Page:
    """One page in this order, and the mark of the one that follows ("" when there is none)."""
    return ORDERS[sort](rows, after, size)


def _oldest(rows: ComplaintQuerySet, after: str, size: int) -> Page:
    return _by("received_at", rows, after, size)


def _urged(rows: ComplaintQuerySet, after: str, size: int) -> Page:
    return _by("urged_count", rows, after, size, downwards=True)


def _priority(rows: ComplaintQuerySet, after: str, size: int) -> Page:
    return _by("priority", rows, after, size)


def _by(field: str, rows: ComplaintQuerySet, after: str, size: int, *, downwards: bool = False) -> Page:
    """By one field that is never empty, and the earlier first within it."""
    order = F(field).desc() if downwards else F(field).asc()
    rows = rows.order_by(order, "pk")
    mark = _read(after)
    if mark is not None:
        number, pk = mark
        value = EPOCH + number * MICROSECOND if field == "received_at" else number
        beyond = f"{field}__lt" if downwards else f"{field}__gt"
        # the plain bound is what an index is entered by
        bound = f"{beyond}e"
        rows = rows.filter(Q(**{beyond: value}) | Q(**{field: value}, pk__gt=pk), **{bound: value})
    found = list(rows[: size + 1])
    if len(found) <= size:
        return found, ""
    last = getattr(found[size - 1], field)
    number = (last - EPOCH) // MICROSECOND if isinstance(last, datetime) else last
    return found[:size], f"{number}_{found[size - 1].pk}"


def _read(mark: str) -> tuple[int, int] | None:
    """None for what is no mark, so that a mangled address shows the first page."""
    number, _dash, pk = mark.partition("_")
    if not (number.isdecimal() and pk.isdecimal()) or len(number) > 16 or len(pk) > 18:
        return None
    return int(number), int(pk)


ORDERS: dict[str, Callable[[ComplaintQuerySet, str, int], Page]] = {
    "due": paging.by_due,
    "newest": paging.by_receipt,
    "oldest": _oldest,
    "urged": _urged,
    "priority": _priority,
}
