"""Working days as numbers, from the calendar that day limits are promised by."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.models import Count

from analytics.models import WorkingDay
from complaints.models import Calendar, PolicyLimit

FIRST, YEARS_AHEAD = date(2000, 1, 1), 2
FRIDAY = 4


def calendar() -> Calendar | None:
    """The newest version of the calendar by which most limits in working days are promised; None: Monday to Friday."""
    limits = PolicyLimit.objects.filter(policy__is_current=True, limit__endswith="wd").exclude(calendar="")
    most = limits.values("calendar").annotate(limits=Count("pk")).order_by("-limits", "calendar").first()
    return Calendar.objects.filter(code=most["calendar"]).order_by("-version").first() if most else None


def number(today: date) -> None:
    """Number every day from FIRST to the end of the year after next."""
    found = calendar()
    rules = found.working_calendar() if found else None
    day, last, passed, rows = FIRST, date(today.year + YEARS_AHEAD, 12, 31), 0, []
    while day <= last:
        passed += rules.is_working_day(day) if rules else day.weekday() <= FRIDAY
        rows.append(WorkingDay(day=day, number=passed))
        day += timedelta(days=1)
    WorkingDay.objects.all().delete()
    WorkingDay.objects.bulk_create(rows, batch_size=5000)


def reach(today: date) -> None:
    """Number further when the numbered days come to their end."""
    if not WorkingDay.objects.filter(day=date(today.year + 1, 12, 31)).exists():
        number(today)
