"""Snippets: names, places to fill in, and whatever a setting may hold."""

import pytest

from app.domain.snippet import (
    MOST,
    Snippet,
    filled,
    next_place,
    place_names,
    read_snippets,
    snippet_name,
    stored_snippets,
)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("review", "review"), (" /Code  review ", "Code-review"), ("a/b", "a-b"), ("", ""), ("x" * 99, "x" * 40)],
)
def test_a_name_is_one_word(typed: str, name: str) -> None:
    assert snippet_name(typed) == name


def test_known_places_are_filled_in_and_the_others_stay() -> None:
    text = "On {{ Date }} tell {{name}} about {{topic}}, {{name}}. {{}} {{ }} { {x} } {{a\nb}}"
    assert filled(text, {"date": "1 May", "agent": "Juno"}).startswith("On 1 May tell {{name}} about {{topic}}")
    assert place_names(text) == ("Date", "name", "topic")
    assert filled("{{date}}", {"date": "{{date}} \\1"}) == "{{date}} \\1"


def test_places_come_one_after_the_other_and_then_again() -> None:
    text = "{{a}} and {{b}}"
    assert next_place(text) == (0, 5)
    assert next_place(text, 5) == (10, 15)
    assert next_place(text, 15) == (0, 5)
    assert next_place("nothing") is None


@pytest.mark.parametrize("stored", [None, 3, "text", {"name": "x"}, [1, None, {"name": 3}, {"text": "x"}]])
def test_what_is_no_snippet_is_left_out(stored: object) -> None:
    assert read_snippets(stored) == ()


def test_what_was_stored_is_read_again() -> None:
    mine = (Snippet(name="a", text="x"), Snippet(name="b", text="{{y}}"))
    assert read_snippets(stored_snippets(mine)) == mine
    assert len(read_snippets(stored_snippets(mine * MOST))) == MOST
