"""Facts, figures per day, the record of counting and checking them, what stands out in them, and packs that were handed over."""

from analytics.models.exposure import AssetCount, CustomerCount
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
    "AssetCount",
    "Change",
    "Check",
    "ClockFact",
    "ComplaintFact",
    "ComplaintTerms",
    "CustomerCount",
    "DayRollup",
    "FeedbackFact",
    "FrozenPack",
    "Generation",
    "GenerationState",
    "OpenDay",
    "OpenSpan",
    "Pack",
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
