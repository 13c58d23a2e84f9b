"""Gateways that do not answer: what waits for one waits in the rows, and no worker stands at its door.

Each call to a gateway that hangs takes its whole time limit. Were every notice tried, all workers would soon hang there,
and alarms would wait behind them. So one worker at a time asks, now and then, until it answers.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from django.core.cache import cache
from redis import RedisError

ASK_AGAIN = 30
"""Seconds between two calls to a gateway that is silent."""
REMEMBERED = 3600

logger = logging.getLogger(__name__)


def may_try(medium: str) -> bool:
    """Whether to call it now: always while it answers, and otherwise for one worker every ASK_AGAIN seconds."""
    with suppress(RedisError, OSError):
        return not cache.get(_silent(medium)) or cache.add(_asked(medium), True, timeout=ASK_AGAIN)
    return True


def note_silence(medium: str) -> None:
    """It gave no answer."""
    logger.warning("The gateway for %s does not answer; it is asked again in %s s.", medium, ASK_AGAIN)
    with suppress(RedisError, OSError):
        cache.set(_silent(medium), True, timeout=REMEMBERED)
        cache.set(_asked(medium), True, timeout=ASK_AGAIN)


def note_answer(medium: str) -> None:
    """It took something, so it is there. A cache that is away is no reason to send that once more."""
    with suppress(RedisError, OSError):
        if cache.get(_silent(medium)):
            logger.warning("The gateway for %s answers again.", medium)
            cache.delete_many([_silent(medium), _asked(medium)])


def _silent(medium: str) -> str:
    return f"gateway-{medium}-silent"


def _asked(medium: str) -> str:
    return f"gateway-{medium}-asked"
