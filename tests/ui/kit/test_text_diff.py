"""Differences of texts: lines, words, folds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.kit.text_diff import DiffModel, changed_words, changes


def lines_of(before: str, after: str) -> list[str]:
    signs = {"same": " ", "add": "+", "remove": "-"}
    return [f"{signs[line.kind]}{line.text}" for line in DiffModel.of(before, after).lines]


CASES = [
    ("", "", []),
    ("a", "a", [" a"]),
    ("", "a", ["+a"]),
    ("a", "", ["-a"]),
    ("a\nb", "a\nc", [" a", "-b", "+c"]),
    ("a\nb\nc", "a\nc", [" a", "-b", " c"]),
    ("a", "a\n", [" a", "+"]),
    ("Name: Chad.\nEnd", "Name: Brad.\nEnd", ["-Name: Chad.", "+Name: Brad.", " End"]),
    (
        "Fridge holds two crates.\nFridge is small.",
        "Fridge is small: two crates.",
        ["-Fridge holds two crates.", "-Fridge is small.", "+Fridge is small: two crates."],
    ),
]


@pytest.mark.parametrize(("before", "after", "expected"), CASES)
def test_lines_come_and_go(before: str, after: str, expected: list[str]) -> None:
    assert lines_of(before, after) == expected


WORDS = [
    ("Name: Chad.", "Name: Brad.", ["Chad"], ["Brad"]),
    ("Cooks on Saturdays.", "Cooks on Saturdays, has one hour.", [], [", has one hour"]),
    ("Likes coriander.", "Shops at the market.", ["Likes coriander."], ["Shops at the market."]),
    ("one two three four", "one 2 3 four", ["two three"], ["2 3"]),
    ("", "new", [], ["new"]),
    ("x" * 3000 + "a", "x" * 3000 + "b", ["a"], ["b"]),
]


@pytest.mark.parametrize(("before", "after", "gone", "come"), WORDS)
def test_changed_words_are_marked(before: str, after: str, gone: list[str], come: list[str]) -> None:
    left, right = changed_words(before, after)
    assert [before[start:stop] for start, stop in left] == gone
    assert [after[start:stop] for start, stop in right] == come


def test_numbers_count_on_both_sides() -> None:
    model = DiffModel.of("a\nb\nc", "a\nx\ny\nc")
    assert [(line.old, line.new) for line in model.lines] == [(1, 1), (2, None), (None, 2), (None, 3), (3, 4)]
    assert (model.added, model.removed, model.empty) == (2, 1, False)


def test_long_equal_stretches_fold_and_open() -> None:
    before = "\n".join(str(n) for n in range(50))
    model = DiffModel.of(before, before.replace("25", "changed"))
    rows = model.rows()
    folds = [row for row in rows if row.kind == "fold"]
    assert [fold.hidden for fold in folds] == [22, 21]
    opened = model.rows(opened=frozenset({folds[0].at}))
    assert [row.hidden for row in opened if row.kind == "fold"] == [21]
    assert len(opened) == len(rows) + 21


def test_without_ends_only_the_surroundings_of_changes_stay() -> None:
    before = "\n".join(str(n) for n in range(50))
    rows = DiffModel.of(before, before.replace("25", "changed")).rows(context=1, ends=False)
    assert [row.text for row in rows] == ["24", "25", "changed", "26"]


def test_changes_are_stretches_of_changed_rows() -> None:
    rows = DiffModel.of("a\nb\nc\nd", "a\nx\nc\ny").rows()
    assert changes(rows) == ((1, 3), (4, 6))


TEXTS = st.lists(st.sampled_from(["", "a", "b", "ab c", "name: x", "name: y"]), max_size=12).map("\n".join)


@given(TEXTS, TEXTS)
def test_applying_the_difference_gives_the_other_text(before: str, after: str) -> None:
    model = DiffModel.of(before, after)
    assert model.apply(before) == after
    kept = [line.text for line in model.lines if line.kind != "add"]
    assert "\n".join(kept) == before


@given(st.text(max_size=80), st.text(max_size=80))
def test_marked_words_hold_every_difference(before: str, after: str) -> None:
    left, right = changed_words(before, after)
    assert _without(before, left).split() == _without(after, right).split()


def _without(text: str, spans: tuple[tuple[int, int], ...]) -> str:
    for start, stop in reversed(spans):
        text = text[:start] + " " + text[stop:]
    return text
