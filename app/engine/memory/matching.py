"""Pure: finds the text a model means, although it quotes it a little wrongly."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

MIN_SIMILARITY = 0.9
"""Below this two texts may well be different facts, so nothing is guessed."""
MAX_FUZZY = 500
"""Characters; longer texts are never matched so: the cost grows with their square, in the one writing transaction."""
MAX_CANDIDATES = 20
"""Places that pass the quick tests; where there are more, no text is clearly the only one."""

_LINE_NUMBER = re.compile(r"^\s*(?:Line\s+)?\d+\s*(?:→|:|\||\t)\s?", re.MULTILINE)
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
    """Ignores the kind of quotes and dashes, the amount of white space, and case."""
    words = wanted.translate(_QUOTES).split()
    if not words or len(" ".join(words)) > len(value):
        return ()
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words), re.IGNORECASE)
    return tuple(match.span() for match in pattern.finditer(value.translate(_QUOTES)))


def _fuzzy(value: str, wanted: str) -> tuple[tuple[int, int], ...]:
    """The run of lines most similar to the wanted text, if it is the only one above `MIN_SIMILARITY`."""
    if not 0 < len(wanted) <= MAX_FUZZY:
        return ()
    matcher = SequenceMatcher(None, b=wanted, autojunk=False)
    candidates: list[tuple[int, int]] = []
    for start, end in _runs_of_lines(value, wanted.count("\n") + 1):
        matcher.set_seq1(value[start:end])
        if matcher.real_quick_ratio() >= MIN_SIMILARITY and matcher.quick_ratio() >= MIN_SIMILARITY:
            candidates.append((start, end))
    if len(candidates) > MAX_CANDIDATES:
        return ()
    similar = [(start, end) for start, end in candidates if _similarity(matcher, value[start:end]) >= MIN_SIMILARITY]
    return (_stripped(value, *similar[0]),) if len(similar) == 1 else ()


def _runs_of_lines(value: str, height: int) -> Iterator[tuple[int, int]]:
    """Start and end of each run of so many lines."""
    starts = [0, *(match.end() for match in re.finditer("\n", value)), len(value) + 1]
    return ((starts[first], starts[first + height] - 1) for first in range(len(starts) - height))


def _similarity(matcher: SequenceMatcher[str], text: str) -> float:
    matcher.set_seq1(text)
    return matcher.ratio()


def _stripped(value: str, start: int, end: int) -> tuple[int, int]:
    text = value[start:end]
    return start + len(text) - len(text.lstrip()), start + len(text.rstrip())
