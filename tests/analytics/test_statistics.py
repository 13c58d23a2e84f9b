"""The arithmetic of being sure: against published examples, and as properties over all inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics import (
    Stratum,
    byar,
    count_quantiles,
    forecast,
    if_everyone_had_answered,
    is_ranking,
    relative_change,
    seasonal_means,
    usual_range,
    weighted_share,
    weights,
    wilson,
)


@st.composite
def shares(draw):
    of = draw(st.integers(1, 5000))
    return draw(st.integers(0, of)), of


def test_the_interval_of_a_real_monthly_report():
    """49 satisfied of 55 who rated."""
    interval = wilson(49, 55)
    assert (round(interval.low, 3), round(interval.high, 3)) == (0.782, 0.949)


def test_five_of_five_is_not_certainty():
    interval = wilson(5, 5)
    assert (round(interval.low, 3), interval.high) == (0.566, 1.0)


def test_the_bounds_for_those_who_did_not_answer():
    """59 asked, 55 rated, 49 satisfied."""
    bounds = if_everyone_had_answered(49, 55, 59)
    assert (round(bounds.low, 3), round(bounds.high, 3)) == (0.831, 0.898)


@pytest.mark.parametrize(("successes", "of"), [(0, 0), (1, 0), (3, 2), (-1, 5)])
def test_what_is_not_a_share_is_refused(successes, of):
    with pytest.raises(ValueError, match="is not a share"):
        wilson(successes, of)


@pytest.mark.parametrize(("satisfied", "rated", "asked"), [(0, 0, 0), (3, 2, 5), (1, 5, 4)])
def test_answers_that_do_not_add_up_are_refused(satisfied, rated, asked):
    with pytest.raises(ValueError, match="does not add up"):
        if_everyone_had_answered(satisfied, rated, asked)


@given(shares())
def test_the_interval_holds_the_share_and_stays_within_0_and_1(share):
    successes, of = share
    interval = wilson(successes, of)
    assert 0 <= interval.low <= successes / of <= interval.high <= 1


@given(shares())
def test_the_interval_is_the_same_seen_from_the_other_side(share):
    successes, of = share
    there, back = wilson(successes, of), wilson(of - successes, of)
    assert there.low == pytest.approx(1 - back.high, abs=1e-9)
    assert there.high == pytest.approx(1 - back.low, abs=1e-9)


@given(shares())
def test_more_answers_with_the_same_share_make_the_interval_no_wider(share):
    successes, of = share
    few, many = wilson(successes, of), wilson(successes * 10, of * 10)
    assert many.high - many.low <= few.high - few.low + 1e-9


@given(shares(), st.integers(0, 1000))
def test_satisfaction_lies_within_the_bounds_for_the_silent(share, silent):
    satisfied, rated = share
    bounds = if_everyone_had_answered(satisfied, rated, rated + silent)
    assert 0 <= bounds.low <= satisfied / rated + 1e-12
    assert satisfied / rated - 1e-12 <= bounds.high <= 1
    assert bounds.high - bounds.low == pytest.approx(silent / (rated + silent))


@given(st.lists(st.integers(0, 1000), min_size=3, max_size=8))
def test_the_usual_range_holds_its_own_days(counts):
    usual = usual_range(counts)
    assert usual.low <= usual.mean <= usual.high
    assert all(usual.judge(count) == "within" for count in counts)
    assert (usual.judge(usual.low - 1), usual.judge(usual.high + 1)) == ("below", "above")


def test_two_days_are_no_habit():
    assert usual_range([3, 4]) is None


def test_a_change_against_a_tiny_base_is_not_a_percentage():
    assert relative_change(9, 3) is None
    assert relative_change(15, 10) == 0.5


@st.composite
def populations(draw):
    strata = []
    for _number in range(draw(st.integers(1, 6))):
        population = draw(st.integers(1, 10_000))
        rated = draw(st.integers(0, min(population, 300)))
        strata.append(Stratum(population, draw(st.integers(0, rated)), rated))
    return strata


@given(populations())
def test_weights_of_all_answers_add_up_to_their_number_and_the_share_stays_a_share(strata):
    rated = sum(one.rated for one in strata)
    total = sum(weight * one.rated for weight, one in zip(weights(strata), strata, strict=True))
    assert total == pytest.approx(rated)
    found = weighted_share(strata)
    assert (found is None) == (rated == 0)
    if found is not None:
        shares_of = [one.satisfied / one.rated for one in strata if one.rated]
        assert min(shares_of) - 1e-9 <= found.share <= max(shares_of) + 1e-9
        assert 0 < found.base <= rated + 1e-6


def test_a_kind_that_was_asked_too_often_counts_less():
    """Of 900 households 10 answered, all satisfied; of 100 firms 10 answered, none satisfied."""
    found = weighted_share([Stratum(900, 10, 10), Stratum(100, 0, 10)])
    assert weights([Stratum(900, 10, 10), Stratum(100, 0, 10)]) == pytest.approx([1.8, 0.2])
    assert found.share == pytest.approx(0.9)
    assert found.base == pytest.approx(20 * 20 / (10 * 1.8**2 + 10 * 0.2**2))


# numbers of events


@pytest.mark.parametrize(
    ("events", "low", "high"),
    # the exact Poisson limits as tables give them (half a chi-square quantile)
    [
        (1, 0.0253, 5.572),
        (3, 0.6187, 8.767),
        (10, 4.795, 18.39),
        (20, 12.22, 30.89),
        (50, 37.11, 65.92),
        (100, 81.36, 121.63),
    ],
)
def test_byars_interval_is_close_to_the_exact_one(events, low, high):
    found = byar(events)
    assert found.low == pytest.approx(low, rel=0.01, abs=0.03)
    assert found.high == pytest.approx(high, rel=0.01)


def test_where_nothing_happened_the_range_ends_at_3_69():
    assert byar(0).low == 0
    assert byar(0).high == pytest.approx(3.689, abs=0.001)


@given(st.integers(0, 100_000))
def test_byars_interval_holds_the_number_and_grows_with_it(events):
    found, following = byar(events), byar(events + 1)
    assert 0 <= found.low <= events <= found.high
    assert found.low <= following.low
    assert found.high < following.high


def test_a_negative_number_of_events_has_no_interval():
    with pytest.raises(ValueError, match="no number of events"):
        byar(-1)


def test_units_are_ranked_only_when_each_has_enough_and_no_ranges_overlap():
    def ranked(*counts):
        return is_ranking([byar(count) for count in counts], counts)

    assert ranked(30, 60)
    assert not ranked(30, 40)
    assert not ranked(29, 90)
    assert not ranked(30)
    assert not ranked()


# what is to be expected


def test_with_two_years_a_month_is_that_of_last_year_with_the_growth_since():
    first = [100, 80, 60, 50, 60, 120, 150, 140, 90, 70, 60, 90]
    grown = [round(count * 1.5) for count in first]
    assert seasonal_means([*first, *grown], 12, 2, 3) == pytest.approx([225, 180])


def test_days_follow_their_weekdays_at_the_recent_level():
    week = [50, 50, 50, 50, 50, 10, 10]
    means = seasonal_means(week * 8, 7, 7, 28)
    assert means == pytest.approx(week, rel=0.5)
    assert sum(means) == pytest.approx(sum(week))
    assert sum(seasonal_means(week * 4 + [2 * count for count in week] * 4, 7, 7, 28)) == pytest.approx(2 * sum(week))


def test_with_less_than_two_years_a_month_seen_high_is_expected_higher():
    year = [100, 100, 100, 100, 100, 200, 200, 100, 100, 100, 100, 100]
    means = seasonal_means(year, 12, 12, 3)
    assert 100 < means[5] < 200
    assert means[0] == pytest.approx(100, rel=0.05)


def test_where_little_is_known_nothing_is_forecast():
    assert forecast([3, 4, 5], 12, 3, 3) == []
    assert len(forecast([3, 4, 5, 4, 3], 12, 3, 3)) == 3


def test_the_bounds_of_a_poisson_count_are_those_of_the_tables():
    """Quantiles of Poisson with mean 10, from printed tables."""
    assert count_quantiles(10, 1, (0.025, 0.1, 0.9, 0.975)) == [4, 6, 14, 17]


def test_counts_that_come_in_crowds_have_a_wider_band():
    steady = forecast([100, 101, 99, 100, 100, 101, 99], 12, 1, 3)[0]
    crowded = forecast([20, 180, 60, 150, 90, 200, 10], 12, 1, 3)[0]
    assert steady.dispersion == 1.0
    assert crowded.dispersion > 10
    assert crowded.nearly_sure[1] - crowded.nearly_sure[0] > 2 * (steady.nearly_sure[1] - steady.nearly_sure[0])


@given(st.lists(st.integers(0, 400), min_size=5, max_size=60), st.integers(1, 20))
def test_the_wide_band_holds_the_narrow_one_and_nothing_is_below_zero(history, season):
    for one in forecast(history, season, 3, 3):
        assert 0 <= one.nearly_sure[0] <= one.likely[0] <= one.likely[1] <= one.nearly_sure[1]
        assert one.mean >= 0
        assert one.part(1.0) == one


@given(st.floats(0.1, 2000), st.floats(1, 30))
def test_half_of_the_outcomes_lie_about_the_mean(mean, dispersion):
    (median,) = count_quantiles(mean, dispersion, [0.5])
    assert abs(median - mean) <= 1 + 1.2 * (mean * dispersion) ** 0.5
