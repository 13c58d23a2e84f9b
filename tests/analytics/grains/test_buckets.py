"""Distributions: within the stated error, whatever was added and taken away; the database's buckets are Python's."""

from collections import Counter
from math import ceil

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from analytics.grains.buckets import ERROR, EXACT_TO, NO_VALUE, bucket, middle, quantile

values = st.integers(0, 10**9)


def nearest_rank(numbers, share):
    return sorted(numbers)[max(1, ceil(share * len(numbers))) - 1]


@given(values)
def test_a_bucket_stands_for_its_values_within_the_error(value):
    assert abs(middle(bucket(value)) - value) <= ERROR * value * (1 + 1e-9)


def test_small_whole_numbers_are_exact():
    assert [middle(bucket(value)) for value in range(EXACT_TO + 1)] == list(range(EXACT_TO + 1))


@given(values, values)
def test_a_larger_value_is_never_in_a_smaller_bucket(one, other):
    assert (bucket(one) <= bucket(other)) or one > other


@given(st.lists(values, min_size=1), st.lists(values), st.sampled_from([0.01, 0.5, 0.9, 1.0]))
def test_quantiles_survive_adding_and_taking_away(kept, gone, share):
    counts = Counter(map(bucket, kept)) + Counter(map(bucket, gone))
    counts.subtract(Counter(map(bucket, gone)))
    true = nearest_rank(kept, share)
    assert abs(quantile(counts, share) - true) <= ERROR * true * (1 + 1e-9)


def test_what_was_not_measured_is_in_no_quantile():
    assert quantile({NO_VALUE: 9}, 0.5) is None
    assert quantile({NO_VALUE: 9, bucket(7): 1}, 0.5) == 7
    assert quantile({}, 0.5) is None


@pytest.mark.django_db
def test_the_database_finds_the_same_buckets():
    numbers = [*range(200_000), *(round(1.04**power) + step for power in range(300, 500) for step in (-1, 0, 1)), None]
    with connection.cursor() as cursor:
        cursor.execute("SELECT analytics_bucket(value) FROM unnest(%s::bigint[]) AS value", [numbers])
        assert [row[0] for row in cursor.fetchall()] == [bucket(number) for number in numbers]
