"""Pure: the memory tools. (current blocks, arguments) -> text for the model and what changes of the blocks.

They have no effect of their own: they are evaluated inside the transaction that stores their return, against the
blocks of that moment, so a change and its return land together or not at all. Errors instruct: they say what stands
in the block now, so that a small model can mend its call in one step.
"""

from collections.abc import Callable

from app.engine.memory.block_edits import (
    Arguments,
    BlockEdit,
    Blocks,
    MemoryResult,
    Refused,
    block_called,
    changed,
    given,
    labels_of,
    line_of,
    named_block,
    new_block,
    renamed,
    required,
    short,
    shown,
    writable_block,
)
from app.engine.memory.block_patch import apply_patch
from app.engine.memory.matching import find_text


def run_memory_tool(name: str, blocks: Blocks, arguments: Arguments) -> MemoryResult:
    """Evaluates one memory tool call; never raises. A tool that cannot run yet says so."""
    tool = _TOOLS.get(name)
    if tool is None:
        return MemoryResult(False, f'The tool "{name}" cannot be run in this version of Lares.')
    try:
        return tool(blocks, arguments)
    except Refused as refused:
        return MemoryResult(False, str(refused))


def _insert(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = named_block(blocks, arguments)
    new = required(arguments, "new_string", "new_str", "content", "text", "value")
    lines = block.value.split("\n") if block.value else []
    at = line_of(arguments, len(lines))
    value = "\n".join([*lines[:at], new, *lines[at:]])
    return changed(block, value, "Inserted.")


def _append(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = named_block(blocks, arguments)
    new = required(arguments, "content", "new_string", "text", "value")
    return changed(block, f"{block.value}\n{new}" if block.value else new, "Appended.")


def _replace(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = named_block(blocks, arguments)
    old = required(arguments, "old_string", "old_str", "old_content", "old_text", "old")
    new = given(arguments, "new_string", "new_str", "new_content", "new_text", "new")
    if new is None:
        raise Refused("The new text is missing. Give it as new_string; an empty string removes the old text.")
    if not old.strip():
        raise Refused(f"The old text is empty. To add text, use memory_insert. {shown(block)}")
    found = find_text(block.value, old)
    if not found.spans:
        raise Refused(f'The text "{short(old)}" does not occur in block "{block.label}". {shown(block)}')
    if len(found.spans) > 1:
        lines = ", ".join(str(block.value.count("\n", 0, start) + 1) for start, _ in found.spans[:10])
        raise Refused(
            f'The text "{short(old)}" occurs {len(found.spans)} times in block "{block.label}" (lines {lines}). '
            f"Give more of the text around it, so that it is unique. {shown(block)}"
        )
    start, end = next(iter(found.spans))
    if new and not new.endswith("\n"):  # a quoted line break is a slip, not a wish to join two lines
        end = start + len(block.value[start:end].rstrip("\n"))
    value = block.value[:start] + new + block.value[end:]
    if not found.exact:
        matched = short(block.value[start:end])
        return changed(block, value, f'Replaced "{matched}", which matched approximately.', approximate=True)
    return changed(block, value, "Replaced.")


def _rethink(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = named_block(blocks, arguments)
    new = given(arguments, "new_memory", "new_string", "content", "value")
    if new is None:
        raise Refused("The new text is missing. Give the complete new text of the block as new_memory.")
    return changed(block, new, "Rewritten.")


def _patch(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    patch = required(arguments, "patch", "diff", "new_string")
    return apply_patch(blocks, given(arguments, "label", "block_label", "block"), patch)


def _finish(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    return MemoryResult(True, "Editing of memory has ended.")


def _memory(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    name = (given(arguments, "command") or "").strip()
    command = _COMMANDS.get(name)
    if command is None:
        raise Refused(f'There is no command "{name}". Use one of: {", ".join(_COMMANDS)}.')
    return command(blocks, {**arguments, "label": _label(blocks, given(arguments, "path", "label", "old_path"))})


def _label(blocks: Blocks, path: str | None) -> str | None:
    """Models write labels as paths of files; a label may hold a slash itself."""
    known = {block.label for block in blocks}
    if path is None or path in known:
        return path
    return path.strip().removeprefix("/memories/").removeprefix("memories/").strip("/").removesuffix(".md")


def _view(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    label = given(arguments, "label")
    if label:
        return MemoryResult(True, shown(block_called(blocks, label)))
    lines = (f"{one.label} ({len(one.value)} of {one.limit} characters): {one.description}" for one in blocks)
    return MemoryResult(True, "\n".join(lines) or "You have no memory blocks.")


def _create(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    label, value = given(arguments, "label"), given(arguments, "file_text", "content", "value") or ""
    if not label:
        raise Refused("The label of the new block is missing. Give it as path.")
    block = new_block(blocks, label, value, given(arguments, "description") or "")
    return MemoryResult(True, f'Created the block "{block.label}".', (BlockEdit(None, block),))


def _insert_text(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    return _insert(blocks, {**arguments, "new_string": required(arguments, "insert_text", "new_string", "file_text")})


def _delete(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    block = named_block(blocks, arguments)
    return MemoryResult(True, f'Deleted the block "{block.label}".', (BlockEdit(block, None),))


def _rename(blocks: Blocks, arguments: Arguments) -> MemoryResult:
    """Its label, its description, or both."""
    block = writable_block(blocks, _label(blocks, given(arguments, "old_path")) or given(arguments, "label"))
    label, description = _label(blocks, given(arguments, "new_path")), given(arguments, "description")
    if not label and description is None:
        raise Refused(f"Give new_path or description. Your blocks are: {labels_of(blocks)}.")
    after = renamed(blocks, block, label) if label else block
    after = after if description is None else after.model_copy(update={"description": description.strip()})
    if after == block:
        return MemoryResult(True, f'Block "{block.label}" already is so; nothing changed.')
    done = "Described" if after.label == block.label else f'Renamed "{block.label}" to'
    return MemoryResult(True, f'{done} "{after.label}".', (BlockEdit(block, after),))


_COMMANDS: dict[str, Callable[[Blocks, Arguments], MemoryResult]] = {
    "create": _create,
    "str_replace": _replace,
    "insert": _insert_text,
    "delete": _delete,
    "rename": _rename,
    "view": _view,
}
_TOOLS: dict[str, Callable[[Blocks, Arguments], MemoryResult]] = {
    "memory_insert": _insert,
    "memory_replace": _replace,
    "memory_rethink": _rethink,
    "core_memory_append": _append,
    "core_memory_replace": _replace,
    "memory": _memory,
    "memory_apply_patch": _patch,
    "memory_finish_edits": _finish,
}
