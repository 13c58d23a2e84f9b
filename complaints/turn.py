"""One turn of a worker's crank: its moment, by the database's clock, and what is the same for every row and read once."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.utils import timezone

from complaints import database_clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Turn:
    now: datetime
    read: dict[Hashable, Any] = field(default_factory=dict)


_current: ContextVar[_Turn | None] = ContextVar("turn", default=None)


@contextmanager
def begun() -> Iterator[datetime]:
    """A turn over one batch of rows, so what it remembers is some seconds old at most; gives its moment."""
    current = _Turn(database_clock.now())
    token = _current.set(current)
    try:
        yield current.now
    finally:
        _current.reset(token)


def now() -> datetime:
    """The turn's moment; outside of turns the moment on this machine."""
    current = _current.get()
    return current.now if current else timezone.now()


def once(what: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives, read once in a turn; outside of turns each time."""
    current = _current.get()
    if current is None:
        return read()
    if what not in current.read:
        current.read[what] = read()
    found: T = current.read[what]
    return found
