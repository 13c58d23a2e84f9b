"""What is open now, by team and by category and by when it is due: one count of the open ones, cut in several ways.

Because every cell comes from the same rows of one statement, rows, columns and totals add up whatever happens meanwhile.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import BooleanField, Case, CharField, Count, Q, QuerySet, Value, When
from django.urls import reverse
from django.utils.functional import Promise as LazyText
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from complaints.models import Category, Complaint
from complaints.queues import due_moments, due_parts
from complaints.states import OPEN, UNFINISHED, Status
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


class Part(NamedTuple):
    """Complaints that are alike in everything that is told apart, and how many they are."""

    team: str
    category: str
    status: str
    due: str
    is_unassigned: bool
    number: int


@dataclass(frozen=True, slots=True)
class Sight:
    """One column: which of the open ones, and the filters of the desk's list that say the same."""

    code: str
    label: LazyText | str
    holds: Callable[[Part], bool]
    params: Mapping[str, str]
    meaning: str = "calm"

    def figure(self, parts: Sequence[Part], where: str = "", **more: str) -> Figure:
        number = sum(part.number for part in parts if self.holds(part))
        code = f"{where}-{self.code}" if where else self.code
        return Figure(code, self.label, number, {**self.params, **more}, self.meaning if number else "calm")


def _due(code: str) -> Callable[[Part], bool]:
    return lambda part: part.due == code


def _in(status: str) -> Callable[[Part], bool]:
    return lambda part: part.status == status


SIGHTS = [
    Sight("missed", gettext_lazy("Deadline missed"), _due("missed"), {"view": "breached"}, "breached"),
    Sight("soon", gettext_lazy("Due in the next 4 hours"), _due("soon"), {"view": "due-soon"}, "due"),
    Sight("today", gettext_lazy("Due later today"), _due("today"), {"view": "unfinished", "due": "today"}),
    Sight("later", gettext_lazy("Due later, or nothing due"), _due("later"), {"view": "unfinished", "due": "later"}),
    Sight("all", gettext_lazy("All"), lambda part: True, {"view": "unfinished"}),
    Sight(
        "unassigned", gettext_lazy("Of these, nobody is on it"), lambda part: part.is_unassigned, {"view": "unassigned"}
    ),
]
"""The first four are the whole."""
ALL = next(sight for sight in SIGHTS if sight.code == "all")
STAGES = [
    Sight(f"status-{status.value}", status.label, _in(status), {"view": "unfinished", "status": status.value})
    for status in SHOWN
]
NOBODY = Sight(
    "unassigned", gettext_lazy("Nobody is on it"), lambda part: part.is_unassigned, {"view": "unassigned"}, "due"
)


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
    missed: Figure
    soon: Figure
    unassigned: Figure
    open: Figure


def read(user: User, at: datetime) -> OpenWork:
    """All that this person may see of what is open at this moment, counted once."""
    parts = _parts(user, at)
    teams, categories = _teams(parts), _categories(parts)
    of_team: dict[str, list[Part]] = {code: [] for code in teams}
    of_category: dict[str, list[Part]] = {code: [] for code in categories}
    for part in parts:
        of_team[part.team].append(part)
        of_category[part.category].append(part)
    missed, soon = SIGHTS[0].figure(parts, "decision"), SIGHTS[1].figure(parts, "decision")
    return OpenWork(
        teams=[
            Row(name, [sight.figure(of_team[code], f"team-{code}", team=code) for sight in SIGHTS])
            for code, name in teams.items()
        ],
        categories=[
            Row(name, [sight.figure(of_category[code], f"category-{code}", category=code) for sight in SIGHTS])
            for code, name in categories.items()
        ],
        total=[sight.figure(parts, "total") for sight in SIGHTS],
        crossed=[Row(name, _across(of_team[code], code, categories)) for code, name in teams.items()],
        crossed_total=[
            *(ALL.figure(of_category[code], f"crossed-{code}", category=code) for code in categories),
            ALL.figure(parts, "crossed"),
        ],
        stages=[stage.figure(parts) for stage in STAGES],
        missed=missed,
        soon=soon,
        unassigned=NOBODY.figure(parts, "decision"),
        open=Sight("open", pgettext_lazy("queue", "Open"), ALL.holds, ALL.params).figure(parts),
    )


def desk(params: Mapping[str, str]) -> str:
    return _address(tuple(params.items()))


@lru_cache(maxsize=8192)
def _address(params: tuple[tuple[str, str], ...]) -> str:
    """A board has three hundred such addresses, and the next one the same."""
    return f"{reverse('complaints:queue')}?{urlencode(params)}"


def _across(parts: Sequence[Part], team: str, categories: Mapping[str, str]) -> list[Figure]:
    of_category: dict[str, list[Part]] = {code: [] for code in categories}
    for part in parts:
        of_category[part.category].append(part)
    cells = [ALL.figure(of_category[code], f"{team}-{code}", team=team, category=code) for code in categories]
    return [*cells, ALL.figure(parts, f"{team}-crossed", team=team)]


def _parts(user: User, at: datetime) -> list[Part]:
    counted = _COUNTED(*due_moments(at), shape=all_of(user), user=user)
    return [Part(team or NONE, *others) for team, *others in counted]


def _counted(at: datetime, soon: datetime, after: datetime, *, user: User) -> QuerySet[Complaint, Any]:
    parts = due_parts(at, soon, after).items()
    due = Case(*(When(condition, then=Value(code)) for code, condition in parts), output_field=CharField())
    alone = Case(
        When(Q(assignee__isnull=True, status__in=sorted(OPEN)), then=Value(True)),
        default=Value(False),
        output_field=BooleanField(),
    )
    rows = Complaint.objects.visible_to(user).unfinished().order_by().annotate(due=due, alone=alone)
    return rows.values_list("team__code", "category__code", "status", "due", "alone").annotate(number=Count("pk"))


_COUNTED = Statement(_counted)


def _teams(parts: Sequence[Part]) -> dict[str, str]:
    """The teams that have something open: those with most deadlines missed first, then the fullest."""
    missed: Counter[str] = Counter()
    load: Counter[str] = Counter()
    for part in parts:
        load[part.team] += part.number
        missed[part.team] += part.number if part.due == "missed" else 0
    names = {team.code: str(team) for team in Team.objects.filter(code__in=load)}
    order = sorted(load, key=lambda code: (-missed[code], -load[code], code))
    return {code: names.get(code, _("No team")) for code in order}


def _categories(parts: Sequence[Part]) -> dict[str, str]:
    found = {part.category for part in parts}
    return {category.code: str(category.name) for category in Category.objects.all() if category.code in found}
