"""The arithmetic of waiting with which machines are reckoned."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.storm_day import (
    GOALS,
    KINDS,
    Cost,
    Machines,
    Piece,
    Storm,
    costs_of,
    day,
    least,
    percentile,
    served,
    simulate,
)

COSTS = {kind: Cost(web=50, database=20) for kind in KINDS} | {
    kind: Cost(worker=10, database=5) for kind in ("alarm", "notice", "follow")
}
work = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 60)), max_size=60).map(sorted)


def test_whoever_comes_while_all_are_busy_waits_for_the_first_that_is_free():
    assert list(served([(0, 5), (1, 5), (2, 5), (20, 1)], 2)) == [5, 6, 10, 21]


@given(work)
def test_at_one_processor_each_waits_for_all_before(pieces):
    """Lindley's recursion."""
    ends, free = [], 0
    for at, need in pieces:
        free = max(at, free) + need
        ends.append(free)
    assert list(served(pieces, 1)) == ends


@given(work, st.integers(1, 5))
def test_never_are_more_pieces_in_hand_than_processors(pieces, processors):
    ends = list(served(pieces, processors))
    spans = [(end - need, end) for (_at, need), end in zip(pieces, ends, strict=True) if need]
    assert all(sum(begin <= moment < end for begin, end in spans) <= processors for moment, _end in spans)
    assert all(begin >= at for (at, need), (begin, _end) in zip([one for one in pieces if one[1]], spans, strict=True))


@given(work, st.integers(1, 5))
def test_one_more_processor_makes_nobody_wait_longer(pieces, processors):
    few, more = served(pieces, processors), served(pieces, processors + 1)
    assert all(later >= sooner for later, sooner in zip(few, more, strict=True))


def test_a_day_holds_what_the_storm_says():
    storm = Storm(customers=200_000, complaining=0.5, notices=1.5)
    work = day(storm, seed=3)
    number = {kind: sum(piece.kind == kind for piece in work) for kind in KINDS}
    assert number["complain"] + number["register"] == number["follow"] == 3000
    assert number["look"] == 18_000
    assert number["notice"] == pytest.approx(4500, rel=0.05)
    assert work == sorted(work, key=lambda piece: piece.at) == day(storm, seed=3)
    assert all(0 <= piece.at < 86400 for piece in work)


def test_the_database_is_shared_by_pages_and_by_what_is_done_later():
    work = [Piece(0, "look"), Piece(0, "notice")]
    outcome = simulate(work, COSTS, Machines(web=1, database=1, workers=1))
    assert outcome.later == [pytest.approx(0.015)], "it is through its worker first"
    assert outcome.answered == [pytest.approx(0.070)]
    apart = simulate([Piece(0, "look"), Piece(0, "look")], COSTS, Machines(web=2, database=1, workers=1))
    assert apart.answered == [pytest.approx(0.070), pytest.approx(0.090)]


def test_the_least_machines_meet_the_goals_and_say_how_busy_they_are():
    work = day(Storm(customers=300_000), seed=7)
    machines, outcome = least(work, COSTS)
    assert all(percentile(getattr(outcome, name), 0.99) <= most for name, most in GOALS.items())
    assert 0 < outcome.busy["web"] <= 1
    assert len(outcome.answered) + len(outcome.later) == len(work)
    fewer = simulate(work, {**COSTS, "look": Cost(web=5000, database=20)}, machines)
    assert percentile(fewer.answered, 0.99) > GOALS["answered"], "dearer work needs more machines"


@given(st.lists(st.integers(), min_size=1), st.floats(0.01, 1))
def test_so_many_do_not_exceed_a_percentile_and_fewer_do_not_reach_below_it(times, share):
    found = percentile(times, share)
    assert sum(one <= found for one in times) >= share * len(times) - 1e-9
    assert sum(one < found for one in times) < share * len(times)


def test_costs_that_are_missing_are_named(tmp_path):
    path = tmp_path / "costs.json"
    path.write_text(json.dumps({"costs": {"look": {"web": 1.0, "database": 2.0, "worker": 0.0}}}))
    with pytest.raises(SystemExit, match="alarm, board, complain"):
        costs_of(path)
    path.write_text(json.dumps({"costs": {kind: {"web": 1.0} for kind in KINDS}}))
    assert costs_of(path)["look"] == Cost(web=1.0)
