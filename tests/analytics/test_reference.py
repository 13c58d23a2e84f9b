"""The arithmetic of the figures beside other people's: SciPy and NumPy for every formula, and published control charts."""

from datetime import date, timedelta
from itertools import pairwise
from math import inf, isclose, pi, sqrt

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats

from analytics.control import BEYOND, SPREAD_OF_TWO, moving_sigma, p_chart, u_chart
from analytics.grains.buckets import bucket, quantile
from analytics.seasonality import (
    ENOUGH_A_MONTH,
    ENOUGH_A_WEEKDAY,
    LEAST,
    PLAIN_WEEK,
    PLAIN_YEAR,
    STORM_AT_LEAST,
    STORM_TIMES,
    month_index,
    storm_days,
    weekday_index,
)
from analytics.statistics import (
    TOO_FEW,
    Stratum,
    byar,
    count_quantiles,
    forecast,
    if_everyone_had_answered,
    is_ranking,
    rate_ratio,
    relative_change,
    seasonal_means,
    usual_range,
    weighted_share,
    weights,
    wilson,
)

LEVEL = 2 * stats.norm.cdf(1.96) - 1
"""The formulas say z = 1.96, which is 95.0004 %."""


def two_sided(found):
    return pytest.approx((found.low, found.high), abs=1e-9)


@st.composite
def shares(draw, most=5000):
    of = draw(st.integers(1, most))
    return draw(st.integers(0, of)), of


# intervals


@given(shares())
def test_wilsons_interval_is_that_of_scipy(share):
    assert wilson(*share).low == pytest.approx(_wilson(*share).low, abs=1e-9)
    assert wilson(*share).high == pytest.approx(_wilson(*share).high, abs=1e-9)


def _wilson(successes, of):
    return stats.binomtest(successes, of).proportion_ci(LEVEL, method="wilson")


@given(st.integers(1, 100_000))
@example(1)
@example(2)
@example(3)
def test_byars_interval_is_wilson_and_hilfertys_approximation_of_the_exact_one_and_close_to_it(events):
    """The exact limits of a Poisson mean are half a chi-square quantile (Garwood), which SciPy has."""
    exact_low = stats.chi2.ppf((1 - LEVEL) / 2, 2 * events) / 2
    exact_high = stats.chi2.ppf((1 + LEVEL) / 2, 2 * (events + 1)) / 2
    found = byar(events)
    assert found.low == pytest.approx(exact_low, rel=0.002 if events >= 10 else 0.02, abs=0.018)
    assert found.high == pytest.approx(exact_high, rel=0.001 if events >= 10 else 0.002)
    # the same cube, with the degrees of freedom 2N written out
    for degrees, z, limit in ((2 * events, -1.96, found.low), (2 * events + 2, 1.96, found.high)):
        assert limit == pytest.approx(
            degrees / 2 * (1 - 2 / (9 * degrees) + z * sqrt(2 / (9 * degrees))) ** 3, rel=1e-9
        )


def test_nothing_happened_ends_where_the_exact_interval_ends():
    assert byar(0).high == pytest.approx(stats.chi2.ppf(0.975, 2) / 2)


@given(st.integers(0, 3000), st.integers(1, 400), st.integers(0, 3000), st.integers(1, 400))
def test_the_ratio_of_two_rates_is_the_odds_of_scipys_interval_of_the_share(before, days_before, after, days_after):
    """Given their sum, the second of two Poisson counts is binomial (Przyborowski and Wilenski, 1940)."""
    found = rate_ratio(before, days_before, after, days_after)
    if before + after < TOO_FEW:
        assert found is None
        return
    share = _wilson(after, before + after)
    low, high = (odds / (1 - odds) * days_before / days_after if odds < 1 - 1e-12 else inf for odds in share)
    assert found.low == pytest.approx(low, rel=1e-6, abs=1e-9)
    assert found.high == pytest.approx(high, rel=1e-6)


@given(st.integers(10, 500), st.integers(10, 500))
def test_a_clear_change_of_a_rate_is_one_that_the_exact_test_finds_too_or_nearly(before, after):
    found = rate_ratio(before, 60, after, 60)
    p = stats.binomtest(after, before + after).pvalue
    if found.high < 1 or found.low > 1:
        assert p < 0.07
    else:
        assert p > 0.03


@given(st.lists(st.integers(0, 400), min_size=2, max_size=6))
def test_units_are_ranked_only_where_scipys_exact_ranges_do_not_overlap_or_only_just(counts):
    ranges = sorted(
        (stats.chi2.ppf(0.025, 2 * n) / 2 if n else 0.0, stats.chi2.ppf(0.975, 2 * n + 2) / 2) for n in counts
    )
    gap = min(low - high for (_low, high), (low, _high) in pairwise(ranges))
    assume(abs(gap) > 0.2)
    assert is_ranking([byar(n) for n in counts], counts) == (min(counts) >= 30 and gap > 0)


