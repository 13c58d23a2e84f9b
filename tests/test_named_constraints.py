"""Each named constraint of our tables refuses the row that breaks it, around every form; none is without a test.

Rows stand for themselves here: what they point to need not be there, because the database looks at that only at the end of a
transaction, and none of these gets so far.
"""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from django.apps import apps
from django.contrib.postgres.fields import ArrayField
from django.db import IntegrityError, models, transaction

from tests.factories import MONDAY

pytestmark = pytest.mark.django_db

LATER = MONDAY + timedelta(hours=1)
BEFORE = MONDAY - timedelta(hours=1)
OURS = ("staff", "customers", "complaints", "channels_intake", "analytics")
NOBODY = 999_999_999
"""The key of a row that is not there."""
USUAL = {
    ArrayField: [],
    models.DateTimeField: MONDAY,
    models.DateField: MONDAY.date(),
    models.TimeField: MONDAY.time(),
    models.DecimalField: Decimal(1),
    models.FloatField: 1.0,
    models.IntegerField: 1,
    models.BooleanField: False,
    models.BinaryField: b"1",
    models.JSONField: {},
    models.TextField: "",
    models.CharField: "",
    models.FileField: "x",
    models.UUIDField: UUID(int=7),
}
"""What a column holds of which nothing is said."""


@dataclass(frozen=True)
class Rule:
    """A row of `model` with `good` is taken; changed by `broken` it is refused. Without `broken`: the same row, with `again`, is."""

    model: str
    good: dict = field(default_factory=dict)
    broken: dict = field(default_factory=dict)
    again: dict = field(default_factory=dict)
    others: dict = field(default_factory=dict)
    """What the rows that are there are made before, so that they do not stand in the way."""

    def row(self, **more):
        model = apps.get_model(self.model)
        said = self.good | more
        for one in model._meta.concrete_fields:
            names = {one.name, one.attname}
            if names & said.keys() or one.null or one.has_default() or one.has_db_default() or one.generated:
                continue
            if one.is_relation:
                said[one.attname] = NOBODY
            elif not isinstance(one, models.AutoField):
                said[one.name] = next(USUAL[kind] for kind in type(one).__mro__ if kind in USUAL)
        return model(**said)


def write(*rows):
    for row in rows:
        type(row)._base_manager.bulk_create([row])


def twice(model, again=(), **good):
    return Rule(model, good, again=dict(again))


