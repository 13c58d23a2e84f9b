"""How programs come in: their token, what it is for, and how often they and their address may ask."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from staff import tokens
from staff.entry_models import ApiToken
from staff.http import address_of
from staff.models import User

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it reads the settings that name this module

logger = logging.getLogger(__name__)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token rd_…`; `Bearer` is understood as well."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        parts = get_authorization_header(request).split()
        if not parts or parts[0].lower() not in (b"token", b"bearer"):
            return None
        key = parts[1].decode("latin-1") if len(parts) == 2 else ""
        token = tokens.find(key, timezone.now())
        if token is None:
            raise AuthenticationFailed(_("That token is unknown, has expired or was revoked."))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return "Token"


class HasScope(BasePermission):
    """A token may be used for what it was made for; `area` of the view is the first word of the scope."""

    message = _("This token was not made for that.")
    code = "scope_missing"

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(request.auth, ApiToken):
            return True
        area = getattr(view, "area", "complaints")
        return f"{area}:{'read' if request.method in SAFE_METHODS else 'write'}" in request.auth.scopes


class _Open(SimpleRateThrottle):
    """Counts in the cache; without a cache everybody gets through, as on the portal."""

    def allow_request(self, request: Request, view: APIView) -> bool:
        try:
            return bool(super().allow_request(request, view))
        except RedisError as error:
            logger.warning("cannot count requests: %s", error)
            return True


class OfToken(_Open):
    """How often one token, or one signed-in person, may ask."""

    scope = "token"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        if isinstance(request.auth, ApiToken):
            return f"asked-by-token:{request.auth.pk}"
        return f"asked-by-user:{request.user.pk}" if request.user.is_authenticated else None


class OfAddress(_Open):
    """How often one address may ask, whatever it shows."""

    scope = "address"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return f"asked-from:{address_of(request)}"
