"""What a query asks for by its words, and what a text has of it."""

import pytest

from app.domain.search_text import stem_of
from app.engine.retrieval.query_words import Asked, asked, covered, is_identifier, share_of, terms_of


def share(query: Asked, text: str) -> float:
    return share_of(query, covered(query, text))


def shown(query: str) -> list[str]:
    return [term.shown for term in terms_of(query)]


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("When was the boiler serviced by Brandt?", ["boiler", "serviced", "Brandt"]),
        ("Wann hat Brandt die Heizung gewartet?", ["Brandt", "Heizung", "gewartet"]),
        ("¿Cuándo revisó Brandt la caldera?", ["revisó", "Brandt", "caldera"]),
        ("暖气什么时候检修？", ["暖气", "气什", "候检", "检修"]),
        ("what is it", ["what", "is", "it"]),
        ("Brandt, brandt and BRANDT", ["BRANDT"]),
        ("", []),
        ("?!", []),
    ],
)
def test_words_that_say_nothing_are_left_out_unless_all_do(query: str, terms: list[str]):
    assert shown(query) == terms


@pytest.mark.parametrize(
    "word",
    ["ORD-2024-118", "main.py", "foo_bar", "src/app.py", "getUser", "a@b.org", "std::move", "12345", "v2.1.3", "0x80"],
)
def test_identifiers_are_known_by_their_look(word: str):
    assert is_identifier(word)
    (term,) = terms_of(f"where is {word}?")
    assert term.exact
    assert term.shown == word


@pytest.mark.parametrize("word", ["2024", "12:30", "3.5", "50%", "Brandt", "well-known", "ab", "Hallo", "暖气"])
def test_short_numbers_times_and_words_are_none(word: str):
    assert not is_identifier(word)


@pytest.mark.parametrize(
    "query", ['who said "never again, Sam"?', "wer sagte „never again, Sam“?", "«never again, Sam»"]
)
def test_a_quote_is_one_term(query: str):
    quote = terms_of(query)[0]
    assert (quote.shown, quote.words, quote.exact) == ("never again, Sam", ("never", "again", "sam"), True)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("serviced", "services"),
        ("walking", "walked"),
        ("Häuser", "Haus"),
        ("calderas", "caldera"),
        ("boiler", "boilers"),
    ],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str):
    query = asked(terms_of(one), [1], 10)
    assert (share(query, f"the {other} here") == 1) is (stem_of(one.lower()) == stem_of(other.lower()))


def test_an_identifier_outweighs_words_as_rare():
    query = asked(terms_of("boiler ORD-2024-118"), [3, 3], 1000)
    weights = {term.shown: weight for term, weight in zip(query.terms, query.weights, strict=True)}
    assert weights["ORD-2024-118"] == 5 * weights["boiler"]
    assert share(query, "Order ord-2024-118 came.") == pytest.approx(5 / 6)
    assert share(query, "Order ord-2024-119 came.") == 0
    assert share(query, "118 2024 ord") == 0


def test_rare_words_weigh_more_and_unknown_ones_stay_in_the_sum():
    query = asked(terms_of("boiler house Zyrplk"), [2, 500, 0], 1000)
    boiler, house, unknown = query.weights
    assert unknown > boiler > house > 0
    assert share(query, "boiler house") < 0.6


def test_what_a_text_has_is_told_as_it_was_asked():
    query = asked(terms_of("Brandt serviced boilers"), [1, 1, 1], 10)
    assert [term.shown for term in covered(query, "BRANDT looked at the boiler").terms] == ["Brandt", "boilers"]


def test_nothing_asked_covers_nothing():
    assert share(asked((), (), 10), "anything") == 0


def test_a_word_that_only_begins_so_counts_half():
    query = asked(terms_of("Bran"), [1], 10)
    assert share(query, "Brandt came") == 0.5
    assert share(query, "Zebra") == 0
    assert share(asked(terms_of("x1"), [1], 10), "x123") == 0


def test_what_stands_in_two_parts_of_a_text_counts_once():
    query = asked(terms_of("Brandt boiler"), [1, 1], 10)
    assert share_of(query, covered(query, "Brandt"), covered(query, "Brandt, the boiler")) == 1


def test_identifiers_are_found_inside_of_chinese_and_without_the_owners_s():
    assert shown("订单ORD-2024-118在哪") == ["ORD-2024-118", "订单"]
    assert shown("Brandt's boiler") == ["Brandt", "boiler"]