@given(shares(), st.integers(0, 1000))
def test_the_bounds_of_the_silent_are_the_two_extremes_of_an_array(share, silent):
    satisfied, rated = share
    answers = np.array([1] * satisfied + [0] * (rated - satisfied))
    worst, best = (np.append(answers, np.full(silent, all_of_them)).mean() for all_of_them in (0, 1))
    assert two_sided(if_everyone_had_answered(satisfied, rated, rated + silent)) == (worst, best)


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=12))
def test_the_usual_range_and_the_change_are_numpys(counts):
    found = usual_range(counts)
    assert (found.low, found.high, found.days) == (np.min(counts), np.max(counts), np.size(counts))
    assert found.mean == pytest.approx(np.mean(counts))
    now, before = counts[:2]
    expected = (now - before) / before if before >= 10 else None
    assert relative_change(now, before) == (
        None if expected is None else pytest.approx(np.diff([before, now])[0] / before)
    )


# weights


@given(
    st.lists(
        st.tuples(st.integers(1, 10_000), shares(200)).map(lambda one: Stratum(max(one[0], one[1][1]), *one[1])),
        min_size=1,
        max_size=6,
    )
)
def test_a_weighted_share_is_numpys_average_of_single_answers_and_its_base_is_kishs(strata):
    answers = np.concatenate([np.repeat([1.0, 0.0], [one.satisfied, one.rated - one.satisfied]) for one in strata])
    weight = np.concatenate([np.full(one.rated, w) for one, w in zip(strata, weights(strata), strict=True)])
    found = weighted_share(strata)
    assert found.share == pytest.approx(np.average(answers, weights=weight))
    assert found.base == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


# what is to be expected


@given(st.floats(0.01, 3000), st.floats(0.001, 0.999))
def test_a_count_without_crowds_is_scipys_poisson(mean, share):
    assume(_is_no_tie(stats.poisson(mean), share))
    assert count_quantiles(mean, 1.0, [share]) == [stats.poisson.ppf(share, mean)]


@given(st.floats(0.01, 2000), st.floats(1.01, 30), st.floats(0.001, 0.999))
def test_a_count_with_crowds_is_scipys_negative_binomial(mean, dispersion, share):
    """Its variance is mean × dispersion."""
    same = stats.nbinom(mean / (dispersion - 1), 1 / dispersion)
    assert same.mean() == pytest.approx(mean, rel=1e-6)
    assert same.var() == pytest.approx(mean * dispersion, rel=1e-6)
    assume(_is_no_tie(same, share))
    assert count_quantiles(mean, dispersion, [share]) == [same.ppf(share)]


def _is_no_tie(distribution, share):
    """Whether no step of the distribution lies so near to the share that rounding decides."""
    number = distribution.ppf(share)
    return min(abs(distribution.cdf(number) - share), abs(distribution.cdf(number - 1) - share)) > 1e-9


histories = st.lists(st.integers(0, 400), min_size=12, max_size=40)


@given(histories, st.integers(1, 8))
def test_the_band_of_a_forecast_holds_scipys_quantiles_around_its_mean(history, ahead):
    for one, mean in zip(forecast(history, 7, ahead, 4), seasonal_means(history, 7, ahead, 4), strict=True):
        assert one.mean == mean
        if mean <= 0:
            assert (one.likely, one.nearly_sure) == ((0, 0), (0, 0))
            continue
        many = one.dispersion > 1.0001
        same = stats.nbinom(mean / (one.dispersion - 1), 1 / one.dispersion) if many else stats.poisson(mean)
        for share, number in zip(
            (0.025, 0.1, 0.9, 0.975), (one.nearly_sure[0], *one.likely, one.nearly_sure[1]), strict=True
        ):
            if _is_no_tie(same, share):
                assert number == same.ppf(share)


@given(histories)
def test_how_widely_a_forecast_missed_is_numpys_mean_of_pearsons_residuals(history):
    found = forecast(history, 7, 1, 4)[0]
    missed = [
        (history[end] - mean) ** 2 / max(mean, 1.0)
        for end in range(max(4, len(history) - 26), len(history))
        for mean in seasonal_means(history[:end], 7, 1, 4)
    ]
    assert found.dispersion == pytest.approx(max(1.0, np.mean(missed)))


@given(st.lists(st.integers(1, 500), min_size=24, max_size=24), st.integers(1, 12))
def test_with_two_years_the_forecast_is_numpys_last_year_times_the_growth(history, ahead):
    years = np.array(history).reshape(2, 12)
    growth = years[1].sum() / years[0].sum()
    assert seasonal_means(history, 12, ahead, 6) == pytest.approx(years[1][:ahead] * growth)


# seasons

JANUARY = date(2024, 1, 1)


