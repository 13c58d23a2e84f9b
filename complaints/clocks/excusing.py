"""Which clocks a storm excuses, and the ledger entries that say so and take it back.

One answer for every road: what opens during a storm, what ran when it was declared, and what it turned out not to cover.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import CharField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet

from complaints.clocks.ledger import Action, State
from complaints.clocks.running import enter
from complaints.models import Clock, ClockKind, Complaint, Event, Storm, Tier

EXCUSED = (ClockKind.ARRIVE, Tier.COMMITMENT)
"""What a storm excuses: the promised arrival on site. What the law asks for is asked for in a storm, too."""
NEEDS_NONE = Q(state=State.CANCELLED) | Q(state=State.MET, statistic="each")
"""A promise that was kept needs no excuse; of an average a storm takes the fast ones out as well as the slow."""


def is_needed(clock: Clock) -> bool:
    """Whether a clock of this kind, in this state, has anything to be excused for."""
    is_kept = clock.state == State.MET and clock.statistic == "each"
    return (clock.kind, clock.tier) == EXCUSED and clock.state != State.CANCELLED and not is_kept


def is_covered(clock: Clock, complaint: Complaint) -> bool:
    """Whether it began in a storm of the complaint's branch or of one above."""
    return Storm.objects.over(complaint.branch).at(clock.started_at).exists()


def excusable() -> QuerySet[Clock]:
    """Promised arrivals, each with `is_covered`: whether a storm raged where and when they began."""
    storms = (
        Storm.objects.at(OuterRef("started_at"))  # type: ignore[arg-type]
        .annotate(place=ExpressionWrapper(OuterRef("complaint__branch__path"), CharField()))
        .filter(place__startswith=F("branch__path"))
    )
    kind, tier = EXCUSED
    return Clock.objects.filter(kind=kind, tier=tier).annotate(is_covered=Exists(storms))


def to_excuse(clocks: QuerySet[Clock]) -> QuerySet[Clock]:
    """Of these, those that should be excused and are not."""
    return clocks.filter(Q(("is_covered", True)), is_excused=False).exclude(NEEDS_NONE)


def to_press(clocks: QuerySet[Clock]) -> QuerySet[Clock]:
    """Of these, those that are excused and should not be."""
    return clocks.filter(Q(("is_covered", False)), is_excused=True)


def on_excuse(complaint: Complaint, event: Event, details: Mapping[str, Any]) -> None:
    """Excuse what began in the storm, or with `withdrawn` take back what did not; due moments and states stay as they are.

    A promise to the customer counts as broken from the first that was broken without an excuse.
    """
    mine = excusable().filter(complaint=complaint).select_related("calendar")
    found, action = (to_press(mine), Action.PRESS) if details.get("withdrawn") else (to_excuse(mine), Action.EXCUSE)
    for clock in found:
        clock.complaint = complaint
        enter(clock, action, event.at, event, reason=str(details["storm"])[:200])
    promised = complaint.clocks.exclude(kind=ClockKind.REQUEST)
    broken = promised.filter(breached_at__isnull=False, is_excused=False).order_by("breached_at")
    complaint.breached_at = broken.values_list("breached_at", flat=True).first()
