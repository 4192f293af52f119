"""Pure: texts as words that can be compared and exchanged, also where a script writes no blanks."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property

from app.engine.proposals.lexicon import (
    ADVERSATIVES,
    CHINESE,
    DATES,
    JAPANESE,
    NEGATED_BEFORE,
    NEGATIONS,
    RELATIONS,
    STOPS,
)

HAN = "\u3005\u3400-\u9fff"
KANA = "\u3040-\u30ff"
_PIECE = re.compile(
    rf"[{HAN}{KANA}\d]*[{HAN}{KANA}][{HAN}{KANA}\d]*|\d+(?:[.,:/]\d+)*|[^\W\d_]+(?:-[^\W\d_]+)*|[^\w\s]|\n"
)
_ENDS_CLAUSE = frozenset(",.;:!?，。；：！？、\n")
_CJK_DATE = (
    (re.compile(r"(?:星期|周|礼拜)[一二三四五六日天]|[月火水木金土日]曜日?"), "weekday"),
    (re.compile(r"(?:\d+|[一二三四五六七八九十]+)月(?:\d+|[一二三四五六七八九十]+)[日号]"), "date"),
    (re.compile(r"(?:\d+|[一二三四五六七八九十]+)月"), "month"),
    (re.compile(r"\d+"), "number"),
)
_JAPANESE_WORD = re.compile(r"[\u30a0-\u30ff]+|[\u3005\u3400-\u9fff]+")
_LOOKED_UP = tuple(
    sorted({*CHINESE, *(word for word in (*RELATIONS, *NEGATIONS) if ord(word[0]) > 0x2FFF)}, key=len)[::-1]
)
"""Words of scripts without spaces, the longest first, so that the longest that fits is taken."""
_ENDINGS = ("ing", "es", "en", "ed", "st", "s", "n", "e", "t")


@dataclass(frozen=True)
class Word:
    text: str
    start: int
    """In characters of the text; its end is `end`."""
    shape: str
    """What can stand in its place: number, month, weekday, date, capital or lower."""
    clause: int
    relation: str = ""
    """What it says the line is about; such a word is never exchanged."""
    stop: bool = False
    negated: bool = False
    """Said not to hold."""

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @cached_property
    def key(self) -> str:
        """Equal for forms of one word, nearly."""
        key = self.text.casefold()
        return next((key.removesuffix(one) for one in _ENDINGS if len(key) > len(one) + 3 and key.endswith(one)), key)

    @property
    def bears(self) -> bool:
        """Whether it says something of its own."""
        return not self.stop and not self.relation


def words_of(text: str) -> tuple[Word, ...]:
    """All words in order, those that only hold the sentence together among them."""
    words: list[Word] = []
    denier = ""
    clause, reach, japanese = 0, -1, re.search(f"[{KANA}]", text) is not None
    pieces = list(_PIECE.finditer(text))
    for number, match in enumerate(pieces):
        piece = match.group()
        if piece in _ENDS_CLAUSE:
            clause += 1
        begins_name = _begins_name(pieces, number)
        for word in _read(piece, match.start(), clause, japanese):
            if begins_name:
                word = replace(word, stop=False)
            low = word.text.casefold()
            if low in ADVERSATIVES or (low, denier) == ("to", "from"):
                reach = -1
            words.append(replace(word, negated=reach == clause and not word.stop))
            if low in NEGATIONS:
                reach, denier = clause, low
    return _negated_before(text, words) if japanese else tuple(words)


def _begins_name(pieces: list[re.Match[str]], number: int) -> bool:
    """The “New” of “New York”: written large within a sentence, before another word that is."""
    piece = pieces[number].group()
    if not (len(piece) > 1 and piece.istitle() and 0 < number < len(pieces) - 1):
        return False
    before, behind = pieces[number - 1].group(), pieces[number + 1].group()
    return before[0].isalnum() and behind.istitle() and behind.casefold() not in STOPS


def _read(piece: str, start: int, clause: int, japanese: bool) -> Iterator[Word]:
    if re.search(f"[{HAN}{KANA}]", piece):
        yield from _read_unspaced(piece, start, clause, japanese)
    elif piece[0].isalnum():
        low = piece.casefold()
        shape = "number" if piece[0].isdigit() else DATES.get(low) or ("capital" if piece[0].isupper() else "lower")
        dated = low in DATES and (piece[0].isupper() or low != "may")
        stop = low in STOPS and not dated and low not in RELATIONS
        yield Word(piece, start, shape, clause, "" if dated else RELATIONS.get(low, ""), stop)


def _read_unspaced(piece: str, start: int, clause: int, japanese: bool) -> Iterator[Word]:
    """Cut where a known word stands; what is between two of them is a word."""
    at = held = 0
    while at < len(piece):
        known = _known_at(piece, at, start, clause, japanese)
        if known is None:
            at += 1
            continue
        if held < at:
            yield Word(piece[held:at], start + held, "lower", clause)
        yield known
        at = held = at + len(known.text)
    if held < at:
        yield Word(piece[held:at], start + held, "lower", clause)


def _known_at(piece: str, at: int, start: int, clause: int, japanese: bool) -> Word | None:
    for pattern, shape in _CJK_DATE:
        if date := pattern.match(piece, at):
            return Word(date.group(), start + at, shape, clause)
    for word in _LOOKED_UP:
        if piece.startswith(word, at) and not (japanese and word in CHINESE):
            relation = RELATIONS.get(word, "")
            return Word(word, start + at, "lower", clause, relation, stop=not relation)
    if japanese:
        if (word := _JAPANESE_WORD.match(piece, at)) is None:
            return Word(piece[at], start + at, "lower", clause, stop=True)
        end = next((n for n in range(at + 1, word.end()) if _starts_known(piece, n)), word.end())
        return Word(piece[at:end], start + at, "lower", clause, stop=piece[at:end] in JAPANESE)
    return None


def _starts_known(piece: str, at: int) -> bool:
    dated = any(pattern.match(piece, at) for pattern, _ in _CJK_DATE)
    return dated or any(piece.startswith(word, at) for word in _LOOKED_UP if word not in CHINESE)


def _negated_before(text: str, words: list[Word]) -> tuple[Word, ...]:
    """Japanese denies behind what it denies."""
    for match in NEGATED_BEFORE.finditer(text):
        before = [word for word in words if word.start < match.start()]
        clause = before[-1].clause if before else -1
        words = [
            replace(word, negated=not word.stop) if word.clause == clause and word.start < match.start() else word
            for word in words
        ]
    return tuple(words)


def bigrams(text: str) -> set[str]:
    """Pairs of neighbouring characters; of one character itself."""
    return {text[n : n + 2] for n in range(len(text) - 1)} or {text}


def parts_of(word: Word, others: Iterable[Word]) -> Iterator[Word]:
    """The pieces of a word without blanks that other words have too, where it is not cut well by itself."""
    for other in others if is_unspaced(word.text) else ():
        match = SequenceMatcher(None, word.text, other.text, autojunk=False).find_longest_match()
        if 1 < match.size < len(word.text):
            yield replace(word, text=word.text[match.a : match.a + match.size], start=word.start + match.a)


def is_unspaced(text: str) -> bool:
    return re.search(f"[{HAN}{KANA}]", text) is not None


def is_same(one: Word, other: Word) -> bool:
    """Whether two words mean the same thing."""
    if is_unspaced(one.text) and is_unspaced(other.text) and one.shape == other.shape == "lower":
        shorter, longer = sorted((one.text, other.text), key=len)
        return bigrams(shorter) <= bigrams(longer) if len(shorter) > 1 else shorter == longer
    return one.key == other.key
