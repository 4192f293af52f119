"""The one rule of a block's limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.values.samples import block


@pytest.mark.parametrize(("length", "limit", "excess"), [(0, 1, 0), (10, 10, 0), (11, 10, 1), (50, 10, 40)])
def test_a_new_text_may_be_as_long_as_its_limit(length: int, limit: int, excess: int) -> None:
    assert block(value="x" * length, limit=limit).excess() == excess


@pytest.mark.parametrize(
    ("before", "after", "excess"),
    [
        ((50, 10), (49, 10), 0),
        ((50, 10), (50, 10), 0),
        ((50, 10), (51, 10), 41),
        ((50, 10), (50, 9), 41),
        ((50, 10), (50, 40), 0),
        ((50, 60), (50, 40), 10),
        ((9, 10), (11, 10), 1),
    ],
)
def test_one_that_is_over_its_limit_may_be_shortened_or_stay(
    before: tuple[int, int], after: tuple[int, int], excess: int
) -> None:
    old, new = (block(value="x" * length, limit=limit) for length, limit in (before, after))
    assert new.excess(old) == excess


def test_another_text_of_the_same_length_is_no_shorter_one() -> None:
    assert block(value="y" * 50, limit=10).excess(block(value="x" * 50, limit=10)) == 40


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30))
def test_whatever_is_stored_is_within_its_limit_or_nearer_to_it(was: int, old: int, length: int, limit: int) -> None:
    before, after = block(value="x" * was, limit=old), block(value="x" * length, limit=limit)
    if after.excess(before) == 0:
        assert length <= limit or length - limit <= was - old