@given(st.lists(st.integers(0, 40), min_size=56, max_size=120))
def test_the_index_of_a_weekday_is_numpys_mean_by_the_mean_of_all(numbers):
    days = [JANUARY + timedelta(days=one) for one in range(len(numbers))]
    found = weekday_index(dict(zip(days, numbers, strict=True)), days)
    if sum(numbers) < 7 * ENOUGH_A_WEEKDAY:
        assert found == PLAIN_WEEK
        return
    array = np.array(numbers)
    assert found == pytest.approx([max(LEAST, array[one::7].mean() / array.mean()) for one in range(7)])


@given(st.lists(st.integers(0, 3000), min_size=12, max_size=30))
def test_the_index_of_a_month_is_numpys_mean_of_its_daily_means(numbers):
    starts = [date(2024 + one // 12, one % 12 + 1, 1) for one in range(len(numbers) + 1)]
    found = month_index(dict(zip(starts, numbers, strict=False)), starts[0], starts[-1] - timedelta(days=1))
    if sum(numbers) < 12 * ENOUGH_A_MONTH:
        assert found == PLAIN_YEAR
        return
    daily = np.array(numbers) / np.diff(np.array(starts, dtype="datetime64[D]")).astype(int)
    means = np.array([daily[one::12].mean() for one in range(12)])
    assert found == pytest.approx(np.maximum(LEAST, means / means.mean()))


@given(st.lists(st.integers(0, 60), min_size=14, max_size=70))
def test_a_storm_day_is_above_five_of_numpys_medians(numbers):
    days = [JANUARY + timedelta(days=one) for one in range(len(numbers))]
    array = np.array(numbers)
    limits = [max(STORM_TIMES * np.median(array[one % 7 :: 7]), STORM_AT_LEAST) for one in range(len(numbers))]
    assert storm_days(dict(zip(days, numbers, strict=True)), days) == {
        day for day, n, limit in zip(days, numbers, limits, strict=True) if n > limit
    }


# distributions


@given(st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60), st.sampled_from([0.1, 0.5, 0.9]))
def test_a_quantile_of_kept_buckets_is_within_two_per_cent_of_numpys(numbers, share):
    kept = {}
    for number in numbers:
        kept[bucket(number)] = kept.get(bucket(number), 0) + 1
    right = np.quantile(numbers, share, method="inverted_cdf")
    assert quantile(kept, share) == pytest.approx(right, rel=0.021, abs=1e-9)


# control charts


def test_the_constant_of_two_is_the_mean_distance_of_two_normal_values():
    """d2 of two is 2 ÷ √π, the mean of the half normal distribution of a difference; the standard rounds it to 1.128."""
    assert round(2 / sqrt(pi), 3) == SPREAD_OF_TWO
    assert stats.halfnorm(scale=sqrt(2)).mean() == pytest.approx(2 / sqrt(pi))


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=60))
def test_the_moving_sigma_is_numpys_mean_step(z):
    assert moving_sigma(z) == pytest.approx(np.abs(np.diff(z)).mean() / 1.128)


@given(
    st.lists(st.tuples(st.integers(1, 400), st.integers(401, 100_000)), min_size=3, max_size=40),
    st.sampled_from([u_chart, p_chart]),
)
def test_a_chart_is_numpys_arrays_by_laneys_formula(rows, chart):
    counts, sizes = np.array(rows).T
    centre = counts.sum() / sizes.sum()
    spread = np.sqrt((centre if chart is u_chart else centre * (1 - centre)) / sizes)
    z = (counts / sizes - centre) / spread
    sigma = np.abs(np.diff(z)).mean() / 1.128
    found = chart([int(one) for one in counts], [int(one) for one in sizes])
    assert found.centre == pytest.approx(centre)
    assert found.sigma_z == pytest.approx(sigma)
    most = inf if chart is u_chart else 1
    assert [point.low for point in found.points] == pytest.approx(np.maximum(0, centre - BEYOND * sigma * spread))
    assert [point.high for point in found.points] == pytest.approx(np.minimum(most, centre + BEYOND * sigma * spread))


# published control charts

