"""Which team gets a complaint: rules name a kind of team, the complaint's branch gives the nearest team of that kind."""

from __future__ import annotations

from collections.abc import Iterator

from complaints.models import Complaint, RoutingRule
from staff.models import Branch, Team, TeamKind


def team_kinds_for(complaint: Complaint) -> Iterator[str]:
    """The kinds that the matching rules name, the highest rank first, and the dispatch desk after all."""
    facts = {
        "request_type": complaint.request_type,
        "channel": complaint.channel,
        "category_id": complaint.category_id,
        "subcategory_id": complaint.subcategory_id,
        "area_class": complaint.area_class,
        "segment": complaint.customer.segment if complaint.customer else "",
    }
    for rule in RoutingRule.objects.all():
        if all(getattr(rule, name) in (None, "", value) for name, value in facts.items()):
            yield rule.team_kind
    yield TeamKind.DISPATCH


def team_for(complaint: Complaint) -> Team | None:
    """The nearest team of the right kind, upwards from the complaint's branch; where there is none, the next rule's."""
    teams = (nearest_team(complaint.branch, kind) for kind in team_kinds_for(complaint))
    return next((team for team in teams if team is not None), None)


def nearest_team(branch: Branch, kind: str) -> Team | None:
    """Branch paths are prefixes of each other upwards, so the longest path that holds such a team is the nearest."""
    codes = branch.path.rstrip("/").split("/")
    upwards = ["/".join(codes[:depth]) + "/" for depth in range(len(codes), 0, -1)]
    teams = Team.objects.filter(kind=kind, is_active=True, branch__path__in=upwards).select_related("branch")
    return max(teams, key=lambda team: len(team.branch.path), default=None)
