"""The supervisors' board: what needs a decision first, then how the day is going. Each number is counted by its own list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import CharField, Count, QuerySet, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _

from analytics import intake, open_work, troubles
from analytics.intake import HOURS, Hour, Intake, whole_of
from analytics.open_work import Figure, OpenWork, desk
from analytics.periods import Period
from analytics.reading import whole
from analytics.reports import satisfaction
from analytics.reports.base import percent, percents
from analytics.signals import handling
from analytics.statistics import LOW_BASE, TOO_FEW, Interval, wilson
from analytics.troubles import Troubles
from complaints import calling
from complaints.models import Complaint, RequestType
from complaints.queues import narrow
from staff.models import User
from staff.scope import all_of
from staff.written_out import Statement

SATISFACTION_DAYS = 30


@dataclass(frozen=True, slots=True)
class SatisfactionFigure:
    asked: int
    answered: int
    rated: int
    satisfied: int
    interval: Interval | None
    url: str
    list_url: str

    @property
    def share(self) -> float | None:
        return self.satisfied / self.rated if self.rated >= TOO_FEW else None

    @property
    def is_low_base(self) -> bool:
        return TOO_FEW <= self.rated < LOW_BASE

    @property
    def figure(self) -> Figure:
        """The rate as one figure with its range, and its list in the report."""
        value = percent(self.share) if self.share is not None else "–"
        band = str(_("too few scores to show a percentage"))
        if self.interval is not None:
            text = _("95%% range %(range)s, low base") if self.is_low_base else _("95%% range %(range)s")
            band = str(text % {"range": percents(self.interval)})
        return Figure("satisfaction", _("Satisfied, last 30 days"), value, self.url, band=band)


@dataclass(frozen=True, slots=True)
class Board:
    """`received` has its day in `intake`; `calls` is empty for those who call nobody, `waiting` are lists of other pages."""

    at: datetime
    decisions: Sequence[Figure]
    waiting: Sequence[Figure]
    received: Figure
    intake: Intake
    hours: Sequence[tuple[Hour, str]]
    resolved: Figure
    feedback: Figure
    satisfaction: SatisfactionFigure
    work: OpenWork
    troubles: Troubles

    @property
    def is_calm(self) -> bool:
        return not any(figure.value for figure in self.decisions)

    @property
    def open(self) -> Figure:
        return self.work.open


@dataclass(frozen=True, slots=True)
class Question:
    """Something to count: the filters of the desk's list that answer it. `meaning` is that of a number above zero."""

    code: str
    label: LazyText | str
    params: Mapping[str, str]
    meaning: str = "calm"

    def figure(self, number: int, more: Mapping[str, str] | None = None) -> Figure:
        """The number with the list that makes it, which `more` may narrow further."""
        address = {**self.params, **(more or {})}
        return Figure(self.code, self.label, number, address, self.meaning if number else "calm")


RECEIVED = Question(
    "received",
    _("Received today"),
    {"view": "all", "request_type": RequestType.COMPLAINT.value, "merged": "no"},
)
RESOLVED = Question("resolved", _("Resolved today"), {"view": "all"}, "done")
SAFETY = Question("safety", _("Life-safety, open"), {"view": "unfinished", "priority": "1"}, "safety")
REVIEW = Question("review", _("Waiting for your review"), {"view": "review"}, "due")
URGED = Question("urged", _("Urged twice or more"), {"view": "unfinished", "urged": "2"}, "due")
UNDELIVERED = Question(
    "undelivered", _("Message could not be sent"), {"view": "unfinished", "undelivered": "1"}, "breached"
)
FEEDBACK = Question("feedback", _("Waiting for feedback"), {"view": "feedback"})


