"""Changing routing rules: each change is written down, holds at once, and can be looked at before."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, F
from django.utils.translation import gettext as _

from complaints.models import Complaint, RouteChange, RoutingChange, RoutingRule
from complaints.refusals import MoveRefused
from complaints.route_words import said
from complaints.routing import Facts, Routes
from customers.models.people import KEY
from staff.models import User

HITS = timedelta(days=30)
LOOKED_BACK = timedelta(days=7)
MOST = 50_000
"""The newest complaints that are counted; more would say the same and take longer."""
STEP = 10
HIGHEST = 32_000


def change(rule: RoutingRule, *, by: User, at: datetime, seen: int | None = None) -> RoutingRule:
    """Save a rule that was filled in, new or changed, and keep what it said before.

    Raises MoveRefused when somebody else changed it after `seen`, the key of the last change its form knew.
    """
    with transaction.atomic():
        if rule._state.adding:
            rule.code = f"own-{secrets.token_hex(4)}"
            rule.save()
            _keep(rule, RouteChange.ADDED, by, at, {}, _whole(rule))
            return rule
        stored = RoutingRule.objects.select_for_update(of=("self",)).named().get(pk=rule.pk)
        if seen is not None and seen != last_change(stored):
            raise MoveRefused(_("Somebody else changed this rule meanwhile. Look at it again, then decide."))
        before, after = _whole(stored), _whole(rule)
        if before != after:
            rule.is_active = stored.is_active
            rule.save()
            _keep(rule, RouteChange.CHANGED, by, at, before, after)
        return rule


def last_change(rule: RoutingRule) -> int:
    """The key of the rule's last change, 0 before the first."""
    return rule.changes.order_by("-pk").values_list("pk", flat=True).first() or 0


@transaction.atomic
def retire(rule: RoutingRule, *, by: User, at: datetime) -> bool:
    """Take it out of use; whether it was in use."""
    return _switch(rule, False, by, at)


@transaction.atomic
def restore(rule: RoutingRule, *, by: User, at: datetime) -> bool:
    """Take it into use again; whether it was out of it."""
    return _switch(rule, True, by, at)


def _switch(rule: RoutingRule, is_active: bool, by: User, at: datetime) -> bool:
    stored = RoutingRule.objects.select_for_update(of=("self",)).named().get(pk=rule.pk)
    if stored.is_active == is_active:
        return False
    stored.is_active = is_active
    stored.save(update_fields=["is_active"])
    _keep(stored, RouteChange.RESTORED if is_active else RouteChange.RETIRED, by, at, _whole(stored), _whole(stored))
    return True


@transaction.atomic
def move(rule: RoutingRule, places: int, *, by: User, at: datetime) -> bool:
    """Try it earlier (-1) or later (1) than its neighbour; whether there was one. All rules are locked, so two cannot cross."""
    locked = (
        RoutingRule.objects.in_use().select_for_update().order_by("pk")
    )  # by what never changes: no two wait crosswise
    order = sorted(locked, key=_place)
    keys = [one.pk for one in order]
    if rule.pk not in keys:
        return False
    here = keys.index(rule.pk)
    there = here + places
    if not 0 <= there < len(order):
        return False
    moved, neighbour = order[here], order[there]
    before = moved.rank
    if moved.rank != neighbour.rank:
        moved.rank, neighbour.rank = neighbour.rank, moved.rank
        order[here], order[there] = neighbour, moved
        if sorted(order, key=_place) != order:
            _number(order)
    else:
        order[here], order[there] = neighbour, moved
        _number(order)
    RoutingRule.objects.bulk_update(order, ["rank"])
    _keep(moved, RouteChange.MOVED, by, at, {"rank": str(before)}, {"rank": str(moved.rank)})
    return True


def _place(rule: RoutingRule) -> tuple[int, str]:
    return -rule.rank, rule.code or "~"


def _number(order: Sequence[RoutingRule]) -> None:
    """Ranks anew, with room between them as long as there is any."""
    step = max(1, min(STEP, HIGHEST // max(len(order), 1)))
    for place, one in enumerate(reversed(order)):
        one.rank = place * step


def _whole(rule: RoutingRule) -> dict[str, str]:
    return said(rule) | {"rank": str(rule.rank)}


def _keep(
    rule: RoutingRule, kind: RouteChange, by: User, at: datetime, before: dict[str, str], after: dict[str, str]
) -> None:
    RoutingChange.objects.create(rule=rule, kind=kind, at=at, by=by, before=before, after=after)


# what rules do, counted


@dataclass(frozen=True, slots=True)
class Group:
    """Complaints that no rule can tell apart."""

    facts: Facts
    count: int


def groups(since: datetime) -> list[Group]:
    """The complaints received since then, of many the newest, counted by what rules look at."""
    newest = (
        Complaint.objects.filter(received_at__gte=since).order_by("-received_at").values_list("received_at", flat=True)
    )
    since = newest[MOST - 1 : MOST].first() or since
    names = ("request_type", "channel", "category_id", "subcategory_id", "area_class")
    rows = (
        Complaint.objects.filter(received_at__gte=since)
        .order_by()
        .values_list(*names, "customer__kind", "customer__is_key", "branch__path", F("transformer_area__feeder_id"))
        .annotate(count=Count("pk"))
    )
    return [
        Group(Facts(request, channel, category, sub, area, KEY if is_key else kind or "", path, feeder), count)
        for request, channel, category, sub, area, kind, is_key, path, feeder, count in rows
    ]


def hits(routes: Routes, found: Sequence[Group]) -> Counter[int | None]:
    """How many of these complaints each rule answers, by the rule's key; those that none answers by None."""
    counted: Counter[int | None] = Counter()
    for group in found:
        rule, _team = routes.answer(group.facts)
        counted[rule.pk if rule else None] += group.count
    return counted


@dataclass(frozen=True, slots=True)
class Effect:
    """What a change would have done to the complaints of the last days: how many go elsewhere, from which team to which."""

    total: int
    elsewhere: int
    ways: tuple[tuple[str, str, int], ...]


def effect(changed: RoutingRule, *, at: datetime) -> Effect:
    """How the complaints of the last seven days would have gone with the rule as it is filled in; nothing is written."""
    now = Routes()
    others = [rule for rule in now.rules if rule.pk != changed.pk]
    wanted = [*others, changed] if changed.is_active else others
    then = Routes(sorted(wanted, key=_place))
    then.__dict__["teams"] = now.teams
    ways: Counter[tuple[str, str]] = Counter()
    total = 0
    for group in groups(at - LOOKED_BACK):
        total += group.count
        before, after = now.answer(group.facts)[1], then.answer(group.facts)[1]
        if before != after:
            ways[str(before or _("nobody")), str(after or _("nobody"))] += group.count
    counted = tuple((one, other, count) for (one, other), count in ways.most_common())
    return Effect(total, sum(ways.values()), counted)
