"""Who is called back: everybody of some kinds, a random sample of others each week, and whoever gets no link.

A task plans the calls of what was resolved and draws each week's sample; the rows say what was planned and drawn. Ending a
call belongs to the transaction of the move that makes it needless. Calling itself is in `calling`.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from complaints import call_times, outbox, sampling, turn
from complaints.clocks.calendars import WorkingCalendar
from complaints.models import (
    AnsweredBy,
    Calendar,
    CallBack,
    CallQuota,
    CallReason,
    CallShare,
    CallState,
    Complaint,
    DeskSettings,
    Feedback,
    SampleDraw,
)
from complaints.states import Status
from customers.models.people import digits

WEEK = timedelta(days=7)


# quotas


class Kind(NamedTuple):
    """What quotas look at."""

    request_type: str
    channel: str
    category: int


def quota_for(kind: Kind, quotas: Iterable[CallQuota]) -> CallQuota | None:
    """The row that names most of this kind; channel counts before category, and category before type."""
    fitting = [
        row
        for row in quotas
        if row.request_type in ("", kind.request_type)
        and row.channel in ("", kind.channel)
        and row.category_id in (None, kind.category)
    ]
    return max(
        fitting,
        key=lambda row: (
            bool(row.request_type) + bool(row.channel) + bool(row.category_id),
            bool(row.channel),
            bool(row.category_id),
            row.pk or 0,
        ),
        default=None,
    )


def size_of(quota: CallQuota, population: int) -> int:
    """How many of so many are called in a week."""
    if quota.share != CallShare.SAMPLE:
        return population if quota.share == CallShare.ALL else 0
    size = sampling.sample_size(population, expected=float(quota.expected), margin=float(quota.margin))
    return min(size, quota.most) if quota.most is not None else size


# times


def calendar() -> WorkingCalendar | None:
    """The newest version of the calendar that the desk calls by; None where none is named."""
    code = DeskSettings.current().call_calendar
    row = Calendar.objects.filter(code=code).order_by("-version").first() if code else None
    return row.working_calendar() if row is not None else None


def next_try(after: datetime, before: Iterable[datetime] = ()) -> datetime:
    """When to call next, by the desk's calendar and quiet hours."""
    desk = DeskSettings.current()
    return call_times.next_try(
        after,
        before,
        calendar=turn.once("call calendar", calendar),
        quiet_from=desk.quiet_from,
        quiet_until=desk.quiet_until,
        zone=timezone.get_default_timezone(),
    )


# planning


def to_plan() -> QuerySet[Feedback]:
    """Questions that nobody has decided about yet whether to call."""
    rows = Feedback.objects.filter(
        call_planned_at__isnull=True, answered_at__isnull=True, complaint__status=Status.RESOLVED
    )
    return rows.order_by("pk")


@transaction.atomic
def plan(feedback: Feedback, *, at: datetime) -> bool:
    """Decide once whether this customer is called; whether they are. Somebody else may be deciding it: then false."""
    row = (
        to_plan()
        .select_for_update(skip_locked=True, of=("self", "complaint"))
        .select_related("complaint__customer", "complaint__category")
        .filter(pk=feedback.pk)
        .first()
    )
    if row is None:
        return False
    row.call_planned_at = at
    row.save(update_fields=["call_planned_at"])
    if not may_be_called(row.complaint):
        return False
    if not outbox.is_told_at_once(row.complaint):
        make(row, CallReason.NO_LINK, from_=at, at=at)
        return True
    quota = quota_for(kind_of(row.complaint), turn.once("call quotas", lambda: list(CallQuota.objects.all())))
    if quota is None or quota.share != CallShare.ALL:
        return False
    make(row, CallReason.ALL, from_=row.asked_at + timedelta(hours=DeskSettings.current().link_hours), at=at)
    return True


def may_be_called(complaint: Complaint) -> bool:
    """There is a number, and they did not ask us to leave them alone."""
    wants_quiet = complaint.customer is not None and complaint.customer.do_not_contact
    return bool(complaint.contact_phone) and not wants_quiet


def kind_of(complaint: Complaint) -> Kind:
    return Kind(complaint.request_type, complaint.channel, complaint.category_id)


