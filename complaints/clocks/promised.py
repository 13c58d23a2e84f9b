"""Which promises hold for a complaint as it stands, read from the policies and calendars in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from complaints import turn
from complaints.clocks.alarms import arithmetic
from complaints.clocks.deadlines import due_at
from complaints.clocks.limits import Limit
from complaints.clocks.policies import Due, Facts, Promise, Rule, promises_for
from complaints.models import SAFETY, Calendar, Channel, Clock, ClockKind, Complaint, Policy, Priority, Tier


def facts_of(complaint: Complaint) -> Facts:
    """What policies may look at."""
    return Facts(
        request_type=complaint.request_type,
        category=complaint.category.code,
        subcategory=complaint.subcategory.code if complaint.subcategory else "",
        channel=complaint.channel,
        source=complaint.source,
        severity=complaint.severity,
        priority=str(complaint.priority),
        segment=complaint.customer.segment if complaint.customer else "",
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
                    extension=row.extension,
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
    return turn.once("promises in force", InForce).promises(complaint)


class InForce:
    """The policies and calendars in force, read once for one piece of work; or other `rules`, to see what they would do."""

    def __init__(self, rules: Iterable[Rule] | None = None, *, calendars: Mapping[str, Calendar] | None = None) -> None:
        self.rules = list(rules_in_force() if rules is None else rules)
        self.calendars = Calendars(calendars)

    def promises(self, complaint: Complaint) -> dict[tuple[str, str], Promise]:
        """What is promised for this complaint as it stands, by (kind, tier)."""

        def due(promise: Promise) -> datetime | None:
            calendar = arithmetic(self.calendars.row(promise.calendar))
            return due_at(Limit.parse(promise.limit), calendar, complaint.received_at)

        return promises_given(self.rules, facts_of(complaint), due=due)


def promises_given(rules: Iterable[Rule], facts: Facts, *, due: Due | None = None) -> dict[tuple[str, str], Promise]:
    """What these rules promise where these are the facts, by (kind, tier); `due` as `promises_for` says."""
    waits = may_wait(facts)
    return {
        (p.kind, p.tier): replace(p, pausable=waits and p.pausable and not never_paused(p.kind, p.tier))
        for p in promises_for(rules, facts, due=due)
    }


def may_wait(facts: Facts) -> bool:
    """Whether any clock of such a complaint can be paused at all, whatever a policy says: not safety, not the regulator's."""
    return facts.priority != str(Priority.P1.value) and facts.channel != Channel.REGULATOR and facts.category != SAFETY


def never_paused(kind: str, tier: str) -> bool:
    """Domain 4.6: a pause never stops the law's clock, the regulator's or the one to the customer's door."""
    return tier in (Tier.STATUTORY, Tier.EXTERNAL) or kind == ClockKind.ARRIVE


def differs(clock: Clock, promise: Promise, calendar: Calendar | None) -> bool:
    """Whether a clock would run otherwise under this promise, made today. The clock's calendar must be loaded."""
    return (clock.limit, clock.calendar, clock.is_pausable, clock.extension, clock.warn, clock.escalate) != (
        promise.limit,
        calendar,
        promise.pausable,
        promise.extension,
        list(promise.warn),
        list(promise.escalate),
    )


class Calendars:
    """The newest version of each calendar, read once for one piece of work; or these."""

    def __init__(self, rows: Mapping[str, Calendar] | None = None) -> None:
        self._rows = rows

    def row(self, code: str) -> Calendar | None:
        if not code:
            return None
        if self._rows is None:
            self._rows = turn.known("calendars") or newest_calendars()
        return self._rows[code]


def newest_calendars() -> dict[str, Calendar]:
    """The newest version of each calendar, by code."""
    return {calendar.code: calendar for calendar in Calendar.objects.order_by("code", "version")}
