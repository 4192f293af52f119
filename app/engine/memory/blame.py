"""Pure: which change brought each line of a text, read from the texts before and after each change."""

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

MATCHED = 400
"""Lines that differ on a side; above it a change counts as one that wrote all of them, which keeps the time bounded."""


class Revision(NamedTuple):
    """A change of a text. `before`: None where the text was created."""

    seq: int
    before: str | None
    after: str


def blame(text: str, revisions: Iterable[Revision]) -> tuple[int | None, ...]:
    """For each line of `text` the `seq` of the change that wrote it; None where none of these did.

    `revisions`: newest first, each leading to the text that the one before it began with. No more of them are read
    than it takes to know every line.
    """
    now = text.split("\n")
    found: list[int | None] = [None] * len(now)
    places: dict[int, int] = {number: number for number in range(len(now))}
    """Where lines that nobody is known to have written stand in the version at hand, and where in `text`."""
    for revision in revisions:
        after = revision.after.split("\n")
        before = [] if revision.before is None else revision.before.split("\n")
        kept = _kept(before, after)
        earlier: dict[int, int] = {}
        for here, place in places.items():
            if here in kept:
                earlier[kept[here]] = place
            elif here < len(after):
                found[place] = revision.seq
        places = earlier
        if not places:
            break
    return tuple(found)


def _kept(before: list[str], after: list[str]) -> dict[int, int]:
    """Lines that a change left as they were: their numbers after it, and before it."""
    start = 0
    while start < min(len(before), len(after)) and before[start] == after[start]:
        start += 1
    end = 0
    while end < min(len(before), len(after)) - start and before[-1 - end] == after[-1 - end]:
        end += 1
    kept = {number: number for number in range(start)}
    kept |= {len(after) - 1 - number: len(before) - 1 - number for number in range(end)}
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if old and new and max(len(old), len(new)) <= MATCHED:
        for a, b, size in SequenceMatcher(None, old, new, autojunk=False).get_matching_blocks():
            kept |= {start + b + number: start + a + number for number in range(size)}
    return kept
