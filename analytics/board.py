"""The supervisors' board: what needs a decision first, then how the day is going. Each number is counted by its own list."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.db.models import CharField, Count, Q, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analytics.filters import Chosen
from analytics.periods import Granularity, Period
from analytics.reading import Amount, whole
from analytics.reading import read as read_figures
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

    def figure(self, number: int, more: Mapping[str, str] | None = None) -> Figure:
        """The number with the list that makes it, which `more` may narrow further."""
        address = desk({**self.params, **(more or {})})
        return Figure(self.code, self.label, number, address, self.meaning if number else "calm")


RECEIVED = Question(
    "received",
    _("Received today"),
    {"view": "all", "request_type": RequestType.COMPLAINT.value, "merged": "no"},
)
RESOLVED = Question("resolved", _("Resolved today"), {"view": "all"}, "done")
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
    weeks = whole_of(Period(today - timedelta(weeks=WEEKS), today))
    received = {day: amount.n for (day,), amount in read_figures("received", weeks, user, by=["day"]).items()}
    resolved = whole("resolved", whole_of(Period(today, today)), user, request_types=None).n
    found = count(
        [
            *DECISIONS,
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
    days = same_weekdays(user, at, weeks, since=min(received, default=None))
    return Board(
        at=at,
        decisions=[found[question.code] for question in DECISIONS],
        received=RECEIVED.figure(received.get(today, 0), _on("received", today)),
        usual=usual_range([counted for _day, counted in days]),
        days=days,
        resolved=RESOLVED.figure(resolved, _on("resolved", today)),
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
    return {question.code: question.figure(counted.get(question.code, 0)) for question in questions}


def same_weekdays(user: User, at: datetime, weeks: Chosen, since: date | None) -> list[tuple[date, int]]:
    """What the same weekday had brought by this time of day, in these weeks, oldest first; none before we began."""
    today = weeks.period.last
    passed = at - Period(today, today).start
    days = [today - timedelta(weeks=week) for week in range(WEEKS, 0, -1)]
    so_far = Q()
    for day in days:
        so_far |= Q(received_on=day, received_at__lt=Period(day, day).start + passed)
    found = read_figures("received", weeks, user, by=["day"], where=so_far)
    none = Amount()
    return [(day, found.get((day,), none).n) for day in days if since is not None and since <= day]


def whole_of(period: Period) -> Chosen:
    """Everything that happened in a period, narrowed by nothing but what the reader may see."""
    return Chosen(
        period=period, granularity=Granularity.WEEK.value, by="period", category=None, channel="", branch=None
    )


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
