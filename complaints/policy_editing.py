"""Policies as people change them: what makes one valid, what a change would do, and the new version that saving makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from complaints import retargeting
from complaints.clocks.policies import NO_PROMISE, Facts, Promise, Rule, promises_for
from complaints.clocks.promised import InForce, rules_in_force
from complaints.models import Complaint, Policy, PolicyLimit
from staff.models import User

LIMIT_FIELDS = (
    "kind", "tier", "limit", "calendar", "starts", "statistic", "is_pausable", "extension", "warn", "escalate",
)  # fmt: skip
LOOKED_BACK = timedelta(days=90)
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy as it would be saved. Nothing in it is written yet."""

    code: str
    names: Mapping[str, str]
    match: Mapping[str, list[str]]
    source: str
    confidence: str
    limits: tuple[Row, ...]

    def rule(self) -> Rule:
        return Rule(
            code=self.code,
            version=0,
            match={name: frozenset(values) for name, values in self.match.items()},
            promises=tuple(
                Promise(
                    kind=row["kind"],
                    tier=row["tier"],
                    limit=row["limit"],
                    calendar=row["calendar"],
                    starts=row["starts"],
                    statistic=row["statistic"],
                    pausable=row["is_pausable"],
                    extension=row["extension"],
                    warn=tuple(row["warn"]),
                    escalate=tuple(row["escalate"]),
                    policy=self.code,
                )
                for row in self.limits
            ),
        )


def clash(draft: Draft) -> tuple[Policy, str, str] | None:
    """Another policy that promises the same clock and tier for exactly the same complaints, with that clock and tier."""
    mine = {(row["kind"], row["tier"]) for row in draft.limits}
    others = Policy.objects.filter(is_current=True, match=dict(draft.match)).exclude(code=draft.code)
    for policy in others.prefetch_related("limits"):
        for limit in policy.limits.all():
            if (limit.kind, limit.tier) in mine:
                return policy, limit.kind, limit.tier
    return None


@transaction.atomic
def save(draft: Draft, *, by: User, reason: str) -> Policy:
    """Write the draft as the newest version of its policy. It holds for clocks that open from now on."""
    versions = Policy.objects.select_for_update().filter(code=draft.code).order_by("-version")
    newest = versions.first()
    versions.filter(is_current=True).update(is_current=False)
    policy = Policy.objects.create(
        code=draft.code,
        version=newest.version + 1 if newest else 1,
        match=dict(draft.match),
        source=draft.source,
        confidence=draft.confidence,
        made_by=by,
        reason=reason,
        **draft.names,
    )
    PolicyLimit.objects.bulk_create(PolicyLimit(policy=policy, **row) for row in draft.limits)
    return policy


def retire(policy: Policy, *, by: User, reason: str) -> Policy:
    """Take a policy out of force: a last version that promises nothing and is not current, so that who and why stay known."""
    with transaction.atomic():
        Policy.objects.select_for_update().filter(code=policy.code, is_current=True).update(is_current=False)
        return Policy.objects.create(
            code=policy.code,
            version=policy.version + 1,
            name_zh=policy.name_zh,
            name_en=policy.name_en,
            match=policy.match,
            source=policy.source,
            confidence=policy.confidence,
            is_current=False,
            made_by=by,
            reason=reason,
        )


# what a change would do


@dataclass(frozen=True, slots=True)
class Shift:
    """One promise that would read otherwise, and for how many complaints of the last ninety days."""

    kind: str
    tier: str
    before: str
    after: str
    count: int


@dataclass(slots=True)
class Effect:
    """What saving a change would do to new complaints, and what moving the running clocks afterwards would do."""

    complaints: int = 0
    shifts: list[Shift] = field(default_factory=list)
    running: retargeting.Preview | None = None


def effect(code: str, draft: Draft | None) -> Effect:
    """What would change if the policy `code` read as the draft, or were gone. Nothing is written."""
    before = rules_in_force()
    after = [rule for rule in before if rule.code != code] + ([draft.rule()] if draft else [])
    result = Effect()
    shifts: Counter[tuple[str, str, str, str]] = Counter()
    for facts, count in _recent_facts():
        old, new = _limits(before, facts), _limits(after, facts)
        changed = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
        result.complaints += count if changed else 0
        for kind, tier in changed:
            shifts[kind, tier, old.get((kind, tier), ""), new.get((kind, tier), "")] += count
    result.shifts = [Shift(*key, count) for key, count in shifts.most_common(20)]
    result.running = retargeting.preview([code], in_force=InForce(after))
    return result


def _limits(rules: Iterable[Rule], facts: Facts) -> dict[tuple[str, str], str]:
    return {(p.kind, p.tier): p.limit for p in promises_for(rules, facts) if p.limit != NO_PROMISE}


def _recent_facts() -> Iterable[tuple[Facts, int]]:
    """The kinds of complaint that really came in the last ninety days, each with how many."""
    columns = {
        "request_type": "request_type", "category": "category__code", "subcategory": "subcategory__code",
        "channel": "channel", "source": "source", "severity": "severity", "priority": "priority",
        "is_key": "customer__is_key", "kind": "customer__kind", "area": "area_class",
    }  # fmt: skip
    rows = Complaint.objects.filter(received_at__gte=timezone.now() - LOOKED_BACK).order_by()
    for row in rows.values(*columns.values()).annotate(count=Count("pk")):
        said = {name: row[column] for name, column in columns.items()}
        segment = "key" if said.pop("is_key") else said["kind"]
        del said["kind"]
        yield Facts(**{name: str(value or "") for name, value in said.items()}, segment=segment or ""), row["count"]
