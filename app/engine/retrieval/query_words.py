"""What a query asks for by its very words: names, numbers, identifiers, quotes, and how much each of them says."""

import math
import re
from collections.abc import Sequence
from typing import NamedTuple

from app.domain.retrieval import Term
from app.domain.search_text import MAX_TERMS, stem_of, words_of
from app.domain.stop_words import STOP_SIGNS, STOP_WORDS

IDENTIFIER_WEIGHT = 5.0
"""How much more an identifier or a quote says than a word as rare. Measured: `tests/benchmarks/retrieval`."""
BEGINNING_SHARE, SHORTEST_BEGINNING = 0.5, 3
"""What a word counts that only begins with the one asked for, as while somebody types; letters that it takes."""
_QUOTED = re.compile('"([^"]{3,})"|„([^“”]{3,})[“”]|“([^”]{3,})”|«([^»]{3,})»|「([^」]{2,})」|`([^`]{3,})`')
_AROUND = "\"'.,;:!?¿¡()[]{}<>«»„“”‘’「」。，、；：！？（）…"
_SHORT_NUMBER = re.compile(r"\d{1,4}%?|\d{1,2}:\d\d|\d+[.,]\d+%?")
"""A short number, a time, a decimal: many passages have it."""
_INNER = re.compile(r"\w[_/\\#@]\w|\w\.\w|::|\w\(\)")
_CAMEL = re.compile(r"[a-z][A-Z]")
_SIGNS = re.compile("[\u3400-\u9fff\u3040-\u30ff\uac00-\ud7af]+")
_OWNER = re.compile(r"['’]s$")


class Asked(NamedTuple):
    """A query's terms and what each weighs."""

    terms: tuple[Term, ...]
    weights: tuple[float, ...]


class Covered(NamedTuple):
    """What of a query a text has."""

    terms: tuple[Term, ...]
    """In the query's order."""
    weights: tuple[float, ...]
    """What each of them counts here: its weight, or a part of it where only a word begins so."""


def terms_of(query: str) -> tuple[Term, ...]:
    """What to look for, each once and in the query's order, without words that say nothing (unless all do).

    Quotes and identifiers stay whole. Chinese, Japanese and Korean are parted into pairs of characters.
    """
    found: list[Term] = []
    rest = query
    for quote in _QUOTED.finditer(query):
        shown = next(part for part in quote.groups() if part)
        found.append(Term(shown, words_of(shown), exact=True))
        rest = rest.replace(quote[0], " ")
    plain: list[Term] = []
    for piece in _SIGNS.sub(r" \g<0> ", rest).split():
        shown = _OWNER.sub("", piece.strip(_AROUND))
        words = words_of(shown)
        if (len(words) > 1 and not _SIGNS.search(shown)) or is_identifier(shown):
            found.append(Term(shown, words, exact=is_identifier(shown)))
        else:
            plain += (Term(shown if len(words) == 1 else word, (word,), exact=False) for word in words)
    telling = [term for term in plain if not _says_nothing(term.words[0])]
    kept = (*found, *telling) or tuple(plain)
    return tuple({term.words: term for term in kept if term.words}.values())[:MAX_TERMS]


def asked(terms: Sequence[Term], frequencies: Sequence[int], total: int) -> Asked:
    """The terms with their weights. `frequencies`: how many of the `total` searched texts have each term."""
    weights = (
        math.log(1 + (max(total, count) - count + 0.5) / (count + 0.5)) * (IDENTIFIER_WEIGHT if term.exact else 1.0)
        for term, count in zip(terms, frequencies, strict=True)
    )
    return Asked(tuple(terms), tuple(weights))


def covered(query: Asked, text: str) -> Covered:
    """Which of the query's terms stand in a text; plain words in any form."""
    words = words_of(text)
    forms = {stem_of(word) for word in words}
    line = f" {' '.join(words)} "
    held: list[tuple[Term, float]] = []
    for term, weight in zip(query.terms, query.weights, strict=True):
        whole = f" {' '.join(term.words)}"
        if f"{whole} " in line if term.whole else term.stem in forms:
            held.append((term, weight))
        elif not term.whole and len(term.words[0]) >= SHORTEST_BEGINNING and whole in line:
            held.append((term, weight * BEGINNING_SHARE))
    return Covered(tuple(term for term, _ in held), tuple(weight for _, weight in held))


def share_of(query: Asked, *parts: Covered) -> float:
    """The weight of what the parts of a text have by the weight of all that was asked, 0 to 1.

    A term that stands in no text counts among all: what it asked for was not found.
    """
    whole = sum(query.weights)
    held: dict[Term, float] = {}
    for part in parts:
        for term, weight in zip(part.terms, part.weights, strict=True):
            held[term] = max(weight, held.get(term, 0.0))
    return sum(held.values()) / whole if whole else 0.0


def is_identifier(word: str) -> bool:
    """Whether a word names one thing: it has a digit (but is no short number, time or decimal), or is written so."""
    if len(word) < 3:
        return False
    if any(letter.isdigit() for letter in word):
        return not _SHORT_NUMBER.fullmatch(word)
    return bool(_INNER.search(word) or _CAMEL.search(word))


def _says_nothing(word: str) -> bool:
    return word in STOP_WORDS or all(sign in STOP_SIGNS for sign in word)
