"""Who has a complaint open at this moment, and who writes on it: in the cache only, and nothing depends on it."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from django.core.cache import cache
from redis.exceptions import RedisError

from complaints.states import MOVES
from staff.models import User

STAYS = 40
"""Seconds after which somebody who was not heard of has gone; pages tell every 15 s."""
MOST = 20
"""People who are remembered on one complaint."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Somebody:
    name: str
    writing: str
    """What they are about to do, in words of the language in use; empty when they only look."""


def tell(complaint: int, user: User, writing: str) -> list[Somebody]:
    """This person is here (`writing` is the move whose form is open); who else is, those who write first.

    Two people who tell at the same moment may overwrite each other's line once; 15 s later it is there again.
    Without a cache nobody else is here.
    """
    key, now = f"here:{complaint}", time.time()
    try:
        known: dict[int, tuple[str, str, float]] = cache.get(key) or {}
        people = {pk: said for pk, said in known.items() if now - said[2] < STAYS and pk != user.pk}
        newest = sorted(people.items(), key=lambda one: one[1][2])[-MOST:]
        cache.set(key, {**dict(newest), user.pk: (user.display_name, writing, now)}, timeout=STAYS)
    except (RedisError, OSError) as error:
        logger.warning("cannot say who else is here: %s", error)
        return []
    others = [Somebody(name, str(MOVES[move].label) if move in MOVES else "") for name, move, _at in people.values()]
    return sorted(others, key=lambda one: (not one.writing, one.name))
