"""Pure: texts compared by lines, and the three-way merge of two changes of one text."""

from collections import Counter
from difflib import SequenceMatcher

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
