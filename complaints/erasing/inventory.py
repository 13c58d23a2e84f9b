"""Every column in which something about a person may stand, and what erasure does with it. Data only.

One entry for each table; a test goes through all models and fails for a text, JSON or file column that is neither here nor in
`NOT_PERSONAL`. Tables of other packages are named, not imported: erasure has to reach everywhere. docs/privacy.md is this table
for readers.
"""

from __future__ import annotations

from dataclasses import dataclass, field

GONE = "–"
"""What stands where words were: something must, where a table demands it, and a reader shall see that there was something."""

WORDS, BLANK, NUMBERED, EMPTY, FILE, NULL = "words", "blank", "numbered", "empty", "file", "null"
"""How a column is erased: a dash where words stood; nothing; a dash and the row's key, where values are unique; an empty list or
object; the file is deleted and its name with it; no value at all."""
DONE_BY_DATABASE = "written by the database from the others"


@dataclass(frozen=True, slots=True)
class Held:
    """One table: which of its rows are of the complaints or customers erased (SQL), and what becomes of its columns.

    A table with neither columns nor `is_deleted` is erased by its own code, which `note` names.
    """

    label: str
    of: str
    columns: dict[str, str] = field(default_factory=dict)
    is_deleted: bool = False
    note: str = ""


def each(how: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), how)


_MINE = "complaint_id = ANY(%(complaints)s)"
_ACCOUNT = "account_id IN (SELECT id FROM customers_account WHERE customer_id = ANY(%(customers)s))"
_FEEDBACK = f"feedback_id IN (SELECT id FROM complaints_feedback WHERE {_MINE})"
_INVITE = "invite_id IN (SELECT id FROM complaints_surveyinvite WHERE customer_id = ANY(%(customers)s))"
_CALL = f"call_back_id IN (SELECT id FROM complaints_callback WHERE {_FEEDBACK} OR {_INVITE})"
_NOTICE = (
    f"notice_id IN (SELECT id FROM complaints_notice WHERE {_MINE} OR customer_id = ANY(%(customers)s) OR {_INVITE})"
)
_LOOK = f"{_MINE} OR {_ACCOUNT}"
_INSPECTION = f"inspection_id IN (SELECT id FROM complaints_inspection WHERE {_LOOK})"
_ADDRESS = "lower(address) = ANY(%(addresses)s)"

