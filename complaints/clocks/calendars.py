"""Working time: which hours of which days count, in one time zone, with dated exceptions and make-up working days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = 24 * 60
HORIZON = timedelta(days=3653)
"""How far ahead to look for working time: ten years."""
ONE_DAY = timedelta(days=1)


class ImpossibleCalendar(ValueError):
    """Rules that make no calendar; the message says what to mend."""


class CalendarExhausted(ValueError):
    """No working time within ten years."""

    @classmethod
    def around(cls, code: str, day: date) -> CalendarExhausted:
        """`day` may be a moment too; the sentence names its date."""
        said = {"code": code, "day": day.strftime("%Y-%m-%d")}
        return cls(_("%(code)s has too little working time within ten years of %(day)s.") % said)


class Window(NamedTuple):
    """Minutes after local midnight; `end` above 1440 lies in the next day."""

    start: int
    end: int


@dataclass(frozen=True)
class WorkingCalendar:
    """All moments in and out are aware; results are UTC. Exact to the second across daylight saving."""

    code: str
    version: int
    timezone: ZoneInfo
    week: tuple[tuple[Window, ...], ...]
    dated: Mapping[date, tuple[Window, ...]] = field(default_factory=dict)
    covers_until: date | None = None

    @classmethod
    def from_rules(cls, code: str, version: int, rules: Mapping[str, Any]) -> WorkingCalendar:
        """The calendar that stored rules describe. Raises ImpossibleCalendar."""
        try:
            timezone = ZoneInfo(rules["timezone"])
        except (KeyError, ZoneInfoNotFoundError, ValueError, TypeError, OSError) as error:
            raise ImpossibleCalendar(_("The calendar needs a time zone such as Asia/Shanghai.")) from error
        given = _table(rules, "week")
        if unknown := set(given) - set(WEEKDAYS):
            raise ImpossibleCalendar(
                _("“%(name)s” is no weekday; write %(known)s.")
                % {"name": min(map(str, unknown)), "known": ", ".join(WEEKDAYS)}
            )
        week = tuple(windows_of(given.get(name, []), name) for name in WEEKDAYS)
        dated = {_day(day): _dated(spec, week, day) for day, spec in _table(rules, "dates").items()}
        if not any(week) and not any(dated.values()):
            raise ImpossibleCalendar(_("The calendar never opens; give at least one window."))
        _check_midnight(week)
        until = rules.get("covers_until")
        return cls(code, version, timezone, week, dated, _day(until) if until else None)

    def windows(self, day: date) -> tuple[Window, ...]:
        return self.dated.get(day, self.week[day.weekday()])

    def is_working_day(self, day: date) -> bool:
        return bool(self.windows(day))

    def is_known(self, day: date) -> bool:
        """Whether the arrangement of holidays for this day had been published when this version was made."""
        return self.covers_until is None or day <= self.covers_until

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(self.timezone).date()

    def at_minute(self, day: date, minute: int) -> datetime:
        """The moment that local clocks show `minute` minutes after midnight of `day`, in UTC."""
        days, rest = divmod(minute, DAY)
        local = datetime.combine(day + timedelta(days=days), time(rest // 60, rest % 60), self.timezone)
        return local.astimezone(UTC)

    def day_end(self, day: date) -> datetime:
        """24:00 of the day."""
        return self.at_minute(day, DAY)

    def closing(self, day: date) -> datetime:
        """The end of the day's last window; 24:00 where it has none."""
        windows = self.windows(day)
        return self.at_minute(day, windows[-1].end) if windows else self.day_end(day)

    def openings(self, start: datetime, end: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The stretches of working time between two moments, in order, never overlapping."""
        reached = start.astimezone(UTC)
        end = end.astimezone(UTC)
        day = self.local_date(start) - ONE_DAY  # a window of the day before may reach across midnight
        while reached < end and (opens := self.at_minute(day, 0)) < end:
            for window in self.windows(day):
                opens, closes = self.at_minute(day, window.start), min(self.at_minute(day, window.end), end)
                opens = max(opens, reached)
                if opens < closes:
                    yield opens, closes
                    reached = closes
            day += ONE_DAY

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself when it is inside working time, else the next opening. Raises CalendarExhausted."""
        for opens, _closes in self.openings(at, at + HORIZON):
            return opens
        raise CalendarExhausted.around(self.code, at)

    def measure(self, start: datetime, end: datetime) -> timedelta:
        """The working time between two moments; nothing when `end` is not after `start`."""
        return sum((closes - opens for opens, closes in self.openings(start, end)), timedelta())

    def add(self, start: datetime, amount: timedelta) -> datetime:
        """The earliest moment by which `amount` of working time has passed. Raises CalendarExhausted."""
        left = amount
        if not left:
            return start.astimezone(UTC)
        for opens, closes in self.openings(start, start + HORIZON):
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise CalendarExhausted.around(self.code, start)

    def subtract(self, end: datetime, amount: timedelta) -> datetime:
        """The latest moment from which `amount` of working time passes until `end`. Raises CalendarExhausted."""
        left, until = amount, end.astimezone(UTC)
        while left and end - until < HORIZON:
            since = until - 7 * ONE_DAY
            for opens, closes in reversed(list(self.openings(since, until))):
                if closes - opens >= left:
                    return closes - left
                left -= closes - opens
            until = since
        if left:
            raise CalendarExhausted.around(self.code, end)
        return end.astimezone(UTC)

    def working_day_after(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; before it when negative. Raises CalendarExhausted."""
        step = ONE_DAY if count > 0 else -ONE_DAY
        reached, left = day, abs(count)
        while left:
            reached += step
            if abs(reached - day) > HORIZON:
                raise CalendarExhausted.around(self.code, day)
            left -= self.is_working_day(reached)
        return reached


def _table(rules: Mapping[str, Any], name: str) -> Mapping[Any, Any]:
    table = rules.get(name) or {}
    if not isinstance(table, Mapping):
        raise ImpossibleCalendar(_("“%(name)s” names days, each with its windows.") % {"name": name})
    return table


def _day(text: str | date) -> date:
    try:
        return text if isinstance(text, date) else date.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise ImpossibleCalendar(_("“%(text)s” is no date; write it as 2026-02-14.") % {"text": text}) from error


def _dated(spec: Any, week: tuple[tuple[Window, ...], ...], day: str | date) -> tuple[Window, ...]:
    """A dated exception: windows of its own, none, or those of a weekday ("week:mon")."""
    if isinstance(spec, str):
        name = spec.removeprefix("week:")
        if name not in WEEKDAYS:
            raise ImpossibleCalendar(
                _("%(day)s: “%(spec)s” is not understood; write week:mon to use Monday's hours.")
                % {"day": day, "spec": spec}
            )
        return week[WEEKDAYS.index(name)]
    return windows_of(spec, str(day))


def windows_of(spec: Any, name: str) -> tuple[Window, ...]:
    """The windows of one day, sorted; `name` says in a message which day it is. Raises ImpossibleCalendar."""
    if not isinstance(spec, list | tuple):
        raise ImpossibleCalendar(_("%(day)s: give a list of windows; an empty one means closed.") % {"day": name})
    windows = []
    for pair in spec:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ImpossibleCalendar(_("%(day)s: a window has a start and an end.") % {"day": name})
        start, end = (_minute(text, name) for text in pair)
        if start in (end, DAY):
            raise ImpossibleCalendar(
                _("%(day)s: the window %(start)s-%(end)s is empty.") % {"day": name, "start": pair[0], "end": pair[1]}
            )
        windows.append(Window(start, end if end > start else end + DAY))
    windows.sort()
    for earlier, later in pairwise(windows):
        if later.start < earlier.end:
            raise ImpossibleCalendar(_("%(day)s: two windows overlap.") % {"day": name})
    return tuple(windows)


def _minute(text: str, name: str) -> int:
    hours, colon, minutes = str(text).partition(":")
    if not (colon and hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2):
        raise ImpossibleCalendar(_("%(day)s: “%(text)s” is no time; write it as 08:30.") % {"day": name, "text": text})
    minute = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or minute > DAY:
        raise ImpossibleCalendar(
            _("%(day)s: “%(text)s” is no time of day; the last one is 24:00.") % {"day": name, "text": text}
        )
    return minute


def _check_midnight(week: tuple[tuple[Window, ...], ...]) -> None:
    for index, windows in enumerate(week):
        following = week[(index + 1) % 7]
        if windows and following and windows[-1].end - DAY > following[0].start:
            raise ImpossibleCalendar(
                _("%(day)s: the window across midnight overlaps the next day's first window.")
                % {"day": WEEKDAYS[index]}
            )
