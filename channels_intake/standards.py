"""What we promise, for everybody to read: made from the policies in force, so that it is never another text than the clocks'.

Publishing service standards, fees and complaint channels is a duty by law (domain 1 and 6.2).
"""

from __future__ import annotations

from typing import Any, NamedTuple

from channels_intake.questions import public_name
from complaints.clocks.policies import Facts, Rule, promises_for
from complaints.clocks.promised import rules_in_force
from complaints.clocks.shown import limit_words
from complaints.models import Category, Channel, Clock, ClockKind, Priority, RequestType, Severity, Source, Tier
from customers.models.network import AreaClass

PUBLIC_TIERS = (Tier.NONE, Tier.COMMITMENT, Tier.STATUTORY)
PUBLIC_KINDS = (
    ClockKind.ACKNOWLEDGE, ClockKind.FIRST_CONTACT, ClockKind.ARRIVE, ClockKind.RESTORE, ClockKind.RESOLVE, ClockKind.FEEDBACK,
)  # fmt: skip


class Line(NamedTuple):
    """One promise; `areas` is empty where it is the same everywhere."""

    what: str
    tier: str
    areas: str
    limit: str
    is_average: bool


def standards() -> list[dict[str, Any]]:
    """For each category what is promised for an ordinary complaint of it, and what else, or otherwise, for some kinds."""
    rules = rules_in_force()
    found: list[dict[str, Any]] = []
    for category in Category.objects.filter(is_active=True).prefetch_related("subcategories"):
        name = public_name(category)
        usual = _lines(category, "", rules)
        found.append({"id": category.code, "name": name, "kinds": [], "lines": usual})
        special: dict[tuple[Line, ...], list[str]] = {}
        for kind in category.subcategories.all():
            lines = tuple(
                line for line in _lines(category, kind.code, rules, kind.default_priority) if line not in usual
            )
            if kind.is_active and lines:
                special.setdefault(lines, []).append(public_name(kind))
        for lines, kinds in special.items():
            found.append({"id": f"{category.code}-{len(found)}", "name": name, "kinds": kinds, "lines": lines})
    return found


def _lines(category: Category, subcategory: str, rules: list[Rule], priority: int = Priority.P3) -> list[Line]:
    found: dict[tuple[str, str], dict[str, tuple[str, bool]]] = {}
    for area in AreaClass.values:
        for promise in promises_for(rules, _ordinary(category, subcategory, area, priority)):
            if promise.kind in PUBLIC_KINDS and promise.tier in PUBLIC_TIERS:
                found.setdefault((promise.kind, promise.tier), {})[area] = (promise.limit, promise.statistic == "mean")
    return [line for kind, tier in sorted(found, key=_order) for line in _by_area(kind, tier, found[kind, tier])]


def _ordinary(category: Category, subcategory: str, area: str, priority: int) -> Facts:
    return Facts(
        request_type=RequestType.COMPLAINT,
        category=category.code,
        subcategory=subcategory,
        channel=Channel.WEB,
        source=Source.WEBSITE,
        severity=Severity.ORDINARY,
        priority=str(priority),
        area=area,
    )


def _order(key: tuple[str, str]) -> tuple[int, int]:
    kind, tier = key
    return PUBLIC_KINDS.index(ClockKind(kind)), PUBLIC_TIERS.index(Tier(tier))


def _by_area(kind: str, tier: str, limits: dict[str, tuple[str, bool]]) -> list[Line]:
    """One line where every area has the same, else one for each limit."""
    what = str(ClockKind(kind).label)
    tier_words = str(Clock(kind=kind, tier=tier).get_tier_display()) if tier else ""
    groups: dict[tuple[str, bool], list[str]] = {}
    for area, limit in limits.items():
        groups.setdefault(limit, []).append(str(AreaClass(area).label))
    everywhere = len(groups) == 1 and len(limits) == len(AreaClass.values)
    return [
        Line(what, tier_words, "" if everywhere else " · ".join(areas), limit_words(limit), is_average)
        for (limit, is_average), areas in groups.items()
    ]
