"""The last word is the database's: each named constraint, and the triggers, refuse what no code should ever write."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from complaints.models import (
    Alarm,
    Attachment,
    Clock,
    Complaint,
    DeskSettings,
    Event,
    Feedback,
    LedgerEntry,
    Notice,
    PolicyLimit,
    ServiceIssue,
)
from complaints.models.append_only import HistoryIsPermanent
from customers.models import Account, Customer, Premise, TransformerArea
from staff.models import User
from tests.factories import MONDAY, a_complaint, a_user, an_account

pytestmark = pytest.mark.usefixtures("profile")

BROKEN_COMPLAINTS = {
    "complaint_status_is_known": {"status": "lost"},
    "complaint_channel_is_known": {"channel": "pigeon"},
    "complaint_priority_is_known": {"priority": 9},
    "complaint_severity_is_known": {"severity": "huge"},
    "complaint_request_type_is_known": {"request_type": "poem"},
    "complaint_outcome_is_known": {"outcome": "maybe"},
    "closed_complaint_has_outcome": {"status": "closed"},
    "resolved_complaint_has_resolution": {"status": "resolved"},
    "complaint_can_be_answered": {"contact_phone": "", "contact_email": "", "contact_address": "", "account": None},
    "complaint_received_before_entered": {"entered_at": MONDAY - timedelta(days=1)},
    "complaint_story_is_told": {"story": ""},
}


def refuses(name: str):
    """Expect the database to name this constraint."""
    return pytest.raises(IntegrityError, match=f'"{name}"')


@pytest.mark.parametrize("name", BROKEN_COMPLAINTS)
def test_the_database_refuses_a_broken_complaint(name):
    complaint = a_complaint()
    with refuses(name), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(**BROKEN_COMPLAINTS[name])


def test_a_merged_complaint_is_a_closed_duplicate():
    complaint, other = a_complaint(), a_complaint()
    with refuses("merged_complaint_is_a_closed_duplicate"), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).update(merged_into=other)


def test_references_and_tokens_are_unique():
    first, second = a_complaint(), a_complaint()
    for field in ("reference", "token"):
        with pytest.raises(IntegrityError, match=field), transaction.atomic():
            Complaint.objects.filter(pk=second.pk).update(**{field: getattr(first, field)})


BROKEN_CLOCKS = {
    "clock_state_is_known": {"state": "asleep"},
    "clock_kind_is_known": {"kind": "lunch"},
    "clock_tier_is_known": {"tier": "golden"},
    "running_clock_has_due_time": {"due_at": None},
    "paused_clock_has_reason": {"state": "paused"},
    "stopped_clock_has_stop_time": {"state": "met"},
}


@pytest.mark.parametrize("name", BROKEN_CLOCKS)
def test_the_database_refuses_a_broken_clock(name):
    clock = a_complaint().clocks.ticking().first()
    with refuses(name), transaction.atomic():
        Clock.objects.filter(pk=clock.pk).update(**BROKEN_CLOCKS[name])


def test_clocks_alarms_ledger_entries_events_and_notices_exist_once():
    complaint = a_complaint()
    twins = {
        "clock_is_unique": complaint.clocks.first(),
        "alarm_is_unique": complaint.alarms.first(),
        "ledger_entry_is_numbered_once": LedgerEntry.objects.filter(clock__complaint=complaint).first(),
        "event_is_numbered_once": complaint.events.first(),
        "notice_is_unique": complaint.notices.first(),
    }
    for name, row in twins.items():
        row.pk, row._state.adding = None, True
        if isinstance(row, Notice):
            row.uuid = "00000000-0000-4000-8000-000000000000"
        with refuses(name), transaction.atomic():
            row.save(force_insert=True)


@pytest.mark.parametrize("model", [Event, LedgerEntry])
def test_history_is_never_rewritten_in_python_or_in_sql(model):
    a_complaint()
    row = model.objects.first()
    with pytest.raises(HistoryIsPermanent):
        row.save()
    with pytest.raises(HistoryIsPermanent):
        row.delete()
    table = model._meta.db_table
    for sql in (f"UPDATE {table} SET number = 99", f"DELETE FROM {table}"):
        refused = pytest.raises(DatabaseError, match="never changed or deleted")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    assert model.objects.filter(pk=row.pk, number=row.number).exists()


def test_feedback_is_asked_once_per_resolution_and_an_answer_is_whole():
    complaint = a_complaint()
    Feedback.objects.create(complaint=complaint, asked_at=MONDAY)
    with refuses("feedback_is_asked_once"), transaction.atomic():
        Feedback.objects.create(complaint=complaint, asked_at=MONDAY)
    broken = {
        "feedback_answer_is_complete": {"answered_at": MONDAY},
        "feedback_score_is_one_to_five": {"score": 6},
        "feedback_attitude_is_one_to_five": {"attitude": 0},
    }
    for name, values in broken.items():
        with refuses(name), transaction.atomic():
            Feedback.objects.update(**values)


def test_a_notice_that_was_sent_has_a_time_and_a_rung_alarm_is_settled():
    complaint = a_complaint()
    with refuses("sent_notice_has_time"), transaction.atomic():
        complaint.notices.update(state="sent")
    with refuses("notice_state_is_known"), transaction.atomic():
        complaint.notices.update(state="lost")
    with refuses("alarm_rung_is_settled"), transaction.atomic():
        Alarm.objects.filter(pk=complaint.alarms.first().pk).update(event=complaint.events.first())


def test_one_row_of_desk_settings_and_one_copy_of_a_file():
    with refuses("desk_settings_is_one_row"), transaction.atomic():
        DeskSettings.objects.create(pk=2)
    complaint = a_complaint()
    file = {
        "complaint": complaint,
        "name": "a",
        "content_type": "image/png",
        "size": 1,
        "sha256": "0",
        "added_at": MONDAY,
    }
    Attachment.objects.create(**file)
    with refuses("attachment_is_kept_once"), transaction.atomic():
        Attachment.objects.create(**file)


def test_the_rest_of_the_known_words_are_guarded():
    account, user = an_account(), a_user()
    issue = ServiceIssue.objects.create(kind="fault", title="跳闸", branch=user.branch, started_at=MONDAY)
    broken = [
        ("user_role_is_known", User.objects.filter(pk=user.pk), {"role": "king"}),
        ("customer_kind_is_known", Customer.objects.filter(pk=account.customer_id), {"kind": "ghost"}),
        ("premise_area_class_is_known", Premise.objects.filter(pk=account.premise_id), {"area_class": "moon"}),
        ("transformer_area_class_is_known", TransformerArea.objects.all(), {"area_class": "moon"}),
        (
            "account_closes_after_it_opens",
            Account.objects.filter(pk=account.pk),
            {"opened_on": "2026-01-02", "closed_on": "2026-01-01"},
        ),
        ("issue_kind_is_known", ServiceIssue.objects.filter(pk=issue.pk), {"kind": "weather"}),
        (
            "issue_restored_after_start",
            ServiceIssue.objects.filter(pk=issue.pk),
            {"restored_at": MONDAY - timedelta(hours=1)},
        ),
        ("policy_limit_kind_is_known", PolicyLimit.objects.all(), {"kind": "lunch"}),
    ]
    for name, rows, values in broken:
        with refuses(name), transaction.atomic():
            rows.update(**values)


def test_a_complaint_with_history_cannot_be_deleted():
    complaint = a_complaint()
    with pytest.raises(IntegrityError), transaction.atomic():
        Complaint.objects.filter(pk=complaint.pk).delete()
    assert Complaint.objects.filter(pk=complaint.pk).exists()
