"""Pure: finds the text a model means, although it quotes it a little wrongly."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

MIN_SIMILARITY = 0.9
"""Below this two texts may well be different facts, so nothing is guessed."""
MAX_FUZZY = 500
"""Characters; longer texts are never matched so: the cost grows with their square, in the one writing transaction."""
MAX_CANDIDATES = 5
"""Places that pass the quick tests; where there are more, no text is clearly the only one."""
MOST_COMPARED = 200_000
"""Characters of runs of lines; a text of many short lines shares each with hundreds of runs."""

# Never over the end of a line: from every empty line it would read all that follow.
_LINE_NUMBER = re.compile(r"^[^\S\n]*(?:Line[^\S\n]+)?\d+[^\S\n]*(?:→|:|\||\t)\s?", re.MULTILINE)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "})


@dataclass(frozen=True)
class Found:
    """Where the text stands: (start, end) of each place, in characters."""

    spans: tuple[tuple[int, int], ...]
    exact: bool


def find_text(value: str, wanted: str) -> Found:
    """All exact places; else those that differ in quotes, blanks and line numbers; else the one similar enough."""
    exact = _places(value, wanted)
    if exact:
        return Found(exact, exact=True)
    stripped = _LINE_NUMBER.sub("", wanted)
    for candidate in (stripped, stripped.strip(), wanted.strip()):
        found = _places(value, candidate) if candidate else ()
        if found:
            return Found(found, exact=False)
    loose = _loose(value, stripped)
    if loose:
        return Found(loose, exact=False)
    return Found(_fuzzy(value, stripped.strip()), exact=False)


def numbered(value: str) -> str:
    """The text with line numbers, for error messages."""
    return "\n".join(f"{i}: {line}" for i, line in enumerate(value.split("\n"), 1))


def _places(value: str, wanted: str) -> tuple[tuple[int, int], ...]:
    if not wanted:
        return ()
    found: list[tuple[int, int]] = []
    start = value.find(wanted)
    while start >= 0:
        found.append((start, start + len(wanted)))
        start = value.find(wanted, start + len(wanted))
    return tuple(found)


def _loose(value: str, wanted: str) -> tuple[tuple[int, int], ...]:
    """Ignores the kind of quotes and dashes, the amount of white space, and case. Takes the time of reading once."""
    needle = _plain(" ".join(wanted.translate(_QUOTES).split()))
    if not 0 < len(needle) <= len(value):
        return ()
    same = value.translate(_QUOTES)
    words = [match.span() for match in re.finditer(r"\S+", same)]
    plain = _plain(" ".join(same[start:end] for start, end in words))
    starts: list[int] = []
    at = 0
    for start, end in words:
        starts.append(at)
        at += end - start + 1

    def origin(place: int) -> int:
        word = bisect_right(starts, place) - 1
        return words[word][0] + place - starts[word]

    return tuple((origin(start), origin(end - 1) + 1) for start, end in _places(plain, needle))


def _plain(text: str) -> str:
    """In lower case, as many characters as before."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)


def _fuzzy(value: str, wanted: str) -> tuple[tuple[int, int], ...]:
    """The run of lines most similar to the wanted text, if it is the only one above `MIN_SIMILARITY`."""
    if not 0 < len(wanted) <= MAX_FUZZY:
        return ()
    matcher = SequenceMatcher(None, b=wanted, autojunk=False)
    letters = _letters(wanted)
    candidates: list[tuple[int, int]] = []
    compared = 0
    for start, end in _runs_of_lines(value, wanted.count("\n") + 1):
        text = value[start:end]
        matcher.set_seq1(text)
        if matcher.real_quick_ratio() < MIN_SIMILARITY:
            continue
        compared += len(text)
        if compared > MOST_COMPARED:
            return ()
        common = _common(text, letters, len(wanted)) if matcher.quick_ratio() >= MIN_SIMILARITY else 0
        if 2 * common >= MIN_SIMILARITY * (len(text) + len(wanted)):
            candidates.append((start, end))
        if len(candidates) > MAX_CANDIDATES:
            return ()
    similar = [(start, end) for start, end in candidates if _similarity(matcher, value[start:end]) >= MIN_SIMILARITY]
    return (_stripped(value, *similar[0]),) if len(similar) == 1 else ()


def _runs_of_lines(value: str, height: int) -> Iterator[tuple[int, int]]:
    """Start and end of each run of so many lines."""
    starts = [0, *(match.end() for match in re.finditer("\n", value)), len(value) + 1]
    return ((starts[first], starts[first + height] - 1) for first in range(len(starts) - height))


def _letters(text: str) -> dict[str, int]:
    """Where each letter stands, as bits."""
    places: dict[str, int] = {}
    for place, letter in enumerate(text):
        places[letter] = places.get(letter, 0) | 1 << place
    return places


def _common(text: str, letters: dict[str, int], size: int) -> int:
    """Length of the longest sequence of letters that a text shares with one of this size: more than the similarity of
    the two can ever count, and a thousand times faster (Hyyrö's way with bits).
    """
    rest = whole = (1 << size) - 1
    for letter in text:
        both = rest & letters.get(letter, 0)
        rest = ((rest + both) | (rest - both)) & whole
    return size - rest.bit_count()


def _similarity(matcher: SequenceMatcher[str], text: str) -> float:
    matcher.set_seq1(text)
    return matcher.ratio()


def _stripped(value: str, start: int, end: int) -> tuple[int, int]:
    text = value[start:end]
    return start + len(text) - len(text.lstrip()), start + len(text.rstrip())
