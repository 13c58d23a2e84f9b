"""Promises with their arithmetic remembered by day: the pure clock functions are asked once for each start or due day."""

from __future__ import annotations

import json
from datetime import date
from typing import NamedTuple

from analytics.demo.moments import SECOND, LocalTime, Moment, instant_of, moment_of
from complaints.clocks.calendars import WorkingCalendar
from complaints.clocks.deadlines import due_at, moment_at_share, moment_before
from complaints.clocks.limits import Limit, Unit
from complaints.clocks.opening import KEPT, STARTS
from complaints.clocks.policies import Promise
from complaints.models import ClockKind, Policy


class Span:
    """A limit of a calendar, and when it is over."""

    def __init__(self, limit: str, working: WorkingCalendar | None, calendar_id: int | None, local: LocalTime) -> None:
        self.limit_text, self.limit = limit, Limit.parse(limit)
        self.working, self.calendar_id, self._local = working, calendar_id, local
        self._elapsed = int(self.limit.duration.total_seconds()) * SECOND
        self._due_by_day: dict[date, Moment] = {}

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


class Terms(Span):
    """What one clock was promised under. Moments agree with `complaints.clocks` (see the tests).

    `starts` and `kept` name moments of a record, as `complaints.clocks.opening` names those of a complaint.
    """

    def __init__(
        self,
        promise: Promise,
        working: WorkingCalendar | None,
        calendar_id: int | None,
        local: LocalTime,
        *,
        limit: str = "",
    ) -> None:
        super().__init__(limit or promise.limit, working, calendar_id, local)
        self._promise = promise
        self.kind, self.tier = promise.kind, promise.tier
        self.label = f"{promise.kind} {promise.tier}".strip()
        self.policy_id = promise.key.pk if isinstance(promise.key, Policy) else None
        self.is_pausable = promise.pausable
        self.statistic = promise.statistic
        self.starts = STARTS[promise.starts].removesuffix("_at")
        self.kept = KEPT.get(ClockKind(promise.kind), "").removesuffix("_at")
        self.extension = promise.extension
        self.granted = Span(promise.extension, working, calendar_id, local) if promise.extension else None
        self.signature = (
            promise.limit, calendar_id, promise.pausable, promise.extension, promise.warn, promise.escalate,
        )  # fmt: skip
        """What `complaints.clocks.promised.differs` compares."""
        self.warn_json, self.escalate_json = json.dumps(list(promise.warn)), json.dumps(list(promise.escalate))
        self._around_due: dict[Moment, dict[str, Moment]] = {}
        self._in_days_around: list[tuple[str, Limit]] = []
        self._warns = [
            (level, int(text[:-1]), None) if text.endswith("%") else (level, None, self._plain(level, text))
            for level, text in ((f"warn{n}", text) for n, text in enumerate(promise.warn, start=1))
        ]
        self._escalations = [
            (level, self._plain(level, text))
            for level, text in ((f"escalate{n}", text) for n, text in enumerate(promise.escalate, start=1))
        ]

    def _plain(self, level: str, text: str) -> Moment | None:
        """A distance that is plain time; None for one that the calendar must measure."""
        limit = Limit.parse(text)
        if limit.is_elapsed:
            return int(limit.duration.total_seconds()) * SECOND
        self._in_days_around.append((level, limit))
        return None

    def again(self, limit: str) -> Terms:
        """The same promise with another limit."""
        return Terms(self._promise, self.working, self.calendar_id, self._local, limit=limit)

    def alarms(self, start: Moment, due: Moment) -> list[tuple[str, Moment]]:
        """Levels and moments of a running clock, in the order in which the alarms are written."""
        if self.statistic != "each":
            return []
        moments = [("breach", due)]
        around = self._around(due) if self._in_days_around else {}
        for level, share, before in self._warns:
            if share is not None:
                moments.append((level, self._at_share(start, due, share)))
            else:
                moments.append((level, around[level] if before is None else due - before))
        for level, after in self._escalations:
            moments.append((level, around[level] if after is None else due + after))
        return [(level, moment) for level, moment in moments if moment > start]

    def _at_share(self, start: Moment, due: Moment, share: int) -> Moment:
        if self.limit.unit == Unit.WORKING_HOUR:
            ends = instant_of(start), instant_of(due)
            return moment_of(moment_at_share(self.limit, self.working, *ends, share / 100))
        return start + (due - start) * share // 100

    def _around(self, due: Moment) -> dict[str, Moment]:
        """The moments that are working days or hours away from the due moment."""
        found = self._around_due.get(due)
        if found is None:
            instant = instant_of(due)
            found = self._around_due[due] = {
                level: moment_of(
                    moment_before(limit, self.working, instant)
                    if level.startswith("warn")
                    else due_at(limit, self.working, instant) or instant
                )
                for level, limit in self._in_days_around
            }
        return found


class SetFromOutside:
    """The terms of a clock whose due moment the regulator set."""

    kind, tier, label = "resolve", "external", "resolve external"
    limit_text, limit, working, calendar_id, policy_id = "", None, None, None, None
    is_pausable, statistic, extension, granted = False, "each", "", None
    warn_json, escalate_json = '["75%"]', "[]"

    def alarms(self, start: Moment, due: Moment) -> list[tuple[str, Moment]]:
        moments = [("breach", due), ("warn1", start + (due - start) * 75 // 100)]
        return [(level, moment) for level, moment in moments if moment > start]


class Wait(NamedTuple):
    """A reason for which clocks may be paused; as a detail of a move it is its row."""

    id: int
    text: str
    code: str
    cap: Span
    needs_supervisor: bool
