"""Facts from raw rows: for some complaints, everything that figures know of them, in one statement per kind of fact."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection

from analytics.models import ClockFact, ComplaintFact, FeedbackFact, OpenSpan, TransitionFact
from complaints.same_person import KNOWN_BY
from complaints.states import OPEN

ENQUIRY_DAYS, REPEAT_DAYS, AT_ONCE_DAYS = 7, 30, 7
"""A repeat comes at most so long after the closing (domain 7.5); solved at once means no repeat within the last."""

# The same person on the same matter; of erased complaints what was known before.
SAME = f"""({KNOWN_BY} OR o.id = ANY(c.known)) AND o.subcategory_id = c.subcategory_id AND o.id <> c.id"""


def _seconds(moment: str) -> str:
    """Whole seconds from receipt to a moment; a moment before it, which a late entry can bring, counts as at once."""
    return f"greatest(floor(extract(epoch FROM c.{moment} - c.received_at)), 0)::bigint"


# Wherever tables are joined the keys are given to both: what is known of one is not known of the other, and reading all of a
# large table for a few thousand keys would look cheap.
COMPLAINTS = f"""
WITH closings AS MATERIALIZED (
    SELECT complaint_id, at FROM complaints_event
    WHERE complaint_id = ANY(%(ids)s) AND to_status = 'closed' AND from_status <> 'closed'
), told AS MATERIALIZED (
    SELECT complaint_id,
           min(at) FILTER (WHERE to_status = 'resolved' AND from_status <> 'resolved') AS first_resolved_at,
           min(at) FILTER (WHERE to_status = 'closed' AND from_status <> 'closed') AS first_closed_at,
           count(*) FILTER (WHERE move = 'contact') AS contacts,
           count(*) FILTER (WHERE move = 'supplement') AS supplements
    FROM complaints_event WHERE complaint_id = ANY(%(ids)s) GROUP BY complaint_id
), plain AS MATERIALIZED (
    SELECT c.*, (c.received_at AT TIME ZONE %(zone)s)::date AS received_on,
           (c.contacted_at AT TIME ZONE %(zone)s)::date AS contacted_on,
           (c.resolved_at AT TIME ZONE %(zone)s)::date AS resolved_on,
           CASE WHEN c.request_type = 'enquiry' THEN {ENQUIRY_DAYS} ELSE {REPEAT_DAYS} END * interval '1 day' AS repeat_window,
           told.first_resolved_at, told.first_closed_at,
           coalesce(told.contacts, 0) AS contacts, coalesce(told.supplements, 0) AS supplements,
           c.account_id IS NULL AND c.customer_id IS NULL AND length(c.contact_phone) < 7
               AND c.erased_at IS NULL AS is_nobodys,
           ARRAY(SELECT other_id FROM complaints_sameperson WHERE complaint_id = c.id) AS known
    FROM complaints_complaint c LEFT JOIN told ON told.complaint_id = c.id WHERE c.id = ANY(%(ids)s)
), alike AS MATERIALIZED (
    SELECT c.id, c.received_at AS came_at, c.repeat_window, o.id AS other, o.received_at,
           CASE WHEN o.request_type = 'enquiry' THEN {ENQUIRY_DAYS} ELSE {REPEAT_DAYS} END * interval '1 day' AS its_window
    FROM plain c JOIN complaints_complaint o ON {SAME} WHERE o.merged_into_id IS NULL AND c.merged_into_id IS NULL
), before AS (
    SELECT DISTINCT ON (a.id) a.id AS complaint_id, a.other FROM alike a JOIN complaints_event e ON e.complaint_id = a.other
    WHERE e.to_status = 'closed' AND e.from_status <> 'closed' AND e.at <= a.came_at AND e.at > a.came_at - a.repeat_window
    ORDER BY a.id, e.at DESC, a.other DESC
), later AS (
    SELECT DISTINCT ON (a.id) a.id AS complaint_id, a.other, a.received_at FROM alike a JOIN closings e ON e.complaint_id = a.id
    WHERE a.received_at >= e.at AND a.received_at < e.at + a.its_window
    ORDER BY a.id, a.received_at, a.other
)
SELECT c.id, c.branch_id, c.request_type, c.category_id, c.subcategory_id, c.channel, c.source, c.area_class,
    c.transformer_area_id,
    CASE WHEN c.erased_at IS NOT NULL THEN c.segment_kept WHEN customer.is_key THEN 'key' ELSE coalesce(customer.kind, '') END,
    c.severity, c.priority,
    c.team_id, c.assignee_id, c.status, c.outcome, c.responsibility, c.root_cause_id, c.merged_into_id IS NOT NULL,
    c.received_at, c.entered_at, c.dispatched_at, c.contacted_at, c.arrived_at, c.restored_at,
    c.first_resolved_at, c.resolved_at, c.first_closed_at, c.closed_at,
    c.received_on, (c.dispatched_at AT TIME ZONE %(zone)s)::date, c.contacted_on,
    (c.first_resolved_at AT TIME ZONE %(zone)s)::date, c.resolved_on, (c.closed_at AT TIME ZONE %(zone)s)::date,
    {_seconds("entered_at")}, {_seconds("dispatched_at")}, {_seconds("contacted_at")},
    greatest(contacted_day.number - received_day.number, 0),
    {_seconds("first_resolved_at")}, {_seconds("resolved_at")},
    greatest(resolved_day.number - received_day.number, 0),
    c.urged_count, c.reopened_count, c.transferred_count, c.returned_count, c.escalated_count, c.contacts, c.supplements,
    coalesce(before.other, CASE WHEN c.is_nobodys THEN kept.repeat_of END) AS repeat_of,
    coalesce(later.other, CASE WHEN c.is_nobodys THEN kept.repeated_by END),
    coalesce(later.received_at, CASE WHEN c.is_nobodys THEN kept.repeated_at END),
    c.resolved_at IS NOT NULL AND c.contacts <= 1 AND c.supplements = 0 AND c.urged_count = 0 AND c.reopened_count = 0
        AND c.transferred_count = 0 AND c.returned_count = 0 AND NOT coalesce(later.received_at
        < coalesce(c.first_closed_at, c.resolved_at) + interval '{AT_ONCE_DAYS} days', false),
    c.closed_at IS NOT NULL AND c.reopened_count = 0 AND c.transferred_count <= 1 AND later.other IS NULL
