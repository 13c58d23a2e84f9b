"""What happened, and what we promised."""

from complaints.models.announcement import SEGMENTS, Announcement, AnnouncementKind, Saying, SayingKind
from complaints.models.attachment import Attachment, FileKind
from complaints.models.bulk import BulkLine, BulkRun, LineState
from complaints.models.classification import (
    SAFETY,
    SEVERITY_LADDER,
    Category,
    Priority,
    RequestType,
    RootCause,
    Severity,
    Subcategory,
)
from complaints.models.complaint import Channel, Complaint, Flag, Responsibility, Source
from complaints.models.feedback import AnsweredBy, Feedback
from complaints.models.findings_supply import OutageFinding, OutageKind, VoltageFinding, VoltageSeries, VoltageTest
from complaints.models.hand_over import HandOver, WorkGoes
from complaints.models.history import Event
from complaints.models.issue_work import ActionKind, IssueAct, IssueAction, IssueJob, IssueProposal, JobState, Left
from complaints.models.letters import Letter, LetterText, Posting
from complaints.models.outgoing import Medium, MessageTemplate, Notice, NoticeState, TextVersion
from complaints.models.phrases import CannedText
from complaints.models.promises import Alarm, Calendar, Clock, ClockKind, LedgerEntry, Policy, PolicyLimit, Tier
from complaints.models.receipts import Arrival, Receipt
from complaints.models.routes import RouteChange, RoutingChange, RoutingRule
from complaints.models.safety import EquipmentOwner, HazardGrade, SafetyFinding
from complaints.models.search import ComplaintWords
from complaints.models.service_issue import IssueFollower, IssueKind, IssueUpdate, ServiceIssue
from complaints.models.settings import DeskSettings
from complaints.models.steering import AlarmLevel, LadderStep, Listener, PauseReason, Retargeting, Storm
from complaints.models.unsent import UnsentMove
from complaints.models.views import DeskHabit, Digest, SavedView, Sharing, ViewWatch
from complaints.models.webhook import Webhook

__all__ = [
    "SAFETY",
    "SEGMENTS",
    "SEVERITY_LADDER",
    "ActionKind",
    "Alarm",
    "AlarmLevel",
    "Announcement",
    "AnnouncementKind",
    "AnsweredBy",
    "Arrival",
    "Attachment",
    "BulkLine",
    "BulkRun",
    "Calendar",
    "CannedText",
    "Category",
    "Channel",
    "Clock",
    "ClockKind",
    "Complaint",
    "ComplaintWords",
    "DeskHabit",
    "DeskSettings",
    "Digest",
    "EquipmentOwner",
    "Event",
    "Feedback",
    "FileKind",
    "Flag",
    "HandOver",
    "HazardGrade",
    "IssueAct",
    "IssueAction",
    "IssueFollower",
    "IssueJob",
    "IssueKind",
    "IssueProposal",
    "IssueUpdate",
    "JobState",
    "LadderStep",
    "LedgerEntry",
    "Left",
    "Letter",
    "LetterText",
    "LineState",
    "Listener",
    "Medium",
    "MessageTemplate",
    "Notice",
    "NoticeState",
    "OutageFinding",
    "OutageKind",
    "PauseReason",
    "Policy",
    "PolicyLimit",
    "Posting",
    "Priority",
    "Receipt",
    "RequestType",
    "Responsibility",
    "Retargeting",
    "RootCause",
    "RouteChange",
    "RoutingChange",
    "RoutingRule",
    "SafetyFinding",
    "SavedView",
    "Saying",
    "SayingKind",
    "ServiceIssue",
    "Severity",
    "Sharing",
    "Source",
    "Storm",
    "Subcategory",
    "TextVersion",
    "Tier",
    "UnsentMove",
    "ViewWatch",
    "VoltageFinding",
    "VoltageSeries",
    "VoltageTest",
    "Webhook",
    "WorkGoes",
]
