"""How often one address may send: a brake for machines, never a wall for people, least of all when the cache is away."""

from __future__ import annotations

import functools
import logging
from typing import Never

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import gettext as _
from redis import Redis
from redis.exceptions import RedisError

from complaints.models import DeskSettings
from complaints.refusals import Refusal

PER_HOUR = 30
"""Complaints from one address that are registered at once; a village may share one."""
FLOOD = 100
"""From here on nobody is assumed to be a person."""
MOST = 1000
"""From here on nothing is taken, lest the disk fills."""
HOUR = 3600
PATIENCE = 2
"""Seconds; a cache that does not answer counts nobody and holds nobody up."""

logger = logging.getLogger(__name__)


class TooMany(Refusal):
    """This address has sent so much that it must wait."""

    code = "too_many"
    status = 429
    retry_after = HOUR


def count(who: str) -> int:
    """How many times `who` has sent within an hour, this time included; 0 when the cache is missing: everybody gets through."""
    try:
        # both at once: the hour begins with the first, and each is counted
        with _redis(settings.CACHES["default"]["LOCATION"]).pipeline() as asked:
            asked.set(cache.make_key(f"sent-from:{who}"), 0, ex=HOUR, nx=True)
            asked.incr(cache.make_key(f"sent-from:{who}"))
            return int(asked.execute()[1])
    except RedisError as error:
        logger.warning("cannot count what is sent: %s", error)
        return 0


@functools.cache
def _redis(address: str) -> Redis:
    """The one of Django's cache, which would ask three times for what one question answers."""
    return Redis.from_url(address, socket_connect_timeout=PATIENCE, socket_timeout=PATIENCE)


def check(who: str, *, most: int) -> None:
    """Count this sending. Raises TooMany above the limit."""
    if count(who) > most:
        refuse()


def refuse() -> Never:
    hotline = DeskSettings.current().hotline
    raise TooMany(
        _("Very many complaints came from your connection. Try again in an hour, or call %(hotline)s.")
        % {"hotline": hotline}
    )
