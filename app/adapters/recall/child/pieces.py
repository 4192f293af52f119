"""Cuts text into the pieces of a SentencePiece unigram model (Kudo, "Subword Regularization", 2018), read as data."""

import re
import struct
import unicodedata
from collections.abc import Iterator
from pathlib import Path

SPECIAL = 3
"""The first pieces of the model: unknown, beginning, end."""
BEGIN, END = 1, 2
WORD = "\u2581"
"""Stands for the space before a word."""
MOST_KEPT = 20_000
"""Words whose pieces are kept."""
LONGEST_KEPT = 40
PENALTY = 10.0
"""How much less likely an unknown character is than the least likely piece."""
_DROPPED = dict.fromkeys((*range(9), 11, *range(14, 32), *range(127, 160), 0xAD, 0x200B, 0x200E, 0x200F, 0xFEFF))
_SPACE = re.compile(r"\s+")


class Pieces:
    def __init__(self, path: Path) -> None:
        self._known: dict[str, tuple[int, float]] = {}
        least = 0.0
        for number, (piece, score) in enumerate(_read(path.read_bytes())):
            least = min(least, score)
            if number >= SPECIAL:
                self._known.setdefault(piece, (number, score))
        self._unknown = least - PENALTY
        self._longest = max(map(len, self._known))
        self._words: dict[str, list[int]] = {}

    def ids(self, text: str, most: int) -> list[int]:
        """The numbers of a text's pieces between those of its beginning and its end; at most so many."""
        found: list[int] = []
        for word in normal(text).split(" "):
            if word:
                found += self._of_word(WORD + word)
            if len(found) >= most - 2:
                break
        return [BEGIN, *found[: most - 2], END]

    def _of_word(self, word: str) -> list[int]:
        known = self._words.get(word)
        if known is None:
            known = self._best(word)
            if len(word) < LONGEST_KEPT:
                if len(self._words) >= MOST_KEPT:
                    self._words.clear()
                self._words[word] = known
        return known

    def _best(self, word: str) -> list[int]:
        """The likeliest way to write a word with known pieces (Viterbi); what has none is unknown, piece 0."""
        size = len(word)
        likely = [0.0, *(float("-inf") for _ in range(size))]
        came: list[tuple[int, int]] = [(0, 0)] * (size + 1)
        for start in range(size):
            here = likely[start]
            single = False
            for end in range(start + 1, min(size, start + self._longest) + 1):
                piece = self._known.get(word[start:end])
                if piece is None:
                    continue
                single = single or end == start + 1
                if here + piece[1] > likely[end]:
                    likely[end], came[end] = here + piece[1], (start, piece[0])
            if not single and here + self._unknown > likely[start + 1]:
                likely[start + 1], came[start + 1] = here + self._unknown, (start, 0)
        ids: list[int] = []
        at = size
        while at:
            at, number = came[at]
            ids.append(number)
        return ids[::-1]


def normal(text: str) -> str:
    """As the model was trained: compatible characters as one, control characters gone, one space between words."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text.translate(_DROPPED))).strip()


def _read(model: bytes) -> Iterator[tuple[str, float]]:
    """Pieces and scores of a model: field 1 of the message, with the piece in its field 1 and the score in its 2."""
    for field, value in _fields(model):
        if field == 1 and isinstance(value, bytes):
            piece, score = "", 0.0
            for inner, content in _fields(value):
                if inner == 1 and isinstance(content, bytes):
                    piece = content.decode()
                elif inner == 2 and isinstance(content, bytes):
                    (score,) = struct.unpack("<f", content)
            yield piece, score


def _fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """The fields of a protocol buffer: https://protobuf.dev/programming-guides/encoding."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
            case 2:
                size, at = _varint(message, at)
                yield tag >> 3, message[at : at + size]
                at += size
            case kind:
                size = 4 if kind == 5 else 8
                yield tag >> 3, message[at : at + size]
                at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7
