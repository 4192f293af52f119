"""Pure: texts compared by lines, and the three-way merge of two changes of one text."""

from collections import Counter
from difflib import SequenceMatcher
from typing import Literal, NamedTuple

MOST_EQUAL_PAIRS = 20_000
"""Pairs of equal lines that are still looked through; finding the best of millions would take seconds."""


def merge(base: str, ours: str, theirs: str) -> str | None:
    """`ours` and `theirs` both began as `base`: both changes together, or None where they touch the same lines."""
    if ours in (base, theirs):
        return theirs
    if theirs == base:
        return ours
    lines = base.split("\n")
    a, b = edits(lines, ours.split("\n")), edits(lines, theirs.split("\n"))
    if any(_touch(x, y) for x in a for y in b):
        return None
    result: list[str] = []
    at = 0
    for start, end, new in sorted(a + b, key=lambda edit: (edit[0], edit[1])):
        result += lines[at:start] + new
        at = end
    return "\n".join(result + lines[at:])


Edit = tuple[int, int, list[str]]


def edits(base: list[str], other: list[str]) -> list[Edit]:
    """What turns `base` into `other`: first line, line after the last, the lines that replace them."""
    head = _common_beginning(base, other)
    rest = min(len(base), len(other)) - head
    tail = min(rest, _common_beginning(base[::-1], other[::-1]))
    old, new = base[head : len(base) - tail], other[head : len(other) - tail]
    if not old and not new:
        return []
    counts = Counter(new)
    if sum(number * counts[line] for line, number in Counter(old).items()) > MOST_EQUAL_PAIRS:
        return [(head, head + len(old), new)]
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [(head + i1, head + i2, new[j1:j2]) for tag, i1, i2, j1, j2 in codes if tag != "equal"]


def _common_beginning(a: list[str], b: list[str]) -> int:
    """How many lines at the beginning are the same."""
    return next((at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _touch(x: Edit, y: Edit) -> bool:
    """Edits that only touch collide too: their order would be a guess."""
    return x[0] <= y[1] and y[0] <= x[1]


class Piece(NamedTuple):
    """A stretch of lines in two texts that began as one: as it is in each of them, and who changed it."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    changed_by: Literal["nobody", "us", "them", "both"]
    """`nobody`: both have the same lines there, changed or not."""


def pieces(base: str, ours: str, theirs: str) -> tuple[Piece, ...]:
    """Both texts from their beginning to their end. Where two changes touch, they are one piece changed by both."""
    lines = base.split("\n")
    sides = edits(lines, ours.split("\n")), edits(lines, theirs.split("\n"))
    found: list[Piece] = []
    at = 0
    for start, end in _regions(sides[0] + sides[1]):
        _add(found, Piece(tuple(lines[at:start]), tuple(lines[at:start]), "nobody"))
        own = [[edit for edit in side if start <= edit[0] and edit[1] <= end] for side in sides]
        us, them = (tuple(_changed(lines, start, end, side)) for side in own)
        by = "nobody" if us == them else "both" if all(own) else "us" if own[0] else "them"
        _add(found, Piece(us, them, by))
        at = end
    _add(found, Piece(tuple(lines[at:]), tuple(lines[at:]), "nobody"))
    return tuple(found)


def _regions(all_edits: list[Edit]) -> list[tuple[int, int]]:
    """Stretches of the base that were changed; those that touch are one."""
    found: list[tuple[int, int]] = []
    for start, end, _ in sorted(all_edits, key=lambda edit: (edit[0], edit[1])):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        else:
            found.append((start, end))
    return found


def _changed(lines: list[str], start: int, end: int, own: list[Edit]) -> list[str]:
    result: list[str] = []
    at = start
    for first, last, new in own:
        result += lines[at:first] + new
        at = last
    return result + lines[at:end]


def _add(found: list[Piece], piece: Piece) -> None:
    """Neighbours that nobody changed are one piece."""
    if piece.changed_by == "nobody" and not piece.ours:
        return
    if found and piece.changed_by == found[-1].changed_by == "nobody":
        joined = found[-1].ours + piece.ours
        found[-1] = Piece(joined, joined, "nobody")
    else:
        found.append(piece)
