"""Moments as whole numbers of hundredths of a second since 1970 UTC: a million lives are too many for datetimes."""

from __future__ import annotations

from bisect import bisect_left
from datetime import UTC, date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from complaints.clocks.calendars import WorkingCalendar

Moment = int
SECOND = 100
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_QUARTER = 15 * MINUTE
"""No time zone changes its offset within a quarter of an hour."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DATES: dict[int, str] = {}
_TIMES = [f"{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}" for s in range(86400)]


def moment_of(instant: datetime) -> Moment:
    """Exact to the hundredth of a second, cut off below."""
    return (instant - _EPOCH) // timedelta(milliseconds=10)


def instant_of(moment: Moment) -> datetime:
    return _EPOCH + timedelta(milliseconds=10 * moment)


def written(moment: Moment) -> str:
    """As PostgreSQL reads it."""
    day = moment // DAY
    date_text = _DATES.get(day) or _dated(day)
    rest = moment - day * DAY
    hundredths = rest % SECOND
    if hundredths:
        return f"{date_text} {_TIMES[rest // SECOND]}.{hundredths:02d}+00"
    return f"{date_text} {_TIMES[rest // SECOND]}+00"


def iso(moment: Moment) -> str:
    """As `datetime.isoformat` writes it."""
    return instant_of(moment).isoformat()


def _dated(day: int) -> str:
    text = _DATES[day] = date.fromordinal(_EPOCH_DAY + day).isoformat()
    return text


class LocalTime:
    """Local days and office hours of the utility, by table."""

    def __init__(self, zone: ZoneInfo, calendar: WorkingCalendar, first: date, last: date) -> None:
        self._zone = zone
        self._calendar = calendar
        self._dates: dict[int, date] = {}
        self._midnights: dict[date, Moment] = {}
        span = (last - first).days
        days = (first + timedelta(days=n) for n in range(-30, span + 180))
        self._working_days = [day for day in days if calendar.is_working_day(day)]

    def day(self, moment: Moment) -> date:
        quarter = moment // _QUARTER
        found = self._dates.get(quarter)
        if found is None:
            found = self._dates[quarter] = instant_of(quarter * _QUARTER).astimezone(self._zone).date()
        return found

    def midnight(self, day: date) -> Moment:
        """The day's first moment."""
        found = self._midnights.get(day)
        if found is None:
            local = datetime(day.year, day.month, day.day, tzinfo=self._zone)
            found = self._midnights[day] = moment_of(local)
        return found

    def at(self, day: date, hours: float) -> Moment:
        """The whole second so many hours into the day."""
        return self.midnight(day) + int(hours * 3600) * SECOND

    def hour(self, moment: Moment) -> float:
        return (moment - self.midnight(self.day(moment))) / HOUR

    def is_working_day(self, day: date) -> bool:
        return self._calendar.is_working_day(day)

    def in_office(self, moment: Moment, rng: Random) -> Moment:
        """The moment itself inside office hours, else some time in the first hours of the next office day."""
        day = self.day(moment)
        hour = self.hour(moment)
        if hour < 17.5 and self.is_working_day(day):
            return moment if hour >= 8.5 else self.at(day, 8.5 + 1.5 * rng.random())
        following = self._working_days[bisect_left(self._working_days, day + timedelta(days=1))]
        return self.at(following, 8.5 + 1.5 * rng.random())

    def awake(self, moment: Moment, rng: Random) -> Moment:
        """The moment itself when people may be called, else some time in the next morning."""
        hour = self.hour(moment)
        if 8 <= hour < 21:
            return moment
        day = self.day(moment)
        return self.at(day if hour < 8 else day + timedelta(days=1), 8 + 1.5 * rng.random())

    def working_days_later(self, moment: Moment, days: float) -> Moment:
        """So many office days later, inside office hours; part of a day is part of 08:30 to 17:30."""
        day = self.day(moment)
        index = bisect_left(self._working_days, day)
        part = 0.0
        if self._working_days[index] == day:
            part = min(1.0, max(0.0, (self.hour(moment) - 8.5) / 9))
        whole, rest = divmod(index + part + days, 1)
        return max(moment, self.at(self._working_days[int(whole)], 8.5 + 9 * rest))
