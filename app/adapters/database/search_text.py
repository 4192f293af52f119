"""Text as search sees it: folded, so that case, accents and the script's spacing do not matter. Pure functions.

Text of scripts that part no words by spaces (Chinese, Japanese, Korean, Thai, Lao, Burmese, Khmer) is indexed as
overlapping pairs of characters; emoji become words of their own, which the tokenizer of the index would otherwise drop.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

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
_MAX_TERMS = 24
_SPACE = re.compile(r"\s")
_AT_ONCE = 10_000
"""Characters that are folded at once: other threads of Python wait meanwhile, and a text may be a book."""
_STOP_TEXT = (
    "a about am an and are as at be been but by did do does for from had has have he her his how i if in is it "
    "its me my of on or our she so that the their them there they this to was we were what when where which who "
    "with you your aber als am an auch auf aus bei bin bist das dass dein dem den der des die du ein eine einem "
    "einen einer es fur haben hat ich ihr im in ist ja kein mein mir mit nach nicht noch nur oder sein sich sie "
    "sind und uns vom von vor was wenn wer wie wir wird zu zum zur "
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())


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


def query_terms(query: str) -> tuple[str, ...]:
    """Words to look for, each once, without those that say nothing (unless there are no others)."""
    words = tuple(dict.fromkeys(_words(folded(query))))
    telling = tuple(word for word in words if word not in _STOP_WORDS)
    return (telling or words)[:_MAX_TERMS]


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
