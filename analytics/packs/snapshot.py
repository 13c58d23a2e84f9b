"""One moment for many readings: while a pack is read, the figures go on being counted, and none of its numbers sees that."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_moment() -> Iterator[None]:
    """A transaction of its own in which all is read as it stood at the first reading, and nothing can be written.

    Inside of another transaction it is that one's view: a transaction that has begun to read cannot change its mind.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
