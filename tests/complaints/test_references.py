"""References can be read out on the phone: a misheard digit is noticed, spacing does not matter."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from complaints.references import parse_reference, reference_for
from tests.factories import MONDAY

NUMBERS = st.integers(min_value=1, max_value=99_999_999)


def test_the_year_is_the_utilitys():
    assert reference_for(4517, received_at=datetime(2026, 12, 31, 17, tzinfo=UTC)).startswith("27-0004517-")


@given(NUMBERS)
def test_a_reference_is_understood_however_it_is_written(number):
    reference = reference_for(number, received_at=MONDAY)
    assert parse_reference(reference) == reference
    assert parse_reference(f" {reference.replace('-', ' ')} ") == reference
    assert parse_reference(reference.replace("-", "")) == reference


@given(NUMBERS, st.data())
def test_one_wrong_digit_or_two_swapped_neighbours_are_noticed(number, data):
    digits = reference_for(number, received_at=MONDAY).replace("-", "")
    at = data.draw(st.integers(0, len(digits) - 2))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[at]]))
    assert parse_reference(digits[:at] + other + digits[at + 1 :]) is None
    if digits[at] != digits[at + 1]:
        assert parse_reference(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :]) is None
