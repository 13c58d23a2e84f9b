"""Answers to requests that ask for it say what they cost inside: statements, time in them, processor time in Python.

Any other request passes untouched, so that what is timed is not slowed by being counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, HttpResponse

ASKS = "X-Bench"


class Counting:
    """Told of each statement that a connection carries out."""

    def __init__(self) -> None:
        self.statements, self.seconds = 0, 0.0

    def __call__(self, execute: Callable[..., Any], *given: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(*given)
        finally:
            self.statements += 1
            self.seconds += time.perf_counter() - began


class CountingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if ASKS not in request.headers:
            return self.get_response(request)
        counting, worked = Counting(), time.thread_time()
        with connection.execute_wrapper(counting):
            response = self.get_response(request)
        response["X-Bench-Queries"] = str(counting.statements)
        response["X-Bench-Database"] = f"{counting.seconds * 1000:.2f}"
        response["X-Bench-Processor"] = f"{(time.thread_time() - worked) * 1000:.2f}"
        return response