def read(user: User, at: datetime) -> Board:
    """The board for this person at this moment."""
    today = timezone.localdate(at)
    work, day = open_work.read(user, at), intake.read(user, at)
    resolved = whole("resolved", whole_of(Period(today, today)), user, request_types=None).n
    found = count([SAFETY, REVIEW, URGED, UNDELIVERED, FEEDBACK], user, at)
    decisions = [found["safety"], work.missed, work.soon, work.unassigned]
    received = RECEIVED.figure(day.received, _on("received", today))
    return Board(
        at=at,
        decisions=[*decisions, *(found[question.code] for question in (REVIEW, URGED, UNDELIVERED))],
        waiting=list(_waiting(user, at)),
        received=replace(received, band=_band(day)),
        intake=day,
        hours=[(hour, _until(today, hour.until)) for hour in day.hours],
        resolved=RESOLVED.figure(resolved, _on("resolved", today)),
        feedback=found["feedback"],
        satisfaction=_satisfaction(user, today),
        work=work,
        troubles=troubles.read(user, at),
    )


def _band(day: Intake) -> str:
    if day.expected is None:
        return ""
    low, high = day.expected.nearly_sure
    return str(_("expected by now %(low)d–%(high)d") % {"low": low, "high": high})


def _waiting(user: User, at: datetime) -> Iterator[Figure]:
    """What waits on other lists than the desk's, for those who may open them."""
    if user.role in calling.CALLING:
        due, overdue = calling.counts(user, at)
        calls = reverse("complaints:calls")
        yield Figure("calls-due", _("Call-backs due"), due, f"{calls}?show=due", "due" if due else "calm")
        yield Figure(
            "calls-overdue",
            _("Call-backs overdue"),
            overdue,
            f"{calls}?show=overdue",
            "breached" if overdue else "calm",
        )
    if user.role in handling.HANDLING:
        new = handling.number_for(user)
        address = f"{reverse('analytics:signals')}?state=new"
        yield Figure("signals", _("Signals nobody has looked at"), new, address, "due" if new else "calm")


def _until(day: date, hour: int) -> str:
    """The list of what came today up to a full hour."""
    until = f"{day.isoformat()}T{hour:02d}:00" if hour < HOURS else day.isoformat()
    return desk({**RECEIVED.params, "received_from": day.isoformat(), "received_to": until})


def _on(what: str, day: date) -> dict[str, str]:
    return {f"{what}_from": day.isoformat(), f"{what}_to": day.isoformat()}


Asked = tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
"""Figures with the filters that count them."""


def count(questions: Sequence[Question], user: User, at: datetime) -> dict[str, Figure]:
    """Every figure in one statement, each counted by the very filters that its link gives to the desk's list."""
    asked = tuple((question.code, tuple(question.params.items())) for question in questions)
    counted = dict(_COUNTED(at, shape=(asked, all_of(user)), asked=asked, user=user))
    return {question.code: question.figure(counted.get(question.code, 0)) for question in questions}


def _counted(at: datetime, *, asked: Asked, user: User) -> QuerySet[Complaint, Any]:
    visible = Complaint.objects.visible_to(user)
    first, *rest = (
        narrow(visible, dict(params), user, at=at)
        .order_by()
        .annotate(figure=Value(code, output_field=CharField()))
        .values("figure")
        .annotate(counted=Count("pk"))
        .values_list("figure", "counted")
        for code, params in asked
    )
    return first.union(*rest, all=True)


_COUNTED = Statement(_counted)


def _satisfaction(user: User, today: date) -> SatisfactionFigure:
    chosen = whole_of(Period(today - timedelta(days=SATISFACTION_DAYS - 1), today))
    tally = satisfaction.whole(chosen, user)
    return SatisfactionFigure(
        asked=tally.asked,
        answered=tally.answered,
        rated=tally.rated,
        satisfied=tally.satisfied,
        interval=wilson(tally.satisfied, tally.rated) if tally.rated >= TOO_FEW else None,
        url=f"{reverse('analytics:report', args=['satisfaction'])}{chosen.address()}",
        list_url=satisfaction.list_address(chosen, "rated"),
    )
