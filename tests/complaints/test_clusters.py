"""Which complaints cluster: the pure rule against a slow and plain one, whatever comes in whatever order."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from complaints.clusters import Row, clusters
from tests.factories import MONDAY

WINDOW, ON_AREA, ON_FEEDER = timedelta(minutes=60), 3, 5
AREAS = {1: 1, 2: 1, 3: 1, 4: 2, 5: 2}
"""Transformer area → feeder."""


@st.composite
def some_rows(draw):
    drawn = draw(st.lists(st.tuples(st.integers(0, 300), st.sampled_from(sorted(AREAS))), max_size=24))
    return [Row(n, MONDAY + timedelta(minutes=m), AREAS[area], area) for n, (m, area) in enumerate(drawn)]


def found(rows):
    return clusters(rows, window=WINDOW, on_area=ON_AREA, on_feeder=ON_FEEDER)


def lies_with_enough(row, others, least):
    """Whether some span that begins with one of them has the row and at least so many."""
    for first in others:
        span = [one for one in others if first.at <= one.at <= first.at + WINDOW]
        if row in span and len(span) >= least:
            return True
    return False


@given(some_rows())
def test_a_complaint_is_in_a_cluster_exactly_when_enough_came_with_it(rows):
    covered = {key for cluster in found(rows) for key in cluster.keys}
    for row in rows:
        feeder = [one for one in rows if one.feeder == row.feeder]
        area = [one for one in feeder if one.area == row.area]
        expected = lies_with_enough(row, feeder, ON_FEEDER) or lies_with_enough(row, area, ON_AREA)
        assert (row.key in covered) == expected


@given(some_rows(), st.randoms())
def test_the_order_of_the_rows_does_not_matter(rows, random):
    shuffled = rows[:]
    random.shuffle(shuffled)
    assert found(shuffled) == found(rows)


@given(some_rows(), st.integers(0, 300), st.sampled_from(sorted(AREAS)))
def test_one_complaint_more_takes_none_out(rows, minute, area):
    more = [*rows, Row(99, MONDAY + timedelta(minutes=minute), AREAS[area], area)]
    before = {key for cluster in found(rows) for key in cluster.keys}
    assert before <= {key for cluster in found(more) for key in cluster.keys}


@given(some_rows())
def test_each_cluster_is_on_the_smallest_asset_and_no_complaint_is_in_two(rows):
    by_key = {row.key: row for row in rows}
    seen = set()
    for cluster in found(rows):
        assert not cluster.keys & seen
        seen |= cluster.keys
        mine = [by_key[key] for key in cluster.keys]
        assert {row.feeder for row in mine} == {cluster.feeder}
        assert (min(r.at for r in mine), max(r.at for r in mine)) == (cluster.first_at, cluster.last_at)
        areas = {row.area for row in mine}
        assert cluster.area is None or areas == {cluster.area}
        assert cluster.area is not None or len(areas) > 1


def test_five_in_one_area_are_the_areas_and_spread_over_two_the_feeders():
    near = [Row(n, MONDAY + timedelta(minutes=n), 1, 1) for n in range(5)]
    (cluster,) = found(near)
    assert (cluster.feeder, cluster.area) == (1, 1)
    (cluster,) = found([*near, Row(9, MONDAY, 1, 2)])
    assert (cluster.feeder, cluster.area, len(cluster.keys)) == (1, None, 6)


def test_too_few_or_too_far_apart_are_nothing():
    assert found([Row(n, MONDAY + timedelta(minutes=31 * n), 1, 1) for n in range(9)]) == []
    assert found([]) == []
