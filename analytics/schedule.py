"""When a subscription comes due, and of which days it tells then: pure functions of days and moments."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, tzinfo

from analytics.models import Rhythm, Span, Subscription
from analytics.periods import Period

LAST_DAYS = {Span.DAYS_30: 30, Span.DAYS_90: 90, Span.DAYS_365: 365}


def falls_on(subscription: Subscription, day: date) -> bool:
    """Whether it comes on this day; the 31st of a shorter month is its last day."""
    if day < subscription.starts_on or (subscription.stops_on and day > subscription.stops_on):
        return False
    if subscription.rhythm == Rhythm.WEEKLY:
        return day.isoweekday() == subscription.weekday
    if subscription.rhythm == Rhythm.MONTHLY:
        return day.day == min(subscription.day, monthrange(day.year, day.month)[1])
    return True


def moments(subscription: Subscription, after: datetime, zone: tzinfo) -> Iterator[datetime]:
    """Its moments after this one, in the time zone of the utility, to its last day or for ever."""
    day = max(after.astimezone(zone).date(), subscription.starts_on)
    while subscription.stops_on is None or day <= subscription.stops_on:
        moment = datetime.combine(day, time(subscription.hour), tzinfo=zone)
        if falls_on(subscription, day) and moment > after:
            yield moment
        day += timedelta(days=1)


def next_moment(subscription: Subscription, after: datetime, zone: tzinfo) -> datetime | None:
    return next(moments(subscription, after, zone), None)


def due_and_next(subscription: Subscription, now: datetime, zone: tzinfo) -> tuple[datetime, int, datetime | None]:
    """Of what came due since `next_at` the newest moment, how many before it passed unused, and the moment that follows."""
    newest, missed = subscription.next_at, 0
    assert newest is not None, "only what is due is asked"
    for moment in moments(subscription, newest, zone):
        if moment > now:
            return newest, missed, moment
        newest, missed = moment, missed + 1
    return newest, missed, None


def period_of(span: str, day: date) -> Period:
    """The days that a report is about when it comes on `day`; none of them is that day itself, which is not over."""
    yesterday = day - timedelta(days=1)
    if span == Span.YESTERDAY:
        return Period(yesterday, yesterday)
    if span == Span.LAST_WEEK:
        sunday = day - timedelta(days=day.isoweekday())
        return Period(sunday - timedelta(days=6), sunday)
    if span == Span.LAST_MONTH:
        last = day.replace(day=1) - timedelta(days=1)
        return Period(last.replace(day=1), last)
    if span == Span.LAST_QUARTER:
        last = date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)
        return Period(date(last.year, last.month - 2, 1), last)
    if span == Span.THIS_MONTH:
        return Period(yesterday.replace(day=1), yesterday)
    return Period(day - timedelta(days=LAST_DAYS[Span(span)]), yesterday)
