"""Months of the calendar, whatever the day and however many."""

from calendar import monthrange
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from complaints.inspections.dates import add_months


@settings(deadline=None)
@given(st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1)), st.integers(1, 120))
def test_months_later_is_the_same_day_or_the_last_of_a_short_month(day, months):
    later = add_months(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day == min(day.day, monthrange(later.year, later.month)[1])
