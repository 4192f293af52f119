"""Pure: what a memory tool makes of an agent's blocks, and what all memory tools say and check alike."""

from dataclasses import dataclass
from typing import Any

from app.domain.base import look_of
from app.domain.block import Block
from app.engine.memory.matching import numbered

NEW = "new-"
"""Begins the id of a block that a call makes; storing it gives it a real one."""
Blocks = tuple[Block, ...]
Arguments = dict[str, Any]


@dataclass(frozen=True)
class BlockEdit:
    """One block before and after a call; None: it was not there, or is there no more."""

    before: Block | None
    after: Block | None


@dataclass(frozen=True)
class MemoryResult:
    """What the model reads, and what changes."""

    ok: bool
    text: str
    edits: tuple[BlockEdit, ...] = ()
    approximate: bool = False

    @property
    def value(self) -> str | None:
        """The new text, where the call changes the text of one block and nothing else."""
        edit = self.edits[0] if len(self.edits) == 1 else None
        if edit is None or edit.before is None or edit.after is None or edit.before.value == edit.after.value:
            return None
        return edit.after.value


class Refused(Exception):
    """A call that cannot be carried out; the text goes to the model."""


def edits_between(before: Blocks, after: Blocks) -> tuple[BlockEdit, ...]:
    """What differs: first what is gone, since it frees its label."""
    old, new = {block.id: block for block in before}, {block.id: block for block in after}
    gone = (BlockEdit(block, None) for block in before if block.id not in new)
    rest = (BlockEdit(old.get(block.id), block) for block in after if old.get(block.id) != block)
    return (*gone, *rest)


def with_edits(blocks: Blocks, edits: tuple[BlockEdit, ...]) -> Blocks:
    """The blocks as they are after the edits; a new one stands at the end."""
    known = {block.id: block for block in blocks}
    for edit in edits:
        if edit.after is not None:
            known[edit.after.id] = edit.after
        elif edit.before is not None:
            known.pop(edit.before.id, None)
    return tuple(known.values())


def named_block(blocks: Blocks, arguments: Arguments) -> Block:
    """The block that a call means. Raises `Refused`, also for one that may not be changed."""
    return writable_block(blocks, given(arguments, "label", "block_label", "block", "name"))


def writable_block(blocks: Blocks, label: str | None) -> Block:
    """Raises `Refused` for one that is not there or may not be changed."""
    block = block_called(blocks, label)
    if block.read_only:
        raise Refused(f'Block "{block.label}" is read-only: you cannot change it. Blocks: {labels_of(blocks)}.')
    return block


def block_called(blocks: Blocks, label: str | None) -> Block:
    """Raises `Refused` for one that is not there."""
    if label is None or not label.strip():
        raise Refused(f"The label of the memory block is missing. Your blocks are: {labels_of(blocks)}.")
    wanted = label.strip().strip("<>\"'")
    # Data of earlier versions may hold two labels that look the same.
    for block in sorted(blocks, key=lambda block: block.label.casefold() != wanted.casefold()):
        if look_of(block.label) == look_of(wanted):
            return block
    raise Refused(f'There is no memory block "{label}". Your blocks are: {labels_of(blocks)}.')


def labels_of(blocks: Blocks) -> str:
    return ", ".join(block.label for block in blocks) or "none"


def changed(block: Block, value: str, done: str, approximate: bool = False) -> MemoryResult:
    """One block with a new text. Raises `Refused` for one over its limit."""
    if value == block.value:
        return MemoryResult(True, f'Block "{block.label}" already says this; nothing changed.')
    after = within_limit(block, value)
    text = f'{done} Block "{block.label}" now has {len(value)} of {block.limit} characters:\n{value}'
    return MemoryResult(True, text, (BlockEdit(block, after),), approximate)


def within_limit(block: Block, value: str) -> Block:
    """The block with this text. Raises `Refused` for one over its limit."""
    after = block.model_copy(update={"value": value})
    over = after.excess(block)
    if over:
        raise Refused(
            f'Not changed: block "{block.label}" would have {len(value)} of {block.limit} characters, {over} too many '
            f"(it has {len(block.value)} now). Shorten the text, or remove something first. {shown(block)}"
        )
    return after


def new_block(blocks: Blocks, label: str, value: str, description: str) -> Block:
    """One that the agent is to have besides. Raises `Refused`."""
    block = Block(id=f"{NEW}{len(blocks)}", label=_free_label(blocks, label), value="", created_at=0, updated_at=0)
    return within_limit(block.model_copy(update={"description": description.strip()}), value)


def renamed(blocks: Blocks, block: Block, label: str) -> Block:
    """Raises `Refused` for a label that another block has."""
    others = tuple(one for one in blocks if one.id != block.id)
    return block.model_copy(update={"label": _free_label(others, label)})


def _free_label(blocks: Blocks, label: str) -> str:
    wanted = label.strip()
    twin = next((block for block in blocks if look_of(block.label) == look_of(wanted)), None)
    if twin is not None:
        raise Refused(f'There is a block "{twin.label}" already. {shown(twin)}')
    return wanted


def given(arguments: Arguments, *names: str) -> str | None:
    """The first of these arguments that is there, as text."""
    for name in names:
        value = arguments.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, int | float):
            return str(value)
    return None


def required(arguments: Arguments, *names: str) -> str:
    """The same. Raises `Refused` where there is none."""
    value = given(arguments, *names)
    if value is None:
        raise Refused(f"The argument {names[0]} is missing.")
    return value


def line_of(arguments: Arguments, count: int) -> int:
    """After which of so many lines to insert. Raises `Refused`."""
    wanted = arguments.get("insert_line", -1)
    try:
        line = int(wanted)
    except (TypeError, ValueError):
        raise Refused(f"insert_line must be a whole number from -1 to {count}.") from None
    if line < -1 or line > count:
        raise Refused(f"insert_line is {line}, but the block has {count} lines. Use 0 to {count}, or -1 for the end.")
    return count if line == -1 else line


def shown(block: Block) -> str:
    """The block as it stands, for the model to mend its call by."""
    if not block.value:
        return f'Block "{block.label}" is empty.'
    return f'Block "{block.label}" says now:\n{numbered(block.value)}'


def short(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:77]}..."
