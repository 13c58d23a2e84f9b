"""Facts, figures per day, the record of counting and checking them, and packs of what was handed over."""

from analytics.models.facts import (
    ClockFact,
    ComplaintFact,
    FeedbackFact,
    OpenDay,
    OpenSpan,
    Result,
    TransitionFact,
    WorkingDay,
)
from analytics.models.packs import FrozenPack, Pack
from analytics.models.rollups import Change, Check, DayRollup, Generation, GenerationState

__all__ = [
    "Change",
    "Check",
    "ClockFact",
    "ComplaintFact",
    "DayRollup",
    "FeedbackFact",
    "FrozenPack",
    "Generation",
    "GenerationState",
    "OpenDay",
    "OpenSpan",
    "Pack",
    "Result",
    "TransitionFact",
    "WorkingDay",
]
