"""What happened, and what we promised."""

from complaints.models.attachment import Attachment, FileKind
from complaints.models.classification import (
    SAFETY,
    SEVERITY_LADDER,
    Category,
    Priority,
    RequestType,
    RootCause,
    RoutingRule,
    Severity,
    Subcategory,
)
from complaints.models.complaint import Channel, Complaint, Flag, Responsibility, Source
from complaints.models.feedback import AnsweredBy, Feedback
from complaints.models.history import Event
from complaints.models.letters import Letter, LetterText, Posting
from complaints.models.outgoing import Medium, MessageTemplate, Notice, NoticeState
from complaints.models.phrases import CannedText
from complaints.models.promises import Alarm, Calendar, Clock, ClockKind, LedgerEntry, Policy, PolicyLimit, Tier
from complaints.models.service_issue import IssueFollower, IssueKind, IssueUpdate, ServiceIssue
from complaints.models.settings import DeskSettings
from complaints.models.steering import AlarmLevel, LadderStep, Listener, PauseReason, Retargeting, Storm
from complaints.models.unsent import UnsentMove

__all__ = [
    "SAFETY",
    "SEVERITY_LADDER",
    "Alarm",
    "AlarmLevel",
    "AnsweredBy",
    "Attachment",
    "Calendar",
    "CannedText",
    "Category",
    "Channel",
    "Clock",
    "ClockKind",
    "Complaint",
    "DeskSettings",
    "Event",
    "Feedback",
    "FileKind",
    "Flag",
    "IssueFollower",
    "IssueKind",
    "IssueUpdate",
    "LadderStep",
    "LedgerEntry",
    "Letter",
    "LetterText",
    "Listener",
    "Medium",
    "MessageTemplate",
    "Notice",
    "NoticeState",
    "PauseReason",
    "Policy",
    "PolicyLimit",
    "Posting",
    "Priority",
    "RequestType",
    "Responsibility",
    "Retargeting",
    "RootCause",
    "RoutingRule",
    "ServiceIssue",
    "Severity",
    "Source",
    "Storm",
    "Subcategory",
    "Tier",
    "UnsentMove",
]
