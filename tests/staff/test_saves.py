"""Which of two saves of one form was typed first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from staff import saves

counts = st.integers(0, 10**6)
pages = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)


@given(pages, counts, counts)
def test_on_one_page_the_lower_count_comes_too_late(page, first, second):
    assert saves.is_overtaken(f"{page} {first}", f"{page} {second}") is (first < second)


@given(pages, pages, counts, counts)
def test_two_pages_are_never_held_beside_each_other(page, other, first, second):
    assert saves.is_overtaken(f"{page} {first}", f"other-{other} {second}") is False


@pytest.mark.parametrize(
    "said", ["", "a", "a ", "a x", "a -1", " 0", "a " + "9" * 9_000, "a 0 0", "\N{SUPERSCRIPT TWO} ²"]
)
def test_what_is_no_mark_overtakes_nothing(said):
    assert saves.is_overtaken(said, "a 5") is False
    assert saves.is_overtaken("a 5", said) is ("9" * 40 in said)