OF_COMPLAINTS = [
    Held(
        "complaints.Event",
        _MINE,
        note="what was said leaves codes and numbers behind; its hash stays, so that the chain still holds",
    ),
    Held(
        "complaints.Complaint",
        "id = ANY(%(complaints)s)",
        {
            **each(
                BLANK,
                "contact_name contact_phone contact_email contact_address source_reference remedy_sought place referred_to",
            ),
            **each(WORDS, "story resolution"),
            **each(EMPTY, "channel_details answers"),
            **each(NUMBERED, "token"),
            **each(NULL, "customer_id account_id premise_id"),
        },
    ),
    Held("complaints.ComplaintWords", _MINE, each(DONE_BY_DATABASE, "text words")),
    Held("complaints.Attachment", _MINE, {**each(WORDS, "name"), "file": FILE, "sha256": NUMBERED}),
    Held("complaints.Letter", _MINE, each(WORDS, "to address")),
    Held(
        "complaints.Notice",
        f"{_MINE} OR customer_id = ANY(%(customers)s) OR {_INVITE}",
        {**each(NUMBERED, "address"), **each(WORDS, "subject body error")},
    ),
    Held("complaints.Receipt", _NOTICE, each(WORDS, "reason")),
    Held("complaints.Feedback", _MINE, {**each(WORDS, "comment"), **each(NUMBERED, "token")}),
    Held("complaints.FeedbackVersion", _FEEDBACK, each(WORDS, "comment")),
    Held("complaints.FollowUp", _MINE, each(WORDS, "note")),
    Held("complaints.CallBack", f"{_FEEDBACK} OR {_INVITE}", each(WORDS, "name phone")),
    Held("complaints.CallAttempt", _CALL, each(WORDS, "note")),
    Held("complaints.InternalRequest", _MINE, each(WORDS, "question answer")),
    Held(
        "complaints.BillingFinding",
        _MINE,
        each(WORDS, "disputed verified_by meter_reference no_adjustment_because"),
    ),
    Held("complaints.Adjustment", _MINE, each(WORDS, "pay_to reason decision")),
    Held(
        "complaints.ConductFinding",
        _MINE,
        each(
            WORDS,
            "about_told place call_reference said witnesses because apology_by apology_text no_coaching_because",
        ),
    ),
    Held("complaints.StaffPart", _MINE, each(WORDS, "statement action_on_staff")),
    Held("complaints.CoachingAction", _MINE, each(WORDS, "what result effect_note")),
    Held("complaints.VoltageTest", _MINE, each(WORDS, "point withdrawn_because")),
    Held("complaints.VoltageFinding", _MINE, each(WORDS, "temporary_measure permanent_measure appliances")),
    Held("complaints.OutageFinding", _MINE, each(WORDS, "notice_evidence")),
    Held(
        "complaints.SafetyFinding",
        _MINE,
        each(WORDS, "not_dangerous_because protection measure measure_by inspection_result"),
    ),
    Held("complaints.BulkLine", _MINE, {**each(WORDS, "reason"), "before": EMPTY}),
    Held("complaints.Inspection", _LOOK, {**each(WORDS, "place note cancelled_because"), "answers": EMPTY}),
    Held("complaints.InspectionEvent", _INSPECTION, each(WORDS, "note")),
    Held("complaints.InspectionFinding", _INSPECTION, {"what": WORDS, "photo": FILE}),
    Held("complaints.UnsentMove", _MINE, is_deleted=True, note="what somebody typed and did not send"),
    Held("channels_intake.InboundRecord", _MINE, {"payload": EMPTY, "external_id": NUMBERED}),
    Held(
        "channels_intake.InboundMail",
        f"{_MINE} OR {_ADDRESS}",
        {**each(NUMBERED, "message_id"), **each(WORDS, "address subject why"), "raw": BLANK},
    ),
    Held("channels_intake.MessengerThread", _MINE, is_deleted=True, note="the sender's id in the messenger"),
    Held("channels_intake.Visitor", _MINE, each(WORDS, "called_as about")),
    Held("channels_intake.BatchRow", _MINE, {"given": EMPTY, "reasons": EMPTY}),
]
"""In the order in which they are erased; the complaint itself is written by its move."""

