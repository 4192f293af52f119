"""Where a text stands that a model quotes a little wrongly."""

import pytest

from app.engine.memory.matching import find_text


@pytest.mark.parametrize(
    ("value", "wanted", "place"),
    [
        ("She likes\n  “green”   Tea.", 'likes "green" tea', "likes\n  “green”   Tea"),
        ("1: one\nİstanbul and\tROME\nend", "and rome", "and\tROME"),
        ("first line\nsecond line", "Line 2: second line", "second line"),
        ("first line\nsecond line", "1: first line\n2: second line", "first line\nsecond line"),
        ("a list\nof many\nwords in one place", "words in ome place", "words in one place"),
    ],
)
def test_a_text_is_found_where_it_stands(value: str, wanted: str, place: str) -> None:
    (span,) = find_text(value, wanted).spans
    assert value[slice(*span)] == place