NOT_IN_USE = {"state": "dropped", "finished_at": MONDAY}
RULES = {
    # who works here, who is supplied
    "duty_ends_after_it_starts": Rule(
        "staff.Duty", {"role": "agent", "starts_at": MONDAY, "ends_at": LATER}, {"ends_at": MONDAY}
    ),
    "duty_role_is_known": Rule(
        "staff.Duty", {"role": "agent", "starts_at": MONDAY, "ends_at": LATER}, {"role": "king"}
    ),
    "duty_of_a_person_does_not_overlap": twice("staff.Duty", role="agent", starts_at=MONDAY, ends_at=LATER),
    "customer_not_merged_into_itself": Rule(
        "customers.Customer", {"id": NOBODY, "number": "X1"}, {"merged_into_id": NOBODY}
    ),
    "import_ends_after_it_was_confirmed": Rule(
        "customers.CustomerImport", {"confirmed_at": MONDAY, "finished_at": LATER}, {"confirmed_at": None}
    ),
    "import_row_once": twice("customers.ImportRow"),
    "customer_is_merged_once": twice("customers.CustomerMerge", merged_id=NOBODY, survivor_id=2),
    "customer_is_not_merged_into_itself": Rule(
        "customers.CustomerMerge", {"merged_id": NOBODY, "survivor_id": 2}, {"survivor_id": NOBODY}
    ),
    "one_entry_without_account": twice("customers.SearchEntry", customer_id=NOBODY),
    # promises
    "calendar_version_is_unique": twice("complaints.Calendar", code="x"),
    "policy_version_is_unique": twice("complaints.Policy", code="x", is_current=False),
    "policy_has_one_current_version": twice("complaints.Policy", {"version": 3}, code="x", version=2, is_current=True),
    "policy_promises_each_clock_once": twice("complaints.PolicyLimit", kind="resolve", tier="internal", limit="1h"),
    "policy_limit_tier_is_known": Rule(
        "complaints.PolicyLimit", {"kind": "resolve", "tier": "internal", "limit": "1h"}, {"tier": "golden"}
    ),
    "ledger_action_is_known": Rule("complaints.LedgerEntry", {"action": "start"}, {"action": "dream"}),
    # events
    "event_move_is_known": Rule(
        "complaints.Event", {"number": 1, "move": "register", "to_status": "registered"}, {"move": "dance"}
    ),
    # service issues and who is told of them
    "conduct_is_not_public": Rule(
        "complaints.ServiceIssue", {"kind": "conduct", "title": "x", "is_public": False}, {"is_public": True}
    ),
    "update_says_something": Rule("complaints.IssueUpdate", {"text_zh": "来电了"}, {"text_zh": ""}),
    "issue_ends_once": twice("complaints.IssueUpdate", is_last=True),
    "one_follower_per_address": twice("complaints.IssueFollower", medium="sms", address="13800001234"),
    # notices
    "notice_of_update_is_unique": twice(
        "complaints.Notice", complaint_id=NOBODY, update_id=NOBODY, medium="sms", address="13800001234"
    ),
    "follower_is_greeted_once": twice("complaints.Notice", follower_id=NOBODY, medium="sms", address="13800001234"),
    "announced_once_to_each_address": twice(
        "complaints.Notice",
        {"customer_id": NOBODY - 1},
        saying_id=NOBODY,
        customer_id=NOBODY,
        medium="sms",
        address="13800001234",
    ),
    "coaching_is_reminded_of_once": twice(
        "complaints.Notice", coaching_id=NOBODY, medium="email", address="a@example.org"
    ),
    "call_has_webhook": Rule(
        "complaints.Notice",
        {
            "event_id": NOBODY,
            "complaint_id": NOBODY,
            "medium": "webhook",
            "webhook_id": NOBODY,
            "address": "https://example.org/",
        },
        {"webhook_id": None},
    ),
    "notice_has_a_file_once": twice(
        "complaints.NoticeFile", sha256="a" * 64, name="x.pdf", content_type="application/pdf", size=1
    ),
    "letter_is_posted_once": twice("complaints.Posting", letter_id=NOBODY),
    "notice_is_posted_once": twice("complaints.Posting", notice_id=NOBODY),
    "posting_has_one_sheet": Rule("complaints.Posting", {"letter_id": NOBODY}, {"letter_id": None}),
    "posting_undone_by_somebody": Rule(
        "complaints.Posting", {"letter_id": NOBODY, "undone_at": MONDAY, "undone_by_id": NOBODY}, {"undone_by_id": None}
    ),
    "stopped_webhook_is_not_active": Rule(
        "complaints.Webhook", {"stopped_at": MONDAY, "is_active": False}, {"is_active": True}
    ),
    "message_template_is_unique": twice("complaints.MessageTemplate", code="x", medium="sms", language="en"),
    "text_version_is_numbered_once": twice("complaints.TextVersion"),
    "canned_text_code_is_unique": twice("complaints.CannedText", code="x", body_zh="好"),
    "canned_text_says_something": Rule("complaints.CannedText", {"body_zh": "好"}, {"body_zh": ""}),
    "canned_text_is_of_one_or_many": Rule(
        "complaints.CannedText", {"body_zh": "好", "owner_id": NOBODY}, {"team_id": NOBODY}
    ),
    # moves of many
    "stopped_bulk_run_is_finished": Rule(
        "complaints.BulkRun", {"is_stopped": True, "finished_at": MONDAY}, {"finished_at": None}
    ),
    "bulk_run_has_a_complaint_once": twice("complaints.BulkLine"),
    "bulk_line_state_is_known": Rule("complaints.BulkLine", {"state": "pending"}, {"state": "asleep"}),
    "done_bulk_line_has_event": Rule("complaints.BulkLine", {"state": "done", "event_id": NOBODY}, {"event_id": None}),
    "refused_bulk_line_says_why": Rule("complaints.BulkLine", {"state": "refused", "reason": "x"}, {"reason": ""}),
    # what customers say
    "question_set_scale_is_known": Rule(
        "complaints.QuestionSet", {"number": 99, "scale": "five"}, {"scale": "hundred"}
    ),
    "feedback_version_is_numbered_once": twice("complaints.FeedbackVersion", verdict="yes"),
    "feedback_version_verdict_is_known": Rule("complaints.FeedbackVersion", {"verdict": "yes"}, {"verdict": "well"}),
    "follow_up_reason_is_known": Rule("complaints.FollowUp", {"reason": "partly"}, {"reason": "mood"}),
    "follow_up_is_settled_by_somebody_at_a_time": Rule(
        "complaints.FollowUp", {"reason": "partly", "settled_by_id": NOBODY, "settled_at": MONDAY}, {"settled_at": None}
    ),
    "survey_stratum_is_unique": twice("complaints.SurveyStratum"),
    "survey_draws_no_more_than_there_are": Rule(
        "complaints.SurveyStratum", {"population": 3, "drawn": 3}, {"drawn": 4}
    ),
    "survey_invites_a_customer_once": twice("complaints.SurveyInvite", {"token": "y"}, token="x"),
    "survey_answer_is_numbered_once": twice("complaints.SurveyAnswer"),
    "call_attempt_outcome_is_known": Rule("complaints.CallAttempt", {"outcome": "reached"}, {"outcome": "sang"}),
    # findings, and the money in them
    "voltage_test_has_a_period": Rule(
        "complaints.VoltageTest", {"began_at": MONDAY, "ended_at": MONDAY, "verdict": "within"}, {"ended_at": BEFORE}
    ),
    "voltage_verdict_is_known": Rule(
        "complaints.VoltageTest", {"began_at": MONDAY, "ended_at": LATER, "verdict": "within"}, {"verdict": "nice"}
    ),
    "voltage_withdrawal_is_whole": Rule(
        "complaints.VoltageTest",
        {
            "began_at": MONDAY,
            "ended_at": LATER,
            "verdict": "within",
            "withdrawn_at": LATER,
            "withdrawn_by_id": NOBODY,
            "withdrawn_because": "x",
        },
        {"withdrawn_because": ""},
    ),
    "voltage_phase_is_once": twice("complaints.VoltageSeries", phase="A", seconds=[0], volts=[Decimal(230)]),
    "voltage_series_is_even": Rule(
        "complaints.VoltageSeries", {"phase": "A", "seconds": [0], "volts": [Decimal(230)]}, {"seconds": [0, 1]}
    ),
    "transformer_load_is_possible": Rule(
        "complaints.VoltageFinding", {"transformer_load": 0}, {"transformer_load": -1}
    ),
    "settlement_is_possible": Rule(
        "complaints.VoltageFinding", {"settlement": Decimal(0)}, {"settlement": Decimal(-1)}
    ),
    "outage_kind_is_known": Rule("complaints.OutageFinding", {"kind": "fault"}, {"kind": "nap"}),
    "outage_ends_after_it_began": Rule(
        "complaints.OutageFinding",
        {"kind": "fault", "started_at": MONDAY, "restored_at": MONDAY},
        {"restored_at": BEFORE},
    ),
    "hazard_grade_is_known": Rule("complaints.SafetyFinding", {"grade": "III"}, {"grade": "IV"}),
    "hazard_owner_is_known": Rule("complaints.SafetyFinding", {"owner": "utility"}, {"owner": "moon"}),
    "hazard_is_graded_or_not_dangerous": Rule(
        "complaints.SafetyFinding", {"grade": "III"}, {"not_dangerous_because": "x"}
    ),
    "mended_hazard_is_inspected_again": Rule(
        "complaints.SafetyFinding",
        {"mended_on": MONDAY.date(), "follow_up_on": MONDAY.date()},
        {"follow_up_on": None},
    ),
    # what people set up for themselves and for others
    "saved_view_has_its_own_name": twice("complaints.SavedView", name="x"),
    "saved_view_sharing_is_known": Rule("complaints.SavedView", {"shared": "team"}, {"shared": "press"}),
    "person_watches_a_view_once": twice("complaints.ViewWatch"),
    "digest_has_next_moment": Rule("complaints.ViewWatch", {"digest": ""}, {"next_at": MONDAY}),
    "digest_hour_is_an_hour": Rule("complaints.ViewWatch", {"hour": 23}, {"hour": 24}),
    "route_goes_to_a_kind_or_to_a_team": Rule("complaints.RoutingRule", {"team_kind": "outage"}, {"team_id": NOBODY}),
    "route_change_is_known": Rule("complaints.RoutingChange", {"kind": "moved"}, {"kind": "danced"}),
    "change_of_notice_rules_says_why": Rule("complaints.OutageRulesChange", {"reason": "x"}, {"reason": ""}),
    # alarms
    "ladder_step_is_unique": twice("complaints.LadderStep", level="breach", number=99, tell=["supervisor"]),
    "ladder_level_is_known": Rule(
        "complaints.LadderStep", {"level": "breach", "number": 99, "tell": ["supervisor"]}, {"level": "panic"}
    ),
    "ladder_kind_is_known": Rule(
        "complaints.LadderStep", {"level": "breach", "number": 99, "tell": ["supervisor"]}, {"kind": "lunch"}
    ),
    "ladder_step_tells_somebody": Rule(
        "complaints.LadderStep", {"level": "breach", "number": 99, "tell": ["supervisor"]}, {"tell": []}
    ),
    "only_a_missed_deadline_changes_a_complaint": Rule(
        "complaints.LadderStep", {"level": "warn", "number": 99, "tell": ["supervisor"]}, {"raises_priority": True}
    ),
    # storms
    "storm_ends_after_it_began": Rule(
        "complaints.Storm", {"began_at": MONDAY, "ended_at": LATER}, {"ended_at": MONDAY}
    ),
    "storm_withdrawn_or_settled_has_ended": Rule(
        "complaints.Storm", {"began_at": MONDAY, "ended_at": LATER, "settled_at": LATER}, {"ended_at": None}
    ),
    "branch_has_one_storm_at_a_time": twice("complaints.Storm", began_at=MONDAY),
    "one_retargeting_at_a_time": twice("complaints.Retargeting"),
    # how complaints come in
    "inbound_record_is_received_once": twice("channels_intake.InboundRecord", channel="web", external_id="x"),
    "unsent_form_of_staff_has_an_owner": Rule(
        "channels_intake.UnsentForm", {"channel": "phone", "owner_id": NOBODY}, {"owner_id": None}
    ),
    "inbound_mail_with_a_complaint_says_so": Rule(
        "channels_intake.InboundMail", {"outcome": "registered", "complaint_id": NOBODY}, {"complaint_id": None}
    ),
    "messenger_thread_is_one": twice("channels_intake.MessengerThread", provider="x", sender="y"),
    "guide_version_is_unique": twice("channels_intake.GuideVersion"),
    "guide_answers_of_a_day": twice("channels_intake.GuideAnswer"),
    "visitor_comes_before_anything_else": Rule(
        "channels_intake.Visitor", {"came_at": MONDAY, "left_at": MONDAY}, {"left_at": BEFORE}
    ),
    "called_visitor_was_called_by_somebody": Rule(
        "channels_intake.Visitor",
        {"came_at": MONDAY, "called_at": LATER, "called_by_id": NOBODY},
        {"called_by_id": None},
    ),
    "finished_batch_was_started": Rule(
        "channels_intake.RegulatorBatch", {"started_at": MONDAY, "finished_at": LATER}, {"started_at": None}
    ),
    "batch_row_is_there_once": twice("channels_intake.BatchRow"),
    "landed_row_has_complaint": Rule(
        "channels_intake.BatchRow", {"verdict": "landed", "complaint_id": NOBODY}, {"complaint_id": None}
    ),
    # figures
    "transition_fact_is_one_event": twice("analytics.TransitionFact"),
    "change_is_noted_once": twice("analytics.Change"),
    "one_generation_in_use": Rule(
        "analytics.Generation", {"state": "current", "finished_at": MONDAY}, others=NOT_IN_USE
    ),
    "one_generation_being_built": Rule("analytics.Generation", {"state": "building"}, others=NOT_IN_USE),
    "generation_in_use_is_finished": Rule(
        "analytics.Generation", {"state": "dropped", "finished_at": MONDAY}, {"finished_at": None}
    ),
    "day_rollup_of_a_branch": twice("analytics.DayRollup"),
    "term_change_is_noted_once": twice("analytics.TermChange"),
    "term_day_is_one_row": twice("analytics.TermDay"),
}