OF_CUSTOMERS = [
    Held(
        "customers.Customer",
        "id = ANY(%(customers)s)",
        {
            **each(NUMBERED, "number"),
            **each(WORDS, "name"),
            **each(BLANK, "phone email address vulnerability"),
            "phone_digits": DONE_BY_DATABASE,
        },
    ),
    Held(
        "customers.Premise",
        """id IN (SELECT premise_id FROM customers_account WHERE customer_id = ANY(%(customers)s))
        AND id NOT IN (SELECT premise_id FROM customers_account WHERE NOT customer_id = ANY(%(customers)s))""",
        each(WORDS, "address"),
        note="unless somebody else is supplied there",
    ),
    Held("customers.Meter", _ACCOUNT, each(NUMBERED, "number")),
    Held("customers.Account", "customer_id = ANY(%(customers)s)", each(NUMBERED, "number")),
    Held("customers.SearchEntry", "customer_id = ANY(%(customers)s)", each(DONE_BY_DATABASE, "name text grams")),
    Held("customers.CustomerEvent", "customer_id = ANY(%(customers)s)", {"details": EMPTY}),
    Held(
        "customers.CustomerMerge",
        "survivor_id = ANY(%(customers)s) OR merged_id = ANY(%(customers)s)",
        each(WORDS, "reason"),
    ),
    Held(
        "customers.CustomerExport",
        "EXISTS (SELECT FROM unnest(%(names)s::text[]) said WHERE position(said IN query) > 0)",
        each(WORDS, "query"),
    ),
    Held(
        "analytics.Export",
        "EXISTS (SELECT FROM unnest(%(names)s::text[]) said WHERE position(said IN query::text || title) > 0)",
        {**each(EMPTY, "query"), **each(WORDS, "title")},
        note="prepared files are deleted 7 days after they were made",
    ),
    Held(
        "customers.Reading",
        "EXISTS (SELECT FROM unnest(%(names)s::text[]) said WHERE position(said IN query) > 0)",
        each(WORDS, "query"),
        note="who read about the person stays, with the key of the emptied record",
    ),
    Held(
        "customers.ImportRow",
        "customer_number = ANY(%(numbers)s)",
        is_deleted=True,
        note="rows of imports that were rejected",
    ),
    Held("complaints.SurveyInvite", "customer_id = ANY(%(customers)s)", {"comment": WORDS, "token": NUMBERED}),
    Held("complaints.SurveyAnswer", _INVITE, each(WORDS, "comment")),
    Held("complaints.InspectionPlan", _ACCOUNT, each(WORDS, "stopped_because")),
    Held(
        "complaints.IssueFollower",
        _ADDRESS,
        {**each(NUMBERED, "address token"), **each(WORDS, "note")},
        note="by telephone number and e-mail address",
    ),
    Held("channels_intake.IncomingCall", "caller_number = ANY(%(addresses)s)", each(WORDS, "caller_number")),
    Held(
        "channels_intake.UnsentForm",
        "EXISTS (SELECT FROM unnest(%(names)s::text[]) said WHERE length(said) >= 7 AND position(said IN content::text) > 0)",
        is_deleted=True,
        note="forms begun with the person's telephone number or e-mail address; photos put aside go with the sweep",
    ),
]

NOT_PERSONAL: dict[str, str] = {
    "codes and settings": (
        "staff.Branch staff.Team staff.Duty staff.Absence customers.Substation customers.Feeder customers.TransformerArea "
        "complaints.Category complaints.Subcategory complaints.RootCause complaints.Calendar complaints.Policy "
        "complaints.PolicyLimit complaints.Tariff complaints.QuestionSet complaints.Survey complaints.SurveyStratum "
        "complaints.CallQuota complaints.SampleDraw complaints.ConductRule complaints.ConductRuleChange complaints.HazardRule "
        "complaints.OutageRulesChange "
        "complaints.ProtectionZone complaints.SafetyRuleChange complaints.InspectionKind complaints.TellingHabit "
        "complaints.DeskHabit complaints.ViewWatch complaints.Webhook complaints.MessageTemplate complaints.TextVersion "
        "complaints.LetterText complaints.CannedText complaints.RoutingRule complaints.RoutingChange complaints.DeskSettings "
        "complaints.PauseReason complaints.LadderStep complaints.Storm complaints.Retargeting complaints.RetentionRule "
        "channels_intake.Open311Key channels_intake.Guide channels_intake.GuideVersion contenttypes.ContentType "
        "auth.Permission auth.Group sessions.Session complaints.RulebookEdition"
    ),
    "the people who work here, who are kept as long as their work is": (
        "staff.User complaints.SavedView complaints.BulkRun staff.DeskSession staff.EntryEvent staff.SecondFactorRule "
        "staff.Passkey staff.RecoveryCode staff.ApiToken staff.AccountMail otp_totp.TOTPDevice axes.AccessFailureLog "
        "axes.AccessAttempt axes.AccessLog"
    ),
    "promises and their courses, without words": (
        "complaints.Clock complaints.LedgerEntry complaints.Alarm complaints.Concern complaints.HandOver "
        "complaints.VoltageSeries complaints.IssueJob"
    ),
    "about the network and what is said to all": (
        "complaints.ServiceIssue complaints.IssueUpdate complaints.Announcement complaints.Saying complaints.IssueProposal "
        "complaints.IssueAction"
    ),
    "counts, without a person in them": (
        "analytics.ComplaintFact analytics.TransitionFact analytics.ClockFact analytics.FeedbackFact analytics.OpenDay "
        "analytics.CustomerCount analytics.Pack analytics.FrozenPack analytics.Generation analytics.DayRollup analytics.Check "
        "analytics.Signal analytics.TermDay analytics.ComplaintTerms analytics.Subscription analytics.Posting "
        "analytics.Freezing complaints.NoticeFile"
    ),
    "the proof of the history, and of erasure itself": (
        "complaints.HistorySeal complaints.HistoryCheck complaints.LegalHold complaints.Erasure complaints.ErasedFile"
    ),
    "files as they were handed in, deleted by a sweep: imports of customers after 90 days, scans after a day or so": (
        "customers.CustomerImport channels_intake.Scan channels_intake.RegulatorBatch"
    ),
}
"""Whole tables with no column to erase, by why."""

