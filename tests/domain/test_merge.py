"""Three-way merge."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.merge import edits, merge, pieces

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


@given(texts, texts)
def test_edits_make_the_one_text_the_other(base: str, other: str):
    lines = base.split("\n")
    for start, end, new in reversed(edits(lines, other.split("\n"))):
        lines[start:end] = new
    assert "\n".join(lines) == other


def test_long_texts_of_lines_that_are_all_alike_are_compared_at_once():
    base = "\n".join("- an entry\n" for _ in range(4_000))
    begun = time.process_time()
    assert merge(base, f"{base}\nlast", f"first\n{base}") == f"first\n{base}\nlast"
    shuffled = "\n".join(f"{'ab'[(i * i) % 7 % 2]}" for i in range(8_000))
    assert merge(base, shuffled, base) == shuffled
    assert merge(base, f"0\n{shuffled}\n1", f"2\n{base}\n3") is None
    assert time.process_time() - begun < 1


@given(texts, texts, texts)
def test_pieces_make_up_both_texts_and_their_merge(base: str, ours: str, theirs: str):
    found = pieces(base, ours, theirs)
    assert "\n".join(line for piece in found for line in piece.ours) == ours
    assert "\n".join(line for piece in found for line in piece.theirs) == theirs
    assert all((piece.ours == piece.theirs) == (piece.changed_by == "nobody") for piece in found)
    together = merge(base, ours, theirs)
    if together is not None:
        assert all(piece.changed_by != "both" for piece in found)
        lines = (piece.theirs if piece.changed_by == "them" else piece.ours for piece in found)
        assert "\n".join(line for part in lines for line in part) == together


def test_a_piece_says_who_changed_it():
    found = pieces(BASE, "A\nb\nmine\nd\ne", "a\nb\ntheirs\nd\nE")
    assert [(piece.ours, piece.theirs, piece.changed_by) for piece in found if piece.changed_by != "nobody"] == [
        (("A",), ("a",), "us"),
        (("mine",), ("theirs",), "both"),
        (("e",), ("E",), "them"),
    ]
