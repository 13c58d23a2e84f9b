"""One look for everything that stands out. Once an hour, by one worker; whoever comes second finds it done."""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction
from django.utils import timezone

from analytics.models import Generation, GenerationState, SignalLook
from analytics.signals import places, rates, rising, telling
from analytics.signals.keeping import keep, worst
from analytics.terms import counting
from complaints import database_clock

LOCK = 7_260_401
MOST_RATES, MOST_PLACES = 20, 20
"""So many of the strongest are kept of each look: with hundreds of series some are always unusual by chance."""


def hourly() -> SignalLook | None:
    """Look when nobody has in this hour; None when somebody had, or there are no figures yet."""
    now = database_clock.now()
    hour = timezone.localtime(now).replace(minute=0, second=0, microsecond=0)
    return None if SignalLook.objects.filter(at__gte=hour).exists() else look(now, unless_since=hour)


def look(now: datetime, *, unless_since: datetime | None = None) -> SignalLook | None:
    """Count the words that are new, then find and keep. All of it again changes nothing."""
    counting.count(now)
    today = timezone.localdate(now)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if unless_since is not None and SignalLook.objects.filter(at__gte=unless_since).exists():
            return None
        if not Generation.objects.filter(state=GenerationState.CURRENT).exists():
            return None
        unusual, risen = rates.find(today), rising.find(today)
        found = [*worst(unusual.found, MOST_RATES), *risen.found, *worst(places.find(today), MOST_PLACES)]
        new = keep(found, now)
        telling.tell(now)
        return SignalLook.objects.create(
            at=now,
            finished_at=database_clock.now(),
            charted=unusual.charted,
            too_few=unusual.too_few,
            terms=risen.tested,
            found=new,
        )
