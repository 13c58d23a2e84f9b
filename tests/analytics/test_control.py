"""Control charts say what their sources say: ordinary limits, Laney's limits, run rules; and what season a day has."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from math import isclose, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.control import moving_sigma, newest_run, p_chart, u_chart
from analytics.seasonality import PLAIN_WEEK, PLAIN_YEAR, month_index, storm_days, weekday_index

WAFERS = [16, 14, 28, 16, 12, 20, 10, 12, 10, 17, 19, 17, 14, 16, 15, 13, 14, 16, 11, 20, 11, 19, 16, 31, 13]
"""Defects on 25 wafers: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.3.1. Centre 16, limits 4 and 28."""
CHIPS = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
"""Defectives of 30 samples of 50: the same, 6.3.3.2 (data of Montgomery). Centre 0.2313, limits 0.0524 and 0.4102."""

some_counts = st.lists(
    st.tuples(st.integers(0, 500), st.floats(0.1, 1000, allow_nan=False)), min_size=3, max_size=40
).filter(lambda rows: sum(count for count, _exposure in rows) > 0)


def test_the_ordinary_charts_are_those_of_the_handbook():
    wafers = u_chart(WAFERS, [1] * 25, sigma_z=1)
    assert (wafers.centre, wafers.points[0].low, wafers.points[0].high) == (16, 4, 28)
    assert [number for number, point in enumerate(wafers.points) if abs(point.z) > 3] == [23]
    chips = p_chart(CHIPS, [50] * 30, sigma_z=1)
    assert [round(value, 4) for value in (chips.centre, chips.points[0].low, chips.points[0].high)] == [
        0.2313,
        0.0524,
        0.4102,
    ]


def test_laneys_limits_are_his_formula_in_whole_numbers():
    """With equal exposures z is (count - 16) / 4, and the steps from one to the next add up to 143, so sigma_z = 143 / (24 · 4 · 1.128)."""
    steps = sum(abs(after - before) for before, after in pairwise(WAFERS))
    sigma_z = Fraction(steps, 24 * 4) / Fraction(1128, 1000)
    chart = u_chart(WAFERS, [1] * 25)
    assert steps == 143
    assert isclose(chart.sigma_z, float(sigma_z))
    assert isclose(chart.points[0].high, float(16 + 3 * sigma_z * 4))
    assert isclose(chart.points[0].low, max(0.0, float(16 - 3 * sigma_z * 4)), abs_tol=1e-12)


def test_large_exposures_are_no_alarm_when_rates_always_vary():
    days = [1_000_000] * 24
    counts = [10_000 + 600 * (-1) ** number for number in range(24)]
    plain, widened = u_chart(counts, days, sigma_z=1), u_chart(counts, days)
    assert all(abs(point.z) > 3 for point in plain.points)
    assert not any(abs(point.z) > 3 for point in widened.points)
    assert widened.sigma_z > 5


@given(some_counts)
def test_with_a_sigma_of_one_it_is_the_ordinary_chart(rows):
    counts, exposures = zip(*rows, strict=True)
    chart = u_chart(counts, exposures, sigma_z=1)
    for point, exposure in zip(chart.points, exposures, strict=True):
        reach = 3 * sqrt(chart.centre / exposure)
        assert isclose(point.high, chart.centre + reach)
        assert isclose(point.low, max(0.0, chart.centre - reach), abs_tol=1e-12)
        assert point.low <= chart.centre <= point.high


@given(some_counts)
def test_limits_widen_by_sigma_and_never_fall_below_nought(rows):
    counts, exposures = zip(*rows, strict=True)
    plain, laney = u_chart(counts, exposures, sigma_z=1), u_chart(counts, exposures)
    assert isclose(laney.sigma_z, moving_sigma([point.z for point in plain.points]))
    for one, other in zip(plain.points, laney.points, strict=True):
        assert isclose(other.high - laney.centre, laney.sigma_z * (one.high - plain.centre), abs_tol=1e-9)
        assert other.low >= 0


@pytest.mark.parametrize(
    ("z", "rule", "start"),
    [
        ([0, 0.1, 3.1], "beyond", 2),
        ([0, 0.1, -3.1], "beyond", 2),
        ([0, 2.1, 0.5, 2.2], "two_of_three", 1),
        ([-1, 0.5, 0.2, 0.9, 0.4, 0.3, 0.2, 0.8, 0.1], "side", 1),
        ([1, -0.5, -0.2, -0.9, -0.4, -0.3, -0.2, -0.8, -0.1], "side", 1),
        ([0.5, -1.5, -1, -0.5, 0.1, 0.6, 1.1], "rising", 1),
    ],
)
def test_each_rule_is_found_where_it_begins(z, rule, start):
    run = newest_run(z)
    assert (run.rule, run.start, run.is_above) == (rule, start, z[-1] > 0)


@pytest.mark.parametrize(
    "z",
    [
        [],
        [3.5, 0.1],
        [1e-12] * 9,
        [0, 2.1, 2.2, 1.0],
        [2.1, 0, 0, 2.2],
        [0, -2.1, 2.2],
        [-1, 0.5, 0.2, 0.9, 0.4, 0.3, 0.2, 0.8],
        [-0.5, -1.5, -1, -0.5, 0.1, 0.6],
    ],
)
def test_nothing_is_found_before_a_rule_is_broken(z):
    assert newest_run(z) is None


def test_nothing_is_charted_without_a_baseline():
    for counts, exposures in (([], []), ([0, 0], [1, 1]), ([1, 2], [1, 0])):
        with pytest.raises(ValueError, match="baseline"):
            u_chart(counts, exposures)


JANUARY = date(2025, 1, 1)
TWO_YEARS = [JANUARY + timedelta(days=number) for number in range(730)]


def test_weekdays_and_months_have_an_index_of_their_own():
    week = weekday_index({day: 2 if day.weekday() >= 5 else 4 for day in TWO_YEARS}, TWO_YEARS[:364])
    assert [round(one, 3) for one in week] == [1.167] * 5 + [0.583] * 2
    by_month = {day: 310 if day.month in (7, 8) else 155 for day in TWO_YEARS if day.day == 1}
    year = month_index(by_month, JANUARY, TWO_YEARS[-1])
    assert isclose(sum(year) / 12, 1)
    assert 1.6 < year[6] / year[0] < 2.1


def test_with_too_little_known_every_day_is_alike():
    assert weekday_index({JANUARY: 3}, TWO_YEARS[:100]) == PLAIN_WEEK
    assert weekday_index({}, []) == PLAIN_WEEK
    assert month_index({JANUARY: 1000}, JANUARY, date(2025, 11, 30)) == PLAIN_YEAR


def test_a_day_of_more_than_five_times_its_weekday_is_a_storm():
    days = TWO_YEARS[:56]
    counts = dict.fromkeys(days, 4) | {days[10]: 21, days[11]: 20}
    assert storm_days(counts, days) == {days[10]}
    assert storm_days({days[3]: 9}, days) == set()
