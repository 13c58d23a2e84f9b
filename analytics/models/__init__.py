"""Facts, figures per day, and the record of counting and checking them."""

from analytics.models.exposure import CustomerCount
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
from analytics.models.rollups import Change, Check, DayRollup, Generation, GenerationState

__all__ = [
    "Change",
    "Check",
    "ClockFact",
    "ComplaintFact",
    "CustomerCount",
    "DayRollup",
    "FeedbackFact",
    "Generation",
    "GenerationState",
    "OpenDay",
    "OpenSpan",
    "Result",
    "TransitionFact",
    "WorkingDay",
]
