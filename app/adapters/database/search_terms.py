"""A query's terms as FTS5 asks for them, of an index whose column `words` holds `search_text.index_text`."""

from collections.abc import Sequence

from app.domain.retrieval import Term

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
