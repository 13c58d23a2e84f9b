"""What the desk goes by, read once and kept by each process until somebody changes any of it.

Policies, calendars, routes, teams, texts, webhooks and settings are a dozen statements and hundreds of rows for each complaint,
and change a few times a month. The database makes a new edition in the transaction of each change, so whoever sees the change
sees the new edition, in every process alike; to ask for it costs one small statement, or none beside another. Read only: the
rows are shared by all threads of the process.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.db import connection

from complaints.clocks.promised import InForce, newest_calendars
from complaints.models import Category, DeskSettings, MessageTemplate, Subcategory, Webhook
from complaints.routing import Routes
from staff.models import Branch


@dataclass(frozen=True, slots=True)
class Rulebook:
    """One edition. `known` is what `turn.once` would read, by the same names."""

    categories: Mapping[str, Category]
    subcategories: Mapping[str, Subcategory]
    branches: Mapping[int, Branch]
    routes: Routes
    known: Mapping[Hashable, Any]

    @property
    def root(self) -> Branch:
        """The branch above all others."""
        return next(branch for branch in self.branches.values() if branch.parent_id is None)

    def offered(self, category: Category) -> list[Subcategory]:
        """The category's kinds in use, in their order."""
        return [kind for kind in self.subcategories.values() if kind.category_id == category.pk]


NEXT_KEY = "nextval(pg_get_serial_sequence('complaints_complaint', 'id'))"
NEXT_NUMBER = "nextval('complaint_reference')"
EDITION = "(SELECT edition::text FROM complaints_rulebookedition WHERE id = 1)"

_kept: tuple[str, Rulebook] | None = None
"""The newest edition that this process has seen; another takes its place as a whole."""

_open: ContextVar[Rulebook | None] = ContextVar("open rulebook", default=None)


def edition() -> str | None:
    """Which edition is in force, as this transaction sees it; None where the row is missing, and then nothing is kept."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {EDITION}")
        found: str | None = cursor.fetchone()[0]
    return found


@contextmanager
def opened(book: Rulebook | None = None) -> Iterator[Rulebook]:
    """In here `current` gives this book, or the edition in force at the beginning, and does not ask again."""
    book = book or current()
    token = _open.set(book)
    try:
        yield book
    finally:
        _open.reset(token)


def current() -> Rulebook:
    """The edition in force. One statement, as long as nothing was changed."""
    return _open.get() or of(edition())


def of(wanted: str | None) -> Rulebook:
    """This edition, which was read just now in the same transaction, or a newer one."""
    global _kept
    kept = _kept
    if kept is not None and kept[0] == wanted:
        return kept[1]
    found = _read()
    # what changed while it was read belongs to no edition as a whole
    if wanted is not None and edition() == wanted:
        _kept = (wanted, found)
    return found


def key_number_and_edition() -> tuple[int, int, str | None]:
    """Of the next complaint the key and the number, by the database's own sequences, which never give one twice and wait for
    no other transaction; and `edition`."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {NEXT_KEY}, {NEXT_NUMBER}, {EDITION}")
        key, number, found = cursor.fetchone()
    return int(key), int(number), found


def _read() -> Rulebook:
    categories = {one.code: one for one in Category.objects.filter(is_active=True)}
    by_key = {one.pk: one for one in categories.values()}
    subcategories = {one.code: one for one in Subcategory.objects.filter(is_active=True, category__in=by_key)}
    for one in subcategories.values():
        one.category = by_key[one.category_id]
    routes = Routes()
    routes.nearest("", "")  # read now, not when the first complaint asks
    texts: dict[str, list[MessageTemplate]] = {}
    for text in MessageTemplate.objects.all():
        texts.setdefault(text.code, []).append(text)
    calendars = newest_calendars()
    return Rulebook(
        categories=categories,
        subcategories=subcategories,
        branches={one.pk: one for one in Branch.objects.all()},
        routes=routes,
        known={
            "calendars": calendars,
            "promises in force": InForce(calendars=calendars),
            "desk": DeskSettings.current(),
            "webhooks": list(Webhook.objects.filter(is_active=True).select_related("branch")),
            **{("texts", code): found for code, found in texts.items()},
        },
    )