FROM plain c
LEFT JOIN analytics_complaintfact kept ON kept.complaint_id = c.id AND kept.complaint_id = ANY(%(ids)s)
LEFT JOIN customers_customer customer ON customer.id = c.customer_id
LEFT JOIN analytics_workingday received_day ON received_day.day = c.received_on
LEFT JOIN analytics_workingday contacted_day ON contacted_day.day = c.contacted_on
LEFT JOIN analytics_workingday resolved_day ON resolved_day.day = c.resolved_on
LEFT JOIN before ON before.complaint_id = c.id
LEFT JOIN later ON later.complaint_id = c.id
"""
TRANSITIONS = """
SELECT complaint_id, number, move, from_status, to_status, role, at, (at AT TIME ZONE %(zone)s)::date,
    CASE WHEN from_status <> '' AND from_status <> to_status THEN
        greatest(floor(extract(epoch FROM at - max(at) FILTER (WHERE from_status <> to_status) OVER (
            PARTITION BY complaint_id ORDER BY number ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING))), 0)::bigint
    END
FROM complaints_event WHERE complaint_id = ANY(%(ids)s)
"""

# What one team promised another is no promise to the customer.
CLOCKS = """
SELECT k.id, k.complaint_id, k.kind, k.tier, k.round, k.statistic, k."limit",
    CASE WHEN k.is_excused THEN 'excused'
         WHEN k.state IN ('met', 'late') THEN k.state
         WHEN k.state = 'cancelled' AND k.stopped_at > k.due_at THEN 'late'
         WHEN k.state = 'cancelled' THEN 'cancelled'
         WHEN k.state = 'paused' AND k.due_at IS NULL THEN 'paused'
         ELSE 'ticking' END,
    k.is_excused, k.started_at, k.due_at, k.stopped_at,
    (k.started_at AT TIME ZONE %(zone)s)::date, (k.due_at AT TIME ZONE %(zone)s)::date,
    CASE WHEN k.kind = 'arrive' THEN floor(extract(epoch FROM c.arrived_at - k.started_at))::bigint END
FROM complaints_clock k JOIN complaints_complaint c ON c.id = k.complaint_id
WHERE k.complaint_id = ANY(%(ids)s) AND c.id = ANY(%(ids)s) AND k.kind <> 'request'
"""

FEEDBACK = """
SELECT id, complaint_id, round, asked_at, (asked_at AT TIME ZONE %(zone)s)::date, answered_at, answered_by, solved, score,
    attitude