WITHOUT_A_TEST = ()
"""Constraints that nobody has tried to break yet. It may only get shorter."""


@pytest.mark.parametrize("name", RULES)
def test_the_database_refuses_it_by_name_and_writes_nothing(name):
    rule = RULES[name]
    rows = apps.get_model(rule.model)._base_manager
    before = rows.count()
    with transaction.atomic():
        if rule.others:
            rows.update(**rule.others)
        write(rule.row())
        assert rows.count() == before + 1, "the row is taken as long as it breaks nothing"
        if not rule.broken:
            with refuses(name), transaction.atomic():
                write(rule.row(**rule.again))
            assert rows.count() == before + 1
        transaction.set_rollback(True)
    assert rows.count() == before
    if rule.broken:
        with refuses(name), transaction.atomic():
            write(rule.row(**rule.broken))
        assert rows.count() == before


def refuses(name):
    return pytest.raises(IntegrityError, match=f'constraint "{name}"')


def named():
    """Every named constraint of our tables."""
    return {
        one.name for app in OURS for model in apps.get_app_config(app).get_models() for one in model._meta.constraints
    }


def test_every_named_constraint_is_tried_here_or_elsewhere():
    here = Path(__file__)
    elsewhere = "\n".join(path.read_text() for path in here.parent.rglob("test_*.py") if path != here)
    tried = RULES.keys() | {name for name in named() if re.search(rf"\b{name}\b", elsewhere)}
    assert named() - tried == set(WITHOUT_A_TEST)


def test_what_is_listed_here_is_there():
    assert RULES.keys() | set(WITHOUT_A_TEST) <= named()
    assert not RULES.keys() & set(WITHOUT_A_TEST)
