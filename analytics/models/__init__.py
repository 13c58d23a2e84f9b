"""Facts, figures per day, the record of counting and checking them, what stands out in them, and what leaves the house."""

from analytics.models.exports import Export, ExportFormat, Subject
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
from analytics.models.jobs import Job, JobState
from analytics.models.packs import Freezing, FrozenPack, Pack
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
from analytics.models.subscriptions import Posting, Rhythm, Span, Subscription

__all__ = [
    "AssetCount",
    "Change",
    "Check",
    "ClockFact",
    "ComplaintFact",
    "ComplaintTerms",
    "CustomerCount",
    "DayRollup",
    "Export",
    "ExportFormat",
    "FeedbackFact",
    "Freezing",
    "FrozenPack",
    "Generation",
    "GenerationState",
    "Job",
    "JobState",
    "OpenDay",
    "OpenSpan",
    "Pack",
    "Per",
    "Posting",
    "Result",
    "Rhythm",
    "Signal",
    "SignalKind",
    "SignalLook",
    "SignalRule",
    "SignalState",
    "Span",
    "Subject",
    "Subscription",
    "TermChange",
    "TermDay",
    "TransitionFact",
    "WorkingDay",
]
