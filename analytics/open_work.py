"""What is open now, by team and by category and by when it is due: one count of the open ones, cut in several ways.

Because every cell comes from the same rows of one statement, rows, columns and totals add up whatever happens meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from complaints.models import Category, Complaint, Notice, NoticeState
from complaints.models.complaint import UNASSIGNED
from complaints.queues import FILTERS, due_moments, due_parts
from complaints.states import UNFINISHED, Status
from staff.models import Team, User
from staff.scope import all_of
from staff.written_out import Statement

SHOWN = [status for status in Status if status in UNFINISHED]
NONE = "none"


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of complaints and the list that makes it, as the tag `figure` draws one."""

    code: str
    label: LazyText | str
    value: int | str
    address: str | Mapping[str, str]
    """Of the list, or the filters of the desk's list: of the hundreds of cells of a board most are empty and link nowhere."""
    meaning: str = "calm"
    band: str = ""

    @property
    def url(self) -> str:
        return self.address if isinstance(self.address, str) else desk(self.address)


@dataclass(frozen=True, slots=True)
class Sight:
    """What is counted of the open ones, and the filters of the desk's list that say the same."""

    code: str
    label: LazyText | str
    params: Mapping[str, str]
    meaning: str = "calm"

    def figure(self, number: int, where: str = "", **more: str) -> Figure:
        code = f"{where}-{self.code}" if where else self.code
        return Figure(code, self.label, number, {**self.params, **more}, self.meaning if number else "calm")

    def cell(self, number: int, where: str, **more: str) -> Figure:
        """In a table, where most are empty."""
        return self.figure(number, where, **more) if number else EMPTY


def _stage(status: Status) -> str:
    return f"status-{status.value}"


EMPTY = Figure("", "", 0, "")
SIGHTS = [
    Sight("missed", gettext_lazy("Deadline missed"), {"view": "breached"}, "breached"),
    Sight("soon", gettext_lazy("Due in the next 4 hours"), {"view": "due-soon"}, "due"),
    Sight("today", gettext_lazy("Due later today"), {"view": "unfinished", "due": "today"}),
    Sight("later", gettext_lazy("Due later, or nothing due"), {"view": "unfinished", "due": "later"}),
    Sight("all", gettext_lazy("All"), {"view": "unfinished"}),
    Sight("unassigned", gettext_lazy("Of these, nobody is on it"), {"view": "unassigned"}),
]
"""The first four are the whole."""
MISSED, SOON, ALL = SIGHTS[0], SIGHTS[1], SIGHTS[4]
STAGES = [Sight(_stage(one), one.label, {"view": "unfinished", "status": one.value}) for one in SHOWN]
NOBODY = Sight("unassigned", gettext_lazy("Nobody is on it"), {"view": "unassigned"}, "due")
SAFETY = Sight("safety", gettext_lazy("Life-safety, open"), {"view": "unfinished", "priority": "1"}, "safety")
REVIEW = Sight("review", gettext_lazy("Waiting for your review"), {"view": "review"}, "due")
URGED = Sight("urged", gettext_lazy("Urged twice or more"), {"view": "unfinished", "urged": "2"}, "due")
UNDELIVERED = Sight(
    "undelivered", gettext_lazy("Message could not be sent"), {"view": "unfinished", "undelivered": "1"}, "breached"
)
FEEDBACK = Sight("feedback", gettext_lazy("Waiting for feedback"), {"view": "feedback"})
OPENED = Sight("open", pgettext_lazy("queue", "Open"), ALL.params)


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class OpenWork:
    """`teams` and `categories` have a figure for each of SIGHTS, `crossed` one for each category and one for all."""

    teams: Sequence[Row]
    categories: Sequence[Row]
    total: Sequence[Figure]
    crossed: Sequence[Row]
    crossed_total: Sequence[Figure]
    stages: Sequence[Figure]
    decisions: Sequence[Figure]
    feedback: Figure
    open: Figure


Tally = Mapping[str, int]
"""How many of each sight there are, by its code."""


