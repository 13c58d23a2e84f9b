"""One turn of a worker's crank: its moment, by the database's clock, what is read once for all rows, and rows that fail."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from complaints import database_clock

T = TypeVar("T")
logger = logging.getLogger(__name__)


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


_known: ContextVar[Mapping[Hashable, Any]] = ContextVar("known", default=MappingProxyType({}))


@contextmanager
def knowing(what: Mapping[Hashable, Any]) -> Iterator[None]:
    """In here `once` gives what is known and does not read it, in a turn and outside of one."""
    token = _known.set(what)
    try:
        yield
    finally:
        _known.reset(token)


def known(what: Hashable) -> Any:
    """What is known in here, else None."""
    return _known.get().get(what)


def once(what: Hashable, read: Callable[[], T]) -> T:
    """What `read` gives, read once in a turn; outside of turns each time; what is known here is not read at all."""
    if (already := known(what)) is not None:
        given: T = already
        return given
    current = _current.get()
    if current is None:
        return read()
    if what not in current.read:
        current.read[what] = read()
    found: T = current.read[what]
    return found


class Sweep:
    """Goes through rows one by one, or together. A row that fails holds up no other, and at the end of the `with` it is told.

    Raises an ExceptionGroup of what failed, so that a task with a poisoned row is seen to fail, turn after turn, until
    somebody mends it. A database that is gone fails every row alike and ends the sweep at once.
    """

    def __init__(self) -> None:
        self._failed: list[Exception] = []

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._failed and error is None:
            raise ExceptionGroup("Some rows failed; all others were done.", self._failed)

    def through(self, rows: Iterable[T], act: Callable[[T], int]) -> int:
        """The sum of what `act` gives for each row."""
        return sum(self._act(row, act) for row in rows)

    def together(
        self,
        rows: Sequence[T],
        act_on_all: Callable[[Sequence[T]], tuple[int, Sequence[T]]],
        act: Callable[[T], int],
    ) -> int:
        """The sum of what `act_on_all` gives, and of what `act` gives for each row that it leaves over.

        `act_on_all` does all or nothing. Where one row makes it fail, each is taken by itself: the others are done.
        """
        done = _tried(lambda: act_on_all(rows))
        if isinstance(done, Exception):
            logger.warning("Not done together, so one by one: %d rows", len(rows), exc_info=done)
            return self.through(rows, act)
        rung, left = done
        return rung + self.through(left, act)

    def _act(self, row: T, act: Callable[[T], int]) -> int:
        done = _tried(lambda: act(row))
        if isinstance(done, Exception):
            logger.error("Left for the next turn: %r", row, exc_info=done)
            self._failed.append(done)
            return 0
        return done


def _tried(act: Callable[[], T]) -> T | Exception:
    """What `act` gives, or why it failed; a database that is gone is no matter of one row and is raised."""
    try:
        return act()
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        return error
