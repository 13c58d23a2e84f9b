"""Which promises hold for a complaint as it stands, read from the policies and calendars in force."""

from __future__ import annotations

from complaints.clocks.policies import NO_PROMISE, Facts, Promise, Rule, promises_for
from complaints.models import Calendar, Complaint, Policy


def facts_of(complaint: Complaint) -> Facts:
    """What policies may look at."""
    segment = ""
    if complaint.customer is not None:
        segment = "key" if complaint.customer.is_key else complaint.customer.kind
    return Facts(
        request_type=complaint.request_type,
        category=complaint.category.code,
        subcategory=complaint.subcategory.code if complaint.subcategory else "",
        channel=complaint.channel,
        source=complaint.source,
        severity=complaint.severity,
        priority=str(complaint.priority),
        segment=segment,
        area=complaint.area_class,
    )


def rules_in_force() -> list[Rule]:
    """The current policies as the matching knows them; each promise carries its policy's row as `key`."""
    return [
        Rule(
            code=policy.code,
            version=policy.version,
            match={name: frozenset(str(value) for value in values) for name, values in policy.match.items()},
            promises=tuple(
                Promise(
                    kind=row.kind,
                    tier=row.tier,
                    limit=row.limit,
                    calendar=row.calendar,
                    starts=row.starts,
                    statistic=row.statistic,
                    pausable=row.is_pausable,
                    warn=tuple(row.warn),
                    escalate=tuple(row.escalate),
                    policy=policy.code,
                    policy_version=policy.version,
                    key=policy,
                )
                for row in policy.limits.all()
            ),
        )
        for policy in Policy.objects.filter(is_current=True).prefetch_related("limits")
    ]


def promises(complaint: Complaint) -> dict[tuple[str, str], Promise]:
    """What we promise for this complaint as it stands, by (kind, tier)."""
    found = promises_for(rules_in_force(), facts_of(complaint))
    return {(p.kind, p.tier): p for p in found if p.limit != NO_PROMISE}


class Calendars:
    """The newest version of each calendar, read once for one piece of work."""

    def __init__(self) -> None:
        self._rows: dict[str, Calendar] = {}

    def row(self, code: str) -> Calendar | None:
        if not code:
            return None
        if not self._rows:
            for calendar in Calendar.objects.order_by("code", "version"):
                self._rows[calendar.code] = calendar
        return self._rows[code]
