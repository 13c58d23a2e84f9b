"""Stretches of days in the utility's own time zone, and how they are cut into days, weeks and months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db import models
from django.utils import formats, timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _


class Granularity(models.TextChoices):
    DAY = "day", _("day")
    WEEK = "week", _("week")
    MONTH = "month", _("month")


def midnight(day: date) -> datetime:
    """The first moment of a day in the current time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        return midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after the period."""
        return midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """The same number of days just before."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))

    @property
    def previous(self) -> Period:
        """What a reader calls the period before: whole months before whole months, otherwise as many days."""
        if self.first.day != 1 or not _ends_a_month(self.last):
            return self.before
        months = (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1
        number = self.first.year * 12 + self.first.month - 1 - months
        return Period(date(number // 12, number % 12 + 1, 1), self.first - timedelta(days=1))

    @property
    def year_before(self) -> Period:
        """The same days a year before; the end of February stays the end of February."""
        last = _a_year_before(self.last)
        if _ends_a_month(self.last):
            last = next_start(last.replace(day=1), Granularity.MONTH) - timedelta(days=1)
        return Period(_a_year_before(self.first), last)

    def until(self, day: date) -> Period:
        """The part up to `day`; where nothing of it lies before that day, the whole."""
        return Period(self.first, min(self.last, day)) if self.first <= day else self

    def within(self, field: str) -> models.Q:
        """A condition that `field`, a moment, lies in this period."""
        return models.Q(**{f"{field}__gte": self.start, f"{field}__lt": self.end})

    def __str__(self) -> str:
        if self.first == self.last:
            return formats.date_format(self.first)
        return _t("%(first)s to %(last)s") % {
            "first": formats.date_format(self.first),
            "last": formats.date_format(self.last),
        }


def year_of(day: date) -> Period:
    return Period(date(day.year, 1, 1), date(day.year, 12, 31))


def bucket_start(day: date, granularity: str) -> date:
    """The first day of the day, week (from Monday) or month that `day` lies in, as the database truncates."""
    if granularity == Granularity.WEEK:
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if granularity == Granularity.MONTH else day


def buckets(period: Period, granularity: str) -> dict[date, Period]:
    """The period cut into pieces by their first day; the first and last are clipped to the period."""
    pieces: dict[date, Period] = {}
    start = bucket_start(period.first, granularity)
    while start <= period.last:
        following = next_start(start, granularity)
        pieces[start] = Period(max(start, period.first), min(following - timedelta(days=1), period.last))
        start = following
    return pieces


def next_start(start: date, granularity: str) -> date:
    """Where the bucket after the one that begins at `start` begins."""
    if granularity == Granularity.MONTH:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if granularity == Granularity.WEEK else 1)


def _ends_a_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _a_year_before(day: date) -> date:
    is_leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year - 1, day=28 if is_leap_day else day.day)


def label(piece: Period, granularity: str) -> str:
    """What a piece is called on an axis."""
    if granularity == Granularity.MONTH:
        return formats.date_format(piece.first, "YEAR_MONTH_FORMAT")
    if granularity == Granularity.WEEK and piece.days > 1:
        return f"{piece.first:%m-%d} – {piece.last:%m-%d}"
    return f"{piece.first:%Y-%m-%d}"