WITHIN_FOUR_HOURS = [
    (266501, 280443), (264225, 276823), (276532, 291681), (281461, 296155), (269071, 282343), (261215, 275888),
    (270409, 283867), (279778, 295251), (270483, 284468), (270320, 282529), (267923, 279618), (271478, 283932),
    (255353, 266629), (256820, 268091), (261835, 276803), (259144, 271578), (255910, 266005), (260863, 273520),
    (264465, 278574), (260989, 273772),
]  # fmt: skip
"""Attendances at NHS emergency departments seen within four hours, and all, by week: Mohammed, Panesar, Laney and Wilson,
"Statistical process control charts for attribute data involving very large sample sizes", BMJ Quality & Safety 2013;22:362-368
(doi 10.1136/bmjqs-2012-001373), as `nhs_accidents` in the R package qicharts2 (Anhøj, GPL-3; data in public statistics)."""
P_PRIME = {
    "centre": 0.95289971,
    "low": [
        0.94012964, 0.94004642, 0.94037807, 0.94047301, 0.94017268, 0.94002466, 0.94020689, 0.94045400, 0.94022031,
        0.94017687, 0.94011082, 0.94020835, 0.93980301, 0.93983877, 0.94004595, 0.93992289, 0.93978766, 0.93996904,
        0.94008688, 0.93997500,
    ],
    "high": [
        0.96566978, 0.96575300, 0.96542136, 0.96532642, 0.96562674, 0.96577477, 0.96559253, 0.96534542, 0.96557911,
        0.96562255, 0.96568860, 0.96559108, 0.96599641, 0.96596065, 0.96575347, 0.96587653, 0.96601176, 0.96583038,
        0.96571255, 0.96582443,
    ],
}  # fmt: skip
"""What qicharts2 computes of it (chart "pp"), as kept by the tests of AUS-DOH-Safety-and-Quality/PowerBI-SPC
(test/fixtures/qicharts2.ts, "nhs pp"); to eight decimals."""
P_PRIME_OF_TEN_WEEKS = {"centre": 0.95105964, "low": 0.93866469, "high": 0.96345460}
"""The first week's limits when the first ten weeks are the baseline ("nhs pp freeze 10")."""

INFECTIONS = [
    (575, 310466.833), (521, 282346.792), (585, 309089.708), (528, 287977.333), (507, 297743.375), (519, 286988.25),
    (457, 261120.333), (505, 268720.75), (494, 284437.875), (512, 290449.5), (543, 288104.458), (506, 279961.375),
    (509, 289803.958), (521, 275950.583), (549, 290824.458), (531, 285495.75), (509, 282515.208), (528, 273927.875),
    (419, 253085.625), (512, 262410.708), (495, 275529.25), (513, 282405.083), (454, 259530.792), (490, 256235.458),
]  # fmt: skip
"""Hospital-acquired infections and patient days of six Danish hospitals together, by month of 2015 and 2016:
`hospital_infections` in qicharts2."""
U_PRIME = {"centre": 0.00182357517, "first": (0.00157638178, 0.00207076856), "last": (0.00155147748, 0.00209567285)}
U_PRIME_OF_A_YEAR = {
    "centre": 0.00181353718,
    "first": (0.00160281744, 0.00202425691),
    "last": (0.00158158780, 0.00204548655),
}
"""The limits of the first and last month in the same file ("hai up" and, with 2015 as the baseline, "hai up freeze 12")."""


def test_a_p_prime_chart_is_that_of_the_publication_to_eight_decimals():
    """The publication's own point: with a quarter of a million attendances a week the p chart calls 16 of 20 weeks special, and
    with Laney's limits none is."""
    seen, of = zip(*WITHIN_FOUR_HOURS, strict=True)
    plain, laney = p_chart(seen, of, sigma_z=1), p_chart(seen, of)
    assert laney.centre == pytest.approx(P_PRIME["centre"], abs=5e-9)
    assert [point.low for point in laney.points] == pytest.approx(P_PRIME["low"], abs=6e-9)
    assert [point.high for point in laney.points] == pytest.approx(P_PRIME["high"], abs=6e-9)
    implied = (P_PRIME["high"][0] - P_PRIME["centre"]) / (3 * sqrt(laney.centre * (1 - laney.centre) / of[0]))
    assert laney.sigma_z == pytest.approx(implied, rel=1e-5)
    assert round(laney.sigma_z, 2) == 10.64
    assert not any(abs(point.z) > 3 for point in laney.points)
    assert sum(abs(point.z) > 3 for point in plain.points) == 16


def test_a_p_prime_chart_with_a_baseline_is_that_of_qicharts2():
    seen, of = zip(*WITHIN_FOUR_HOURS, strict=True)
    found = p_chart(seen, of, baseline=10)
    first = found.points[0]
    assert (found.centre, first.low, first.high) == pytest.approx(tuple(P_PRIME_OF_TEN_WEEKS.values()), abs=6e-9)


@pytest.mark.parametrize(("baseline", "published"), [(None, U_PRIME), (12, U_PRIME_OF_A_YEAR)])
def test_a_u_prime_chart_is_that_of_qicharts2(baseline, published):
    counts, days = zip(*INFECTIONS, strict=True)
    found = u_chart(counts, days, baseline=baseline)
    assert isclose(found.centre, published["centre"], rel_tol=1e-8)
    for point, limits in ((found.points[0], published["first"]), (found.points[-1], published["last"])):
        assert (point.low, point.high) == pytest.approx(limits, rel=1e-8)
