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
LONG_LINE = 600
"""Characters that differ in a line; above it they count as one change, since comparing words takes their square."""
LONG_TEXT = 200
"""Lines that differ; above it frequent lines no longer count as matches, which keeps the time bounded."""
PAIRS_MAX = 10
"""Lines on each side that are tried as partners of each other; of more, only equally many are paired, in order."""
LIKELY = 200
"""Characters at the beginning of a line that decide whether it is like another."""
WORDS_COMPARED = 6_000
"""Characters of lines whose words are compared in one difference; further lines are shown as changed as a whole."""


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


def common_start(one: Sequence[str], other: Sequence[str]) -> int:
    """How much both have in common at their beginning: characters of texts, items of lists."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if one[low:middle] == other[low:middle] else (low, middle - 1)
    return low


def common_end(one: Sequence[str], other: Sequence[str]) -> int:
    """Likewise at their end."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        mine, theirs = one[len(one) - middle : len(one) - low], other[len(other) - middle : len(other) - low]
        low, high = (middle, high) if mine == theirs else (low, middle - 1)
    return low


def start_of_word(text: str, head: int) -> int:
    """The common beginning without the part of a word that it ends in."""
    while head and _in_word(text[head - 1]):
        head -= 1
    return head


def end_of_word(text: str, tail: int) -> int:
    """The common end without the part of a word that it begins in."""
    while tail and _in_word(text[-tail]):
        tail -= 1
    return tail


def _in_word(char: str) -> bool:
    return char.isalnum() or char == "_"


def _diff(before: list[str], after: list[str]) -> list[DiffLine]:
    head = common_start(before, after)
    tail = common_end(before[head:], after[head:])
    old, new = before[head : len(before) - tail], after[head : len(after) - tail]
    matcher = SequenceMatcher(None, old, new, autojunk=len(old) > LONG_TEXT)
    budget = WORDS_COMPARED
    rows = [DiffLine("same", line, at, at) for at, line in enumerate(before[:head], 1)]
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            rows += [DiffLine("same", old[i], head + i + 1, head + i - i1 + j1 + 1) for i in range(i1, i2)]
        else:
            rows += _changed(old[i1:i2], new[j1:j2], head + i1, head + j1, budget)
            budget -= sum(map(len, old[i1:i2]))
    for at in range(tail, 0, -1):
        rows.append(DiffLine("same", before[-at], len(before) - at + 1, len(after) - at + 1))
    return rows


def _changed(old: list[str], new: list[str], old_start: int, new_start: int, budget: int) -> list[DiffLine]:
    """One changed stretch. Lines that belong together stand below each other."""
    rows: list[DiffLine] = []
    pairs = [*_pair(old, new), (len(old), len(new))]
    i = j = 0
    for paired_old, paired_new in pairs:
        rows += [DiffLine("remove", old[at], old_start + at + 1) for at in range(i, paired_old)]
        rows += [DiffLine("add", new[at], None, new_start + at + 1) for at in range(j, paired_new)]
        if paired_old < len(old) and paired_new < len(new):
            one, other = old[paired_old], new[paired_new]
            left, right = changed_words(one, other) if budget > 0 else (_whole(one), _whole(other))
            budget -= len(one)
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
    one, other = one[:LIKELY], other[:LIKELY]
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
    head = start_of_word(before, common_start(before, after))
    tail = end_of_word(before, common_end(before[head:], after[head:]))
    if max(len(before), len(after)) - head - tail > LONG_LINE:
        return _between_ends(before, after)
    old, new = WORD.findall(before[head : len(before) - tail]), WORD.findall(after[head : len(after) - tail])
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    common = before[:head] + before[len(before) - tail :]
    if not any(map(str.isalnum, common)) and _kept(matcher, old, new) < UNLIKE and matcher.ratio() < ALIKE:
        return _whole(before), _whole(after)
    codes = [code for code in matcher.get_opcodes() if code[0] != "equal"]
    left = _spans(old, [(code[1], code[2]) for code in codes], head)
    right = _spans(new, [(code[3], code[4]) for code in codes], head)
    return left, right


def _whole(text: str) -> tuple[Span, ...]:
    return ((0, len(text)),) if text else ()


def _spans(words: list[str], ranges: list[Span], start: int) -> tuple[Span, ...]:
    """Character spans of ranges of words that begin at `start`; two that only a space divides become one."""
    starts = [start]
    for word in words:
        starts.append(starts[-1] + len(word))
    spans: list[Span] = []
    for first, last in ranges:
        if first == last:
            continue
        span = (starts[first], starts[last])
        between = "".join(words)[spans[-1][1] - start : span[0] - start] if spans else "x"
        if spans and between.isspace():
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    return tuple(spans)


def _between_ends(before: str, after: str) -> tuple[tuple[Span, ...], tuple[Span, ...]]:
    """For very long lines: everything between the common start and the common end."""
    head = common_start(before, after)
    tail = common_end(before[head:], after[head:])
    left, right = (head, len(before) - tail), (head, len(after) - tail)
    return (left,) if left[0] < left[1] else (), (right,) if right[0] < right[1] else ()
