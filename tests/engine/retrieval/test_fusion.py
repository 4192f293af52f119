"""One order out of two searches, and the reasons of each hit."""

from app.domain.retrieval import Meaning, Word, reason_text
from app.engine.retrieval.fusion import Candidate, messages_ranked, passages_ranked, spread_of
from app.engine.retrieval.query_words import asked, terms_of

NEAREST = spread_of([0.6, 0.5, 0.4, 0.3, 0.2])


def test_meaning_alone_decides_where_no_word_is_shared():
    query = asked(terms_of("heating looked after"), [0, 0], 100)
    ranked = passages_ranked(query, [Candidate(1, "The cat.", 0.2), Candidate(2, "Boiler service.", 0.6)], NEAREST)
    assert [one.seq for one in ranked] == [2, 1]
    assert ranked[0].reasons == (Meaning(cosine=0.6),)
    assert ranked[1].reasons == ()


def test_an_identifier_outdoes_any_meaning():
    query = asked(terms_of("what about ORD-2024-118"), [1], 100)
    near_miss = Candidate(1, "ORD-2024-119 is delayed, what about it", 0.6)
    found = Candidate(2, "ord-2024-118", 0.2)
    ranked = passages_ranked(query, [near_miss, found], NEAREST)
    assert [one.seq for one in ranked] == [2, 1]
    assert ranked[0].reasons == (Word(word="ORD-2024-118", exact=True),)


def test_what_has_no_vector_yet_is_found_by_its_words():
    query = asked(terms_of("Brandt"), [1], 100)
    ranked = passages_ranked(query, [Candidate(1, "Something.", 0.3), Candidate(2, "Brandt came.")], NEAREST)
    assert ranked[0].seq == 2


def test_without_any_vector_words_alone_give_the_order():
    query = asked(terms_of("Brandt boiler"), [1, 20], 100)
    texts = [Candidate(1, "the boiler"), Candidate(2, "Brandt and the boiler"), Candidate(3, "Brandt")]
    for ranked in (
        passages_ranked(query, texts, spread_of([])),
        messages_ranked(query, texts, spread_of([]), spread_of([])),
    ):
        assert [one.seq for one in ranked] == [2, 3, 1]


def test_a_short_answer_is_found_by_what_was_asked_before_it():
    query = asked(terms_of("which day does Brandt come"), [3, 5, 5], 100)
    answer = Candidate(1, "On Tuesday.", 0.2, "When does Brandt come?\nOn Tuesday.", 0.6)
    other = Candidate(2, "A day off.", 0.3, "A day off.\nFine.", 0.2)
    ranked = messages_ranked(query, [other, answer], NEAREST, NEAREST)
    assert ranked[0].seq == 1
    assert ranked[0].reasons[0] == Meaning(cosine=0.6, nearby=True)
    assert Word(word="Brandt") in ranked[0].reasons


def test_of_equals_the_newest_comes_first():
    query = asked(terms_of("tea"), [2], 10)
    ranked = passages_ranked(query, [Candidate(1, "tea"), Candidate(2, "tea")], spread_of([]))
    assert [one.seq for one in ranked] == [2, 1]


def test_reasons_on_one_line():
    both = (Meaning(cosine=0.812), Word(word="Brandt"), Word(word="boiler"))
    assert reason_text(both) == "meaning 0.81, words “Brandt”, “boiler”"
    assert reason_text((Word(word="Brandt"),)) == "word “Brandt”"
    assert reason_text(()) == ""
