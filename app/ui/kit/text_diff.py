"""Pure: what changed between two texts, line by line, with the changed words of lines that match each other."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from functools import cached_property
from typing import Literal

Kind = Literal["same", "add", "remove", "fold"]
Span = tuple[int, int]
"""Start and end of changed words within a line."""

WORD = re.compile(r"\w+|\s+|[^\w\s]")
ALIKE = 0.5
"""Lines this much alike belong together when a change has more lines on one side than on the other."""
UNLIKE = 0.25
"""Lines less alike than this were replaced as a whole."""
LONG_LINE = 2_000
LONG_TEXT = 2_000
"""Lines; above it frequent lines no longer count as matches, which keeps the time bounded."""
PAIRS_MAX = 40


@dataclass(frozen=True)
class DiffLine:
    kind: Kind
    text: str
    old: int | None = None
    """Line number before, from 1."""
    new: int | None = None
    strong: tuple[Span, ...] = ()
    hidden: int = 0
    """How many lines a fold stands for."""
    at: int = 0
    """Index in the unfolded lines."""


@dataclass(frozen=True)
class DiffModel:
    lines: tuple[DiffLine, ...]

    @staticmethod
    def of(before: str, after: str) -> "DiffModel":
        rows = _diff(split(before), split(after))
        return DiffModel(tuple(replace(row, at=at) for at, row in enumerate(rows)))

    @cached_property
    def added(self) -> int:
        return sum(line.kind == "add" for line in self.lines)

    @cached_property
    def removed(self) -> int:
        return sum(line.kind == "remove" for line in self.lines)

    @property
    def empty(self) -> bool:
        """No difference."""
        return not self.added and not self.removed

    def rows(self, context: int = 3, opened: frozenset[int] = frozenset(), ends: bool = True) -> tuple[DiffLine, ...]:
        """Lines to show: long equal stretches become folds, except those opened (by the index they begin at).

        Without `ends` the stretches before the first and after the last change are left out instead.
        """
        shown: list[DiffLine] = []
        for start, stop in self._stretches():
            part = self.lines[start:stop]
            if part[0].kind != "same":
                shown += part
                continue
            head = context if start > 0 else 0
            tail = context if stop < len(self.lines) else 0
            hidden = len(part) - head - tail
            outer = start == 0 or stop == len(self.lines)
            if hidden > 0 and outer and not ends:
                shown += part[:head] + part[len(part) - tail :]
            elif hidden <= 1 or start in opened:
                shown += part
            else:
                shown += part[:head]
                shown.append(DiffLine("fold", "", hidden=hidden, at=start))
                shown += part[len(part) - tail :]
        return tuple(shown)

    def apply(self, before: str) -> str:
        """The other text, built from `before` and the changes alone."""
        source = split(before)
        result: list[str] = []
        for line in self.lines:
            if line.kind == "add":
                result.append(line.text)
            elif line.kind == "same" and line.old is not None:
                result.append(source[line.old - 1])
        return "\n".join(result)

    def _stretches(self) -> Iterator[Span]:
        start = 0
        for at in range(1, len(self.lines) + 1):
            if at == len(self.lines) or (self.lines[at].kind == "same") != (self.lines[start].kind == "same"):
                yield start, at
                start = at


def changes(rows: Sequence[DiffLine]) -> tuple[Span, ...]:
    """Stretches of changed rows, to walk through."""
    found: list[Span] = []
    start: int | None = None
    for at, row in enumerate((*rows, DiffLine("same", ""))):
        changed = row.kind in ("add", "remove")
        if changed and start is None:
            start = at
        elif not changed and start is not None:
            found.append((start, at))
            start = None
    return tuple(found)


def split(text: str) -> list[str]:
    return text.split("\n") if text else []


def _diff(before: list[str], after: list[str]) -> list[DiffLine]:
    matcher = SequenceMatcher(None, before, after, autojunk=len(before) > LONG_TEXT)
    rows: list[DiffLine] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            rows += [DiffLine("same", before[i], i + 1, i - i1 + j1 + 1) for i in range(i1, i2)]
        else:
            rows += _changed(before[i1:i2], after[j1:j2], i1, j1)
    return rows


def _changed(old: list[str], new: list[str], old_start: int, new_start: int) -> list[DiffLine]:
    """One changed stretch. Lines that belong together stand below each other."""
    rows: list[DiffLine] = []
    pairs = [*_pair(old, new), (len(old), len(new))]
    i = j = 0
    for paired_old, paired_new in pairs:
        rows += [DiffLine("remove", old[at], old_start + at + 1) for at in range(i, paired_old)]
        rows += [DiffLine("add", new[at], None, new_start + at + 1) for at in range(j, paired_new)]
        if paired_old < len(old) and paired_new < len(new):
            left, right = changed_words(old[paired_old], new[paired_new])
            rows.append(DiffLine("remove", old[paired_old], old_start + paired_old + 1, None, left))
            rows.append(DiffLine("add", new[paired_new], None, new_start + paired_new + 1, right))
        i, j = paired_old + 1, paired_new + 1
    return rows


def _pair(old: list[str], new: list[str]) -> list[tuple[int, int]]:
    """Which old line became which new one, in order."""
    if len(old) == len(new):
        return list(zip(range(len(old)), range(len(new)), strict=True))
    if not old or not new or len(old) * len(new) > PAIRS_MAX * PAIRS_MAX:
        return []
    pairs: list[tuple[int, int]] = []
    first = 0
    for j, line in enumerate(new):
        scores = [(_likeness(old[i], line), -i) for i in range(first, len(old))]
        best, at = max(scores, default=(0.0, 0))
        if best >= ALIKE:
            pairs.append((-at, j))
            first = -at + 1
    return pairs


def _likeness(one: str, other: str) -> float:
    if max(len(one), len(other)) > LONG_LINE:
        return float(one[:40] == other[:40])
    left, right = WORD.findall(one), WORD.findall(other)
    matcher = SequenceMatcher(None, left, right, autojunk=False)
    return (matcher.ratio() + _kept(matcher, left, right)) / 2


def _kept(matcher: "SequenceMatcher[str]", old: list[str], new: list[str]) -> float:
    """Share of the shorter side's letters that is still there."""

    def letters(words: list[str]) -> int:
        return sum(len(word) for word in words if word[0].isalnum())

    shortest = min(letters(old), letters(new))
    kept = sum(letters(old[i : i + size]) for i, _j, size in matcher.get_matching_blocks())
    return kept / shortest if shortest else float(old == new)


