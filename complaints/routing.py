"""Which team gets a complaint: rules are tried in their order, the first that fits and has a team answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from complaints.models import Complaint, RoutingRule
from staff import duty
from staff.models import Team, TeamKind

NAMES = ("request_type", "channel", "category", "subcategory", "area_class", "segment", "branch", "feeder")
"""What rules ask for, in the order in which it is said."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules look at; keys of rows, and the path of the branch."""

    request_type: str
    channel: str
    category: int | None
    subcategory: int | None
    area_class: str
    segment: str
    branch: str
    feeder: int | None = None

    @classmethod
    def of(cls, complaint: Complaint) -> Facts:
        area = complaint.transformer_area
        return cls(
            request_type=complaint.request_type,
            channel=complaint.channel,
            category=complaint.category_id,
            subcategory=complaint.subcategory_id,
            area_class=complaint.area_class,
            segment=complaint.customer.segment if complaint.customer else "",
            branch=complaint.branch.path,
            feeder=area.feeder_id if area else None,
        )


@dataclass(frozen=True, slots=True)
class Trial:
    """A rule held against a complaint: which of its conditions do not fit; when all fit, its team, if there is one."""

    rule: RoutingRule
    misfits: tuple[str, ...]
    team: Team | None


def misfits(rule: RoutingRule, facts: Facts) -> tuple[str, ...]:
    """The names of the rule's conditions that are not so; a branch holds for those below it too."""
    wanted = {
        "request_type": rule.request_type,
        "channel": rule.channel,
        "category": rule.category_id,
        "subcategory": rule.subcategory_id,
        "area_class": rule.area_class,
        "segment": rule.segment,
        "feeder": rule.feeder_id,
    }
    wrong = {name for name, value in wanted.items() if value not in (None, "", getattr(facts, name))}
    if rule.branch is not None and not facts.branch.startswith(rule.branch.path):
        wrong.add("branch")
    return tuple(name for name in NAMES if name in wrong)


class Routes:
    """The rules in use and the teams there are, read once each and asked often; other rules can be tried in their place."""

    def __init__(self, rules: Iterable[RoutingRule] | None = None, *, paths: Iterable[str] | None = None) -> None:
        self.rules = list(RoutingRule.objects.in_use().select_related("branch") if rules is None else rules)
        self._paths = None if paths is None else list(paths)

    @cached_property
    def teams(self) -> list[Team]:
        """The active teams of the branches asked for, and all that rules name."""
        rows = Team.objects.filter(is_active=True).select_related("branch").order_by("pk")
        if self._paths is None:
            return list(rows)
        named = {rule.team_id for rule in self.rules if rule.team_id}
        near = rows.filter(branch__path__in=self._paths)
        return list(near | rows.filter(pk__in=named) if named else near)

    @cached_property
    def _by_place(self) -> dict[tuple[str, str], Team]:
        found: dict[tuple[str, str], Team] = {}
        for team in self.teams:
            found.setdefault((team.kind, team.branch.path), team)
        return found

    @cached_property
    def _by_key(self) -> dict[int, Team]:
        return {team.pk: team for team in self.teams}

    def nearest(self, kind: str, path: str) -> Team | None:
        """The team of the kind in this branch, or in the nearest above it that has one."""
        found = (self._by_place.get((kind, one)) for one in duty.upwards(path))
        return next((team for team in found if team is not None), None)

    def target(self, rule: RoutingRule, path: str) -> Team | None:
        if rule.team_id is not None:
            return self._by_key.get(rule.team_id)
        return self.nearest(rule.team_kind, path)

    def trials(self, facts: Facts) -> Iterator[Trial]:
        """Every rule in turn, with why it does not answer or the team it would give."""
        for rule in self.rules:
            wrong = misfits(rule, facts)
            yield Trial(rule, wrong, None if wrong else self.target(rule, facts.branch))

    def answer(self, facts: Facts) -> tuple[RoutingRule | None, Team | None]:
        """The rule that answers and its team; when none does the dispatch desk, by no rule."""
        for trial in self.trials(facts):
            if trial.team is not None:
                return trial.rule, trial.team
        return None, self.nearest(TeamKind.DISPATCH, facts.branch)


def team_for(complaint: Complaint, routes: Routes | None = None) -> Team | None:
    """The team of the first rule that fits; where its kind is nowhere upwards, the next rule's; the dispatch desk after all.

    `routes` are those in force, where somebody has read them already.
    """
    routes = routes or Routes(paths=duty.upwards(complaint.branch.path))
    return routes.answer(Facts.of(complaint))[1]