def read(user: User, at: datetime) -> OpenWork:
    """All that this person may see of what is open at this moment, counted once."""
    counted = list(_COUNTED(*due_moments(at), shape=all_of(user), user=user))
    # read by themselves: to join them to all that is open costs as much again
    of_key, kinds = {team.pk: team for team in _TEAMS()}, {category.pk: category for category in _CATEGORIES()}
    parts = {
        (of_key[team].code if team else NONE, kinds[category].code): dict(zip(SIGHTED, numbers, strict=True))
        for team, category, *numbers in counted
    }
    whole, of_team, of_category = _sum(parts.values()), _sums(parts, 0), _sums(parts, 1)
    teams = _in_order(of_team, {team.code: team.name for team in of_key.values()})
    categories = {one.code: one.name for one in kinds.values() if one.code in of_category}

    def across(team: str) -> list[Figure]:
        numbers = {category: parts[team, category]["all"] for category in categories if (team, category) in parts}
        cells = [ALL.cell(numbers.get(one, 0), f"{team}-{one}", team=team, category=one) for one in categories]
        return [*cells, ALL.cell(of_team[team]["all"], f"{team}-crossed", team=team)]

    return OpenWork(
        teams=_rows("team", teams, of_team),
        categories=_rows("category", categories, of_category),
        total=[sight.figure(whole[sight.code], "total") for sight in SIGHTS],
        crossed=[Row(name, across(code)) for code, name in teams.items()],
        crossed_total=[
            *(ALL.cell(of_category[code]["all"], f"crossed-{code}", category=code) for code in categories),
            ALL.cell(whole["all"], "crossed"),
        ],
        stages=[stage.figure(whole[stage.code]) for stage in STAGES],
        decisions=[
            SAFETY.figure(whole["safety"]),
            MISSED.figure(whole["missed"], "decision"),
            SOON.figure(whole["soon"], "decision"),
            NOBODY.figure(whole["unassigned"], "decision"),
            REVIEW.figure(whole[_stage(Status.REVIEW)]),
            URGED.figure(whole["urged"]),
            UNDELIVERED.figure(whole["undelivered"]),
        ],
        feedback=FEEDBACK.figure(whole[_stage(Status.RESOLVED)]),
        open=OPENED.figure(whole["all"]),
    )


def _rows(by: str, names: Mapping[str, str], tallies: Mapping[str, Tally]) -> list[Row]:
    return [
        Row(name, [sight.cell(tallies[code][sight.code], f"{by}-{code}", **{by: code}) for sight in SIGHTS])
        for code, name in names.items()
    ]


def desk(params: Mapping[str, str]) -> str:
    return _address(tuple(params.items()))


@lru_cache(maxsize=8192)
def _address(params: tuple[tuple[str, str], ...]) -> str:
    """A board has three hundred such addresses, and the next one the same."""
    return f"{reverse('complaints:queue')}?{urlencode(params)}"


def _holds(at: datetime, soon: datetime, after: datetime) -> dict[str, Q]:
    """Which of what is open each sight holds: what its list holds."""
    dead = Notice.objects.filter(state=NoticeState.DEAD, complaint__isnull=False)
    return {
        **due_parts(at, soon, after),
        "all": Q(),
        "unassigned": UNASSIGNED,
        "safety": FILTERS["priority"](SAFETY.params["priority"]),
        "urged": FILTERS["urged"](URGED.params["urged"]),
        # the filter looks for each complaint, which is right for a list; here those few are found once for all
        "undelivered": Q(pk__in=dead.values("complaint")),
        **{_stage(status): Q(status=status) for status in SHOWN},
    }


SIGHTED = tuple(_holds(*[datetime.min.replace(tzinfo=UTC)] * 3))


def _counted(at: datetime, soon: datetime, after: datetime, *, user: User) -> QuerySet[Complaint, Any]:
    rows = Complaint.objects.visible_to(user).unfinished().order_by().values_list("team", "category")
    numbers = {f"number_of_{place}": Count("pk", filter=q) for place, q in enumerate(_holds(at, soon, after).values())}
    return rows.annotate(**numbers)


_COUNTED = Statement(_counted)


def _sum(tallies: Iterable[Tally]) -> Tally:
    numbers = [sum(column) for column in zip(*(tally.values() for tally in tallies), strict=True)]
    return dict(zip(SIGHTED, numbers or [0] * len(SIGHTED), strict=True))


def _sums(parts: Mapping[tuple[str, str], Tally], place: int) -> dict[str, Tally]:
    """Of each team, or of each category."""
    found: dict[str, list[Tally]] = {}
    for key, tally in parts.items():
        found.setdefault(key[place], []).append(tally)
    return {code: _sum(tallies) for code, tallies in found.items()}


def _in_order(tallies: Mapping[str, Tally], names: Mapping[str, str]) -> dict[str, str]:
    """The teams that have something open: those with most deadlines missed first, then the fullest."""
    order = sorted(tallies, key=lambda code: (-tallies[code]["missed"], -tallies[code]["all"], code))
    return {code: names.get(code, _("No team")) for code in order}


_TEAMS = Statement(lambda: Team.objects.all())
_CATEGORIES = Statement(lambda: Category.objects.all())
