"""How many to ask and whom: the formula's own example, and as properties over all inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.sampling import allocate, draw, sample_size

SHARES = st.floats(0.01, 0.99)
MARGINS = st.floats(0.005, 0.5)


def test_the_example_of_the_domain():
    """N = 3,000, p = 0.9, e = 3 points."""
    assert sample_size(3000, expected=0.9, margin=0.03) == 341


def test_of_very_many_no_more_are_asked_than_of_infinitely_many():
    assert sample_size(10**9, expected=0.9, margin=0.03) == 385
    assert sample_size(10**9, expected=0.5, margin=0.03) == 1068


@pytest.mark.parametrize(("population", "size"), [(0, 0), (1, 1), (2, 2), (10, 10), (40, 37)])
def test_of_few_almost_all_are_asked(population, size):
    assert sample_size(population) == size


@pytest.mark.parametrize("wrong", [{"expected": 0}, {"expected": 1}, {"margin": 0}, {"margin": 1}])
def test_what_makes_no_sample_is_refused(wrong):
    with pytest.raises(ValueError, match="No sample"):
        sample_size(10, **wrong)


@given(st.integers(1, 10**7), SHARES, MARGINS)
def test_a_sample_is_never_nobody_and_never_more_than_there_are(population, expected, margin):
    size = sample_size(population, expected=expected, margin=margin)
    assert 1 <= size <= population
    assert size <= sample_size(population + 1, expected=expected, margin=margin)


@given(st.dictionaries(st.integers(), st.integers(0, 5000), max_size=12), st.integers(0, 8000))
def test_strata_give_what_is_asked_of_them_and_nobody_twice(sizes, total):
    given_ = allocate(sizes, total)
    there = [size for size in sizes.values() if size]
    assert given_.keys() == sizes.keys()
    assert all(0 <= given_[key] <= size for key, size in sizes.items())
    assert sum(given_.values()) == min(total, sum(there))
    if total >= len(there):
        assert all(given_[key] >= 1 for key, size in sizes.items() if size)


@given(st.sets(st.integers(), max_size=200), st.integers(0, 250), st.integers(0, 2**62))
def test_a_draw_can_be_repeated_and_draws_nobody_twice(people, size, seed):
    there = sorted(people)
    drawn = draw(there, size, seed)
    assert drawn == draw(there, size, seed)
    assert len(drawn) == len(set(drawn)) == min(size, len(there))
    assert set(drawn) <= people
