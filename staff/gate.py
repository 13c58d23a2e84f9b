"""Who is signed in and must first choose a password or set up a second factor reaches nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from staff.sessions import ASKED_BY_THE_PAGE

FACTOR_FROM = "factor_from"
"""In the session of somebody without a second factor: the day from which they need one."""
ALWAYS = frozenset({"staff:sign-out", "set_language", "healthz", "readyz", "metrics"})
TO_CHOOSE = frozenset({"staff:password"})
TO_SET_UP = frozenset(
    {"staff:second-factor", "staff:second-factor-app", "staff:second-factor-passkey", "staff:recovery-codes"}
)


def lacks_factor(request: HttpRequest) -> bool:
    """Whether they need a second factor today and have none; read from the session, so it costs no page a query."""
    day = request.session.get(FACTOR_FROM)
    return day is not None and date.fromisoformat(day) <= timezone.localdate()


class GateMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in ALWAYS or not request.session.get("_auth_user_id"):
            return None
        if request.user.is_authenticated and request.user.must_change_password:
            return None if name in TO_CHOOSE else _led_to(request, "staff:password", name)
        if request.user.is_authenticated and lacks_factor(request):
            return None if name in TO_SET_UP else _led_to(request, "staff:second-factor", name)
        return None


def _led_to(request: HttpRequest, name: str, asked: str) -> HttpResponse:
    if request.path.startswith("/api/"):
        words = _("First finish setting up your account on the desk.")
        return JsonResponse({"code": "account_not_ready", "message": words}, status=403)
    if asked in ASKED_BY_THE_PAGE:
        return HttpResponse(status=204)
    if getattr(request, "htmx", False):
        return HttpResponse(status=204, headers={"HX-Redirect": reverse(name)})
    return redirect(name)
