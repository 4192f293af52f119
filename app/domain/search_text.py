"""Text as search sees it: folded, so that case, accents and the script's spacing do not matter. Pure functions.

Text of scripts that part no words by spaces (Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer) is indexed as
overlapping pairs of characters; emoji become words of their own, which the tokenizer of the index would otherwise drop.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

from app.domain.stop_words import STOP_WORDS

_ACCENTS = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670]"
)
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3130-\u318f"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003134f"
)
_INDIC = "\u0900-\u0dff"
"""Vowel signs of these scripts are no letters to Python, yet part of the word."""
_PIECE = re.compile(f"(?P<run>[{_UNSPACED}]+)|(?P<word>(?:[^\\W_{_UNSPACED}]|[{_INDIC}])+)|(?P<sign>[^\\w\\s])")
_PLAIN = re.compile("[A-Za-z0-9]+")
"""What the pattern above finds in text without an accent or another script, seven times as fast."""
MAX_TERMS = 24
"""Of a query; what comes behind them is not looked for."""
ENDINGS = ("ings", "ing", "ed", "es", "s", "ers", "er", "ern", "en", "e", "n", "os", "as", "o", "a", "ly", "y")
"""Usual endings of words in English, German and Spanish; of two that fit, the longer one comes first."""
_ENDING = re.compile(rf"(?<=\w{{3}})(?:{'|'.join(ENDINGS)})$")
_SPACE = re.compile(r"\s")
_AT_ONCE = 10_000
"""Characters that are folded at once: other threads of Python wait meanwhile, and a text may be a book."""


def folded(text: str) -> str:
    """Composed, lower case, ß as ss, accents gone."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFD", text.casefold()))
    return unicodedata.normalize("NFC", plain)


def index_text(text: str) -> str:
    """What goes into the index for a text: its words, parted by spaces.

    The last character of an unspaced run is there alone too, so that each character begins some word of the index.
    """
    return " ".join(word for piece in _pieces(text) for word in _words(folded(piece), lasts=True))


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text as the index knows them, in their order."""
    return tuple(_words(folded(text)))


def query_terms(query: str) -> tuple[str, ...]:
    """Words to look for, each once, without those that say nothing (unless there are no others)."""
    words = tuple(dict.fromkeys(words_of(query)))
    telling = tuple(word for word in words if word not in STOP_WORDS)
    return (telling or words)[:MAX_TERMS]


@lru_cache(4_096)
def stem_of(word: str) -> str:
    """What the forms of a word have in common, roughly: its usual endings in English, German and Spanish cut off."""
    return _ENDING.sub("", word) if word.isascii() else word


def snippet(text: str, terms: tuple[str, ...], length: int = 160) -> str:
    """The surroundings of the first term in a text, on one line."""
    if len(text) > _AT_ONCE:
        text = next((piece for piece in _pieces(text) if _holds(piece, terms)), text[:_AT_ONCE])
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    start = max(0, _first(line, terms) - length // 3)
    start = min(start, len(line) - length)
    if start:
        space = line.find(" ", start, start + 20)
        start = start if space < 0 else space + 1
    cut = line[start : start + length].rstrip()
    return ("…" if start else "") + cut + ("…" if start + length < len(line) else "")


def _pieces(text: str) -> Iterator[str]:
    """The text in pieces that end where a word does."""
    start = 0
    while len(text) - start > _AT_ONCE:
        space = _SPACE.search(text, start + _AT_ONCE)
        end = space.start() if space else len(text)
        yield text[start:end]
        start = end
    yield text[start:]


def _holds(text: str, terms: tuple[str, ...]) -> bool:
    plain = folded(text)
    return any(term in plain for term in terms)


def _words(text: str, *, lasts: bool = False) -> list[str]:
    if text.isascii():
        return _PLAIN.findall(text)
    words: list[str] = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        if found["word"]:
            words.append(piece)
        elif found["run"]:
            words.extend(_pairs(piece))
            if lasts and len(piece) > 1:
                words.append(piece[-1])
        elif unicodedata.category(piece) == "So":
            words.append(f"u{ord(piece):x}")
    return words


def _pairs(run: str) -> list[str]:
    return [run] if len(run) == 1 else [a + b for a, b in pairwise(run)]


def _first(line: str, terms: tuple[str, ...]) -> int:
    """Where the first term begins in the line."""
    plain = folded(line)
    spot = min((spot for term in terms if (spot := plain.find(term)) >= 0), default=0)
    # Folding makes some characters two, and two of some one.
    return bisect_left(range(len(line)), spot, key=lambda end: len(folded(line[:end])))
