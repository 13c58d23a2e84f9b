"""Rows as the text that PostgreSQL's COPY reads."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from analytics.demo.moments import Moment, written

NULL = "\\N"

COLUMNS = {
    "complaints_complaint": (
        "id reference token version request_type category_id subcategory_id severity priority flags channel source"
        " source_reference channel_details external_due_at branch_id team_id assignee_id entered_by_id customer_id"
        " account_id premise_id transformer_area_id area_class contact_name contact_phone contact_email"
        " contact_address contact_method language is_anonymous is_confidential story remedy_sought place occurred_at"
        " answers received_at entered_at status dispatched_at contacted_at resolved_at closed_at outcome"
        " responsibility root_cause_id resolution referred_to merged_into_id service_issue_id urged_count"
        " reopened_count transferred_count returned_count escalated_count next_due_at next_due_clock breached_at"
    ),
    "complaints_event": (
        "id complaint_id number move from_status to_status at recorded_at role user_id actor_name details"
    ),
    "complaints_clock": (
        "id complaint_id kind tier round revision policy_id calendar_id limit statistic is_pausable warn escalate state"
        " started_at due_at paused_at pause_reason stopped_at breached_at paused_for is_excused"
    ),
    "complaints_ledgerentry": "id clock_id number action at event_id limit calendar_id due_at reason",
    "complaints_alarm": "id clock_id complaint_id revision level fire_at settled_at event_id",
    "complaints_notice": (
        "id uuid complaint_id event_id code medium address is_to_customer language subject body state attempts"
        " next_try_at sent_at error created_at"
    ),
    "complaints_feedback": (
        "id complaint_id round token asked_at answered_at answered_by solved score attitude comment recorded_by_id"
    ),
}
"""Tables in the order in which they are written, so that what is pointed at is there first."""
COLUMNS = {table: columns.split() for table, columns in COLUMNS.items()}

MOST_PER_COMPLAINT = {
    "complaints_complaint": 1,
    "complaints_event": 120,
    "complaints_clock": 40,
    "complaints_ledgerentry": 120,
    "complaints_alarm": 250,
    "complaints_notice": 250,
    "complaints_feedback": 10,
}
"""How many primary keys are set aside for each complaint, so that two processes never give the same one."""

_ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})


def plain(text: str) -> str:
    """A text as COPY reads it."""
    return text.translate(_ESCAPES) if "\\" in text or "\n" in text or "\t" in text or "\r" in text else text


def as_json(value: Any) -> str:
    return plain(json.dumps(value, ensure_ascii=False)) if value else "{}"


def when(moment: Moment | None) -> str:
    return NULL if moment is None else written(moment)


def line(values: Iterable[Any]) -> str:
    """One row; texts must already be `plain`, moments `written`."""
    return "\t".join([_cell(value) for value in values])


def _cell(value: Any) -> str:
    if value is None:
        return NULL
    if value is True:
        return "t"
    if value is False:
        return "f"
    return str(value)
