"""The supervisors' board: what needs a decision first, then how the day is going. Each number is counted by its own list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from analytics import intake, open_work, troubles
from analytics.intake import HOURS, Hour, Intake, whole_of
from analytics.open_work import Figure, OpenWork, Sight, desk
from analytics.periods import Period
from analytics.reading import whole
from analytics.reports import satisfaction
from analytics.reports.base import percent, percents
from analytics.signals import handling
from analytics.statistics import LOW_BASE, TOO_FEW, Interval, wilson
from analytics.troubles import Troubles
from complaints import calling
from complaints.models import RequestType
from staff.models import User

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
    waiting: Sequence[Figure]
    received: Figure
    intake: Intake
    hours: Sequence[tuple[Hour, str]]
    resolved: Figure
    satisfaction: SatisfactionFigure
    work: OpenWork
    troubles: Troubles

    @property
    def decisions(self) -> Sequence[Figure]:
        return self.work.decisions

    @property
    def feedback(self) -> Figure:
        return self.work.feedback

    @property
    def open(self) -> Figure:
        return self.work.open

    @property
    def is_calm(self) -> bool:
        return not any(figure.value for figure in self.decisions)


RECEIVED = Sight(
    "received",
    _("Received today"),
    {"view": "all", "request_type": RequestType.COMPLAINT.value, "merged": "no"},
)
RESOLVED = Sight("resolved", _("Resolved today"), {"view": "all"}, "done")


def read(user: User, at: datetime) -> Board:
    """The board for this person at this moment."""
    today = timezone.localdate(at)
    work, day = open_work.read(user, at), intake.read(user, at)
    resolved = whole("resolved", whole_of(Period(today, today)), user, request_types=None).n
    received = RECEIVED.figure(day.received, **_on("received", today))
    return Board(
        at=at,
        waiting=list(_waiting(user, at)),
        received=replace(received, band=_band(day)),
        intake=day,
        hours=[(hour, _until(today, hour.until)) for hour in day.hours],
        resolved=RESOLVED.figure(resolved, **_on("resolved", today)),
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
