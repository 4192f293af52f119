"""Pure: the memory tools. (current blocks, arguments) -> text for the model and the new value of a block.

They have no effect of their own: they are evaluated inside the transaction that stores their return, against the
blocks of that moment, so a change and its return land together or not at all. Errors instruct: they say what stands
in the block now, so that a small model can mend its call in one step.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.domain.base import look_of
from app.domain.block import Block
from app.engine.memory.matching import find_text, numbered


@dataclass(frozen=True)
class MemoryResult:
    """What the model reads, and the change if there is one (`value` None: nothing changes)."""

    ok: bool
    text: str
    block_id: str | None = None
    value: str | None = None
    approximate: bool = False


Blocks = tuple[Block, ...]
Arguments = dict[str, Any]


class _Refused(Exception):
    """A call that cannot be carried out; the text goes to the model."""


def run_memory_tool(name: str, blocks: Blocks, arguments: Arguments) -> MemoryResult:
    """Evaluates one memory tool call; never raises. A tool that cannot run yet says so."""
    tool = _TOOLS.get(name)
    if tool is None:
        return MemoryResult(False, f'The tool "{name}" cannot be run in this version of Lares.')
    try:
        return tool(blocks, arguments)
    except _Refused as refused:
        return MemoryResult(False, str(refused))


def _insert(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = _block(blocks, arguments)
    new = _required(arguments, "new_string", "new_str", "content", "text", "value")
    lines = block.value.split("\n") if block.value else []
    at = _line(arguments, len(lines))
    value = "\n".join([*lines[:at], new, *lines[at:]])
    return _changed(block, value, "Inserted.")


def _append(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = _block(blocks, arguments)
    new = _required(arguments, "content", "new_string", "text", "value")
    return _changed(block, f"{block.value}\n{new}" if block.value else new, "Appended.")


def _replace(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = _block(blocks, arguments)
    old = _required(arguments, "old_string", "old_str", "old_content", "old_text", "old")
    new = _given(arguments, "new_string", "new_str", "new_content", "new_text", "new")
    if new is None:
        raise _Refused("The new text is missing. Give it as new_string; an empty string removes the old text.")
    if not old.strip():
        raise _Refused(f"The old text is empty. To add text, use memory_insert. {_shown(block)}")
    found = find_text(block.value, old)
    if not found.spans:
        raise _Refused(f'The text "{_short(old)}" does not occur in block "{block.label}". {_shown(block)}')
    if len(found.spans) > 1:
        lines = ", ".join(str(block.value.count("\n", 0, start) + 1) for start, _ in found.spans[:10])
        raise _Refused(
            f'The text "{_short(old)}" occurs {len(found.spans)} times in block "{block.label}" (lines {lines}). '
            f"Give more of the text around it, so that it is unique. {_shown(block)}"
        )
    start, end = next(iter(found.spans))
    if new and not new.endswith("\n"):  # a quoted line break is a slip, not a wish to join two lines
        end = start + len(block.value[start:end].rstrip("\n"))
    value = block.value[:start] + new + block.value[end:]
    if not found.exact:
        matched = _short(block.value[start:end])
        return _changed(block, value, f'Replaced "{matched}", which matched approximately.', approximate=True)
    return _changed(block, value, "Replaced.")


def _rethink(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = _block(blocks, arguments)
    new = _given(arguments, "new_memory", "new_string", "content", "value")
    if new is None:
        raise _Refused("The new text is missing. Give the complete new text of the block as new_memory.")
    return _changed(block, new, "Rewritten.")


_TOOLS: dict[str, Callable[[Blocks, Arguments], MemoryResult]] = {
    "memory_insert": _insert,
    "memory_replace": _replace,
    "memory_rethink": _rethink,
    "core_memory_append": _append,
    "core_memory_replace": _replace,
}


def _block(blocks: Blocks, arguments: Arguments) -> Block:
    label = _given(arguments, "label", "block_label", "block", "name")
    labels = ", ".join(block.label for block in blocks) or "none"
    if label is None or not label.strip():
        raise _Refused(f"The label of the memory block is missing. Your blocks are: {labels}.")
    wanted = label.strip().strip("<>\"'")
    # Data of earlier versions may hold two labels that look the same.
    for block in sorted(blocks, key=lambda block: block.label.casefold() != wanted.casefold()):
        if look_of(block.label) == look_of(wanted):
            if block.read_only:
                raise _Refused(f'Block "{block.label}" is read-only: you cannot change it. Blocks: {labels}.')
            return block
    raise _Refused(f'There is no memory block "{label}". Your blocks are: {labels}.')


def _changed(block: Block, value: str, done: str, approximate: bool = False) -> MemoryResult:
    if value == block.value:
        return MemoryResult(True, f'Block "{block.label}" already says this; nothing changed.')
    over = block.model_copy(update={"value": value}).excess(block)
    if over:
        raise _Refused(
            f'Not changed: block "{block.label}" would have {len(value)} of {block.limit} characters, {over} too many '
            f"(it has {len(block.value)} now). Shorten the text, or remove something first. {_shown(block)}"
        )
    text = f'{done} Block "{block.label}" now has {len(value)} of {block.limit} characters:\n{value}'
    return MemoryResult(True, text, block.id, value, approximate)


def _given(arguments: Arguments, *names: str) -> str | None:
    for name in names:
        value = arguments.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return str(value)
    return None


def _required(arguments: Arguments, *names: str) -> str:
    value = _given(arguments, *names)
    if value is None:
        raise _Refused(f"The argument {names[0]} is missing.")
    return value


def _line(arguments: Arguments, count: int) -> int:
    given = arguments.get("insert_line", -1)
    try:
        line = int(given)
    except (TypeError, ValueError):
        raise _Refused(f"insert_line must be a whole number from -1 to {count}.") from None
    if line < -1 or line > count:
        raise _Refused(f"insert_line is {line}, but the block has {count} lines. Use 0 to {count}, or -1 for the end.")
    return count if line == -1 else line


def _shown(block: Block) -> str:
    if not block.value:
        return f'Block "{block.label}" is empty.'
    return f'Block "{block.label}" says now:\n{numbered(block.value)}'


def _short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
