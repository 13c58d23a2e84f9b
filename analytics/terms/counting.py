"""Counts terms per day and branch, complaint by complaint: what a complaint added before is taken out, what it has now put in.

Only complaints whose words changed are read. One worker counts at a time, and the notes are deleted in the transaction that
counted them, so a kill or a second worker leaves no trace. Only recent days are kept.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db import connection, transaction
from django.utils import timezone

from analytics.models import ComplaintTerms, TermChange, TermDay
from analytics.terms.words import terms
from complaints.models import Complaint, RequestType

RECENT_DAYS, BASELINE_DAYS = 7, 91
KEPT_DAYS = RECENT_DAYS + BASELINE_DAYS
BATCH, MOST_BATCHES = 2_000, 50
LOCK = 7_260_402
ANY = ""
"""The term that every complaint has: its days count the complaints."""


class _Cell(NamedTuple):
    day: date
    branch: int
    term: str


def count(now: datetime) -> int:
    """Count what is noted, batch by batch; how many complaints. Notes that remain are counted by the next turn."""
    first, done = timezone.localdate(now) - timedelta(days=KEPT_DAYS), 0
    for _batch in range(MOST_BATCHES):
        counted = _count_batch(first)
        done += counted
        if counted < BATCH:
            break
    ComplaintTerms.objects.filter(day__lt=first).delete()
    TermDay.objects.filter(day__lt=first).delete()
    return done


@transaction.atomic
def _count_batch(first: date) -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    changes = dict(TermChange.objects.order_by("pk").values_list("pk", "complaint_id")[:BATCH])
    if not changes:
        return 0
    # the words of what was erased were counted when they were there, and stay counted
    keys = set(Complaint.objects.filter(pk__in=changes.values(), erased_at=None).values_list("pk", flat=True))
    before = ComplaintTerms.objects.filter(pk__in=keys)
    sums: Counter[_Cell] = Counter()
    for row in before:
        sums.subtract(_cells(row))
    rows = _rows(keys, first)
    for row in rows:
        sums.update(_cells(row))
    before.delete()
    ComplaintTerms.objects.bulk_create(rows, batch_size=500)
    _add(sums)
    TermChange.objects.filter(pk__in=changes).delete()
    return len(changes)


def _rows(keys: set[int], first: date) -> list[ComplaintTerms]:
    found = Complaint.objects.filter(
        pk__in=keys, request_type=RequestType.COMPLAINT, merged_into__isnull=True
    ).values_list("pk", "received_at", "branch", "story", "contact_name", "place")
    return [
        ComplaintTerms(complaint_id=pk, day=day, branch_id=branch, terms=terms(story, personal))
        for pk, received_at, branch, story, *personal in found
        if (day := timezone.localdate(received_at)) >= first
    ]


def _cells(row: ComplaintTerms) -> list[_Cell]:
    return [_Cell(row.day, row.branch_id, term) for term in [ANY, *row.terms]]


def _add(sums: Counter[_Cell]) -> None:
    changed = sorted((cell, n) for cell, n in sums.items() if n)
    if not changed:
        return
    days, branches, words, numbers = zip(*((*cell, n) for cell, n in changed), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO analytics_termday (day, branch_id, term, n)
               SELECT * FROM unnest(%s::date[], %s::bigint[], %s::text[], %s::int[])
               ON CONFLICT (day, branch_id, term) DO UPDATE SET n = analytics_termday.n + excluded.n""",
            [list(days), list(branches), list(words), list(numbers)],
        )
    TermDay.objects.filter(day__in=set(days), n__lte=0).delete()
