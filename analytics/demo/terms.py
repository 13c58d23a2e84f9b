"""Promises with their arithmetic remembered by day: the pure clock functions are asked once for each start or due day."""

from __future__ import annotations

import json
from datetime import date

from analytics.demo.moments import SECOND, LocalTime, Moment, instant_of, moment_of
from complaints.clocks.deadlines import due_at, moment_at_share, moment_before
from complaints.clocks.limits import Limit, Unit
from complaints.clocks.policies import Promise
from complaints.models import Calendar, Policy

MOST_REMEMBERED = 5000
"""Due moments by day are few; those by the second are not worth keeping."""


class Terms:
    """What one clock was promised under. Moments agree with `complaints.clocks` (see the tests)."""

    def __init__(self, promise: Promise, calendar: Calendar | None, local: LocalTime, *, limit: str = "") -> None:
        self._promise = promise
        self._row = calendar
        self._local = local
        self.kind, self.tier = promise.kind, promise.tier
        self.label = f"{promise.kind} {promise.tier}".strip()
        self.limit_text = limit or promise.limit
        self.limit = Limit.parse(self.limit_text)
        self.working = calendar.working_calendar() if calendar else None
        self.calendar_id = calendar.pk if calendar else None
        self.policy_id = promise.key.pk if isinstance(promise.key, Policy) else None
        self.is_pausable = promise.pausable
        self.statistic = promise.statistic
        self.from_entry = promise.starts == "registered"
        self.signature = (promise.limit, promise.calendar, promise.pausable)
        self.warn_json, self.escalate_json = json.dumps(list(promise.warn)), json.dumps(list(promise.escalate))
        self._elapsed = int(self.limit.duration.total_seconds()) * SECOND
        self._due_by_day: dict[date, Moment] = {}
        self._around_due: dict[Moment, dict[str, Moment]] = {}
        warns = [(f"warn{n}", text) for n, text in enumerate(promise.warn, start=1)]
        self._warns = [(level, int(text[:-1]) if text.endswith("%") else None) for level, text in warns]
        self._distances = [(level, Limit.parse(text)) for level, text in warns if not text.endswith("%")]
        self._escalations = [(f"escalate{n}", Limit.parse(text)) for n, text in enumerate(promise.escalate, start=1)]

    def again(self, limit: str) -> Terms:
        """The same promise with another limit."""
        return Terms(self._promise, self._row, self._local, limit=limit)

    def due(self, start: Moment) -> Moment:
        if self.limit.is_elapsed:
            return start + self._elapsed
        if not self.limit.in_days:
            return self._computed_due(start)
        day = self._local.day(start)
        due = self._due_by_day.get(day)
        if due is None:
            due = self._due_by_day[day] = self._computed_due(start)
        return due

    def _computed_due(self, start: Moment) -> Moment:
        due = due_at(self.limit, self.working, instant_of(start))
        assert due is not None  # without pauses there always is one
        return moment_of(due)

    def alarms(self, start: Moment, due: Moment) -> list[tuple[str, Moment]]:
        """Levels and moments of a running clock, in the order in which the alarms are written."""
        if self.statistic != "each":
            return []
        moments = [("breach", due)]
        around = self._around(due)
        for level, share in self._warns:
            moments.append((level, around[level] if share is None else self._at_share(start, due, share)))
        moments.extend((level, around[level]) for level, _after in self._escalations)
        return [(level, moment) for level, moment in moments if moment > start]

    def _at_share(self, start: Moment, due: Moment, share: int) -> Moment:
        if self.limit.unit == Unit.WORKING_HOUR:
            ends = instant_of(start), instant_of(due)
            return moment_of(moment_at_share(self.limit, self.working, *ends, share / 100))
        return start + (due - start) * share // 100

    def _around(self, due: Moment) -> dict[str, Moment]:
        """The moments that depend on nothing but the due moment."""
        found = self._around_due.get(due)
        if found is None:
            instant = instant_of(due)
            before = {level: moment_before(limit, self.working, instant) for level, limit in self._distances}
            after = {level: due_at(limit, self.working, instant) or instant for level, limit in self._escalations}
            found = {level: moment_of(at) for level, at in {**before, **after}.items()}
            if len(self._around_due) < MOST_REMEMBERED:
                self._around_due[due] = found
        return found


class SetFromOutside:
    """The terms of a clock whose due moment the regulator set."""

    kind, tier, label = "resolve", "external", "resolve external"
    limit_text, limit, working, calendar_id, policy_id = "", None, None, None, None
    is_pausable, statistic = False, "each"
    warn_json, escalate_json = '["75%"]', "[]"

    def alarms(self, start: Moment, due: Moment) -> list[tuple[str, Moment]]:
        moments = [("breach", due), ("warn1", start + (due - start) * 75 // 100)]
        return [(level, moment) for level, moment in moments if moment > start]
