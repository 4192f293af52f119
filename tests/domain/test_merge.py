"""Three-way merge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.merge import merge

BASE = "a\nb\nc\nd\ne"


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        (BASE, "a\nb\nX\nd\ne", "a\nb\nX\nd\ne"),
        ("A\nb\nc\nd\ne", "a\nb\nc\nd\nE", "A\nb\nc\nd\nE"),
        ("a\nb\nc\nd\ne\nf", "0\na\nb\nc\nd\ne", "0\na\nb\nc\nd\ne\nf"),
        ("a\nc\nd\ne", "a\nb\nc\nd\nE", "a\nc\nd\nE"),
        ("X", "X", "X"),
        ("a\nb\nX\nd\ne", "a\nb\nY\nd\ne", None),
        ("a\nX\nc\nd\ne", "a\nb\nY\nd\ne", None),
    ],
)
def test_changes_of_other_lines_come_together_and_of_the_same_are_refused(ours: str, theirs: str, expected: str | None):
    assert merge(BASE, ours, theirs) == expected


texts = st.lists(st.sampled_from("abc"), max_size=6).map("\n".join)


@given(texts, texts)
def test_one_side_alone_always_wins(base: str, changed: str):
    assert merge(base, changed, base) == changed
    assert merge(base, base, changed) == changed


@given(texts, texts, texts)
def test_the_order_of_the_sides_does_not_matter(base: str, ours: str, theirs: str):
    assert merge(base, ours, theirs) == merge(base, theirs, ours)
