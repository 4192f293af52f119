"""Pure: `memory_apply_patch`. A unified diff of one block, or a patch of several (`*** Update Block: plans`).

Models count badly, so the numbers in `@@` lines only choose between places that fit; what a hunk says stood there does
the rest, as `memory_replace` finds it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from app.domain.block import Block
from app.engine.memory.block_edits import (
    Blocks,
    MemoryResult,
    Refused,
    edits_between,
    new_block,
    renamed,
    short,
    shown,
    within_limit,
    writable_block,
)
from app.engine.memory.matching import find_text

_HEADING = re.compile(
    r"\*\*\*\s*(Add|Update|Delete)\s+(?:Block|File)\s*:\s*(.+)|\*\*\*\s*Move\s+to\s*:\s*(.+)", re.IGNORECASE
)
_FRAME = re.compile(r"\*\*\*\s*(Begin|End)\b.*", re.IGNORECASE)
_HUNK = re.compile(r"@@(?:\s*-(\d+))?")
_FILES = ("--- ", "+++ ", "diff --git ", "index ", "\\ No newline", "```")
_DESCRIPTION = "description:"


@dataclass(frozen=True)
class _Section:
    """What is to become of one block."""

    what: str
    label: str | None
    lines: tuple[str, ...]


@dataclass(frozen=True)
class _Hunk:
    old: str
    new: str
    line: int | None
    """Where it says it begins, counted from 1."""


def apply_patch(blocks: Blocks, label: str | None, patch: str) -> MemoryResult:
    """All of it or, raising `Refused`, nothing. `label`: of the block, where the patch names none."""
    after, done, approximate = blocks, list[str](), False
    last: str | None = None
    for section in _sections(patch, label):
        if section.what == "move":
            block = writable_block(after, last)
            moved = renamed(after, block, section.label or "")
            after = _with(after, block.id, (moved,))
            last, words = moved.label, f'Renamed "{block.label}" to "{moved.label}".'
        elif section.what == "add":
            made = _added(after, section)
            after, last, words = (*after, made), made.label, f'Created the block "{made.label}".'
        elif section.what == "delete":
            block = writable_block(after, section.label)
            after, words = _with(after, block.id, ()), f'Deleted the block "{block.label}".'
        else:
            block = writable_block(after, section.label)
            last = block.label
            hunks = tuple(_hunks(section.lines))
            if not hunks:
                continue
            value, exact = _patched(block, hunks)
            approximate = approximate or not exact
            after = _with(after, block.id, (within_limit(block, value),))
            words = f'Block "{block.label}" says now:\n{value}'
        done.append(words)
    if not done:
        raise Refused("There is no change in the patch. Begin lines to remove with -, lines to add with +.")
    edits = edits_between(blocks, after)
    if not edits:
        return MemoryResult(True, "The blocks already say this; nothing changed.")
    note = ("Some lines matched approximately.",) if approximate else ()
    return MemoryResult(True, "\n".join((*done, *note)), edits, approximate)


def _sections(patch: str, label: str | None) -> Iterator[_Section]:
    what, named, lines = "update", label, list[str]()
    several = False
    for line in patch.strip("\n").split("\n"):
        heading = _HEADING.fullmatch(line.strip())
        if heading is None:
            if not _FRAME.fullmatch(line.strip()):
                lines.append(line)
            continue
        if several or any(one.strip() for one in lines):
            yield _Section(what, named, tuple(lines))
        several, lines = True, []
        what, named = (heading[1] or "move").lower(), (heading[2] or heading[3]).strip()
        if what == "move":
            yield _Section(what, named, ())
            several, what = False, "update"
    if several or any(one.strip() for one in lines):
        yield _Section(what, named, tuple(lines))


def _added(blocks: Blocks, section: _Section) -> Block:
    lines = [line[1:] if line.startswith("+") else line for line in section.lines]
    description = ""
    if lines and lines[0].lower().startswith(_DESCRIPTION):
        description = lines.pop(0)[len(_DESCRIPTION) :]
    return new_block(blocks, section.label or "", "\n".join(lines).strip("\n"), description)


def _with(blocks: Blocks, block_id: str, instead: Blocks) -> Blocks:
    at = next(number for number, block in enumerate(blocks) if block.id == block_id)
    return (*blocks[:at], *instead, *blocks[at + 1 :])


def _hunks(lines: tuple[str, ...]) -> Iterator[_Hunk]:
    """A line without a sign is one that stays: models forget the blank before it."""
    old, new, line, differs = list[str](), list[str](), None, False
    for text in (*lines, "@@"):
        if text.startswith(_FILES):
            continue
        begins = _HUNK.match(text)
        if begins is None:
            sign, rest = (text[:1], text[1:]) if text[:1] in ("-", "+", " ") else (" ", text)
            differs = differs or sign != " "
            if sign != "+":
                old.append(rest)
            if sign != "-":
                new.append(rest)
            continue
        if differs:
            yield _Hunk("\n".join(old), "\n".join(new), line)
        old, new, differs = [], [], False
        line = int(begins[1]) if begins[1] else None


def _patched(block: Block, hunks: tuple[_Hunk, ...]) -> tuple[str, bool]:
    """The text with all hunks, and whether each matched exactly. Raises `Refused`."""
    value, exact, moved = block.value, True, 0
    for hunk in hunks:
        now = block.model_copy(update={"value": value})
        line = None if hunk.line is None else hunk.line + moved
        if hunk.old.strip("\n"):
            start, end, same = _place(now, hunk, line)
            exact = exact and same
            value = _spliced(value, start, end, hunk.new)
        else:
            lines = value.split("\n") if value else []
            at = len(lines) if line is None else max(0, min(line - 1 if line else 0, len(lines)))
            value = "\n".join((*lines[:at], *hunk.new.strip("\n").split("\n"), *lines[at:]))
        moved += hunk.new.count("\n") - hunk.old.count("\n")
    return value, exact


def _spliced(value: str, start: int, end: int, new: str) -> str:
    """Whole lines that go take their line break with them."""
    if not new and value[end : end + 1] == "\n":
        end += 1
    elif not new and end == len(value) and value[start - 1 : start] == "\n":
        start -= 1
    return value[:start] + new + value[end:]


def _place(block: Block, hunk: _Hunk, line: int | None) -> tuple[int, int, bool]:
    """Where its lines stand: as whole lines if anywhere; of several places, the one that its number is near."""
    value = block.value
    found = find_text(value, hunk.old)
    whole = tuple((a, b) for a, b in found.spans if value[a - 1 : a] in ("", "\n") and value[b : b + 1] in ("", "\n"))
    places = whole or found.spans
    if not places:
        raise Refused(f'The lines "{short(hunk.old)}" do not occur in block "{block.label}". {shown(block)}')
    if len(places) > 1 and line is None:
        numbers = ", ".join(str(value.count("\n", 0, a) + 1) for a, _ in places[:10])
        raise Refused(
            f'The lines "{short(hunk.old)}" occur {len(places)} times in block "{block.label}" (lines {numbers}). '
            f"Give more of the lines around them. {shown(block)}"
        )
    start, end = min(places, key=lambda one: abs(value.count("\n", 0, one[0]) + 1 - (line or 0)))
    return start, end, found.exact
