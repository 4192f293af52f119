"""Where a passage comes from, in a word or two."""

import pytest

from app.domain.archive import Passage
from app.domain.history import Actor
from app.ui.archive.words import source_words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "written here"),
        ({"actor": Actor(kind="import", name="notes.csv")}, "notes.csv"),
        ({"actor": Actor(kind="api")}, "API"),
        ({"actor": Actor(kind="import", name="notes.csv"), "source": "letter.pdf"}, "letter.pdf"),
        ({"actor": Actor(kind="agent"), "run_id": "run-12345678-0000"}, "run 1234"),
    ],
)
def test_a_passage_says_where_it_comes_from(fields: dict[str, object], words: str):
    given = {"id": "passage-1", "archive_id": "archive-1", "text": "x", "created_at": 1, "updated_at": 1, **fields}
    assert source_words(Passage.model_validate(given)) == words
