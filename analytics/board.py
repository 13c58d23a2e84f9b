"""The supervisors' board: what needs a decision first, then how the day is going. Each number is counted by its own list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import CharField, Count, Min, Q, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analytics.filters import Chosen
from analytics.periods import Granularity, Period
from analytics.reports import satisfaction
from analytics.reports.base import percent, percents
from analytics.statistics import LOW_BASE, TOO_FEW, Interval, UsualRange, usual_range, wilson
from complaints.models import Complaint, RequestType
from complaints.queues import narrow
from complaints.states import UNFINISHED, Status
from staff.models import Team, User

WEEKS = 8
SOON = timedelta(hours=4)
SATISFACTION_DAYS = 30


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of complaints and the list that makes it, as components/figure.html draws one."""

    code: str
    label: LazyText | str
    value: int | str
    url: str
    meaning: str = "calm"
    band: str = ""


@dataclass(frozen=True, slots=True)
class TeamRow:
    name: str
    figures: Sequence[Figure]
    all: Figure


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
    at: datetime
    decisions: Sequence[Figure]
    received: Figure
    usual: UsualRange | None
    days: Sequence[tuple[date, int]]
    resolved: Figure
    call_backs: Figure
    satisfaction: SatisfactionFigure
    statuses: Sequence[Figure]
    teams: Sequence[TeamRow]
    open: Figure

    @property
    def is_calm(self) -> bool:
        return not any(figure.value for figure in self.decisions)

    @property
    def judgement(self) -> str:
        return self.usual.judge(int(self.received.value)) if self.usual else ""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to count: the filters of the desk's list that answer it. `meaning` is that of a number above zero."""

    code: str
    label: LazyText | str
    params: Mapping[str, str]
    meaning: str = "calm"


DECISIONS = [
    Question("safety", _("Life-safety, open"), {"view": "unfinished", "priority": "1"}, "safety"),
    Question("breached", _("Deadline missed"), {"view": "breached"}, "breached"),
    Question("due-soon", _("Due in the next 4 hours"), {"view": "due-soon"}, "due"),
    Question("unassigned", _("Nobody is on it"), {"view": "unassigned"}, "due"),
    Question("review", _("Waiting for your review"), {"view": "review"}, "due"),
    Question("urged", _("Urged twice or more"), {"view": "unfinished", "urged": "2"}, "due"),
    Question("undelivered", _("Message could not be sent"), {"view": "unfinished", "undelivered": "1"}, "breached"),
]


def read(user: User, at: datetime) -> Board:
    """The board for this person at this moment."""
    today = timezone.localdate(at)
    received = {"view": "all", "request_type": RequestType.COMPLAINT.value, "merged": "no", **_on("received", today)}
    found = count(
        [
            *DECISIONS,
            Question("received", _("Received today"), received),
            Question("resolved", _("Resolved today"), {"view": "all", **_on("resolved", today)}, "done"),
            Question("call-backs", _("Waiting for feedback"), {"view": "feedback"}),
            Question("open", pgettext_lazy("queue", "Open"), {"view": "unfinished"}),
            *(
                Question(f"status-{status.value}", status.label, {"view": "unfinished", "status": status.value})
                for status in SHOWN
            ),
        ],
        user,
        at,
    )
    days = same_weekdays(user, at)
    return Board(
        at=at,
        decisions=[found[question.code] for question in DECISIONS],
        received=found["received"],
        usual=usual_range([counted for _day, counted in days]),
        days=days,
        resolved=found["resolved"],
        call_backs=found["call-backs"],
        satisfaction=_satisfaction(user, today),
        statuses=[found[f"status-{status.value}"] for status in SHOWN],
        teams=_teams(user, at),
        open=found["open"],
    )


SHOWN = [status for status in Status if status in UNFINISHED]


def _on(what: str, day: date) -> dict[str, str]:
    return {f"{what}_from": day.isoformat(), f"{what}_to": day.isoformat()}


def desk(params: Mapping[str, str]) -> str:
    return f"{reverse('complaints:queue')}?{urlencode(params)}"


def count(questions: Iterable[Question], user: User, at: datetime) -> dict[str, Figure]:
    """Every figure in one statement, each counted by the very filters that its link gives to the desk's list."""
    questions = list(questions)
    visible = Complaint.objects.visible_to(user)
    first, *rest = (
        narrow(visible, question.params, user, at=at)
        .order_by()
        .annotate(figure=Value(question.code, output_field=CharField()))
        .values("figure")
        .annotate(counted=Count("pk"))
        .values_list("figure", "counted")
        for question in questions
    )
    counted = dict(first.union(*rest, all=True))
    return {
        question.code: Figure(
            question.code,
            question.label,
            counted.get(question.code, 0),
            desk(question.params),
            question.meaning if counted.get(question.code) else "calm",
        )
        for question in questions
    }


def same_weekdays(user: User, at: datetime) -> list[tuple[date, int]]:
    """What the same weekday had brought by this time of day, for the last weeks, oldest first; none before we began."""
    today = timezone.localdate(at)
    passed = at - Period(today, today).start
    days = [Period(day, day) for day in (today - timedelta(weeks=week) for week in range(WEEKS, 0, -1))]
    complaints = Complaint.objects.visible_to(user).filter(
        request_type=RequestType.COMPLAINT, merged_into__isnull=True, received_at__gte=days[0].start
    )
    numbers = complaints.aggregate(
        first=Min("received_at"),
        **{
            f"day{index}": Count("pk", filter=Q(received_at__gte=day.start, received_at__lt=day.start + passed))
            for index, day in enumerate(days)
        },
    )
    first = numbers["first"]
    return [
        (day.first, numbers[f"day{index}"])
        for index, day in enumerate(days)
        if first is not None and timezone.localdate(first) <= day.first
    ]


def _satisfaction(user: User, today: date) -> SatisfactionFigure:
    chosen = Chosen(
        period=Period(today - timedelta(days=SATISFACTION_DAYS - 1), today),
        granularity=Granularity.WEEK.value,
        by="period",
        category=None,
        channel="",
        branch=None,
    )
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


def _teams(user: User, at: datetime) -> list[TeamRow]:
    """Open complaints of each team by status, the fullest first; each cell is a list of its own."""
    visible = narrow(Complaint.objects.visible_to(user), {"view": "unfinished"}, user, at=at).order_by()
    rows = visible.values_list("team__code", "team__name_zh", "team__name_en", "status").annotate(counted=Count("pk"))
    cells: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for code, name_zh, name_en, status, counted in rows:
        code = code or "none"
        names[code] = str(Team(name_zh=name_zh, name_en=name_en)) if name_zh else str(_("No team"))
        cells.setdefault(code, {})[status] = counted
    return [
        TeamRow(
            name=names[code],
            figures=[
                Figure(
                    f"{code}-{status.value}",
                    status.label,
                    cells[code].get(status.value, 0),
                    desk({"view": "unfinished", "team": code, "status": status.value}),
                )
                for status in SHOWN
            ],
            all=Figure(code, _("All"), sum(cells[code].values()), desk({"view": "unfinished", "team": code})),
        )
        for code in sorted(cells, key=lambda code: (-sum(cells[code].values()), code))
    ]
