"""Reports and exports may read from a replica (REDRESS_REPLICA_URL), as long as it is there and follows closely.

Nothing else does: whoever has just made a move must see it. What a report reads is seconds old anyhow.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse

REPLICA = "replica"
VIEWS = {"analytics:report", "analytics:report-list", "analytics:survey"}
"""Pages that only read, and read much."""
REMEMBERED = 5.0
"""Seconds for which the answer to "does it follow?" is taken as still true."""
LAG = """
SELECT CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp()) ELSE 0 END
"""
"""Somebody writes every few seconds while workers run (figures, heartbeats of queues), so silence is a lag too."""

logger = logging.getLogger(__name__)
_reading: ContextVar[bool] = ContextVar("reading", default=False)
_judged: dict[str, tuple[float, bool]] = {}


def follows(lag: float | None, most: float) -> bool:
    """Whether a replica that is `lag` seconds behind is good enough; one that has never followed is not."""
    return lag is not None and lag <= most


@contextmanager
def reading() -> Iterator[None]:
    """Queries in here go to the replica where there is one that follows; writes never do."""
    mark = _reading.set(_is_usable())
    try:
        yield
    finally:
        _reading.reset(mark)


class Router:
    def db_for_read(self, model: type, **hints: Any) -> str | None:
        return REPLICA if _reading.get() else None

    def db_for_write(self, model: type, **hints: Any) -> str:
        return "default"

    def allow_relation(self, one: Any, other: Any, **hints: Any) -> bool:
        return True

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db == REPLICA else None


class ReplicaMiddleware:
    """Opens `reading` around the views of VIEWS."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if REPLICA not in connections.settings or request.method != "GET" or not match or match.view_name not in VIEWS:
            return None
        with reading():
            return view(request, *args, **kwargs)


def _is_usable() -> bool:
    at, usable = _judged.get(REPLICA, (0.0, False))
    if not at or time.monotonic() - at > REMEMBERED:
        usable = _ask()
        _judged[REPLICA] = (time.monotonic(), usable)
    return usable


def _ask() -> bool:
    try:
        with connections[REPLICA].cursor() as cursor:
            cursor.execute(LAG)
            lag = cursor.fetchone()[0]
    except DatabaseError as error:
        logger.warning("the replica is away, reports read the primary: %s", error)
        connections[REPLICA].close()
        return False
    if not follows(lag, settings.REPLICA_LAG):
        logger.warning("the replica is %s s behind, reports read the primary", lag)
        return False
    return True
