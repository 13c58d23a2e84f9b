"""Writing down who reads about whom: one statement, and none of a kind twice in five minutes."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from customers.models import Reading
from staff.models import User

WINDOW = 300
_FIELDS = "at, window, user_id, kind, customer_id, complaint, subject, query, address, request_id, reason"
STATEMENT = f"""INSERT INTO customers_reading ({_FIELDS.replace("window", '"window"')})
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"""


def note(
    request: HttpRequest,
    kind: Reading.Kind,
    *,
    subject: str = "",
    customer: int | None = None,
    complaint: int | None = None,
    query: str = "",
    reason: str = "",
) -> None:
    """That whoever signed in has read this. Nothing is written for those who are no staff of ours."""
    user = request.user
    if not isinstance(user, User):
        return
    at = timezone.now()
    request_id = request.headers.get("X-Request-Id", "")[:64]
    window = int(at.timestamp()) // WINDOW
    row: list[Any] = [
        at,
        window,
        user.pk,
        kind,
        customer,
        complaint,
        subject[:80],
        query[:200],
        address_of(request),
        request_id,
        reason,
    ]
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, row)


def revealed(request: HttpRequest, reason: str, **about: Any) -> None:
    """That hidden data was shown, and why; whoever gives no reason wants to reach the person."""
    why = reason if reason in Reading.Reason.values else Reading.Reason.REACH
    note(request, Reading.Kind.REVEAL, reason=why, **about)


def lists_people(subject: str) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """For a view that shows several people: each page that somebody opened is written down, with what they asked for."""

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def noted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            answer = view(request, *args, **kwargs)
            if request.method == "GET" and answer.status_code == 200:
                of = " ".join([subject, *(str(value) for value in kwargs.values())])
                asked = " ".join(f"{name}={value}" for name, value in request.GET.items() if value)
                note(request, Reading.Kind.LIST, subject=of, query=asked)
            return answer

        return noted

    return decorate


def address_of(request: HttpRequest) -> str | None:
    """The address that the request came from, as the nearest proxy of ours says it."""
    said = str(request.META.get("REMOTE_ADDR", ""))
    if settings.SECURE_PROXY_SSL_HEADER:
        said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or said
    try:
        return str(ipaddress.ip_address(said))
    except ValueError:
        return None