def make(
    feedback: Feedback, reason: CallReason, *, from_: datetime, at: datetime, draw: SampleDraw | None = None
) -> CallBack:
    complaint = feedback.complaint
    return CallBack.objects.create(
        feedback=feedback,
        branch_id=complaint.branch_id,
        reason=reason,
        draw=draw,
        name=complaint.contact_name,
        phone=number(complaint.contact_phone),
        language=complaint.language,
        next_try_at=next_try(max(from_, at)),
        created_at=at,
    )


def number(phone: str) -> str:
    """The number as it is dialled, so that one person is one number however it was typed."""
    return digits(phone)[:30] or phone


# ending


def end_answered(feedback: Feedback, at: datetime) -> None:
    """They have answered, one way or the other: nobody calls them any more."""
    state = CallState.ANSWERED if feedback.answered_by == AnsweredBy.CALL else CallState.BY_LINK
    end(CallBack.objects.filter(feedback=feedback), state, at)


def end_all(complaint: Complaint, at: datetime) -> None:
    """The complaint went on without an answer: what was to be asked is no longer a question."""
    end(CallBack.objects.filter(feedback__complaint=complaint), CallState.ENDED, at)


def end(rows: QuerySet[CallBack], state: CallState, at: datetime) -> int:
    return rows.filter(state=CallState.OPEN).update(state=state, ended_at=at, claimed_by=None, claimed_at=None)


# drawing


def monday_of(moment: datetime) -> date:
    day = timezone.localdate(moment)
    return day - timedelta(days=day.weekday())


def resolved_in(week: date) -> QuerySet[Feedback]:
    """Every question that was asked in the week that begins with this Monday."""
    start = timezone.make_aware(datetime.combine(week, time()))
    end_ = timezone.make_aware(datetime.combine(week + WEEK, time()))
    return Feedback.objects.filter(asked_at__gte=start, asked_at__lt=end_)


def by_unit(week: date, quotas: list[CallQuota]) -> dict[tuple[int, CallQuota], list[int]]:
    """The keys of the week's questions, by branch and by the quota that they fall under."""
    found: dict[tuple[int, CallQuota], list[int]] = defaultdict(list)
    columns = ("pk", "complaint__branch", "complaint__request_type", "complaint__channel", "complaint__category")
    for key, branch, *kind in resolved_in(week).order_by("pk").values_list(*columns).iterator(2000):
        quota = quota_for(Kind(*kind), quotas)
        if quota is not None:
            found[branch, quota].append(key)
    return found


def draw_week(at: datetime) -> int:
    """Draw the sample of the week that has ended, once for each unit and quota; how many are called for it."""
    week = monday_of(at) - WEEK
    units = by_unit(week, list(CallQuota.objects.select_related("category")))
    return sum(
        draw(branch, quota, week, keys, at=at)
        for (branch, quota), keys in units.items()
        if quota.share == CallShare.SAMPLE
    )


@transaction.atomic
def draw(branch: int, quota: CallQuota, week: date, keys: list[int], *, at: datetime) -> int:
    """Draw this unit's week unless it was; the system draws, and what it drew from and with which seed is kept."""
    size, seed = size_of(quota, len(keys)), secrets.randbits(62)
    row, is_new = SampleDraw.objects.get_or_create(
        branch_id=branch,
        what=quota.code,
        week=week,
        defaults={
            "quota": quota,
            "population": len(keys),
            "size": size,
            "expected": quota.expected,
            "margin": quota.margin,
            "seed": seed,
            "at": at,
        },
    )
    if not is_new:
        return 0
    drawn = sampling.draw(keys, size, row.seed)
    people = Feedback.objects.select_related("complaint__customer").filter(pk__in=drawn, call_back__isnull=True)
    return sum(_call_for(feedback, row, at) for feedback in people.select_for_update(of=("self",)).order_by("pk"))


def _call_for(feedback: Feedback, row: SampleDraw, at: datetime) -> bool:
    """Of those drawn, who has answered by the link has answered; the others are called while the question is open."""
    complaint = feedback.complaint
    is_open = feedback.round == complaint.reopened_count + 1 and complaint.status == Status.RESOLVED
    if feedback.answered_at is not None or not is_open or not may_be_called(complaint):
        return False
    make(feedback, CallReason.SAMPLE, from_=at, at=at, draw=row)
    return True