FROM complaints_feedback WHERE complaint_id = ANY(%(ids)s)
"""

# A stretch begins when work is owed and ends when it no longer is. One that begins before the last has ended (an event
# that was entered late) begins where that ended, so no evening counts twice.
SPANS = """
WITH turns AS (
    SELECT e.complaint_id, e.number, e.to_status = ANY(%(open)s) AS opens,
           (c.received_at AT TIME ZONE %(zone)s)::date AS received_on,
           (CASE WHEN e.number = 1 THEN c.received_at ELSE e.at END AT TIME ZONE %(zone)s)::date AS day
    FROM complaints_event e JOIN complaints_complaint c ON c.id = e.complaint_id
    WHERE e.complaint_id = ANY(%(ids)s) AND c.id = ANY(%(ids)s)
        AND (e.from_status = ANY(%(open)s)) <> (e.to_status = ANY(%(open)s))
), paired AS (
    SELECT complaint_id, number, received_on, opens, day, lead(day) OVER turn AS left_on,
        max(day) OVER (turn ROWS UNBOUNDED PRECEDING) AS since
    FROM turns WINDOW turn AS (PARTITION BY complaint_id ORDER BY number)
)
SELECT complaint_id, received_on, since, left_on FROM paired WHERE opens AND (left_on IS NULL OR left_on > since)
"""

FactModel = type[ComplaintFact] | type[TransitionFact] | type[ClockFact] | type[FeedbackFact] | type[OpenSpan]
"""The order of a model's fields is the order of the columns of its statement."""

KINDS: dict[FactModel, str] = {
    ComplaintFact: COMPLAINTS,
    TransitionFact: TRANSITIONS,
    ClockFact: CLOCKS,
    FeedbackFact: FEEDBACK,
    OpenSpan: SPANS,
}


KEYS: dict[FactModel, str] = {
    ComplaintFact: "complaint_id",
    TransitionFact: "complaint_id, number",
    ClockFact: "clock_id",
    FeedbackFact: "feedback_id",
    OpenSpan: "complaint_id, opened_on",
}
"""By which a row of a statement is found again when it is computed anew."""


def columns(model: FactModel) -> list[str]:
    return [f'"{field.column}"' for field in model._meta.concrete_fields if field.name != "id"]


def given(ids: Collection[int]) -> dict[str, Any]:
    """What the statements take."""
    return {"ids": list(ids), "zone": settings.TIME_ZONE, "open": sorted(OPEN)}


@cache
def _writing(model: FactModel) -> str:
    """Write what came out otherwise, take out what no longer comes out, and leave alone what stayed as it was."""
    table, key, names = model._meta.db_table, KEYS[model], columns(model)
    listed, kept = ", ".join(names), ", ".join(f"kept.{name}" for name in names)
    news = ", ".join(f"{name} = excluded.{name}" for name in names)
    excluded = ", ".join(f"excluded.{name}" for name in names)
    return f"""
WITH computed ({listed}) AS MATERIALIZED ({KINDS[model]}), gone AS (
    DELETE FROM {table} WHERE complaint_id = ANY(%(ids)s) AND ({key}) NOT IN (SELECT {key} FROM computed)
)
INSERT INTO {table} AS kept ({listed}) SELECT {listed} FROM computed
ON CONFLICT ({key}) DO UPDATE SET {news} WHERE ({kept}) IS DISTINCT FROM ({excluded})
"""


def write(ids: Collection[int]) -> None:
    """Compute the facts of these complaints anew, in the caller's transaction. Writing twice is writing once."""
    with connection.cursor() as cursor:
        for model in KINDS:
            cursor.execute(_writing(model), given(ids))


def related(ids: Collection[int]) -> set[int]:
    """These complaints, and those whose repeats they are, were or have become: what one is decides facts of the other."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT o.id FROM complaints_complaint c JOIN complaints_complaint o
                ON {KNOWN_BY} AND o.subcategory_id = c.subcategory_id AND o.id <> c.id WHERE c.id = ANY(%(ids)s)
                UNION SELECT other_id FROM complaints_sameperson WHERE complaint_id = ANY(%(ids)s)
                UNION SELECT complaint_id FROM analytics_complaintfact
                WHERE repeat_of = ANY(%(ids)s) OR repeated_by = ANY(%(ids)s)""",
            given(ids),
        )
        return {*ids, *(row[0] for row in cursor.fetchall())}
