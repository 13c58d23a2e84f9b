"""Facts, figures per day, the record of counting and checking them, and what stands out in them."""

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
from analytics.models.signals import (
    ComplaintTerms,
    Per,
    Signal,
    SignalKind,
    SignalLook,
    SignalRule,
    SignalState,
    TermChange,
    TermDay,
)

__all__ = [
    "Change",
    "Check",
    "ClockFact",
    "ComplaintFact",
    "ComplaintTerms",
    "CustomerCount",
    "DayRollup",
    "FeedbackFact",
    "Generation",
    "GenerationState",
    "OpenDay",
    "OpenSpan",
    "Per",
    "Result",
    "Signal",
    "SignalKind",
    "SignalLook",
    "SignalRule",
    "SignalState",
    "TermChange",
    "TermDay",
    "TransitionFact",
    "WorkingDay",
]
