"""How long somebody stays signed in, what shows that they are still there, and ending their sessions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from staff.entry_models import DeskSession
from staff.http import known_address
from staff.models import User
from staff.session_store import ADDRESS, SEEN

ASKED_BY_THE_PAGE = frozenset(
    {"complaints:here", "complaints:for-me-unread", "complaints:queue-news", "channels_intake:calls"}
)
"""What an open page asks for by itself, for as long as it is open: it shows nothing about whether a person is there."""
NOTED_EVERY = 60
"""Seconds between two notes that somebody is there; each is a write."""


class IdleMiddleware:
    """Signs out whoever did nothing for too long, and notes now and then who is there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or SESSION_KEY not in request.session:
            return
        now = int(timezone.now().timestamp())
        idle = now - request.session.get(SEEN, now)
        if idle >= settings.SESSION_IDLE_SECONDS:
            logout(request)
        elif idle >= NOTED_EVERY and _is_by_a_person(request):
            request.session[SEEN] = now
            request.session[ADDRESS] = known_address(request)


def _is_by_a_person(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name not in ASKED_BY_THE_PAGE


def open_sessions(user: User, at: datetime) -> QuerySet[DeskSession]:
    """Where this person is signed in, the newest first."""
    awake = at - timedelta(seconds=settings.SESSION_IDLE_SECONDS)
    return user.desk_sessions.filter(expire_date__gt=at, seen_at__gt=awake).order_by("-seen_at")


def mark(row: DeskSession) -> str:
    """Names a session on a page; its key never stands there, for who has the key has the session."""
    return hashlib.sha256(row.session_key.encode()).hexdigest()[:16]


def marked(user: User, wanted: str) -> DeskSession | None:
    """The session of this person that is named so."""
    return next((row for row in user.desk_sessions.all() if mark(row) == wanted), None)


def end(user: User, *, but: str | None = None) -> int:
    """End all sessions of a person, or all `but` the one with this key; how many were open."""
    rows = user.desk_sessions.all()
    return rows.exclude(session_key=but).delete()[0] if but else rows.delete()[0]
