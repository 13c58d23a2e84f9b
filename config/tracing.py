"""What one request or task is known by in every log line: its id, and whose and about what it was, never a name or a word.

The address itself is not logged: tokens of customers stand in paths, and what people search for stands after `?q=`.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from celery.signals import before_task_publish, task_postrun, task_prerun
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from config import counting

HEADER = "X-Request-ID"
FROM_OUTSIDE = re.compile(r"[A-Za-z0-9._-]{8,64}")
"""What a proxy's id may look like; anything else could forge a log line, and gets an id of ours instead."""
QUIET = {"healthz", "readyz", "metrics"}
"""Asked every few seconds by machines: counted, not logged."""

access = logging.getLogger("redress.access")
_known: ContextVar[dict[str, Any] | None] = ContextVar("known", default=None)


def known() -> dict[str, Any]:
    """What is known of the request or task this thread is at."""
    return _known.get() or {}


class RequestMiddleware:
    """Gives each request an id, answers with it, and writes and counts one line when it is over.

    Only the files of pages are answered before it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        identity = given if FROM_OUTSIDE.fullmatch(given) else uuid.uuid4().hex
        mark, began = _known.set({"request_id": identity}), time.monotonic()
        try:
            response = self.get_response(request)
            _note(request, response, time.monotonic() - began)
        finally:
            _known.reset(mark)
        response[HEADER] = identity
        return response

    def process_view(self, request: HttpRequest, view: object, args: list[Any], kwargs: dict[str, Any]) -> None:
        if "reference" in kwargs:
            known()["complaint"] = str(kwargs["reference"])[:20]


def view_of(request: HttpRequest) -> str:
    """The name of the view that answered; a handful of words whatever addresses people try."""
    match = request.resolver_match
    return (match.view_name or "unnamed") if match else "none"


def _note(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    view = view_of(request)
    counting.note_request(view, response.status_code, seconds)
    if view in QUIET:
        return
    said = {"view": view, "method": request.method, "status": response.status_code, "ms": round(seconds * 1000)}
    user = _user_id(request)
    access.info("request", extra=said | ({"user": user} if user is not None else {}))


def _user_id(request: HttpRequest) -> int | None:
    """Whoever was asked for while the request was answered; nobody is looked up for the log's sake."""
    user = vars(request).get("user")
    if isinstance(user, SimpleLazyObject):
        user = vars(request).get("_cached_user")
    return getattr(user, "pk", None)


# --- Tasks ----------------------------------------------------------------------------------------------------------
@before_task_publish.connect
def pass_on(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """A task that a request asks for carries the id of the request."""
    if headers is not None and "request_id" in known():
        headers["request_id"] = known()["request_id"]


@task_prerun.connect
def take_over(task_id: str = "", task: Any = None, **kwargs: Any) -> None:
    given = getattr(task.request, "request_id", None) or (task.request.headers or {}).get("request_id")
    _known.set({"task_id": task_id, "task": task.name} | ({"request_id": given} if given else {}))


@task_postrun.connect
def let_go(**kwargs: Any) -> None:
    _known.set(None)
