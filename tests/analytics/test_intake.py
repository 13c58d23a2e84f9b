"""How a day fills up, and how its curve is divided: pure arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics import intake
from analytics.templatetags.curve import step_for


@given(counts=st.dictionaries(st.integers(0, 23), st.integers(0, 500)), passed=st.floats(0, 24))
def test_a_day_fills_up_from_nothing_to_everything(counts, passed):
    filled = intake.fill(counts)
    assert (len(filled), filled[0]) == (25, 0)
    assert filled[-1] == pytest.approx(1)
    assert filled == sorted(filled)
    assert 0 <= intake.share_by(filled, passed) <= filled[-1]


@given(most=st.integers(1, 10**6))
def test_the_curve_has_at_most_four_round_steps(most):
    step = step_for(most)
    assert most <= 4 * step
    assert str(step).rstrip("0") in ("1", "2", "5")