def changed_words(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """Spans of changed words on both sides."""
    if max(len(before), len(after)) > LONG_LINE:
        return _between_ends(before, after)
    old, new = WORD.findall(before), WORD.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    if _kept(matcher, old, new) < UNLIKE and matcher.ratio() < ALIKE:
        return _whole(before), _whole(after)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    left = _spans(old, [(code[1], code[2]) for code in codes])
    right = _spans(new, [(code[3], code[4]) for code in codes])
    return left, right


def _whole(text: str) -> tuple[Span, ...]:
    return ((0, len(text)),) if text else ()


def _spans(words: list[str], ranges: list[Span]) -> tuple[Span, ...]:
    """Character spans of word ranges; two that only a space divides become one."""
    starts = [0]
    for word in words:
        starts.append(starts[-1] + len(word))
    spans: list[Span] = []
    for first, last in ranges:
        if first == last:
            continue
        span = (starts[first], starts[last])
        between = "".join(words)[spans[-1][1] : span[0]] if spans else "x"
        if spans and between.isspace():
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    return tuple(spans)


def _between_ends(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """For very long lines: everything between the common start and the common end."""
    shortest = min(len(before), len(after))
    head = next((at for at in range(shortest) if before[at] != after[at]), shortest)
    rest = shortest - head
    tail = next((at for at in range(rest) if before[-1 - at] != after[-1 - at]), rest)
    left, right = (head, len(before) - tail), (head, len(after) - tail)
    return (left,) if left[0] < left[1] else (), (right,) if right[0] < right[1] else ()
