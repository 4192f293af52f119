"""A change taken out of what came later: texts by lines, objects by keys, lists by entries."""

import contextlib
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.error import Conflict
from app.domain.history import USER, MemoryEvent, TargetKind
from app.engine.memory.undo import TARGETS, inverse

EVENT = MemoryEvent(
    seq=1,
    id="event-1",
    at=1,
    agent_id=None,
    target_kind="block",
    target_id="block-1",
    label="plans",
    op="update",
    before={},
    after={},
    version=2,
    origin=USER,
)


@pytest.mark.parametrize(
    ("before", "after", "now", "then"),
    [
        ("a\nb\nc", "a\nX\nc", "a\nX\nc", "a\nb\nc"),
        ("a\nb\nc\nd", "A\nb\nc\nd", "A\nb\nc\nD", "a\nb\nc\nD"),
        (1, 2, 2, 1),
        (None, 0.7, 0.7, None),
        ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 2, "b": 3}, {"a": 1, "b": 3}),
        ({}, {"new": 1}, {"new": 1, "later": 2}, {"later": 2}),
        ({"old": 1}, {}, {"later": 2}, {"later": 2, "old": 1}),
        ({"in": {"a": 1}}, {"in": {"a": 2}}, {"in": {"a": 2, "b": 1}}, {"in": {"a": 1, "b": 1}}),
        (["a", "b"], ["a", "b", "c"], ["a", "b", "c", "d"], ["a", "b", "d"]),
        (["a", "b", "c"], ["a", "c"], ["c", "a", "d"], ["c", "b", "a", "d"]),
        (["a", "b"], ["b"], ["b", "a"], ["b", "a"]),
        (["a", "b"], ["b", "a"], ["b", "a"], ["a", "b"]),
    ],
)
def test_what_came_later_elsewhere_is_kept(before: Any, after: Any, now: Any, then: Any) -> None:
    assert inverse(EVENT, now, before, after) == then


@pytest.mark.parametrize(
    ("before", "after", "now"),
    [
        ("a\nb\nc", "a\nX\nc", "a\nY\nc"),
        (1, 2, 3),
        ({"a": 1}, {"a": 2}, {"a": 3}),
        ({"a": 1}, {"a": 2}, {}),
        ({}, {"a": 1}, {"a": 2}),
        ({"a": 1}, {}, {"a": 2}),
        (["a", "b"], ["b", "a"], ["b", "a", "c"]),
        ("text", None, "other"),
    ],
)
def test_what_was_changed_again_in_the_same_place_is_told(before: Any, after: Any, now: Any) -> None:
    with pytest.raises(Conflict, match="“plans” has been changed again in the same place") as caught:
        inverse(EVENT, now, before, after)
    assert caught.value.code == "changed_since"
    assert "Undo the later change first" in caught.value.hint


values = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(("a", "a\nb", "")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)


@given(values, values)
def test_nothing_came_later_so_it_is_as_before_and_the_redo_as_after(before: Any, after: Any) -> None:
    assert inverse(EVENT, after, before, after) == before
    assert inverse(EVENT, before, after, before) == after


@given(values, values, values)
def test_an_undo_of_an_undo_is_a_redo(before: Any, after: Any, now: Any) -> None:
    """An undo is written as a change from what was to what it gave; undone at once, that was is there again."""
    try:
        then = inverse(EVENT, now, before, after)
    except Conflict:
        return
    assert inverse(EVENT, then, now, then) == now


@given(values, values, values)
def test_values_are_never_changed_in_place(before: Any, after: Any, now: Any) -> None:
    copies = repr((before, after, now))
    with contextlib.suppress(Conflict):
        inverse(EVENT, now, before, after)
    assert repr((before, after, now)) == copies


def test_each_target_stands_in_the_table_by_a_kind_that_the_history_knows() -> None:
    assert {"block", "attachment", "agent"} <= set(TARGETS) <= set(get_args(TargetKind))
