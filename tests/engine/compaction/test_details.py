"""Names, numbers and identifiers that a summary must not lose."""

import pytest

from app.domain.compaction import has_detail
from app.engine.compaction.details import around, details_of


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The offer of Brandt holds until 15 December.", {"Brandt", "15 December"}),
        ("It cost 14,860 euros, or 8.5 %.", {"14,860", "8.5 %"}),
        ("Look into /var/log/app_2.log for E4512.", {"/var/log/app_2.log", "E4512"}),
        ("I met Mia and Tim at the Berliner Platz.", {"Mia", "Tim", "Berliner Platz"}),
        ("Morgen kommt Frau Öztürk um 14:30.", {"Frau Öztürk", "14:30"}),
        ("write to anna.k@example.org, please", {"anna.k@example.org"}),
        ("We talked. Yes. Thanks. Monday.", set()),
        ("am 3. März oder el 4 de abril, else May 12", {"3. März", "4 de abril", "May 12"}),
        ("", set()),
    ],
)
def test_details(text: str, found: set[str]):
    texts = {detail.text for detail in details_of(text)}
    assert found <= texts | {"/" + text for text in texts}
    if not found:
        assert not texts


def test_each_is_told_once_in_order():
    assert [detail.text for detail in details_of("so Mia saw Tim, and Tim saw Mia in 2024")] == ["Mia", "Tim", "2024"]


def test_a_detail_is_quoted_with_the_words_around_it():
    text = "word " * 40 + "the price holds until 15 December at noon, he said " + "more " * 40
    quote = around(text, "15 December", 30)
    assert "price holds until 15 December at noon" in quote
    assert all(part in ("word", "the", "price") or part in text.split() for part in quote.split())
    assert around(text, "Kruse") == ""


def test_a_table_is_bounded():
    assert len(details_of(" ".join(str(number) for number in range(5_000)))) == 200


@pytest.mark.parametrize(
    ("text", "detail", "there"),
    [
        ("order a-1003", "3", False),
        ("key 0123456789", "2", False),
        ("2 eggs, a-1003", "2", True),
        ("in 2024.", "2024", True),
        ("20240 steps", "2024", False),
        ("brads house", "brad", True),
        ("12kg", "12", True),
    ],
)
def test_a_number_does_not_stand_inside_a_longer_one(text: str, detail: str, there: bool):
    assert has_detail(text, detail) is there
