"""Pure: finding the text a model means, although it quotes it a little wrongly."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

MIN_SIMILARITY = 0.9
"""Below this two texts may well be different facts, so nothing is guessed."""
MAX_FUZZY = 20_000
"""Characters; larger blocks are matched exactly only, so that a transaction stays short."""

_LINE_NUMBER = re.compile(r"^\s*(?:Line\s+)?\d+\s*(?:→|:|\||\t)\s?", re.MULTILINE)
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "\u00a0": " "})


@dataclass(frozen=True)
class Found:
    """Where the text stands: (start, end) of each place, in characters."""

    spans: tuple[tuple[int, int], ...]
    exact: bool


def find_text(value: str, wanted: str) -> Found:
    """All exact places; else places equal but for quotes, blanks and line numbers; else the one place nearly alike."""
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
    if not words:
        return ()
    pattern = re.compile(r"\s+".join(re.escape(word) for word in words), re.IGNORECASE)
    return tuple(match.span() for match in pattern.finditer(value.translate(_QUOTES)))


def _fuzzy(value: str, wanted: str) -> tuple[tuple[int, int], ...]:
    """The run of lines most like the wanted text, if it is nearly alike and clearly the only one."""
    if not wanted or len(value) > MAX_FUZZY:
        return ()
    height = wanted.count("\n") + 1
    lines = value.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    scored: list[tuple[float, tuple[int, int]]] = []
    for first in range(len(lines) - height + 1):
        text = "\n".join(lines[first : first + height])
        score = SequenceMatcher(None, text, wanted, autojunk=False).ratio()
        if score >= MIN_SIMILARITY:
            lead = len(text) - len(text.lstrip())
            begin = starts[first] + lead
            scored.append((score, (begin, begin + len(text.strip()))))
    return (scored[0][1],) if len(scored) == 1 else ()