KEPT_COLUMNS: dict[str, str] = {
    "complaints.Complaint": (
        "reference request_type severity flags channel source area_class contact_method language status outcome "
        "responsibility next_due_clock segment_kept"
    ),
    "complaints.Event": "move from_status to_status role salt content_hash hash",
    "complaints.Attachment": "content_type kind scan found",
    "complaints.Notice": "code medium language state",
    "complaints.Receipt": "arrival",
    "complaints.Feedback": "answered_by verdict scale language",
    "complaints.FeedbackVersion": "verdict answered_by",
    "complaints.FollowUp": "reason",
    "complaints.CallBack": "reason language state",
    "complaints.CallAttempt": "outcome",
    "complaints.InternalRequest": "state",
    "complaints.BillingFinding": "tariff_billed tariff_code registers lines billed_lines explained verdict cause",
    "complaints.Adjustment": "way state",
    "complaints.ConductFinding": "identified recording judged verdict apology apology_how",
    "complaints.CoachingAction": "kind effect",
    "complaints.VoltageTest": "instrument serial limits judged verdict faults",
    "complaints.VoltageFinding": "liability",
    "complaints.OutageFinding": "kind equipment steps rules",
    "complaints.SafetyFinding": "grade owner",
    "complaints.BulkLine": "state",
    "complaints.Inspection": "purpose state result informed",
    "complaints.InspectionEvent": "step because",
    "complaints.InspectionFinding": "grade consequence photo_type",
    "complaints.SurveyInvite": "answered_by",
    "complaints.SurveyAnswer": "answered_by",
    "complaints.IssueFollower": "medium language",
    "channels_intake.InboundRecord": "channel source",
    "channels_intake.InboundMail": "outcome",
    "channels_intake.IncomingCall": "call_id",
    "channels_intake.BatchRow": "verdict",
    "analytics.Export": "error file fingerprint format language report state subject",
    "customers.Customer": "kind language contact_method",
    "customers.Premise": "area_class",
    "customers.Account": "tariff",
    "customers.CustomerEvent": "kind",
    "customers.CustomerMerge": "moved",
    "customers.CustomerExport": "format",
    "customers.Reading": "kind subject address request_id reason",
}
"""Columns beside those erased that stay: codes, numbers and choices, and what the database needs."""

KEPT_DETAILS = frozenset(
    [
        "absence",
        "answer_by",
        "answered_by",
        "arrived_at",
        "asked_team",
        "assignee",
        "attitude",
        "category",
        "clock",
        "contacted",
        "contacted_at",
        "count",
        "due_at",
        "into",
        "level",
        "medium",
        "method",
        "moved",
        "of",
        "outcome",
        "paid_on",
        "part",
        "policies",
        "pause_reason",
        "priority",
        "reached",
        "remains",
        "request",
        "responsibility",
        "restored_at",
        "root_cause",
        "round",
        "score",
        "service_issue",
        "severity",
        "solved",
        "storm",
        "subcategory",
        "team",
        "tell",
        "until",
        "why",
        "withdrawn",
    ]
)
"""What remains of the details of an event: codes, moments and numbers, and the names of teams and colleagues."""
