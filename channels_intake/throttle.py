"""How often one address may send: a brake for machines, never a wall for people when the cache is away."""

from __future__ import annotations

import logging

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from complaints.models import DeskSettings
from complaints.refusals import Refusal

PER_HOUR = 30
"""Complaints from one address; a village may share one."""
HOUR = 3600

logger = logging.getLogger(__name__)


class TooMany(Refusal):
    """This address has sent so much that it must wait."""

    code = "too_many"
    status = 429


def check(request: HttpRequest, *, who: str = "", most: int | None = None) -> None:
    """Count this sending, of its address or of `who`. Raises TooMany above the limit; a missing cache lets everybody through."""
    key = f"sent-from:{who or address_of(request)}"
    try:
        cache.add(key, 0, timeout=HOUR)
        count = cache.incr(key)
    except (RedisError, ValueError) as error:
        logger.warning("cannot count what is sent: %s", error)
        return
    if count > (PER_HOUR if most is None else most):
        hotline = DeskSettings.current().hotline
        raise TooMany(
            _("Very many complaints came from your connection. Try again in an hour, or call %(hotline)s.")
            % {"hotline": hotline}
        )


def address_of(request: HttpRequest) -> str:
    """Who is calling; behind our own proxy the address that the proxy added last."""
    if settings.SECURE_PROXY_SSL_HEADER:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or request.META["REMOTE_ADDR"]
    return str(request.META["REMOTE_ADDR"])
