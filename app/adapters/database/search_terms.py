"""A query's terms as FTS5 asks for them, of an index whose column `words` holds `search_text.index_text`."""

from collections.abc import Sequence, Set
from typing import Protocol

from app.domain.retrieval import Term
from app.domain.search_text import ENDINGS
from app.ports.search import WordRows

MOST_ROWS = 2_000
"""Texts with a term that are looked at; of more common ones the newest, and those that have a rarer term as well."""
SHORTEST_STEM = 4
"""Letters: a shorter beginning has too many words."""


def match_of(term: Term) -> str:
    """The term alone: identifiers, quotes and names of several words as they stand, other words in any form.

    It finds a little more than `query_words.covered` grants: all words that begin like the term.
    """
    if term.whole or not term.words[0].isascii():
        return f'words:"{" ".join(term.words)}"'
    word = term.words[0]
    stem = term.stem if len(term.stem) >= SHORTEST_STEM else word
    return f'words:"{stem}"*' if len(stem) >= SHORTEST_STEM - 1 else f'words:"{word}"'


def any_of(terms: Sequence[Term]) -> str:
    """Rows with at least one of the terms."""
    return " OR ".join(match_of(term) for term in terms)


class WordIndex(Protocol):
    """An index of words, narrowed to what one search is about."""

    def newest(self, match: str, most: int = MOST_ROWS) -> list[int]:
        """The newest texts of all that match, wherever they are."""
        ...

    def within(self, match: str) -> list[int]:
        """The newest `MOST_ROWS` that match and that the search is about."""
        ...

    def kept(self, seqs: Set[int]) -> Set[int]:
        """Those that the search is about."""
        ...


def rows_with(terms: Sequence[Term], index: WordIndex, last: int, total: int) -> WordRows:
    """Which texts have the terms. `last`: the newest seq of all texts; `total`: how many are searched.

    Of a rare term all texts are found and looked at together in the end: FTS5 would go through everything within an
    agent, a role or a tag beside them.
    """
    matches, lists, loose = {term: match_of(term) for term in terms}, dict[Term, list[int]](), set[int]()

    def rows_of(match: str) -> list[int]:
        found = index.newest(match)
        if len(found) == MOST_ROWS:
            return index.within(match)
        loose.update(found)
        return found

    rare: list[Term] = []
    for term in terms:
        forms = _forms_of(term, index) if matches[term].endswith("*") else ""
        if forms and len(index.newest(forms)) == MOST_ROWS:
            matches[term] = forms
        lists[term] = rows_of(matches[term])
        if len(lists[term]) < MOST_ROWS:
            rare.append(term)
    telling = " OR ".join(matches[term] for term in rare if lists[term])
    newest = {term: rows[:MOST_ROWS] for term, rows in lists.items()}
    for term in terms:
        if term not in rare and telling:  # its newest rows need not be those that have another term too
            lists[term] = lists[term] + rows_of(f"({matches[term]}) AND ({telling})")
    if len(terms) > 1 and not telling:
        everything = rows_of(" AND ".join(f"({match})" for match in matches.values()))
        lists[terms[0]] = lists[terms[0]] + everything
        lists[terms[-1]] = lists[terms[-1]] + everything
    gone = loose - index.kept(loose) if loose else loose
    kept = [tuple(seq for seq in dict.fromkeys(rows) if seq not in gone) for rows in lists.values()]
    frequencies = (
        len(rows) if term in rare else max(len(rows), min(total, _estimated(newest[term], last)))
        for term, rows in zip(lists, kept, strict=True)
    )
    return WordRows(total, tuple(frequencies), tuple(kept))


def _forms_of(term: Term, index: WordIndex) -> str:
    """The forms of a word that `stem_of` knows, as far as they stand in any text. Those of a common word are read many
    times as fast as everything that begins so, which FTS5 joins whole before it gives the first row.
    """
    words = dict.fromkeys((term.words[0], term.stem, *(term.stem + ending for ending in ENDINGS)))
    return " OR ".join(match for word in words if index.newest(match := f'words:"{word}"', 1))


def _estimated(newest: Sequence[int], last: int) -> int:
    """How many rows a common term has, by how densely the newest ones lie."""
    return len(newest) * last // max(1, newest[0] - newest[-1])
